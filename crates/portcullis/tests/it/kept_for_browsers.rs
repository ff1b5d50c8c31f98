//! What the gateway keeps for a browser between requests, over real sockets: cookies and forms.

use std::thread;

use testbed::{Gateway, Reply, upstream};

use crate::gateway;

fn route(origin: &str, filters: &str) -> String {
    format!(
        r#"{{ "baseURI": "{origin}", "handler": {{ "type": "Chain", "config": {{
             "filters": [ {filters} ], "handler": "ReverseProxyHandler" }} }} }}"#
    )
}

/// What a browser sends back of the cookie that a reply sets for the gateway's session.
fn session_of(reply: &Reply) -> String {
    let session = reply.values("set-cookie").find(|cookie| cookie.starts_with("IG_SESSIONID="));
    session.unwrap_or_else(|| panic!("{reply}")).split(';').next().unwrap().to_owned()
}

#[test]
fn cookies_of_answers_that_come_at_once_are_all_kept() {
    let origin = upstream()
        .on("*", |request, wire| {
            let number = request.word(1).trim_start_matches('/');
            let cookie = format!("n{number}={number}; Path=/");
            wire.write(format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n"));
        })
        .start();
    let gateway = gateway().route("all", &route(&origin.uri(), r#"{ "type": "CookieFilter" }"#)).start();
    let first = gateway.get("/0");
    let session = session_of(&first);
    assert_eq!(first.values("set-cookie").count(), 1, "{first}");
    thread::scope(|scope| {
        for number in 1..=8 {
            let (client, session) = (gateway.client(), session.as_str());
            scope.spawn(move || {
                let reply = client.send("GET", &format!("/{number}"), &[("cookie", session)], b"");
                assert_eq!((reply.status, reply.field("set-cookie")), (200, None), "{reply}");
            });
        }
    });
    gateway.client().send("GET", "/0", &[("cookie", &session)], b"");
    let requests = origin.requests();
    let mut sent: Vec<&str> = requests.last().unwrap().field("cookie").unwrap().split("; ").collect();
    sent.sort_unstable();
    assert_eq!(sent, ["n0=0", "n1=1", "n2=2", "n3=3", "n4=4", "n5=5", "n6=6", "n7=7", "n8=8"]);
}

/// Posts a form in chunks to a login that nobody gets past.
fn post_in_chunks(gateway: &Gateway, chunks: &[&str]) -> Reply {
    let body: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    gateway.client().send_text(&format!(
        "POST /order HTTP/1.1\r\nHost: app.example\r\nOrigin: http://app.example\r\nAccept: text/html\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n"
    ))
}

#[test]
fn a_form_that_comes_in_chunks_is_kept_if_it_is_short_enough() {
    let login = r#"{ "type": "DataPreservationFilter", "config": { "maxContentLength": 100 } },
        { "type": "SwitchFilter", "config": { "onRequest": [ { "condition": "${true}",
          "handler": { "type": "StaticResponseHandler",
            "config": { "status": 302, "headers": { "Location": ["/login"] } } } } ] } }"#;
    let origin = upstream().start();
    let gateway = gateway().route("all", &route(&origin.uri(), login)).start();

    let reply = post_in_chunks(&gateway, &["a=1", "&b=", "2"]);
    assert_eq!((reply.status, reply.field("location")), (302, Some("/login")), "{reply}");
    let session = session_of(&reply);
    let page = gateway.client().send("GET", "/order", &[("cookie", &session), ("accept", "text/html")], b"");
    let text = page.text();
    assert!(text.contains(r#"name="a" value="1""#) && text.contains(r#"name="b" value="2""#), "{page}");

    let reply = post_in_chunks(&gateway, &["a=", &"x".repeat(98)]);
    assert_eq!((reply.status, reply.values("set-cookie").count()), (302, 1), "{reply}");
    let reply = post_in_chunks(&gateway, &["a=", &"x".repeat(99)]);
    assert_eq!((reply.status, reply.values("set-cookie").count()), (302, 0), "{reply}");
    assert!(origin.requests().is_empty());
}
