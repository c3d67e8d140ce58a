nx_add_test(test_cfg LABEL unit SOURCES unit/test_cfg.c DEPS nx_config)
nx_add_test(test_oas_spec LABEL unit SOURCES unit/test_oas_spec.c DEPS nx_openapi)

# A service of the tests' own.
nexus_generate(echo_api STUBS IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/unit
    PROTOS echo.proto DEPS nexus_google)
foreach(name wire wire_stream)
    nx_add_test(test_${name} LABEL unit SOURCES unit/test_${name}.c unit/wire_bench.c
        DEPS echo_api nx_wire)
endforeach()
nx_add_test(test_wire_memory LABEL unit SOURCES unit/test_wire_memory.c unit/wire_bench.c
    support/fault_alloc.c DEPS echo_api nx_wire)
target_link_options(test_wire_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
foreach(name transport tls)
    nx_add_test(test_wire_${name} LABEL unit SOURCES unit/test_wire_${name}.c unit/transport_bench.c
        DEPS echo_api nx_wire)
endforeach()
# Threads that cannot be made.
target_link_options(test_wire_transport PRIVATE -Wl,--wrap=pthread_create)
nx_add_test(test_wire_inflate LABEL unit SOURCES unit/test_wire_inflate.c DEPS nx_wire)
nx_add_test(test_wire_pb LABEL unit SOURCES unit/test_wire_pb.c DEPS echo_api nx_wire)
nx_add_test(test_codegen LABEL unit SOURCES unit/test_codegen.c DEPS nx_codegen)
nx_add_test(test_svc LABEL unit SOURCES unit/test_svc.c DEPS nx_service)
nx_add_test(test_svc_search LABEL unit SOURCES unit/test_svc_search.c DEPS nx_service)
nx_add_test(test_oas_document LABEL unit SOURCES unit/test_oas_document.c DEPS nx_openapi_document)

# A message that has one of everything.
nexus_generate(zoo IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/unit PROTOS zoo.proto
    DEPS nexus_wellknown)
nx_add_test(test_wire_pb_decode LABEL unit SOURCES unit/test_wire_pb_decode.c
    DEPS zoo echo_api nx_wire nexus_descriptors m)
nx_add_test(test_json_token LABEL unit SOURCES unit/test_json_token.c unit/json_rows.c
    DEPS nx_json)
nx_add_test(test_pbj LABEL unit SOURCES unit/test_pbj.c unit/json_rows.c unit/pbj_bench.c
    unit/pbj_rows.c DEPS nx_json zoo)
nx_add_test(test_pbj_write LABEL unit SOURCES unit/test_pbj_write.c unit/pbj_bench.c
    DEPS nx_json zoo)
nx_add_test(test_pbj_chance LABEL unit SOURCES unit/test_pbj_chance.c unit/zoo_by_chance.c
    unit/pbj_bench.c DEPS nx_json nx_wire zoo m)
nx_add_test(test_pbj_field LABEL unit SOURCES unit/test_pbj_field.c DEPS nx_json zoo)

# Types made at run time, against those that are generated.
set(zoo_set ${CMAKE_CURRENT_BINARY_DIR}/zoo.protoset)
set(zoo_dir ${CMAKE_CURRENT_SOURCE_DIR}/unit)
get_property(import_options GLOBAL PROPERTY NEXUS_IMPORT_DIRS)
list(TRANSFORM import_options PREPEND -I)
add_custom_command(OUTPUT ${zoo_set}
    COMMAND ${PROTOC} -I${zoo_dir} ${import_options} --include_imports
            --descriptor_set_out=${zoo_set} zoo.proto layout.proto
    DEPENDS ${zoo_dir}/zoo.proto ${zoo_dir}/layout.proto VERBATIM)
add_custom_target(zoo_set DEPENDS ${zoo_set})
nexus_generate(layout IMPORT_DIRS ${zoo_dir} PROTOS layout.proto)
nx_add_test(test_dyn LABEL unit SOURCES unit/test_dyn.c
    DEPS nx_dynamic nx_json zoo layout nexus_api nexus_descriptors)
add_dependencies(test_dyn zoo_set)
target_compile_definitions(test_dyn PRIVATE ZOO_SET="${zoo_set}")

nx_add_test(test_store_row LABEL unit SOURCES unit/test_store_row.c DEPS nx_storage)
nx_add_test(test_store_sqlstate LABEL unit SOURCES unit/test_store_sqlstate.c DEPS nx_storage)
nx_add_test(test_store_filter LABEL unit SOURCES unit/test_store_filter.c unit/store_filter_rows.c
    DEPS nx_storage)
nx_add_test(test_store_order LABEL unit SOURCES unit/test_store_order.c DEPS nx_storage)
nx_add_test(test_store_search LABEL unit SOURCES unit/test_store_search.c DEPS nx_storage)
nx_add_test(test_gw_coding LABEL unit SOURCES unit/test_gw_coding.c DEPS nx_transcode)
nx_add_test(test_gw_forward LABEL unit SOURCES unit/test_gw_forward.c DEPS nx_transcode)
nx_add_test(test_gw_router LABEL unit SOURCES unit/test_gw_router.c DEPS nx_transcode)
nx_add_test(test_gw_transcode LABEL unit SOURCES unit/test_gw_transcode.c DEPS nx_transcode zoo)
nx_add_test(test_gw_query LABEL unit SOURCES unit/test_gw_query.c DEPS nx_transcode zoo)
nx_add_test(test_gw_frames LABEL unit SOURCES unit/test_gw_frames.c
    DEPS nx_transcode echo_api zoo)
nx_add_test(test_gw_lines LABEL unit SOURCES unit/test_gw_lines.c DEPS nx_transcode)
nx_add_test(test_gw_multipart LABEL unit SOURCES unit/test_gw_multipart.c DEPS nx_transcode)
nx_add_test(test_gw_url LABEL unit SOURCES unit/test_gw_url.c DEPS nx_transcode)
nx_add_test(test_gw_prefixes LABEL unit SOURCES unit/test_gw_prefixes.c DEPS nx_transcode zoo)
nx_add_test(test_gw_listen LABEL unit SOURCES unit/test_gw_listen.c DEPS nx_gateway)
nx_add_test(test_http_head LABEL unit SOURCES unit/test_http_head.c DEPS nx_http)
nx_add_test(test_http_server LABEL unit SOURCES unit/test_http_server.c DEPS nx_http)
nx_add_test(test_http_chunks LABEL unit SOURCES unit/test_http_chunks.c DEPS nx_http)

nx_add_test(test_health LABEL unit SOURCES unit/test_health.c DEPS nx_health)
nx_add_test(test_refl_index LABEL unit SOURCES unit/test_refl_index.c
    DEPS nx_reflection nexus_descriptors)
