"""The second implementation: makes texts of every algorithm with jwcrypto, and reads those that we make.

`make` prints the cases: each with its key, its text and what it says. `read` takes them back with other texts in
their place, and prints what each one says, or what is wrong.
"""

import json
import sys

from jwcrypto import jwe, jwk, jws

CONTENT = '{"sub":"bjensen","name":"B\u00e4rbel","roles":["a","a","a","a","a","a","a","a"]}'

ENCRYPTIONS = {
    "A128GCM": 128,
    "A192GCM": 192,
    "A256GCM": 256,
    "A128CBC-HS256": 256,
    "A192CBC-HS384": 384,
    "A256CBC-HS512": 512,
}
SIZES = {"128": 128, "192": 192, "256": 256}


def signing_keys():
    rsa = jwk.JWK.generate(kty="RSA", size=2048)
    for bits in ("256", "384", "512"):
        yield "HS" + bits, jwk.JWK.generate(kty="oct", size=int(bits))
        yield "RS" + bits, rsa
        yield "PS" + bits, rsa
    for algorithm, curve in (("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")):
        yield algorithm, jwk.JWK.generate(kty="EC", crv=curve)
    yield "EdDSA", jwk.JWK.generate(kty="OKP", crv="Ed25519")


def encrypting_keys(encryption):
    yield "dir", jwk.JWK.generate(kty="oct", size=ENCRYPTIONS[encryption])
    for name, size in SIZES.items():
        yield "A" + name + "KW", jwk.JWK.generate(kty="oct", size=size)
        yield "A" + name + "GCMKW", jwk.JWK.generate(kty="oct", size=size)
    for algorithm in ("RSA-OAEP", "RSA-OAEP-256", "RSA1_5"):
        yield algorithm, RSA
    for curve in ("P-256", "P-384", "P-521"):
        key = jwk.JWK.generate(kty="EC", crv=curve)
        for algorithm in ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"):
            yield algorithm, key


RSA = jwk.JWK.generate(kty="RSA", size=2048)


def make():
    for algorithm, key in signing_keys():
        made = jws.JWS(CONTENT)
        made.allowed_algs = [algorithm]
        made.add_signature(key, None, json.dumps({"alg": algorithm, "typ": "JWT"}), None)
        yield {"alg": algorithm, "key": key.export(as_dict=True), "text": made.serialize(compact=True)}
    for encryption in ENCRYPTIONS:
        for algorithm, key in encrypting_keys(encryption):
            for zipped in ({}, {"zip": "DEF"}):
                header = {"alg": algorithm, "enc": encryption, "cty": "JWT", **zipped}
                made = jwe.JWE(CONTENT.encode(), json.dumps(header), algs=[algorithm, encryption])
                made.add_recipient(key)
                yield {
                    "alg": algorithm,
                    "enc": encryption,
                    "zip": bool(zipped),
                    "key": key.export(as_dict=True),
                    "text": made.serialize(compact=True),
                }


def read(case):
    key = jwk.JWK(**case["key"])
    if "enc" in case:
        text = jwe.JWE(algs=[case["alg"], case["enc"]])
        text.deserialize(case["text"], key)
        return text.payload.decode()
    text = jws.JWS()
    text.allowed_algs = [case["alg"]]
    text.deserialize(case["text"], key)
    return text.payload.decode()


def attempt(case):
    try:
        return read(case)
    except Exception as error:  # whatever it is, the test shows it
        return repr(error)


if sys.argv[1] == "make":
    json.dump({"content": CONTENT, "cases": list(make())}, sys.stdout)
else:
    json.dump([attempt(case) for case in json.load(sys.stdin)], sys.stdout)
