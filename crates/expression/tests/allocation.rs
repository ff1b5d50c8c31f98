//! What is evaluated on every request allocates nothing.

mod support;

use expression::{Expr, Scope, Template};
use support::{TestScope, bindings};

#[test]
fn comparisons_and_matches_allocate_nothing() {
    let scope = TestScope::new();
    for text in [
        "${find(request.uri.path, '^/css')}",
        "${find(request.uri.path, '^/(css|img)/[a-z]+')}",
        "${matches(request.uri.path, '\\.css$')}",
        "${matchesWithRegex(request.uri.path, '/css/.*')}",
        "${request.method == 'GET'}",
        "${request.method == 'GET' && request.uri.path != '/' || empty request.absent}",
        "${request.uri.path.startsWith('/css') and not request.uri.path.endsWith('.js')}",
        "${contains(trim(toUpperCase(request.method)), 'G') ? length(request.method) > 2 : false}",
        "${request.kind == 'BASIC' or request.method == env.METHOD}",
    ] {
        let condition = Expr::<bool>::compile(text, &bindings()).unwrap();
        // The pattern engine allocates its scratch memory once per thread.
        assert!(condition.is_true(&scope), "{text}");
        let counted = allocation_counter::measure(|| {
            assert!(condition.is_true(&scope));
        });
        assert_eq!(counted.count_total, 0, "{text}");
    }
}

#[test]
fn the_counter_counts() {
    let template = Template::compile("a ${request.method}", &bindings()).unwrap();
    let scope = TestScope::new();
    let scope: &dyn Scope = &scope;
    let counted = allocation_counter::measure(|| {
        let _ = template.evaluate(scope);
    });
    assert_ne!(counted.count_total, 0);
}
