//! Requests beyond a rate over real sockets, from many clients at once and across reloads.

use std::thread;

use testbed::{Gateway, upstream};

use crate::gateway;

/// A route with a filter in its heap, one in the chain, and a label that tells one version from the next.
fn route(origin: &str, label: &str, in_heap: u32, in_place: u32) -> String {
    let rate = |requests: u32| format!(r#"{{ "numberOfRequests": {requests}, "duration": "1 day" }}"#);
    format!(
        r#"{{ "baseURI": "{origin}",
  "heap": [ {{ "name": "limit", "type": "ThrottlingFilter", "config": {{ "rate": {} }} }} ],
  "handler": {{ "type": "Chain", "config": {{ "handler": "ReverseProxyHandler", "filters": [
    {{ "type": "ConditionalFilter", "config": {{ "condition": "${{request.uri.path == '/heap'}}", "delegate": "limit" }} }},
    {{ "type": "ConditionalFilter", "config": {{ "condition": "${{request.uri.path == '/place'}}",
       "delegate": {{ "type": "ThrottlingFilter", "config": {{ "rate": {} }} }} }} }},
    {{ "type": "HeaderFilter", "config": {{ "messageType": "RESPONSE", "add": {{ "label": ["{label}"] }} }} }}
  ] }} }} }}"#,
        rate(in_heap),
        rate(in_place)
    )
}

/// The statuses of so many requests, one after another.
fn statuses(gateway: &Gateway, target: &str, count: usize) -> Vec<u16> {
    (0..count).map(|_| gateway.get(target).status).collect()
}

#[test]
fn many_clients_at_once_get_exactly_what_the_rate_allows() {
    let origin = upstream().get("/heap", "ok").start();
    let gateway = gateway().route("all", &route(&origin.uri(), "", 40, 0)).start();
    let passed: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = gateway.client().connect();
                    (0..20).filter(|_| connection.get("/heap").status == 200).count()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert_eq!(passed, 40);
    assert_eq!(origin.requests().len(), 40);
    let refused = gateway.get("/heap");
    assert_eq!((refused.status, refused.field("retry-after").is_some()), (429, true));
    // The connection of a client that is refused stays usable, and other paths are open.
    let mut connection = gateway.client().connect();
    assert_eq!((connection.get("/heap").status, connection.get("/other").status), (429, 404));
}

#[test]
fn counts_survive_a_reload() {
    let origin = upstream().get("/heap", "ok").get("/place", "ok").get("/", "ok").start();
    let builder = gateway().env("IG_ROUTER_SCAN_INTERVAL", "100 ms");
    let gateway = builder.route("all", &route(&origin.uri(), "first", 3, 3)).start();
    assert_eq!(statuses(&gateway, "/heap", 2), [200, 200]);
    assert_eq!(statuses(&gateway, "/place", 2), [200, 200]);

    let edit = |label: &str, text: &str| {
        gateway.folder().write("config/routes/all.json", text);
        testbed::eventually("the edit counts", || {
            (gateway.get("/").field("label") == Some(label)).then_some(())
        });
    };
    edit("second", &route(&origin.uri(), "second", 3, 3));
    assert_eq!(statuses(&gateway, "/heap", 2), [200, 429]);
    assert_eq!(statuses(&gateway, "/place", 2), [200, 429]);

    // Another rate changes what is allowed, not what is used. What was declared in place has moved: it is a
    // new filter.
    let moved = route(&origin.uri(), "third", 4, 3).replace("\"heap\"", "\n\n\"heap\"");
    edit("third", &moved);
    assert_eq!(statuses(&gateway, "/heap", 2), [200, 429]);
    assert_eq!(statuses(&gateway, "/place", 4), [200, 200, 200, 429]);
}
