//! What an evaluation costs: `cargo xtask bench expression` runs this program.
//!
//! Nanoseconds depend on the machine and on who else uses it, so each case runs beside the same thing written
//! by hand in Rust, and the medians over many rounds are compared. Rounds are short, so that most of them are
//! not interrupted, and of several passes the best counts. A case that is over its budget in nanoseconds makes
//! the program fail.
#![expect(clippy::print_stdout, reason = "its output is for a person at a terminal")]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use exchange::{ClientInfo, Context, HeaderValue, ROOTS, Request};
use expression::{Bindings, Template};

/// A condition that the product's guides print holds within this, in nanoseconds.
const CONDITION_NS_MAX: f64 = 300.0;

/// A header template with two properties is filled in within this, in nanoseconds.
const TEMPLATE_NS_MAX: f64 = 500.0;

/// Shared machines are slower for seconds on end, so all cases are measured several times over, and the best
/// time of each counts.
const PASSES: usize = 7;

/// Rounds in one pass; their median is the time of the pass.
const ROUNDS: usize = 61;

/// One round of one case lasts at least this long.
const ROUND: Duration = Duration::from_micros(200);

struct Case {
    expression: &'static str,
    /// None for a case that is only shown.
    budget_ns: Option<f64>,
    by_hand: fn(&Context, &Request) -> usize,
}

/// First what the guides print and one template, then what costs more.
const CASES: &[Case] = &[
    guides("${find(request.uri.path, '^/css')}", |_, request| {
        usize::from(request.uri.path().starts_with("/css"))
    }),
    guides("${find(request.uri.path, '/home/client-side-https')}", |_, request| {
        usize::from(request.uri.path().contains("/home/client-side-https"))
    }),
    guides("${request.uri.path == '/jwt-session-encrypt'}", |_, request| {
        usize::from(request.uri.path() == "/jwt-session-encrypt")
    }),
    guides(
        "${find(request.uri.path, '/webapp/browsing') and (contains(request.uri.query, 'one') \
         or empty(request.uri.query))}",
        |_, request| {
            let query = request.uri.query().unwrap_or_default();
            let is_there = request.uri.path().contains("/webapp/browsing");
            usize::from(is_there && (query.contains("one") || query.is_empty()))
        },
    ),
    guides(
        "${find(request.uri.path, '/webapp/browsing') and contains(request.uri.query, 'two')}",
        |_, request| {
            let query = request.uri.query().unwrap_or_default();
            usize::from(request.uri.path().contains("/webapp/browsing") && query.contains("two"))
        },
    ),
    guides("${find(request.uri.path, '/log-in-and-generate-session')}", |_, request| {
        usize::from(request.uri.path().contains("/log-in-and-generate-session"))
    }),
    Case {
        expression: "${request.method} ${request.uri.path}",
        budget_ns: Some(TEMPLATE_NS_MAX),
        by_hand: |_, request| format!("{} {}", request.method, request.uri.path()).len(),
    },
    Case {
        expression: "for=${contexts.client.remoteAddress};host=${request.headers['Host'][0]}",
        budget_ns: None,
        by_hand: |cx, request| {
            let host = request.headers.text("host").unwrap_or_default();
            format!("for={};host={host}", cx.remote_address()).len()
        },
    },
    other("${matches(request.uri.path, '\\\\.(css|png)$')}", |_, request| {
        let path = request.uri.path();
        usize::from(path.ends_with(".css") || path.ends_with(".png"))
    }),
    other("${request.method == 'GET' and not (request.uri.port == 8443)}", |_, request| {
        usize::from(request.method == "GET" && request.uri.port() != Some(8443))
    }),
    other("${request.headers['X-Tier'][0] == 'gold'}", |_, request| {
        usize::from(request.headers.get("x-tier").is_some_and(|value| value == "gold"))
    }),
    other("${request.queryParams['page'][0] == '1'}", |_, request| {
        let query = request.uri.raw_query().unwrap_or_default();
        usize::from(query.split('&').any(|pair| pair == "page=1"))
    }),
    other("${request.cookies['sid'][0].value == 'abc'}", |_, request| {
        let cookies = request.headers.text("cookie").unwrap_or_default();
        usize::from(cookies.split(';').any(|pair| pair.trim() == "sid=abc"))
    }),
    other(
        "${contexts.client.isSecure and ipMatch(contexts.client.remoteAddress, '192.0.2.0/24')}",
        |cx, _| usize::from(cx.client.is_secure && cx.client.remote.is_ipv4()),
    ),
    other("${attributes.user != null and attributes.user == 'anna'}", |cx, _| {
        usize::from(cx.attributes.get("user").and_then(|user| user.as_str()) == Some("anna"))
    }),
    other("${contexts.attributes.attributes.user == 'anna'}", |cx, _| {
        usize::from(cx.attributes.get("user").and_then(|user| user.as_str()) == Some("anna"))
    }),
];

const fn guides(expression: &'static str, by_hand: fn(&Context, &Request) -> usize) -> Case {
    Case { expression, budget_ns: Some(CONDITION_NS_MAX), by_hand }
}

const fn other(expression: &'static str, by_hand: fn(&Context, &Request) -> usize) -> Case {
    Case { expression, budget_ns: None, by_hand }
}

fn main() -> ExitCode {
    let (cx, request) = exchange();
    let bindings = Bindings::default().with_roots(ROOTS);
    let measure = |case: &Case| {
        let template = Template::compile(case.expression, &bindings).expect("the cases are sound");
        let scope = cx.scope(&request);
        let evaluate = || {
            usize::from(!black_box(template.evaluate(black_box(&scope))).is_ok_and(|value| value.is_null()))
        };
        side_by_side(evaluate, || (case.by_hand)(black_box(&cx), black_box(&request)))
    };
    let mut best = [(f64::INFINITY, f64::INFINITY); CASES.len()];
    for _ in 0..PASSES {
        for (case, best) in CASES.iter().zip(&mut best) {
            let measured = measure(case);
            *best = if measured.0 < best.0 { measured } else { *best };
        }
    }
    println!("{:>9} {:>9} {:>7}  expression", "ns", "by hand", "ratio");
    let mut over = 0;
    for (case, (evaluated, hand)) in CASES.iter().zip(best) {
        let is_over = case.budget_ns.is_some_and(|budget| evaluated > budget);
        let verdict = match case.budget_ns {
            None => "",
            Some(_) if is_over => "  OVER ITS BUDGET",
            Some(_) => "  ok",
        };
        over += usize::from(is_over);
        println!("{evaluated:>9.1} {hand:>9.1} {:>7.1}  {}{verdict}", evaluated / hand, case.expression);
    }
    println!(
        "budget: {CONDITION_NS_MAX} ns for a condition of the guides, {TEMPLATE_NS_MAX} ns for a template; \
         {over} over it"
    );
    if over == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A request of a browser behind a router, with a few headers, two cookies and a query.
fn exchange() -> (Context, Request) {
    let (remote, local) = ([192, 0, 2, 7], [127, 0, 0, 1]);
    let mut client = ClientInfo::direct((remote, 4711).into(), (local, 8080).into());
    client.is_secure = true;
    let mut cx = Context::new(Arc::new(client));
    cx.attributes.insert("user".to_owned(), "anna".to_owned().into());
    let uri = "https://app.example:8080/webapp/browsing?two&page=1";
    let mut request = Request::get(uri.parse().expect("a URI"));
    for (name, value) in [
        ("host", "app.example:8080"),
        ("user-agent", "Browser/1"),
        ("accept", "text/css,*/*;q=0.1"),
        ("accept-encoding", "gzip"),
        ("cookie", "lang=de; sid=abc; theme=dark"),
        ("x-tier", "gold"),
    ] {
        request.headers.insert(name, HeaderValue::from_static(value));
    }
    (cx, request)
}

/// The medians of both, in nanoseconds a call. Rounds alternate, so that a busy moment meets both.
fn side_by_side(mut first: impl FnMut() -> usize, mut second: impl FnMut() -> usize) -> (f64, f64) {
    let (first_calls, second_calls) = (calls_per_round(&mut first), calls_per_round(&mut second));
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        firsts.push(round(&mut first, first_calls));
        seconds.push(round(&mut second, second_calls));
    }
    (median(firsts), median(seconds))
}

fn calls_per_round(call: &mut impl FnMut() -> usize) -> u32 {
    let mut calls = 64;
    loop {
        let started = Instant::now();
        repeat(call, calls);
        if started.elapsed() >= ROUND {
            return calls;
        }
        calls *= 2;
    }
}

fn round(call: &mut impl FnMut() -> usize, calls: u32) -> f64 {
    let started = Instant::now();
    repeat(call, calls);
    started.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}

fn repeat(call: &mut impl FnMut() -> usize, calls: u32) {
    for _ in 0..calls {
        black_box(call());
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
