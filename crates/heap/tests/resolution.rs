//! What comes of sound configurations: how references, plain fields, properties and decorations are resolved.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

mod types;

use std::sync::Arc;

use heap::Services;
use types::{answer, build, environment, shown};

/// What a level answers, or why it cannot.
#[track_caller]
fn check(config: &str, expected: &str) {
    let environment = Arc::new(environment(Services::default()));
    let level = build(&environment, "config.json", config, None);
    let found = level.map_or_else(|complaints| shown(&complaints), |level| answer(&level.handler));
    assert_eq!(found, expected);
}

/// What an inner level answers below an outer one.
#[track_caller]
fn check_inner(outer: &str, inner: &str, expected: &str) {
    let environment = Arc::new(environment(Services::default()));
    let outer =
        build(&environment, "outer.json", outer, None).map_err(|complaints| shown(&complaints)).unwrap();
    let inner = build(&environment, "inner.json", inner, Some(&outer.generation));
    let found = inner.map_or_else(|complaints| shown(&complaints), |inner| answer(&inner.handler));
    assert_eq!(found, expected);
}

#[test]
fn references_in_every_position() {
    check(
        r#"{
          "heap": [
            {"name": "choice", "type": "Choice", "config": {
              "list": ["b", {"type": "Answer", "config": {"text": "inline"}}, "a"],
              "map": {"x": "b", "y": {"name": "b", "type": "Answer", "config": {"text": "not b"}}},
              "optional": "a"
            }},
            {"name": "a", "type": "Answer", "config": {"text": "a"}},
            {"name": "b", "type": "Answer", "config": {"text": "b"}}
          ],
          "handler": "choice"
        }"#,
        "b inline a b not b a",
    );
}

#[test]
fn services_are_there_for_whoever_asks_by_name() {
    check(
        r#"{
          "heap": [{"name": "asks", "type": "Empty"}, {"name": "worker", "type": "Worker"}],
          "handler": "asks"
        }"#,
        "1",
    );
}

#[test]
fn the_heap_of_the_oldest_age() {
    check(
        r#"{"heap": {"objects": [{"name": "a", "type": "Answer", "config": {"text": "a"}}]}, "handlerObject": "a"}"#,
        "a",
    );
    check(r#"{"heap": {"objects": []}, "handler": "default"}"#, "default");
}

#[test]
fn a_configuration_that_is_null_or_absent_is_empty() {
    check(r#"{"handler": {"type": "Choice", "config": null}}"#, "");
    check(r#"{"handler": {"type": "Choice"}, "name": null, "worker": null}"#, "");
    check(r#"{"handler": {"type": "Empty", "config": {}}}"#, "");
    check(r#"{"handler": {"type": "Empty"}}"#, "");
}

#[test]
fn plain_fields_take_texts_and_expressions() {
    check(
        r#"{
          "properties": {"listener": 8443, "limits": {"count": "7", "time": "1 s"}, "on": true},
          "handler": {"type": "Choice", "config": {
            "limits": "${limits}",
            "steps": [{"count": "&{listener}", "time": "${1 + 1} minutes"}, {"count": "${env['PORT']}", "time": 0}],
            "mode": "laSt", "flag": "TRUE", "ratio": "2.5", "text": "${listener}", "lines": ["${on}", "b"],
            "optional": "${env['MISSING']}"
          }}
        }"#,
        "7/Some(1s) 8443/Some(120s) 8080/Some(0ns) Last true 2.5 8443 \"true\\nb\"",
    );
    check(r#"{"handler": {"type": "Choice", "config": {"mode": {"ONLY": "${3}"}}}}"#, "Only(3)");
}

#[test]
fn whole_objects_come_from_expressions() {
    check(
        r#"{
          "properties": {
            "answer": {"type": "Answer", "config": {"text": "from a property"}},
            "list": ["default", {"type": "Answer", "config": {"text": "one"}}, {"type": "Answer", "config": {"text": "two"}}],
            "name": "default"
          },
          "handler": {"type": "Choice", "config": {"list": "${list}", "optional": "${answer}", "map": {"a": "${name}"}}}
        }"#,
        "default one two default from a property",
    );
}

#[test]
fn properties_use_tokens_and_those_before_them() {
    check(
        r#"{
          "properties": {
            "host": "&{host.name}:&{port}",
            "url": "http://${host}/&{nothing|fallback}",
            "deep": {"er": ["${url}", 1, null, true]}
          },
          "handler": {"type": "Answer", "config": {"text": "&{url} ${deep.er[0]} &{deep.er} ${toUpperCase(host)}"}}
        }"#,
        "http://app.example:8080/fallback http://app.example:8080/fallback \
         [\"http://app.example:8080/fallback\",1,null,true] APP.EXAMPLE:8080",
    );
}

#[test]
fn properties_come_from_files_as_well() {
    let folder = std::env::temp_dir().join(format!("locations {}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("more.properties", "gate = 80\\\n81\nover=file\n");
    write("common.json", r#"{"host": "${first}.example", "deep": {"er": 7}}"#);
    let url = format!("file://{}", folder.display()).replace(' ', "%20");
    let config = |locations: &str| {
        format!(
            r#"{{
              "properties": {{"first": "app", {locations}, "over": "own"}},
              "handler": {{"type": "Answer", "config": {{"text": "&{{host}}:&{{gate|-}} ${{deep.er}} ${{over}}"}}}}
            }}"#
        )
    };
    let both = format!(r#""$location": "{url}/common.json", "$location:more": "{url}/more.properties""#);
    check(&config(&both), "app.example:8081 7 own");
    let plain = format!(r#""$location": "{}/common.json""#, folder.display());
    check(&config(&plain), "app.example:- 7 own");
    write("loop.json", &format!(r#"{{"host": "h", "deep": {{"er": 1}}, "$location": "{url}/loop.json"}}"#));
    for (location, complaint) in [
        ("\"http://config.example/p.json\"".to_owned(), "is not on this machine"),
        ("\"file://elsewhere/p.json\"".to_owned(), "is not on this machine"),
        ("\"file:///no/such/file.json\"".to_owned(), "cannot be read"),
        ("7".to_owned(), "it is not a text"),
        (format!("\"{url}/loop.json\""), "name one another without end"),
    ] {
        let environment = Arc::new(environment(Services::default()));
        let built = build(&environment, "config.json", &config(&format!(r#""$location": {location}"#)), None);
        let complaints = built.map_or_else(|complaints| shown(&complaints), |_| "sound".to_owned());
        assert!(complaints.contains(complaint), "{location}: {complaints}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn properties_of_inner_levels_hide_those_of_outer_ones() {
    check_inner(
        r#"{"properties": {"a": "outer a", "b": "outer b"}, "handler": "default"}"#,
        r#"{"properties": {"b": "inner ${b}"}, "handler": {"type": "Answer", "config": {"text": "${a}, ${b}, &{a}, &{b}"}}}"#,
        "outer a, inner outer b, outer a, inner outer b",
    );
}

#[test]
fn names_are_looked_up_inside_first() {
    let outer = r#"{
      "heap": [
        {"name": "a", "type": "Answer", "config": {"text": "outer a"}},
        {"name": "b", "type": "Answer", "config": {"text": "outer b"}},
        {"name": "calls a", "type": "Pass", "config": {"handler": "a"}}
      ],
      "handler": "a"
    }"#;
    check_inner(
        outer,
        r#"{
          "heap": [{"name": "a", "type": "Answer", "config": {"text": "inner a"}}],
          "handler": {"type": "Choice", "config": {"list": ["a", "b", "calls a", "default"]}}
        }"#,
        "inner a outer b outer a default",
    );
    check_inner(
        outer,
        r#"{"handler": "calls c"}"#,
        "inner.json:1:13: error[PC0306]: no object is named `calls c`\n",
    );
}

#[test]
fn delegates_keep_their_role_across_levels() {
    let outer = r#"{
      "heap": [
        {"name": "mark", "type": "Mark", "config": {"word": "m"}},
        {"name": "alias", "type": "StandsFor", "config": {"object": "mark"}, "label": "around"}
      ],
      "handler": "default"
    }"#;
    // Decorated as the filter that it stands for: on both sides.
    check_inner(
        outer,
        r#"{
          "heap": [{"name": "alias of alias", "type": "StandsFor", "config": {"object": "alias"}}],
          "handler": {"type": "Pass", "config": {"filters": ["alias of alias"], "handler": "default"}}
        }"#,
        "around m / default",
    );
    check_inner(
        outer,
        r#"{"handler": {"type": "StandsFor", "config": {"object": "alias"}}}"#,
        "inner.json:1:13: error[PC0307]: `StandsFor@1:13` is a Filter (Mark), but a Handler is needed here\n",
    );
}

#[test]
fn decorations_in_their_order() {
    // For the handler of the level: top-level, global, own, a later one outside of an earlier one. For the
    // filter the same, and mirrored on its inner side. `default` has the global ones.
    check(
        r#"{
          "heap": [
            {"name": "other", "type": "Label", "config": {"prefix": "o"}},
            {"name": "mark", "type": "Mark", "label": "own-1", "config": {"word": "MARK"}, "other": "own-2"}
          ],
          "globalDecorators": {"other": "global-1", "label": "global-2"},
          "label": "top-1",
          "other": "top-2",
          "handler": {"type": "Pass", "config": {"filters": ["mark"], "handler": "default"}, "other": "a", "label": "b"}
        }"#,
        "top-2 top-1 global-2 global-1 b a global-2 global-1 own-2 own-1 MARK / o/ o/ / global-2 global-1 default",
    );
}

#[test]
fn global_decorations_reach_the_levels_below() {
    check_inner(
        r#"{
          "heap": [{"name": "outer", "type": "Answer", "config": {"text": "!"}}],
          "globalDecorators": {"label": "from-outside"},
          "handler": "outer"
        }"#,
        r#"{
          "globalDecorators": {"label": "from-inside"},
          "label": "top",
          "handler": {"type": "Pass", "config": {"handler": "outer"}, "label": "own"}
        }"#,
        "top from-inside from-outside own from-outside !",
    );
}

#[test]
fn a_decorator_may_be_replaced() {
    check(
        r#"{
          "heap": [{"name": "label", "type": "Label", "config": {"prefix": "mine"}}],
          "handler": {"type": "Pass", "config": {
            "filters": [{"type": "Mark", "config": {"word": "m"}, "label": "x"}], "handler": "default"}}
        }"#,
        "x m mine/ default",
    );
}

#[test]
fn a_field_of_the_level_is_no_decoration_even_if_a_decorator_has_its_name() {
    check(r#"{"heap": [{"name": "handler", "type": "Label"}], "handler": "default"}"#, "default");
}

#[test]
fn entities_are_there_for_whoever_looks_at_them() {
    check(
        r#"{
          "globalDecorators": {"label": "global=${request.entity.string}"},
          "label": "top=${request.entity.string}",
          "handler": {"type": "Answer", "config": {"text": "own=${request.entity.string}"}}
        }"#,
        "top=entity global=entity own=entity",
    );
}

#[test]
fn objects_declared_in_decorations_are_objects() {
    check(
        r#"{
          "heap": [{"name": "a", "type": "Answer", "label": {"type": "Answer", "label": "x", "config": {"text": "b"}}}],
          "globalDecorators": {"label": {"type": "Answer", "config": {"text": "in every object"}}},
          "handler": "a"
        }"#,
        "",
    );
}
