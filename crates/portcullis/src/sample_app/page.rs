//! The pages of the sample application. Whatever comes from a request is escaped before it is shown.

use std::fmt::Write;

use exchange::{ClientInfo, Request};
use expression::Object;

/// The page that shows a request.
pub(super) fn home(request: &Request, body: &str, client: &ClientInfo) -> String {
    let mut content =
        String::from("<h1>Sample application</h1>\n<p>This request reached the application:</p>\n");
    content.push_str("<table id=\"request\">\n");
    row(&mut content, "Method", request.method.as_str());
    row(&mut content, "URI", request.uri.path_and_query().as_str());
    row(&mut content, "Client", &client.remote.ip().to_string());
    row(&mut content, "TLS", if client.is_secure { "yes" } else { "no" });
    if let Some(certificate) = client.certificates.first() {
        row(&mut content, "Certificate", &certificate.to_text().unwrap_or_default());
        row(&mut content, "Thumbprint", &certificate.thumbprint());
    }
    content.push_str("</table>\n<h2>Headers</h2>\n<table id=\"headers\">\n");
    for (name, value) in request.headers.iter() {
        row(&mut content, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    content.push_str("</table>\n");
    if !body.is_empty() {
        // The line break after <pre> is not part of what is shown.
        let _ = write!(content, "<h2>Body</h2>\n<pre id=\"body\">\n{}</pre>\n", escape(body));
    }
    frame("Sample application", &content)
}

/// The login form, with a complaint about the last attempt.
pub(super) fn login(complaint: Option<&str>) -> String {
    let complaint = complaint.map(|text| format!("<p class=\"complaint\">{}</p>\n", escape(text)));
    let content = format!(
        "<h1>Log in</h1>\n{}\
         <form method=\"post\" action=\"/login\">\n\
         <label>User name <input name=\"username\" autocomplete=\"username\" autofocus></label>\n\
         <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>\n\
         <button>Log in</button>\n\
         </form>\n\
         <p>The user of this example is <code>demo</code>, the password <code>Ch4ng31t</code>.</p>\n",
        complaint.unwrap_or_default()
    );
    frame("Log in", &content)
}

/// What a user sees who has logged in.
pub(super) fn greeting(user: &str) -> String {
    frame("Welcome", &format!("<h1>Welcome, {}</h1>\n<p>You have logged in.</p>\n", escape(user)))
}

/// A page whose script talks over WebSocket and listens to events. With `hold_ms`, the page counts as loaded
/// only after that time, so that a browser without a person waits for the script.
pub(super) fn live(hold_ms: u64) -> String {
    let hold = match hold_ms {
        0 => String::new(),
        ms => format!("<img src=\"/slow?ms={ms}\" alt=\"\">\n"),
    };
    let content = format!(
        "<h1>Live</h1>\n\
         <p>WebSocket: <output id=\"socket\">connecting</output></p>\n\
         <p>Events: <output id=\"events\">waiting</output></p>\n{hold}\
         <script>\n{}</script>\n",
        include_str!("live.js")
    );
    frame("Live", &content)
}

fn frame(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
         <link rel=\"stylesheet\" href=\"/css/style.css\">\n</head>\n<body>\n\
         <nav><a href=\"/\">Home</a> <a href=\"/login\">Log in</a> <a href=\"/live\">Live</a> \
         <a href=\"/events?count=5\">Events</a> <a href=\"/json\">JSON</a> <a href=\"/slow?ms=2000\">Slow</a> \
         <a href=\"/large?bytes=1000000\">Large</a></nav>\n<main>\n{content}</main>\n</body>\n</html>\n",
        escape(title)
    )
}

fn row(page: &mut String, name: &str, value: &str) {
    let _ = writeln!(page, "<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value));
}

/// Makes a text harmless in element content and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
