//! `/api/sessions`: which sessions there are, what their entries are called, and how to end them. An addition of
//! Portcullis.
//!
//! - `GET /api/sessions` names the managers; with `?manager=NAME`, and `file`, `subject`, `cursor` and `limit`, it is
//!   a page of the sessions of one.
//! - `GET /api/sessions/HANDLE` is one session.
//! - `DELETE /api/sessions/HANDLE` ends it, `DELETE /api/sessions?subject=NAME` all those of a user.
//!
//! Values are never shown. No page in a browser can end a session, whoever serves it: browsers tell of pages by
//! `Origin` and `Sec-Fetch-Site`, and tools send neither.

mod parameters;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use exchange::{
    Context, Fault, FaultKind, HeaderValue, Method, Request, Response, SESSION_PAGE_MAX,
    SessionAdministration, SessionDirectory, SessionQuery, SessionSummary, StatusCode, header,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Door, JSON, not_allowed};
use parameters::Parameters;

const PATH: &str = "/api/sessions";

/// Sessions of a page when it is not said how many.
const PAGE_DEFAULT: usize = 100;

/// A handle is this many hexadecimal digits.
const HANDLE_LENGTH: usize = 32;

type Manager = Arc<dyn SessionAdministration>;

/// The handle in a path to these endpoints, empty for all sessions; `None` for any other path.
pub(super) fn below(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(PATH)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/').filter(|handle| !handle.is_empty()) }
}

/// Why a request that no filter protects is refused, if it is. `is_here` says that its client is on this machine.
///
/// That cannot be told on a main connector: behind a load balancer or a terminator of TLS on this machine that says
/// nothing of its clients, everybody is, and the host is what they write. Nor on an admin connector that others reach.
pub(super) fn refusal(door: Door, is_here: bool, request: &Request) -> Option<Response> {
    let rule = match door {
        Door::Main => "on the admin connector only",
        Door::Admin { is_local: false } => "while `adminConnector` listens on loopback addresses only",
        Door::Admin { is_local: true } if is_here && names_this_machine(request) => return None,
        Door::Admin { is_local: true } => {
            "by clients on this machine, without a proxy, by an address or as `localhost`"
        }
    };
    let text = format!(
        "Sessions are administered {rule}, unless `apiProtectionFilter` of admin.json lets requests in."
    );
    let mut response = Refusal::new(StatusCode::FORBIDDEN, text).into_response();
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(response)
}

/// Whether a request is for an address, or a name that no stranger can lead here: by a name of their own, their
/// page would be of the same origin as these endpoints.
fn names_this_machine(request: &Request) -> bool {
    let host = request.uri.host().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}

/// Answers a request for `handle`, or for all sessions when it is empty.
pub(super) async fn answer(
    prefix: &str,
    directory: &SessionDirectory,
    handle: &str,
    cx: &Context,
    request: &Request,
) -> Response {
    let managers = directory.managers();
    let query = request.uri.raw_query();
    let is_read = request.method == Method::GET || request.method == Method::HEAD;
    let outcome = match (is_read, handle) {
        (true, "") => list(prefix, latest(managers), query).await,
        (true, handle) => inspect(managers, handle, query).await,
        (false, _) if request.method != Method::DELETE => {
            let text = "Sessions are read with GET and ended with DELETE.";
            Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, text))
        }
        (false, _) if is_from_page(request) => {
            let text = "Sessions are not ended from pages in a browser: the request has `Origin` or `Sec-Fetch-Site`.";
            Err(Refusal::new(StatusCode::FORBIDDEN, text))
        }
        (false, "") => revoke_subject(managers, query, cx).await,
        (false, handle) => revoke(managers, handle, query, cx).await,
    };
    let mut response = match outcome {
        Ok(Some(shown)) => Response::text(StatusCode::OK, JSON, shown.to_string()),
        Ok(None) => Response::new(StatusCode::NO_CONTENT),
        Err(refusal) => refusal.into_response(),
    };
    response.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON to show, or nothing to say, or why not.
type Answer = Result<Option<Value>, Refusal>;

async fn list(prefix: &str, managers: Vec<Manager>, query: Option<&str>) -> Answer {
    let mut asked = Parameters::read(query, &["manager", "file", "subject", "cursor", "limit"])?;
    let (name, file) = (asked.take("manager"), asked.take("file"));
    let Some(name) = name else {
        if file.is_some() || !asked.is_empty() {
            return Err(Refusal::bad_request("Whose sessions? Name their `manager`, too."));
        }
        let managers: Vec<Value> = managers.iter().map(|manager| link(prefix, manager)).collect();
        return Ok(Some(json!({ "managers": managers })));
    };
    let manager = only(managers, &name, file.as_deref())?;
    let limit = match asked.take("limit") {
        None => PAGE_DEFAULT,
        Some(text) => match text.parse() {
            Ok(limit @ 1..=SESSION_PAGE_MAX) => limit,
            _ => {
                let text = format!("`limit` is a number from 1 to {SESSION_PAGE_MAX}.");
                return Err(Refusal::bad_request(text));
            }
        },
    };
    let query = SessionQuery { subject: asked.take("subject"), cursor: asked.take("cursor"), limit };
    let page = manager.list(query).await.map_err(|fault| failed(&manager, &fault))?;
    let sessions: Vec<Value> = page.sessions.iter().map(shown).collect();
    Ok(Some(json!({ "sessions": sessions, "cursor": page.cursor })))
}

async fn inspect(managers: Vec<Manager>, handle: &str, query: Option<&str>) -> Answer {
    Parameters::read(query, &[])?;
    check(handle)?;
    let mut failure = None;
    for manager in managers {
        match manager.inspect(handle).await {
            Ok(Some(session)) => {
                let mut shown = shown(&session);
                shown["manager"] = manager.name().into();
                shown["file"] = manager.file().into();
                return Ok(Some(shown));
            }
            Ok(None) => {}
            Err(fault) => failure = Some(failed(&manager, &fault)),
        }
    }
    Err(failure.unwrap_or_else(Refusal::unknown))
}

/// All managers are asked, and those of generations that are on their way out as well: connections of theirs may
/// still be open.
async fn revoke(managers: Vec<Manager>, handle: &str, query: Option<&str>, cx: &Context) -> Answer {
    Parameters::read(query, &[])?;
    check(handle)?;
    let (mut is_revoked, mut failure) = (false, None);
    for manager in managers {
        match manager.revoke(handle).await {
            Ok(true) => {
                is_revoked = true;
                let client = cx.client.remote.ip();
                tracing::info!(handle, manager = manager.name(), %client, "A session was revoked.");
            }
            Ok(false) => {}
            Err(fault) => failure = Some(failed(&manager, &fault)),
        }
    }
    match (is_revoked, failure) {
        (true, _) => Ok(None),
        (false, failure) => Err(failure.unwrap_or_else(Refusal::unknown)),
    }
}

async fn revoke_subject(managers: Vec<Manager>, query: Option<&str>, cx: &Context) -> Answer {
    let mut asked = Parameters::read(query, &["subject", "manager", "file"])?;
    let (name, file) = (asked.take("manager"), asked.take("file"));
    let Some(subject) = asked.take("subject").filter(|subject| !subject.is_empty()) else {
        return Err(Refusal::bad_request("Whose sessions are to end? Name their `subject`."));
    };
    let managers = matching(managers, name.as_deref(), file.as_deref())?;
    let (mut revoked, mut not_asked) = (0, Vec::new());
    let (mut is_asked, mut failure, mut cannot) = (false, None, None);
    for manager in managers {
        match manager.revoke_subject(&subject).await {
            Ok(count) => {
                is_asked = true;
                revoked += count;
                log_revoked(count, &manager, cx);
            }
            // It is not told whose its sessions are. What others have answered is worth telling.
            Err(fault) if fault.kind() == FaultKind::BadRequest => {
                not_asked.push(manager.name().to_owned());
                cannot = Some(refused(&manager, &fault));
            }
            Err(fault) => failure = Some(failed(&manager, &fault)),
        }
    }
    match failure.or(cannot.filter(|_| !is_asked)) {
        None if not_asked.is_empty() => Ok(Some(json!({ "revoked": revoked }))),
        None => Ok(Some(json!({ "revoked": revoked, "notAsked": not_asked }))),
        // Some may live on, whatever else was ended.
        Some(failure) => Err(Refusal { revoked: Some(revoked), ..failure }),
    }
}

fn log_revoked(count: u64, manager: &Manager, cx: &Context) {
    if count > 0 {
        let client = cx.client.remote.ip();
        // Whose they were stays out of the log.
        tracing::info!(count, manager = manager.name(), %client, "The sessions of a subject were revoked.");
    }
}

/// A manager as the list of them shows it.
fn link(prefix: &str, manager: &Manager) -> Value {
    let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let (name, file) = (manager.name(), manager.file());
    let sessions = format!("{prefix}{PATH}?manager={}&file={}", encoded(name), encoded(file));
    json!({ "name": name, "type": manager.type_name(), "file": file, "sessions": sessions })
}

fn shown(session: &SessionSummary) -> Value {
    json!({
        "handle": session.handle,
        "subject": session.subject,
        "entries": session.entries,
        "expiresInSeconds": session.expires_in_seconds,
    })
}

/// Of a manager that a reload is replacing, the new one.
fn latest(managers: Vec<Manager>) -> Vec<Manager> {
    let what = |manager: &Manager| (manager.name().to_owned(), manager.file().to_owned());
    let mut latest: Vec<Manager> = Vec::new();
    for manager in managers {
        match latest.iter_mut().find(|known| what(known) == what(&manager)) {
            Some(known) => *known = manager,
            None => latest.push(manager),
        }
    }
    latest
}

/// The managers of this name and file; all when neither is given.
fn matching(
    mut managers: Vec<Manager>,
    name: Option<&str>,
    file: Option<&str>,
) -> Result<Vec<Manager>, Refusal> {
    managers.retain(|manager| {
        name.is_none_or(|name| manager.name() == name) && file.is_none_or(|file| manager.file() == file)
    });
    if managers.is_empty() && (name.is_some() || file.is_some()) {
        let text = format!("No session manager is called so; `GET {PATH}` names them all.");
        return Err(Refusal::new(StatusCode::NOT_FOUND, text));
    }
    Ok(managers)
}

fn only(managers: Vec<Manager>, name: &str, file: Option<&str>) -> Result<Manager, Refusal> {
    let mut found = matching(managers, Some(name), file)?;
    match found.pop() {
        Some(manager) if found.is_empty() => Ok(manager),
        _ => {
            Err(Refusal::bad_request(format!("Several managers are called `{name}`: name the `file`, too.")))
        }
    }
}

/// What is no handle is no session's.
fn check(handle: &str) -> Result<(), Refusal> {
    let is_handle = handle.len() == HANDLE_LENGTH
        && handle.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if is_handle { Ok(()) } else { Err(Refusal::unknown()) }
}

fn is_from_page(request: &Request) -> bool {
    [header::ORIGIN.as_str(), "sec-fetch-site"].iter().any(|name| request.headers.contains_key(*name))
}

/// Where the sessions are kept could not be asked.
fn failed(manager: &Manager, fault: &Fault) -> Refusal {
    tracing::warn!(manager = manager.name(), %fault, "Sessions cannot be administered.");
    refused(manager, fault)
}

fn refused(manager: &Manager, fault: &Fault) -> Refusal {
    let text = format!("The manager `{}` cannot do this: {}", manager.name(), fault.detail());
    Refusal::new(fault.kind().status(), text)
}

/// Why a request is not done.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    message: String,
    /// Sessions that were ended nevertheless.
    revoked: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), revoked: None }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no session of this handle.")
    }

    fn into_response(self) -> Response {
        let Self { status, message, revoked } = self;
        let mut shown = json!({
            "code": status.as_u16(),
            "reason": status.canonical_reason().unwrap_or_default(),
            "message": message,
        });
        if let Some(revoked) = revoked {
            shown["revoked"] = revoked.into();
        }
        let response = Response::text(status, JSON, shown.to_string());
        match status {
            StatusCode::METHOD_NOT_ALLOWED => not_allowed(response, "GET, HEAD, DELETE"),
            _ => response,
        }
    }
}
