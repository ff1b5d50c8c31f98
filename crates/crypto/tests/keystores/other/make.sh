#!/usr/bin/env bash
# Makes the files of this folder anew: what the samples beside it do not show. Needs keytool of Java 17 and
# OpenSSL 3.0. The tests name some of the contents, so that they have to be looked at again afterwards.
set -euo pipefail
export LC_ALL=C.UTF-8
keytool="keytool -J-Duser.language=en"
rm -f ./*.jks ./*.jceks ./*.p12 protected.txt

# A password and an alias beyond ASCII, the latter beyond 16 bits.
$keytool -genkeypair -alias "😀 key" -keyalg EC -groupname secp256r1 -validity 3650 -dname "CN=unicode" \
    -storetype JKS -keystore unicode.jks -storepass "pässwörd€" -keypass "pässwörd€"

# Secret keys that Java serialises in another way, and passwords as keytool imports them.
for store in "JCEKS imported.jceks" "PKCS12 imported.p12"; do
    read -r type file <<< "$store"
    $keytool -genseckey -alias triple -keyalg DESede -keysize 168 -storetype "$type" -keystore "$file" \
        -storepass changeit -keypass changeit
    printf 'opensesame\nopensesame\n' | $keytool -importpass -alias imported -storetype "$type" \
        -keystore "$file" -storepass changeit -keypass changeit
done

# One private key under every protection that OpenSSL knows and we read, then one certificate under every check.
temporary=$(mktemp -d)
openssl genpkey -algorithm ed25519 -out "$temporary/key.pem"
printf 'plain %s\n' "$(openssl pkcs8 -topk8 -nocrypt -in "$temporary/key.pem" -outform DER | base64 -w0)" > protected.txt
protect() {
    printf '%s %s\n' "$1" "$(openssl pkcs8 -topk8 -in "$temporary/key.pem" -passout pass:changeit \
        -outform DER -provider legacy -provider default "${@:2}" | base64 -w0)" >> protected.txt
}
for hash in SHA1 SHA224 SHA256 SHA384 SHA512; do
    protect "AES-256/$hash" -v2 aes-256-cbc -v2prf "hmacWith$hash"
done
protect "AES-128/SHA256" -v2 aes-128-cbc -v2prf hmacWithSHA256
protect "AES-192/SHA256" -v2 aes-192-cbc -v2prf hmacWithSHA256
protect "3DES/SHA1" -v2 des3 -v2prf hmacWithSHA1
for cipher in 3DES 2DES RC2-128 RC2-40; do
    protect "PBE-$cipher" -v1 "PBE-SHA1-$cipher"
done
openssl req -x509 -key "$temporary/key.pem" -subj /CN=checked -days 3650 -out "$temporary/certificate.pem"
for hash in sha1 sha224 sha256 sha384 sha512; do
    printf 'MAC-%s %s\n' "$hash" "$(openssl pkcs12 -export -nokeys -in "$temporary/certificate.pem" \
        -certpbe NONE -macalg "$hash" -passout pass:changeit | base64 -w0)" >> protected.txt
done
# An empty password, of which there are two readings.
printf 'MAC-empty %s\n' "$(openssl pkcs12 -export -nokeys -in "$temporary/certificate.pem" -certpbe PBE-SHA1-3DES \
    -passout pass: | base64 -w0)" >> protected.txt
rm -r "$temporary"
