# The storage engine, each on a private PostgreSQL of its own.
foreach(name loop lost types)
    nx_add_test(test_store_${name} LABEL pg
        SOURCES pg/test_store_${name}.c pg/store_fixture.c support/pg_fixture.c DEPS nx_storage)
endforeach()
nx_add_test(test_store_migrate LABEL pg
    SOURCES pg/test_store_migrate.c support/pg_fixture.c DEPS nx_storage)
# Of the statements as they are embedded, in a catalog of some size.
nx_add_test(test_plans LABEL pg SOURCES pg/test_plans.c support/pg_fixture.c DEPS nx_storage)
