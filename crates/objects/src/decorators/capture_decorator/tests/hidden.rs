//! What `CaptureDecorator` hides.

use expect_test::expect;

use super::{ENTITIES, check};

#[test]
fn secrets_are_hidden_by_default() {
    check(
        ENTITIES,
        r#"{"headers": {"Set-Cookie": "sid=1", "Location": "https://u:p@app.example/cb?code=1&x=2#id_token=3"}}"#,
        "GET /a?access_token=1&q=2&Pass%77ord=3\nAuthorization: Basic eA==\nProxy-Authorization: x\nCookie: a=b\n\
         X-OpenAM-Password: p\nX-Api-Key: k\nX-Csrf-Token: t\nAccept: text/html",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/a?access_token=*****&q=2&Pass%77ord=***** HTTP/1.1
            authorization: *****
            proxy-authorization: *****
            cookie: *****
            x-openam-password: *****
            x-api-key: *****
            x-csrf-token: *****
            accept: text/html
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            set-cookie: *****
            location: https://*****@app.example/cb?code=*****&x=2#id_token=*****
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn secrets_in_entities_are_hidden() {
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "application/json"},
            "entity": "{\"access_token\": \"1\", \"expires_in\": 2, \"deep\": [{\"client_secret\": {\"x\": 1}}]}"}"#,
        "POST /\nContent-Type: application/x-www-form-urlencoded\n\nusername=bob&password=pw&code=1",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1
            content-type: application/x-www-form-urlencoded

              username=bob&password=*****&code=*****
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: application/json

              {"access_token":"*****","expires_in":2,"deep":[{"client_secret":"*****"}]}
             logger="CaptureDecorator.capture.end"
        "#]],
    );
    check(
        ENTITIES,
        r#"{"headers": {"Content-Type": "application/problem+json"}, "entity": "{ \"a\" : 1 }"}"#,
        "POST /\nContent-Type: application/json\n\n{\"password\": \"cut",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            POST http://app.example/ HTTP/1.1
            content-type: application/json

              *****
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: application/problem+json

              { "a" : 1 }
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn more_can_be_hidden() {
    check(
        r#"{"masks": {"headers": ["X-Customer"], "trailers": ["x"], "mask": "[hidden]"}}"#,
        r#"{"headers": {"x-customer": "7"}}"#,
        "GET /?token=1\nX-Customer: 7\nX-Other: 8",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/?token=[hidden] HTTP/1.1
            x-customer: [hidden]
            x-other: 8
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            x-customer: [hidden]
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}

#[test]
fn hiding_by_default_can_be_switched_off() {
    check(
        r#"{"captureEntity": true, "masks": {"defaults": false, "headers": ["cookie"]}}"#,
        r#"{"headers": {"Content-Type": "application/json"}, "entity": "{\"token\":1}"}"#,
        "GET /?token=1\nAuthorization: Basic eA==\nCookie: a=b",
        expect![[r#"
            INFO CaptureDecorator: 

            --- (request) id:transaction-1 --->

            GET http://app.example/?token=1 HTTP/1.1
            authorization: Basic eA==
            cookie: *****
             logger="CaptureDecorator.capture.end"
            INFO CaptureDecorator: 

            <--- (response) id:transaction-1 ---

            HTTP/1.1 200 OK
            content-type: application/json

              {"token":1}
             logger="CaptureDecorator.capture.end"
        "#]],
    );
}
