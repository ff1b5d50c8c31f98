//! Whose session a request is in depends on the cookies that its client sent, whatever else stands beside them and
//! whatever filters do.

use testbed::Client;

use crate::gateway;

/// A manager of each kind that needs no server.
const MANAGERS: [&str; 2] = [r#"{ "type": "InMemorySessionManager" }"#, r#"{ "type": "JwtSession" }"#];

/// `/write` writes an entry; everywhere else the answer shows it, after a filter has dropped all cookies.
fn route(manager: &str) -> String {
    format!(
        r#"{{
          "session": {manager},
          "handler": {{ "type": "Chain", "config": {{
            "filters": [
              {{ "type": "HeaderFilter", "config": {{ "messageType": "REQUEST", "remove": ["Cookie"] }} }},
              {{ "type": "ConditionalFilter", "config": {{
                "condition": "${{request.uri.path == '/write'}}",
                "delegate": {{ "type": "AssignmentFilter", "config": {{ "onRequest": [
                  {{ "target": "${{session.color}}", "value": "green" }}
                ] }} }}
              }} }}
            ],
            "handler": {{ "type": "StaticResponseHandler", "config": {{
              "status": 200, "entity": "color: ${{session.color}}"
            }} }}
          }} }}
        }}"#
    )
}

fn cookie(client: &Client) -> String {
    let written = client.send("GET", "/write", &[], b"");
    let field = written.field("set-cookie").expect("a written session has a cookie").to_owned();
    field.split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn bytes_of_other_cookies_and_filters_that_drop_cookies_hide_no_session() {
    for manager in MANAGERS {
        let gateway = gateway().route("all", &route(manager)).start();
        let client = gateway.client();
        let cookie = cookie(&client);
        for field in [format!("name=Zo\u{eb}; {cookie}"), format!("{cookie}; name=Zo\u{eb}"), cookie.clone()]
        {
            let read = client.send("GET", "/read", &[("Cookie", &field)], b"");
            assert_eq!(read.text(), "color: green", "{manager} {field}");
        }
        let none = client.send("GET", "/read", &[], b"");
        assert_eq!(none.text(), "color: ");
    }
}
