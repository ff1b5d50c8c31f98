//! The index against the plain scan that it stands in for.

use exchange::{Context, Request};
use expression::{Bindings, Expr, Guard};

use super::{Index, ROUTES_MIN};
use crate::testing::{context, parse_request};

/// A table, and how many of its routes are asked.
struct Table {
    conditions: Vec<Option<Expr<bool>>>,
    index: Index,
}

impl Table {
    fn new(conditions: impl IntoIterator<Item = String>) -> Self {
        let compile = |text: String| Expr::compile(&text, &Bindings::default()).expect("it compiles");
        Self::of(conditions.into_iter().map(|text| Some(compile(text))).collect())
    }

    fn of(conditions: Vec<Option<Expr<bool>>>) -> Self {
        let guard = |condition: &Option<Expr<bool>>| condition.as_ref().map(Expr::guard).unwrap_or_default();
        let guards: Vec<Guard> = conditions.iter().map(guard).collect();
        Self { index: Index::new(&guards), conditions }
    }

    fn takes(&self, position: usize, cx: &Context, request: &Request) -> bool {
        self.conditions[position].as_ref().is_none_or(|condition| condition.is_true(&cx.scope(request)))
    }

    /// The route that the index finds, and how many routes were asked for that.
    fn find(&self, request: &Request) -> (Option<usize>, usize) {
        let (cx, mut asked) = (context(), 0);
        let found = self.index.first(&cx.scope(request), |position| {
            asked += 1;
            self.takes(position, &cx, request)
        });
        (found, asked)
    }

    fn scan(&self, request: &Request) -> Option<usize> {
        let cx = context();
        (0..self.conditions.len()).find(|position| self.takes(*position, &cx, request))
    }
}

#[track_caller]
fn check(table: &Table, request: &str, found: Option<usize>, asked: usize) {
    assert_eq!(table.find(&parse_request(request)), (found, asked));
}

fn apps(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|app| format!("${{find(request.uri.path, '^/app-{app}/')}}"))
}

#[test]
fn one_route_of_a_thousand_is_asked() {
    let table = Table::new(apps(1000));
    check(&table, "GET /app-0/", Some(0), 1);
    check(&table, "GET /app-999/x", Some(999), 1);
    check(&table, "GET /app-999", None, 0);
    check(&table, "GET /zzz", None, 0);
    check(&table, "GET /", None, 0);
}

#[test]
fn the_path_is_searched_in_the_form_that_the_condition_sees() {
    let table = Table::new(apps(10));
    check(&table, "GET /%61pp-3/", Some(3), 1);
    let raw = (0..10).map(|app| format!("${{find(request.uri.rawPath, '^/app-{app}/')}}"));
    check(&Table::new(raw), "GET /%61pp-3/", None, 0);
}

#[test]
fn routes_that_can_only_be_asked_keep_their_place() {
    let loose = "${contains(request.uri.path, 'z')}".to_owned();
    let mut conditions: Vec<String> = apps(20).collect();
    conditions.insert(5, loose);
    let table = Table::new(conditions);
    check(&table, "GET /app-3/z", Some(3), 1);
    check(&table, "GET /app-9/z", Some(5), 1);
    check(&table, "GET /app-9/", Some(10), 2);
}

#[test]
fn a_shorter_beginning_does_not_hide_a_longer_one() {
    let general =
        (0..8).map(|n| format!("${{find(request.uri.path, '^/') and request.uri.query.contains('{n}')}}"));
    let table = Table::new(general.chain(apps(8)).chain(["${request.uri.path == '/app-1/'}".to_owned()]));
    check(&table, "GET /app-1/", Some(9), 9);
    check(&table, "GET /app-1/?7", Some(7), 8);
    check(&table, "GET /other", None, 8);
}

#[test]
fn of_two_texts_the_one_that_tells_routes_apart_is_searched() {
    let hosts = (0..100).map(|n| format!("${{find(request.uri.path, '^/') and request.uri.host == 'h{n}'}}"));
    check(&Table::new(hosts), "GET http://h42/", Some(42), 1);
}

#[test]
fn few_routes_are_asked_one_after_the_other() {
    check(&Table::new(apps(ROUTES_MIN - 1)), "GET /app-3/", Some(3), 4);
    check(&Table::new(apps(ROUTES_MIN)), "GET /app-3/", Some(3), 1);
}

#[test]
fn what_is_never_true_is_never_asked() {
    check(&Table::new(["${false}".to_owned(), "${true}".to_owned()]), "GET /", Some(1), 1);
    assert_eq!(Table::of(vec![None]).find(&parse_request("GET /")), (Some(0), 1));
}

#[test]
fn beginnings_within_one_another_do_not_exhaust_the_memory() {
    let nested =
        |count: usize| (0..count).map(|n| format!("${{request.uri.path.startsWith('/{}')}}", "a".repeat(n)));
    let request = parse_request(&format!("GET /{}", "a".repeat(700)));
    let table = Table::new(nested(600).collect::<Vec<_>>().into_iter().rev());
    assert_eq!(table.find(&request), (Some(0), 1));
    let table = Table::new(nested(2_000).collect::<Vec<_>>().into_iter().rev());
    assert!(table.index.subjects.is_empty());
    assert_eq!(table.find(&request).0, table.scan(&request));
}

/// xorshift64*: the same sequence on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    /// Segments of which many begin alike.
    fn path(&mut self) -> String {
        let segments = ["a", "b", "ab", "c", "cd", "app-1", "app-12", "A", "a.b", "%61", "caf%C3%A9", "b;x"];
        (0..=self.below(3)).map(|_| format!("/{}", self.pick(&segments))).collect()
    }

    /// A test of a condition; one in four has no guard.
    fn test(&mut self) -> String {
        let path = self.path().replace('%', "");
        let subject =
            self.pick(&["request.uri.path", "request.uri.path", "request.uri.path", "request.uri.rawPath"]);
        match self.below(16) {
            0 => format!("request.method == '{}' and find({subject}, '^{path}')", self.pick(&["GET", "PUT"])),
            1 => format!("find({subject}, '^{path}') and request.uri.host == '{}'", self.pick(&["h1", "h2"])),
            2 => format!("request.headers['X'][0] == '{}' and {subject} == '{path}'", self.pick(&["1", "2"])),
            3 => format!("contains({subject}, '{path}')"),
            4 => format!("find({subject}, '{path}$')"),
            5 => format!("find({subject}, '^{path}') and not find({subject}, '^{}')", self.path()),
            6 => format!("{subject}.startsWith('{path}')"),
            7 => format!("{subject} == '{path}'"),
            8 => format!("matchesWithRegex({subject}, '{path}/.*')"),
            9 => format!("find({subject}, '(?i)^{path}')"),
            10 => format!("matchingGroups({subject}, '^{path}(/.*)?')[1] != null"),
            11 => format!("find({subject}, '^/({}|{})')", self.pick(&["a", "b"]), self.pick(&["app", "c"])),
            12 => self.pick(&["false", "request.method", "request.none.none"]).to_owned(),
            _ => format!("find({subject}, '^{path}')"),
        }
    }

    fn condition(&mut self) -> Option<String> {
        let one = self.test();
        Some(match self.below(6) {
            0 => format!("${{{one} and {}}}", self.test()),
            1 => format!("${{{one} or {}}}", self.test()),
            2 if self.below(50) == 0 => return None,
            _ => format!("${{{one}}}"),
        })
    }

    fn request(&mut self) -> String {
        let host = self.pick(&["", "http://h1", "http://h2"]);
        let method = self.pick(&["GET", "PUT"]);
        let header = self.pick(&["", "\nX: 1", "\nX: 2"]);
        format!("{method} {host}{}{header}", self.path())
    }
}

#[test]
fn the_index_finds_what_the_plain_scan_finds() {
    let mut random = Random(11);
    let conditions: Vec<Option<Expr<bool>>> = (0..600)
        .map(|_| random.condition())
        .map(|text| text.map(|text| Expr::compile(&text, &Bindings::default()).expect("it compiles")))
        .collect();
    let (mut cases, mut found, mut asked, mut scanned) = (0, 0, 0, 0);
    for _ in 0..150 {
        let table =
            (0..random.below(60)).map(|_| conditions[random.below(conditions.len())].clone()).collect();
        let table = Table::of(table);
        for _ in 0..100 {
            let text = random.request();
            let request = parse_request(&text);
            let (position, count) = table.find(&request);
            let expected = table.scan(&request);
            assert_eq!(position, expected, "{text} of {:?}", table.conditions);
            cases += 1;
            found += usize::from(position.is_some());
            asked += count;
            scanned += expected.map_or(table.conditions.len(), |position| position + 1);
        }
    }
    assert!(found * 10 > cases && found * 10 < cases * 9, "{found} of {cases} requests are taken");
    assert!(asked * 3 < scanned * 2, "{asked} routes were asked where {scanned} would have been");
}
