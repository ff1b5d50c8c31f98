#!/usr/bin/env bash
# Makes the key stores of this folder anew with keytool of Java 17 and OpenSSL 3.0, then has Java say what is in them.
# The store password is `changeit`, that of some entries `entrypass`. Every key here is public.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")"
rm -f ./*.p12 ./*.jks ./*.jceks
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# in_store FILE TYPE [OPTION…]: keytool on a store of this folder.
in_store() {
    keytool -J-Duser.language=en -keystore "$1" -storetype "$2" -storepass changeit "${@:3}" > "$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
}
key() { in_store "$1" "$2" -genkeypair -alias "$3" -validity 3650 -keyalg RSA -keysize 2048 -dname "CN=$4, O=Example" "${@:5}"; }
secret() { in_store "$1" "$2" -genseckey -alias symmetric-key -keyalg HmacSHA512 -keysize 512 "${@:3}"; }
aes() { in_store "$1" "$2" -genseckey -alias aes-key -keyalg AES -keysize 256 "${@:3}"; }
trust() { in_store "$1" "$2" -importcert -noprompt -alias "${3:-spike-root}" -file "$work/${4:-root}.pem" "${@:5}"; }

# A root, an authority below it, and a server below that.
certificate() { # NAME SUBJECT ISSUER SERIAL EXTENSIONS
    openssl req -new -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj "/O=Example/CN=$2" -out "$work/$1.csr" 2> "$work/log"
    openssl x509 -req -in "$work/$1.csr" -days 3650 -set_serial "$4" -extfile <(printf '%b' "$5") -out "$work/$1.pem" \
        $([ "$3" = "$1" ] && echo "-signkey $work/$1.key" || echo "-CA $work/$3.pem -CAkey $work/$3.key") 2> "$work/log"
}
authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n'
certificate root "Spike Root CA" root 1 "$authority"
certificate issuing "Spike Issuing CA" root 2 "$authority"
certificate exact exact issuing 3 'basicConstraints=CA:FALSE\nsubjectAltName=DNS:exact.example.test\n'
cat "$work/issuing.pem" "$work/root.pem" > "$work/chain.pem"

# What Java 17 writes by default.
key key-java17.p12 PKCS12 https-connector-key gateway.example.test -ext SAN=dns:gateway.example.test,ip:127.0.0.1
in_store key-ec-java17.p12 PKCS12 -genkeypair -alias ec-key -validity 3650 -keyalg EC -groupname secp256r1 -dname "CN=ec.example.test, O=Example"
trust trust-java17.p12 PKCS12
trust trust-java17.p12 PKCS12 "Spike Issuing" issuing
secret hmac-java17.p12 PKCS12
aes aes-java17.p12 PKCS12
key mixed-java17.p12 PKCS12 https-connector-key mixed.example.test
trust mixed-java17.p12 PKCS12
secret mixed-java17.p12 PKCS12
aes mixed-java17.p12 PKCS12
openssl pkcs12 -export -inkey "$work/exact.key" -in "$work/exact.pem" -certfile "$work/chain.pem" -name imported -passout pass:changeit -out "$work/chain.p12"
in_store multi-java17.p12 PKCS12 -importkeystore -noprompt -srckeystore "$work/chain.p12" -srcstorepass changeit -srcalias imported \
    -destkeystore multi-java17.p12 -deststoretype PKCS12 -deststorepass changeit -destalias Exact-Chain
key multi-java17.p12 PKCS12 "Schlüssel" second.example.test
trust multi-java17.p12 PKCS12

# What Java 8 wrote, and a trust store that is neither encrypted nor checked.
legacy=-J-Dkeystore.pkcs12.legacy
key key-javalegacy.p12 PKCS12 https-connector-key legacy.example.test $legacy
trust key-javalegacy.p12 PKCS12 spike-root root $legacy
secret key-javalegacy.p12 PKCS12 $legacy
trust trust-nopass-java17.p12 PKCS12 spike-root root -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE

# The formats before PKCS12, with passwords of entries.
key key-trust.jks JKS https-connector-key jks.example.test -keypass changeit
trust key-trust.jks JKS
key key-otherpass.jks JKS https-connector-key jks2.example.test -keypass entrypass
secret secret.jceks JCEKS -keypass changeit
aes secret.jceks JCEKS -keypass entrypass
key secret.jceks JCEKS https-connector-key jceks.example.test -keypass changeit
trust secret.jceks JCEKS

# What OpenSSL writes, and what it can be told to write.
export_p12() { openssl pkcs12 -export -in "$work/exact.pem" -inkey "$work/exact.key" -name https-connector-key -passout pass:changeit -out "$@"; }
export_p12 openssl-modern.p12 -certfile "$work/chain.pem"
export_p12 openssl-legacy.p12 -certfile "$work/chain.pem" -legacy
export_p12 openssl-plain.p12 -keypbe NONE -certpbe NONE
export_p12 openssl-3des.p12 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
export_p12 openssl-nomac.p12 -nomac
openssl pkcs12 -export -nokeys -in "$work/root.pem" -caname spike-root -passout pass:changeit -out openssl-nokeys-trust.p12

# Entries of PKCS12 with another password: keytool will not make them, but programs can.
java OtherPassword.java mixed-java17.p12 mixed-otherpass.p12
java OtherPassword.java hmac-java17.p12 secrets-otherpass.p12

java Describe.java . > expected.txt
