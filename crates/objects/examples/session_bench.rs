//! What a session costs: `cargo xtask bench session` runs this program.
//!
//! Times are those of the processor, not of the clock on the wall: who else uses the machine does not count. It is
//! still slower at some moments than at others, so of several passes the best counts. Managers are built from
//! configuration and asked as a request asks them. A figure that is over its budget makes the program fail.
#![expect(clippy::print_stdout, reason = "its output is for a person at a terminal")]

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use exchange::{HeaderValue, Request, Response, SessionManagerRef, SessionSlot, StatusCode, header};
use expression::Value;
use heap::{Document, Environment, InstancePaths, ProcessSettings, Started};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

/// Sessions whose loading is measured. More than any cache of opened sessions is likely to hold.
const SESSIONS: usize = 20_000;
/// Sessions in memory while memory is measured.
const RESIDENT_SESSIONS: usize = 100_000;
/// The best of so many passes counts.
const PASSES: usize = 9;

/// JSON of one session's entries in cookies, and in memory.
const COOKIE_ENTRIES_BYTES: usize = 300;
const MEMORY_ENTRIES_BYTES: usize = 200;

type Entries = Vec<(String, Value<'static>)>;

/// What a case may take, in microseconds.
struct Budgets {
    first_us: f64,
    again_us: f64,
}

fn main() -> ExitCode {
    // First, while nothing has been freed that new sessions could reuse.
    let mut report = Report::default();
    measure_memory(&mut report);
    println!("{:>9}  {:>9}", "µs", "at most");
    measure_cookies("A256GCM", &Budgets { first_us: 3.0, again_us: 0.5 }, &mut report);
    measure_cookies("A256CBC-HS512", &Budgets { first_us: 4.0, again_us: 0.5 }, &mut report);
    measure_memory_manager(&mut report);
    let missed = report.missed;
    println!("{missed} over budget");
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints figures, and counts those over their budgets.
#[derive(Default)]
struct Report {
    missed: usize,
}

impl Report {
    /// A time in microseconds; without a budget it is only shown.
    fn time(&mut self, what: &str, found_us: f64, budget_us: Option<f64>) {
        let budget = budget_us.map_or_else(|| "-".to_owned(), |budget| format!("{budget:.1}"));
        let verdict = self.verdict(budget_us.map(|budget| found_us <= budget));
        println!("{found_us:>9.2}  {budget:>9}  {what}{verdict}");
    }

    fn verdict(&mut self, is_within: Option<bool>) -> &'static str {
        self.missed += usize::from(is_within == Some(false));
        match is_within {
            None => "",
            Some(true) => "  PASS",
            Some(false) => "  FAIL",
        }
    }
}

/// Resident memory per session that is kept in memory.
fn measure_memory(report: &mut Report) {
    const BUDGET_MB: f64 = 60.0;
    let manager = Manager::build(&in_memory());
    let grow = |entries: fn(usize) -> Entries| {
        let before = resident_kib();
        for number in 0..RESIDENT_SESSIONS {
            drop(manager.begin(entries(number)));
        }
        resident_kib().saturating_sub(before) as f64 * 1024.0 / 1e6
    };
    let what = format!("{RESIDENT_SESSIONS} sessions of {MEMORY_ENTRIES_BYTES} bytes in memory");
    let texts_mb = grow(|number| texts(number, MEMORY_ENTRIES_BYTES));
    let verdict = report.verdict(Some(texts_mb <= BUDGET_MB));
    println!("{what}, 3 texts: {texts_mb:.1} MB, at most {BUDGET_MB} MB{verdict}");
    let mixed_mb = grow(|number| entries(number, MEMORY_ENTRIES_BYTES));
    println!("{what}, 5 entries with a list of 3: {mixed_mb:.1} MB\n");
}

/// Sessions in encrypted cookies. For each pass the manager is new and has seen none of them.
fn measure_cookies(encryption: &str, budgets: &Budgets, report: &mut Report) {
    let config = jwt(encryption);
    let manager = Manager::build(&config);
    let requests: Vec<Request> =
        (0..SESSIONS).map(|number| request(&manager.begin(entries(number, COOKIE_ENTRIES_BYTES)))).collect();
    let first = best(|| {
        let manager = Manager::build(&config);
        let spent = manager.load_all(&requests);
        per_call_us(spent, requests.len())
    });
    let cookie_bytes = requests[0].headers.text(header::COOKIE).unwrap_or_default().len();
    let name =
        |what: &str| format!("JwtSession, {encryption}, {what} (Cookie field of {cookie_bytes} bytes)");
    report.time(&name("first sight"), first, Some(budgets.first_us));
    let again = best(|| {
        let spent = manager.load_repeatedly(&requests[..1], SESSIONS);
        per_call_us(spent, SESSIONS)
    });
    report.time(&name("just seen"), again, Some(budgets.again_us));
    let some = best(|| {
        let spent = manager.load_repeatedly(&requests[..100], SESSIONS);
        per_call_us(spent, SESSIONS)
    });
    report.time(&name("one of 100 browsers in turn"), some, None);
    let sealed = best(|| {
        let before = cpu_time();
        for number in 0..SESSIONS / 10 {
            black_box(manager.begin(entries(number, COOKIE_ENTRIES_BYTES)));
        }
        per_call_us(cpu_time() - before, SESSIONS / 10)
    });
    report.time(&name("written"), sealed, None);
}

/// Sessions in memory, asked for in an order in which none is near the one before.
fn measure_memory_manager(report: &mut Report) {
    let manager = Manager::build(&in_memory());
    let mut requests: Vec<Request> =
        (0..SESSIONS).map(|number| request(&manager.begin(entries(number, MEMORY_ENTRIES_BYTES)))).collect();
    for place in 0..SESSIONS {
        requests.swap(place, place * 7919 % SESSIONS);
    }
    let load = best(|| {
        let spent = manager.load_all(&requests);
        per_call_us(spent, requests.len())
    });
    report.time("InMemorySessionManager", load, Some(1.0));
}

fn in_memory() -> String {
    json!({ "name": "Session", "type": "InMemorySessionManager" }).to_string()
}

/// With the key of the environment, so that each manager can open what another has sealed.
fn jwt(encryption: &str) -> String {
    let (id, algorithm) = match encryption {
        "A256GCM" => ("session.key.256", "AES"),
        _ => ("session.key.512", "HmacSHA512"),
    };
    let session = json!({
        "name": "Session",
        "type": "JwtSession",
        "config": {
            "authenticatedEncryptionSecretId": id,
            "encryptionMethod": encryption,
            "secretsProvider": { "type": "SystemAndEnvSecretStore", "config": { "format": {
                "type": "SecretKeyPropertyFormat", "config": { "format": "PLAIN", "algorithm": algorithm }
            } } },
        },
    });
    session.to_string()
}

/// Entries of a session whose JSON has about `bytes`: what a login leaves behind.
fn entries(number: usize, bytes: usize) -> Entries {
    let user = format!("user-{number:06}");
    filled_up(
        json!({
            "username": user,
            "mail": format!("{user}@mail.example"),
            "groups": ["staff", "sales", "berlin"],
            "loginTime": 1_700_000_000 + number,
        }),
        bytes,
    )
}

/// The same with texts only.
fn texts(number: usize, bytes: usize) -> Entries {
    let user = format!("user-{number:06}");
    filled_up(json!({ "username": user, "mail": format!("{user}@mail.example") }), bytes)
}

/// The same with a token that fills up what is missing.
fn filled_up(mut entries: serde_json::Value, bytes: usize) -> Entries {
    entries["token"] = "".into();
    let short = bytes.saturating_sub(entries.to_string().len());
    entries["token"] = "t0k3n-5ecr3t".chars().cycle().take(short).collect::<String>().into();
    let serde_json::Value::Object(entries) = entries else { return Entries::new() };
    entries.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

/// A request of a browser that has these cookies, and some of others.
fn request(cookies: &str) -> Request {
    let mut request = Request::get("http://app.example/".parse().expect("a URI"));
    let field = format!("lang=de; {cookies}; theme=dark");
    request.headers.insert(header::COOKIE, HeaderValue::try_from(field).expect("cookies are plain text"));
    request
}

/// A session manager, and what keeps it alive.
struct Manager {
    manager: SessionManagerRef,
    _started: Started,
}

impl Manager {
    fn build(declaration: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct Fields {}
        let paths = InstancePaths::below(Path::new("/nonexistent"));
        let keys = [("SESSION_KEY_256", 32), ("SESSION_KEY_512", 64)];
        let env = keys.map(|(name, length)| (name.to_owned(), "k".repeat(length)));
        let process = ProcessSettings { env: env.into_iter().collect(), ..ProcessSettings::default() };
        let environment = Arc::new(Environment::new(objects::catalogue(), paths, process));
        let config = format!(r#"{{ "heap": [{declaration}] }}"#);
        let document = Document::parse(&environment, "config.json", config.as_bytes(), None);
        let declared = heap::declare::<Fields>(&environment, document, None, "config.json", true);
        let level = declared.level.unwrap_or_else(|| panic!("{:?}", declared.diagnostics));
        let unstarted = level.plan.build(&environment, None);
        let unstarted = unstarted.unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
        let manager = unstarted.generation().named("Session").expect("the heap has a session manager");
        let started = unstarted.start(&environment);
        let started = started.unwrap_or_else(|error| panic!("{:?}", error.0));
        Self { manager, _started: started }
    }

    /// Writes a new session as the first request of a browser does, and returns the cookies it gets.
    fn begin(&self, entries: Entries) -> String {
        let request = Request::get("http://app.example/".parse().expect("a URI"));
        let mut slot = SessionSlot::new(self.manager.clone());
        let session = now(slot.load(&request)).expect("a session").expect("there is a manager");
        for (name, value) in entries {
            session.set(&name, value).expect("JSON can say this");
        }
        let mut response = Response::new(StatusCode::OK);
        now(slot.save(&mut response)).expect("the session can be kept");
        let fields = response.headers.get_all(header::SET_COOKIE).into_iter();
        let pairs = fields.filter_map(|field| field.to_str().ok()?.split(';').next());
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// The time it takes to load the session of each request. As in a gateway, a request has just been read when its
    /// session is asked for, so some at a time are looked at before.
    fn load_all(&self, requests: &[Request]) -> Duration {
        const AT_A_TIME: usize = 50;
        let spent = requests.chunks(AT_A_TIME).map(|requests| {
            let bytes = requests.iter().filter_map(|request| request.headers.text(header::COOKIE));
            black_box(bytes.flat_map(str::bytes).fold(0u8, u8::wrapping_add));
            self.load_repeatedly(requests, requests.len())
        });
        spent.sum()
    }

    /// The time it takes to load so many sessions, for these requests in turn.
    fn load_repeatedly(&self, requests: &[Request], times: usize) -> Duration {
        let mut found = 0;
        let before = cpu_time();
        for request in requests.iter().cycle().take(times) {
            let mut slot = SessionSlot::new(self.manager.clone());
            let session = now(slot.load(black_box(request))).expect("a session");
            found += usize::from(session.is_some_and(|session| !session.entries().is_empty()));
        }
        let spent = cpu_time() - before;
        assert_eq!(found, times, "each cookie yields what was written");
        spent
    }
}

/// The outcome of a future that has nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("this session manager waits for something"),
    }
}

fn best(mut pass: impl FnMut() -> f64) -> f64 {
    (0..PASSES).map(|_| pass()).fold(f64::INFINITY, f64::min)
}

fn per_call_us(spent: Duration, calls: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / calls as f64
}

/// What this thread has spent on the processor.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time on the processor is not negative")
}

/// Resident memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells what a process holds");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).expect("a number of KiB")
}
