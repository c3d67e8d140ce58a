# C from .proto files: in this tree, and for whoever has found the installed package.
#
# nexus_generate(TARGET PROTOS file... [IMPORT_DIRS dir...] [STUBS] [DEPS target...])
#   A static library of the C messages of the .proto files and, with STUBS, of their services'
#   server skeletons and client stubs. The files are named relative to the first import folder,
#   which is the current source folder unless given. A .proto file of another target may be
#   imported when that target is among DEPS; those of protobuf and of the catalog always may.
#   With PLAIN the messages are protobuf-c's own, and may use no name that C has taken.

find_program(PROTOC protoc REQUIRED)

function(nexus_generate target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "STUBS;PLAIN" "" "PROTOS;IMPORT_DIRS;DEPS")
    if(arg_UNPARSED_ARGUMENTS OR NOT arg_PROTOS OR (arg_PLAIN AND arg_STUBS))
        message(FATAL_ERROR "nexus_generate(${target}): see nexus_generate.cmake for its arguments")
    endif()
    if(NOT arg_IMPORT_DIRS)
        set(arg_IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR})
    endif()
    list(TRANSFORM arg_IMPORT_DIRS REPLACE "^([^/])" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
    list(GET arg_IMPORT_DIRS 0 source_dir)
    set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
    file(MAKE_DIRECTORY ${out})

    set(outputs)
    foreach(proto ${arg_PROTOS})
        string(REGEX REPLACE "\\.proto$" "" base ${out}/${proto})
        list(APPEND outputs ${base}.pb-c.c ${base}.pb-c.h)
        if(arg_STUBS)
            list(APPEND outputs ${base}.nexus.c ${base}.nexus.h)
        endif()
    endforeach()
    if(arg_PLAIN)
        set(generator --c_out=${out})
    else()
        set(options messages)
        if(NOT arg_STUBS)
            set(options messages,no_stubs)
        endif()
        set(generator --plugin=protoc-gen-nexus=$<TARGET_FILE:Nexus::protoc-gen-nexus>
            --nexus_out=${options}:${out})
    endif()
    get_property(imports GLOBAL PROPERTY NEXUS_IMPORT_DIRS)
    list(PREPEND imports ${arg_IMPORT_DIRS})
    list(TRANSFORM imports PREPEND -I)
    set(sources ${arg_PROTOS})
    list(TRANSFORM sources PREPEND ${source_dir}/)
    foreach(dep ${arg_DEPS})
        if(TARGET ${dep})
            list(APPEND imported $<TARGET_PROPERTY:${dep},NEXUS_PROTOS>)
        endif()
    endforeach()
    add_custom_command(OUTPUT ${outputs}
        COMMAND ${PROTOC} ${imports} ${generator} ${arg_PROTOS}
        DEPENDS ${sources} ${imported} $<$<NOT:$<BOOL:${arg_PLAIN}>>:Nexus::protoc-gen-nexus>
        COMMENT "Generating ${target}" VERBATIM)

    list(FILTER outputs INCLUDE REGEX "\\.c$")
    add_library(${target} STATIC ${outputs})
    set_target_properties(${target} PROPERTIES NEXUS_PROTOS "${sources}")
    target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
    target_compile_options(${target} PRIVATE -w)
    target_link_libraries(${target} PUBLIC ${arg_DEPS} PkgConfig::PROTOBUF_C)
    if(arg_STUBS)
        target_link_libraries(${target} PUBLIC Nexus::wire)
    endif()
endfunction()
