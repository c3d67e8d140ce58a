#!/usr/bin/env bash
# What the linker made of the layers: the gateway holds nothing of the storage or the service, and
# neither the storage nor the document knows gRPC.
# shellcheck source=sources.sh
source "$(dirname "$0")/sources.sh"

one() {
    local found
    found=$(find "$build_dir" -name "$1" -type f -not -path '*/CMakeFiles/*' | head -n 1)
    [[ -n $found ]] || { fail "$1 was not built"; return 1; }
    printf %s "$found"
}

# absent FILE PATTERN WHY: no external symbol of the file matches.
absent() {
    local symbols
    symbols=$(nm -g "$1" 2>/dev/null | awk '{print $NF}' | grep -E "$2" | sort -u | head -n 5 || true)
    [[ -z $symbols ]] || fail "$1: $3: $symbols"
}

if gateway=$(one nexus-gateway); then
    libraries=$(ldd "$gateway")
    [[ $libraries == *libgrpc* ]] || fail "ldd shows nothing of $gateway"
    [[ $libraries != *libpq* ]] || fail "the gateway is linked with libpq"
    absent "$gateway" '^(store|svc)_' 'the gateway holds a part of the storage or the service'
    absent "$gateway" '^PQ' 'the gateway calls libpq'
fi
if service=$(one nexus-service); then
    libraries=$(ldd "$service")
    [[ $libraries == *libpq* ]] || fail "ldd shows nothing of $service"
    absent "$service" '^(gw|http)_' 'the service holds a part of the gateway'
fi
if storage=$(one libnx_storage.a); then
    absent "$storage" '^(grpc_|protobuf_c_|wire_|svc_|gw_)' 'the storage knows more than its layer'
fi
if openapi=$(one libnx_openapi.a); then
    absent "$openapi" '^(grpc_[a-z]|PQ[a-z]|wire_|store_|svc_|gw_)' 'the document knows more than its layer'
fi
if json=$(one libnx_json.a); then
    absent "$json" '^(grpc_|gpr_|PQ[a-z]|wire_[^p]|wire_p[^b])' 'JSON knows more of wire than bytes'
fi
if wire_pb=$(one libnexus-wire-pb.a); then
    absent "$wire_pb" '^(grpc_|gpr_|PQ[a-z]|json_|pbj_)' 'the binary form of protobuf knows more than bytes'
fi
if runtime=$(one libnexus-runtime.a); then
    absent "$runtime" '^(grpc_|protobuf_c_|PQ[a-z]|cyaml_|MHD_)' 'the runtime knows a library'
fi
if http=$(one libnx_http.a); then
    absent "$http" '^(grpc_|protobuf_c_|wire_|gw_|oas_|pbj_)' 'the HTTP server knows what it carries'
fi
finish
