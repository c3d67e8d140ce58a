# Not tests: what bench/run.sh measures with, only where the load driver's library is there; and the
# time to decode messages, by bench_decode alone.
pkg_check_modules(NGHTTP2 IMPORTED_TARGET libnghttp2)
if(NGHTTP2_FOUND)
    nx_add_executable(bench_load SOURCES bench/bench_load.c DEPS PkgConfig::NGHTTP2)
    nx_add_executable(bench_noop SOURCES bench/bench_noop.c DEPS PkgConfig::GRPC Threads::Threads)
    nx_add_executable(bench_pair SOURCES bench/bench_pair.c DEPS PkgConfig::GRPC)
    nx_add_executable(bench_skeleton SOURCES bench/bench_skeleton.c DEPS nexus_api)
endif()
nx_add_executable(bench_decode SOURCES bench/bench_decode.c DEPS nx_wire nexus_api)
