#!/usr/bin/env bash
# Makes certificates for tests: certificates.sh DIR. Each NAME has a NAME.pem and a NAME.key.
#
#   ca        signs all but the last            other-ca  signs the last
#   server    for localhost and 127.0.0.1       renewed   the same, later
#   client    of spiffe://nexus.test/gateway, gateway.test, and the common name gateway
#   hostname  a client with a DNS name and a common name
#   plain     a client with a common name alone
#   stranger  as plain
set -euo pipefail
cd "${1:?a folder}"

# authority NAME
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

# certificate NAME AUTHORITY [SUBJECT_ALTERNATIVE_NAMES]
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
        -CA "$2.pem" -CAkey "$2.key" -addext basicConstraints=critical,CA:false \
        ${3:+-addext "subjectAltName=$3"} -keyout "$1.key" -out "$1.pem" 2>/dev/null
}

authority ca
authority other-ca
certificate server ca DNS:localhost,IP:127.0.0.1
certificate renewed ca DNS:localhost,IP:127.0.0.1
certificate client ca DNS:gateway.test,URI:spiffe://nexus.test/gateway
certificate hostname ca DNS:gateway.test
certificate plain ca
certificate stranger other-ca
