//! Which connections are used again, which requests are sent again, and who waits.

use std::time::Duration;

use exchange::Method;
use expect_test::{Expect, expect};
use transport::client::{Client, ClientOptions};

use crate::client::{END, OK, options, send};
use crate::support::Step::{Accept, Close, Pause, Reset, Send, Until};
use crate::support::{Step, origin, run};

/// Plays `script`, sends the requests one after the other with one client; checks what both sides saw.
#[track_caller]
fn check_exchange(script: Vec<Step>, requests: &[(Method, &str)], received: Expect, responses: Expect) {
    let (address, playing) = origin(script);
    let shown = run(async {
        let client = Client::new(options());
        let mut shown = String::new();
        for (method, body) in requests {
            shown += &send(&client, method.clone(), &format!("http://{address}/"), body).await;
            shown += "\n--\n";
            // For the origin to close, if it does.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        shown
    });
    let origin = address.to_string();
    received.assert_eq(&playing.join().unwrap().replace('\r', "").replace(&origin, "ORIGIN"));
    responses.assert_eq(&shown.replace(&origin, "ORIGIN"));
}

const GET: (Method, &str) = (Method::GET, "");
const POST: (Method, &str) = (Method::POST, "abc");

#[test]
fn connections_are_used_again_whatever_the_framing() {
    check_exchange(
        vec![
            Accept,
            Until(END),
            Send(OK),
            Until("abc"),
            Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Send(b"2\r\nok\r\n0\r\n\r\n"),
            Until(END),
            Send(OK),
        ],
        &[GET, POST, GET],
        expect![[r#"
            |GET / HTTP/1.1
            host: ORIGIN

            POST / HTTP/1.1
            host: ORIGIN
            content-length: 3

            abcGET / HTTP/1.1
            host: ORIGIN

        "#]],
        expect![[r#"
            200 OK
            content-length: 2
            ok
            --
            200 OK
            ok
            --
            200 OK
            content-length: 2
            ok
            --
        "#]],
    );
}

#[test]
fn connections_that_say_close_or_send_too_much_are_not_used_again() {
    for first in [
        &b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"[..],
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ] {
        let script = vec![Accept, Until(END), Send(first), Accept, Until(END), Send(OK)];
        let (address, playing) = origin(script);
        let uri = format!("http://{address}/");
        run(async {
            let client = Client::new(options());
            send(&client, Method::GET, &uri, "").await;
            assert!(send(&client, Method::GET, &uri, "").await.ends_with("ok"));
        });
        assert_eq!(playing.join().unwrap().matches('|').count(), 2);
    }
}

#[test]
fn a_connection_closed_while_idle_is_noticed() {
    check_exchange(
        vec![Accept, Until(END), Send(OK), Close, Accept, Until("abc"), Send(OK)],
        &[GET, POST],
        expect![[r#"
            |GET / HTTP/1.1
            host: ORIGIN

            |POST / HTTP/1.1
            host: ORIGIN
            content-length: 3

            abc"#]],
        expect![[r#"
            200 OK
            content-length: 2
            ok
            --
            200 OK
            content-length: 2
            ok
            --
        "#]],
    );
}

/// The origin closes after it has read the second request: only what is safe goes out again.
#[test]
fn idempotent_requests_are_sent_again_and_others_are_not() {
    let script = || vec![Accept, Until(END), Send(OK), Until(END), Reset, Accept, Until(END), Send(OK)];
    let (address, playing) = origin(script());
    let uri = format!("http://{address}/");
    let shown = run(async {
        let client = Client::new(options());
        send(&client, Method::GET, &uri, "").await;
        send(&client, Method::GET, &uri, "").await
    });
    assert!(shown.ends_with("ok"), "{shown}");
    playing.join().unwrap();
    let (address, playing) = origin(vec![Accept, Until(END), Send(OK), Until("abc"), Reset]);
    let uri = format!("http://{address}/");
    let shown = run(async {
        let client = Client::new(options());
        send(&client, Method::GET, &uri, "").await;
        send(&client, Method::POST, &uri, "abc").await
    });
    assert_eq!(shown, format!("BadGateway: {address} closed the connection before its response"));
    playing.join().unwrap();
}

#[test]
fn an_early_response_ends_the_upload() {
    let long: &'static str = Box::leak("x".repeat(8 * 1024 * 1024).into_boxed_str());
    let (address, playing) = origin(vec![
        Accept,
        Until(END),
        Send(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\nno"),
        Pause(Duration::from_millis(100)),
        Reset,
        Accept,
        Until(END),
        Send(OK),
    ]);
    let uri = format!("http://{address}/");
    run(async {
        let client = Client::new(options());
        assert!(send(&client, Method::POST, &uri, long).await.starts_with("413"));
        assert!(send(&client, Method::GET, &uri, "").await.ends_with("ok"));
    });
    playing.join().unwrap();
}

#[test]
fn requests_wait_for_a_connection_in_order_and_not_for_ever() {
    let (address, playing) = origin(vec![
        Accept,
        Until(END),
        Pause(Duration::from_millis(100)),
        Send(OK),
        Until(END),
        Send(OK),
        Until(END),
        Pause(Duration::from_millis(600)),
    ]);
    let options = ClientOptions {
        connections: 1,
        wait_queue_size: 2,
        connection_timeout: Duration::from_millis(300),
        ..options()
    };
    run(async {
        let client = Client::new(options);
        let uri = format!("http://{address}/");
        let get = || send(&client, Method::GET, &uri, "");
        let (first, second, third, fourth) = tokio::join!(
            get(),
            get(),
            async {
                // Gives up before its turn.
                let _ = tokio::time::timeout(Duration::from_millis(20), get()).await;
                get().await
            },
            get()
        );
        assert!(first.ends_with("ok") && second.ends_with("ok"), "{first} {second}");
        let mut rest = [third, fourth];
        rest.sort();
        assert!(rest[0].starts_with("Unavailable"), "{rest:?}");
    });
    drop(playing);
}
