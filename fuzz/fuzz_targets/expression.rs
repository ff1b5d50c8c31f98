//! Expressions: any text compiles or is refused; what compiles evaluates within its limits, over nothing and over
//! a request with everything in it; and what it yields can be assigned anywhere.
#![no_main]

use std::sync::Arc;

use exchange::{ClientInfo, Context, HeaderName, HeaderValue, Method, Request};
use expression::{Bindings, EmptyScope, LValue, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let bindings = bindings();
    let template = Template::compile(text, &bindings);
    let place = LValue::compile(text, &bindings);
    let (mut cx, mut request) = exchange();
    if let Ok(template) = &template {
        let _ = template.evaluate(&EmptyScope);
        let value = template.evaluate_or_null(&cx.scope(&request)).into_owned();
        value.to_json();
        // The second operand of everything is what the first evaluation yielded.
        if let Ok(place) = LValue::compile("${attributes.value}", &bindings) {
            let _ = place.assign(&mut cx.scope_mut(&mut request), value);
        }
        let _ = template.evaluate(&cx.scope(&request));
    }
    if let Ok(place) = place {
        let value = template.map_or(expression::Value::Null, |template| {
            template.evaluate_or_null(&cx.scope(&request)).into_owned()
        });
        let _ = place.assign(&mut cx.scope_mut(&mut request), value);
    }
});

fn bindings() -> Bindings {
    let of = |name: &str| [(name.to_owned(), expression::Value::owned_text("text"))].into_iter().collect();
    Bindings::new(of("HOME"), of("user.home"), of("instanceDirectory"))
}

fn exchange() -> (Context, Request) {
    let address = "192.0.2.1:50000".parse().expect("an address");
    let local = "192.0.2.9:8080".parse().expect("an address");
    let cx = Context::new(Arc::new(ClientInfo::direct(address, local)));
    let uri = "http://u:p@app.example:81/a%20b/c?d=e&d=f%41".parse().expect("a URI");
    let mut request = Request::new(Method::POST, uri);
    for (name, value) in
        [("cookie", "a=b; c=d"), ("content-type", "application/json"), ("x-many", "1"), ("x-many", "2")]
    {
        request.headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request.body = "{\"a\": [1, null, {\"b\": \"\u{e9}\"}]}".to_owned().into();
    (cx, request)
}
