# The storage engine, each on a private PostgreSQL of its own.
foreach(name group loop lost query types)
    nx_add_test(test_store_${name} LABEL pg
        SOURCES pg/test_store_${name}.c pg/store_fixture.c support/pg_fixture.c DEPS nx_storage)
endforeach()
foreach(name store_migrate migrate_data)
    nx_add_test(test_${name} LABEL pg
        SOURCES pg/test_${name}.c support/pg_fixture.c DEPS nx_storage)
endforeach()
# Of the statements as they are embedded, in a catalog of some size.
nx_add_test(test_plans LABEL pg SOURCES pg/test_plans.c support/pg_fixture.c DEPS nx_storage)
nx_add_test(test_plan_once LABEL pg SOURCES pg/test_plan_once.c support/pg_fixture.c DEPS nx_storage)
