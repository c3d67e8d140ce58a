# Not tests by themselves: the two sides that e2e/interop*.test.mjs have peers of other languages
# talk to.
nexus_generate(interop_api STUBS IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/interop
    PROTOS interop.proto DEPS nexus_google)
nx_add_executable(interop_server
    SOURCES interop/interop_server.c interop/interop_service.c interop/interop_options.c
    DEPS interop_api nx_wire)
nx_add_executable(interop_client
    SOURCES interop/interop_client.c interop/interop_commands.c interop/interop_options.c
    DEPS interop_api nx_wire)
# The gateway with this service in the place of the catalog's.
nx_add_executable(interop_gateway SOURCES interop/interop_gateway.c DEPS nx_gateway interop_api)
