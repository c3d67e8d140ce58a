# What `cmake --install` puts where:
#   bin                nexus-service, nexusctl, nexus-gateway, nexus-transcode, protoc-gen-nexus
#   lib                the libraries, static; in cmake/Nexus and pkgconfig, how to use them
#   include/nexus      their headers, and those of the generated messages and stubs
#   share/nexus        the .proto files, the published document, and a configuration that names it
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(headers ${CMAKE_INSTALL_INCLUDEDIR}/nexus)
set(data ${CMAKE_INSTALL_DATADIR}/nexus)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Nexus)

# The target in this build, its name as Nexus::NAME, and as libnexus-NAME.
set(libraries nx_runtime runtime nexus_wellknown wellknown nexus_google google nx_wire_pb wire-pb
    nx_wire wire nexus_health health-stubs nx_health health nexus_reflection reflection-stubs
    nx_reflection reflection nexus_api client)
while(libraries)
    list(POP_FRONT libraries target name)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME nexus-${name})
    list(APPEND exported ${target})
endwhile()
install(TARGETS ${exported} protoc-gen-nexus EXPORT NexusTargets INCLUDES DESTINATION ${headers})
install(TARGETS nexus-service nexusctl nexus-gateway nexus-transcode)
install(EXPORT NexusTargets NAMESPACE Nexus:: DESTINATION ${package})

file(GLOB runtime_headers CONFIGURE_DEPENDS proto/runtime/*.h)
install(FILES ${runtime_headers} proto/wire/wire.h proto/wire/wire_client.h proto/wire/wire_pb.h
        proto/wire/wire_server.h proto/wire/wire_status.h proto/wire/wire_tls.h
        proto/health/health.h proto/reflection/refl.h DESTINATION ${headers})
foreach(target nexus_wellknown nexus_google nexus_health nexus_reflection nexus_api)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/proto/${target}/ DESTINATION ${headers}
            FILES_MATCHING PATTERN *.h)
endforeach()
install(DIRECTORY proto/nexus proto/google proto/grpc DESTINATION ${data}/proto
        FILES_MATCHING PATTERN *.proto)

# For find_package(Nexus) and for pkg-config.
configure_package_config_file(proto/package/NexusConfig.cmake.in
    ${PROJECT_BINARY_DIR}/NexusConfig.cmake INSTALL_DESTINATION ${package} PATH_VARS data)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/NexusConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/NexusConfig.cmake proto/nexus_generate.cmake
        ${PROJECT_BINARY_DIR}/NexusConfigVersion.cmake DESTINATION ${package})
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(name nexus nexus-client)
    configure_file(proto/package/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# What the gateway publishes; built in, it looks for them in the source and build folders.
install(FILES openapi/nexus.yaml ${PROJECT_BINARY_DIR}/openapi/openapi.json
        ${PROJECT_BINARY_DIR}/openapi/openapi.yaml DESTINATION ${data})
install(DIRECTORY openapi/docs DESTINATION ${data})
install(DIRECTORY openapi/node_modules/swagger-ui-dist/ DESTINATION ${data}/swagger-ui OPTIONAL
        PATTERN *.map EXCLUDE PATTERN log.* EXCLUDE)
install(CODE "set(data \"\${CMAKE_INSTALL_PREFIX}/${data}\")
    file(WRITE \"\$ENV{DESTDIR}\${data}/gateway.yaml\"
        \"api:\\n  spec: \${data}/nexus.yaml\\n  document: \${data}/openapi.json\\n\"
        \"docs:\\n  dir: \${data}/docs\\n  assets: \${data}/swagger-ui\\n\")")
