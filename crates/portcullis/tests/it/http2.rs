//! HTTP/2 as curl speaks it.

use std::process::Command;

use crate::{answer_route, gateway, tools};

/// What curl shows with these options for the last argument.
fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-sS", "-i"]).args(arguments).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).replace('\r', "")
}

#[test]
fn clear_text_with_prior_knowledge_when_the_connector_says_so() {
    if !tools::are_here(&["curl"]) {
        return;
    }
    let with = |vertx: &str| {
        let admin = format!(
            r#"{{ "connectors": [{{ "port": 0, "host": "127.0.0.1", "vertx": {vertx} }}],
                  "adminConnector": {{ "port": 0, "host": "127.0.0.1" }} }}"#
        );
        gateway().admin(&admin).route("all", &answer_route("hello")).start()
    };
    let spoken = with(r#"{ "http2ClearTextEnabled": true }"#);
    let url = format!("http://127.0.0.1:{}/", spoken.ports()[0]);
    let answer = curl(&["--http2-prior-knowledge", &url]);
    assert!(answer.starts_with("HTTP/2 200 \n") && answer.ends_with("hello"), "{answer}");
    // Nobody reads what is posted, which is no failure.
    let answer = curl(&["--http2-prior-knowledge", "--data", "0123456789", &url]);
    assert!(answer.starts_with("HTTP/2 200 \n") && answer.ends_with("hello"), "{answer}");
    // The older way to HTTP/2, by an upgrade, is never gone.
    let answer = curl(&["--http2", &url]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\n") && answer.ends_with("hello"), "{answer}");

    let unspoken = with("{}");
    let answer = curl(&["--http2-prior-knowledge", &format!("http://127.0.0.1:{}/", unspoken.ports()[0])]);
    assert!(answer.starts_with("curl: "), "{answer}");
}
