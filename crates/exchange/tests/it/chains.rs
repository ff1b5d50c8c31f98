//! The order in which filters run, whatever fails where.

use std::sync::{Arc, Mutex};

use exchange::{
    Attributes, Chain, Context, Edit, Fault, FaultKind, Filter, FilterRef, Handler, HandlerRef, Next,
    Outcome, Request, Response, StatusCode,
};
use expect_test::{Expect, expect};

use crate::{context, request, run};

type Log = Arc<Mutex<Vec<String>>>;

/// Where a step fails.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fails {
    Never,
    Request,
    Response,
}

#[derive(Clone)]
struct Step {
    name: String,
    fails: Fails,
    log: Log,
}

impl Step {
    fn note(&self, text: &str) {
        self.log.lock().unwrap().push(format!("{}{text}", self.name));
    }

    fn fail(&self, at: Fails) -> Result<(), Fault> {
        if self.fails != at {
            return Ok(());
        }
        self.note("!");
        Err(Fault::new(FaultKind::Forbidden, "told to fail"))
    }
}

impl Edit for Step {
    fn request(&self, _: &mut Context, _: &mut Request) -> Result<(), Fault> {
        self.note(">");
        self.fail(Fails::Request)
    }

    fn response(&self, _: &mut Context, _: &Request, response: &mut Response) -> Result<(), Fault> {
        self.note(&format!("<{}", response.status.as_u16()));
        self.fail(Fails::Response)
    }
}

struct Waiting(Step);

impl Filter for Waiting {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        self.0.note(">");
        self.0.fail(Fails::Request)?;
        tokio::task::yield_now().await;
        let response = next.run(cx, request).await;
        self.0.note(&format!("<{}", response.status.as_u16()));
        self.0.fail(Fails::Response)?;
        Ok(response)
    }
}

struct End(Step);

impl Handler for End {
    async fn handle(&self, _: &mut Context, _: &mut Request) -> Outcome {
        self.0.note("");
        self.0.fail(Fails::Request)?;
        Ok(Response::new(StatusCode::OK))
    }
}

/// Reads a chain: `e1` is an edit, `w2` a filter that waits, `(…)` several as one, `[…]` a filter by itself,
/// the last word the handler; `!` behind a name fails on the request, `?` on the response.
fn chain(text: &str, log: &Log) -> HandlerRef {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let handler = HandlerRef::new(End(step(words.pop().unwrap(), log)));
    let mut open: Vec<Vec<FilterRef>> = vec![Vec::new()];
    for word in words {
        match word {
            "(" => open.push(Vec::new()),
            ")" => {
                let several = FilterRef::several(open.pop().unwrap());
                open.last_mut().unwrap().push(several);
            }
            "]" => {
                let alone = open.pop().unwrap().pop().unwrap();
                open.last_mut().unwrap().push(FilterRef::new(Alone(alone)));
            }
            "[" => open.push(Vec::new()),
            word => {
                let step = step(word, log);
                let filter =
                    if word.starts_with('e') { FilterRef::edit(step) } else { FilterRef::new(Waiting(step)) };
                open.last_mut().unwrap().push(filter);
            }
        }
    }
    Chain::handler(open.pop().unwrap(), handler)
}

fn step(word: &str, log: &Log) -> Step {
    let fails = match word.chars().last() {
        Some('!') => Fails::Request,
        Some('?') => Fails::Response,
        _ => Fails::Never,
    };
    Step { name: word.trim_end_matches(['!', '?']).to_owned(), fails, log: log.clone() }
}

/// A filter that stands before another one, as a conditional filter does.
struct Alone(FilterRef);

impl Filter for Alone {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        Ok(self.0.filter(cx, request, next).await)
    }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    let log = Log::default();
    let handler = chain(text, &log);
    let response = run(async { handler.handle(&mut context(), &mut request()).await });
    let steps = log.lock().unwrap().join(" ");
    expected.assert_eq(&format!("{steps} = {}", response.status.as_u16()));
}

#[test]
fn requests_run_inwards_and_responses_outwards() {
    check("end", expect!["end = 200"]);
    check("e1 end", expect!["e1> end e1<200 = 200"]);
    check("e1 e2 end", expect!["e1> e2> end e2<200 e1<200 = 200"]);
    check("w1 end", expect!["w1> end w1<200 = 200"]);
    check("e1 w2 e3 e4 w5 end", expect!["e1> w2> e3> e4> w5> end w5<200 e4<200 e3<200 w2<200 e1<200 = 200"]);
}

#[test]
fn several_as_one_keep_their_order() {
    check("e1 ( e2 w3 ) e4 end", expect!["e1> e2> w3> e4> end e4<200 w3<200 e2<200 e1<200 = 200"]);
    check("( e1 ( w2 ( e3 ) ) ) e4 end", expect!["e1> w2> e3> e4> end e4<200 e3<200 w2<200 e1<200 = 200"]);
    check("( ) end", expect!["end = 200"]);
    check(
        "e1 [ ( e2 w3 ( e4 ) ) ] e5 end",
        expect!["e1> e2> w3> e4> e5> end e5<200 e4<200 w3<200 e2<200 e1<200 = 200"],
    );
    check("[ e1 ] [ ( ) ] w2 end", expect!["e1> w2> end w2<200 e1<200 = 200"]);
}

#[test]
fn whoever_let_the_request_pass_sees_the_response_to_a_fault() {
    check("e1 w2 end!", expect!["e1> w2> end end! w2<403 e1<403 = 403"]);
    check("e1 w2 e3! e4 end", expect!["e1> w2> e3> e3! w2<403 e1<403 = 403"]);
    check("e1 e2! e3 end", expect!["e1> e2> e2! e1<403 = 403"]);
    check("w1 e2 w3! e4 end", expect!["w1> e2> w3> w3! e2<403 w1<403 = 403"]);
    check("e1 [ ( e2 e3! ) ] e4 end", expect!["e1> e2> e3> e3! e2<403 e1<403 = 403"]);
}

#[test]
fn a_fault_on_the_way_out_is_a_response_to_those_outside() {
    check("e1 w2 e3? end", expect!["e1> w2> e3> end e3<200 e3! w2<403 e1<403 = 403"]);
    check("e1 e2? e3 end", expect!["e1> e2> e3> end e3<200 e2<200 e2! e1<403 = 403"]);
    check("e1 w2? e3 end", expect!["e1> w2> e3> end e3<200 w2<200 w2! e1<403 = 403"]);
    check("e1? e2? end", expect!["e1> e2> end e2<200 e2! e1<403 e1! = 403"]);
}

struct Learns(&'static str);

impl Edit for Learns {
    fn request(&self, cx: &mut Context, _: &mut Request) -> Result<(), Fault> {
        cx.add(self.0, Arc::new(Attributes::default()));
        Ok(())
    }
}

/// Notes the facts it sees, calls what is behind twice, and notes them again.
struct Notes(Log);

impl Filter for Notes {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        for _ in 0..2 {
            next.run(cx, request).await;
            let seen: Vec<&str> = cx.fact_names().collect();
            self.0.lock().unwrap().push(seen.join(","));
        }
        Ok(Response::new(StatusCode::OK))
    }
}

#[test]
fn facts_are_gone_on_the_way_out() {
    let log = Log::default();
    let filters = vec![
        FilterRef::edit(Learns("outer")),
        FilterRef::new(Notes(log.clone())),
        FilterRef::edit(Learns("inner")),
    ];
    let end = HandlerRef::new(End(step("end", &Log::default())));
    let mut cx = context();
    run(async { Chain::handler(filters, end).handle(&mut cx, &mut request()).await });
    assert_eq!(*log.lock().unwrap(), ["outer", "outer"]);
    assert_eq!(cx.fact_names().count(), 0);
}

/// A handler that calls itself.
struct Loop(Mutex<Option<HandlerRef>>);

impl Handler for Loop {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        let next = self.0.lock().unwrap().clone().unwrap();
        Ok(next.handle(cx, request).await)
    }
}

struct Shared(Arc<Loop>);

impl Handler for Shared {
    async fn handle(&self, cx: &mut Context, request: &mut Request) -> Outcome {
        self.0.handle(cx, request).await
    }
}

#[test]
fn a_loop_ends_with_a_fault() {
    let endless = Arc::new(Loop(Mutex::new(None)));
    let handler = HandlerRef::new(Shared(endless.clone()));
    *endless.0.lock().unwrap() = Some(handler.clone());
    let response = run(async { handler.handle(&mut context(), &mut request()).await });
    assert_eq!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
    *endless.0.lock().unwrap() = None;
}
