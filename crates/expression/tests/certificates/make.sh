#!/bin/sh
# Makes the certificates of this folder with OpenSSL 3. Keys are thrown away: nothing here is trusted by anyone.
# Afterwards run `TZ=UTC java ../java_certificates.java *.pem > ../java_certificates.txt` with Java 17.
set -eu
key=$(mktemp)
configuration=$(mktemp)
trap 'rm -f "$key" "$configuration"' EXIT

# make NAME KEY-OPTIONS DIGEST STRING-MASK SUBJECT EXTENSIONS SERIAL
make() {
    name=$1 options=$2 digest=$3 mask=$4 subject=$5 extensions=$6 serial=$7
    # shellcheck disable=SC2086
    openssl genpkey $options -out "$key" 2>/dev/null
    {
        printf '[req]\nprompt = no\nutf8 = yes\nstring_mask = %s\ndistinguished_name = dn\n' "$mask"
        printf 'x509_extensions = ext\n[dn]\n%b\n[ext]\n%b\n' "$subject" "$extensions"
    } > "$configuration"
    openssl req -x509 -new -key "$key" $digest -config "$configuration" -set_serial "$serial" \
        -days 10950 -out "$name.pem"
}

rsa='-algorithm RSA -pkeyopt rsa_keygen_bits:2048'
ec='-algorithm EC -pkeyopt ec_paramgen_curve:P-256'

make plain "$rsa" -sha256 utf8only \
    'C = DE\nST = Bavaria\nL = Munich\nO = Example Ltd\nOU = Gate\nCN = client.example.com' \
    'basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature, keyEncipherment\nextendedKeyUsage = clientAuth, 1.3.6.1.4.1.311.20.2.2\nsubjectAltName = DNS:client.example.com, DNS:*.example.com, IP:192.0.2.7, IP:2001:db8::1, email:a@example.com, URI:https://example.com/x, RID:1.2.3.4, dirName:san, otherName:1.2.3;UTF8:hidden\n[san]\nC = DE\nO = "In, side"\nCN = Other' \
    0x1234
make quoted "$ec" -sha384 utf8only \
    '0.DC = com\n1.DC = example\nO = "Comma, Inc."\n0.OU = " leading and trailing "\n1.OU = two  blanks\n2.OU = plus+equals=less<greater>semi;hash#\n3.OU = \\#start\n4.OU = back\\\\slash\n5.OU = say \\"hi\\"\nUID = anna\nCN = Ärger 😀' \
    'basicConstraints = critical, CA:TRUE, pathlen:2\nkeyUsage = keyCertSign, cRLSign, decipherOnly' \
    0xf1234567890abcdef1234567890abcdef
make rare '-algorithm ED25519' '' default \
    'C = FR\nemailAddress = a@example.com\nserialNumber = 12 34\ntitle = Dr\nGN = Ada\nSN = King\ninitials = A K\ngenerationQualifier = II\ndnQualifier = x\nstreet = Rue 1\npostalCode = 75001\nbusinessCategory = Private\n0.O = One\n1.+O = Two\nCN = Rare\nx.1.2.3.4 = unknown' \
    'basicConstraints = CA:TRUE' 1
make wide "$ec" -sha256 MASK:0x0800 'C = GR\nO = Αθήνα\nCN = wide' 'subjectKeyIdentifier = none' 0x7fffffffffffffff
make latin "$ec" -sha512 MASK:0x0004 'C = FR\nO = Café\nCN = latin' 'subjectKeyIdentifier = none' 0xffffffffffffffff
make pss '-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048' -sha256 utf8only 'CN = pss' 'subjectKeyIdentifier = none' 9
