//! What comes of sound configurations: how references, decorations and properties are resolved, and how
//! generations live and end.

mod types;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use heap::{Environment, Services};
use types::{Work, answer, build, declare, environment, shown};

fn plain() -> Arc<Environment> {
    Arc::new(environment(Services::default()))
}

/// What a level answers, or why it cannot.
#[track_caller]
fn check(config: &str, expected: &str) {
    let environment = plain();
    let level = build(&environment, "config.json", config, None);
    let found = level.map_or_else(|complaints| shown(&complaints), |level| answer(&level.handler));
    assert_eq!(found, expected);
}

/// What an inner level answers below an outer one.
#[track_caller]
fn check_inner(outer: &str, inner: &str, expected: &str) {
    let environment = plain();
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

#[test]
fn a_thousand_references_in_a_row() {
    for direction in [1_usize, 999] {
        let object = |index: usize| {
            let target = if index == 0 { "default".to_owned() } else { format!("o{}", index - 1) };
            format!(r#"{{"name": "o{index}", "type": "Pass", "config": {{"handler": "{target}"}}}}"#)
        };
        let objects: Vec<String> = (0..1000).map(|index| object(index * direction % 1000)).collect();
        let config = format!(r#"{{"heap": [{}], "handler": "o999"}}"#, objects.join(","));
        let environment = plain();
        let level =
            build(&environment, "config.json", &config, None).map_err(|complaints| shown(&complaints));
        let level = level.unwrap();
        // The chain has no other owner left than its first handler.
        let types::Level { unstarted, generation, handler } = level;
        drop((unstarted, generation));
        drop(handler);
    }
}

#[test]
fn references_have_a_greatest_depth() {
    let object = |index: usize| {
        format!(r#"{{"name": "o{index}", "type": "StandsFor", "config": {{"object": "o{}"}}}}"#, index + 1)
    };
    let objects: Vec<String> = (0..100_000).map(object).collect();
    let last = r#"{"name": "o100000", "type": "Answer"}"#;
    let config = format!("{{\"heap\": [{}, {last}],\n \"handler\": \"o0\"}}", objects.join(","));
    let complaints = build(&plain(), "config.json", &config, None).err().unwrap();
    assert_eq!(complaints.len(), 1);
    let complaint = shown(&complaints);
    assert!(
        complaint.contains("error[PC0313]: the references that start at this object are more than 2000 deep")
    );
}

/// `depth` levels of JSON, two for each object in place.
fn nested(depth: usize, innermost: &str) -> String {
    let objects = (depth - 2) / 2;
    let open = r#"{"type":"Pass","config":{"handler":"#.repeat(objects);
    format!(r#"{{"handler":{open}{innermost}{}}}"#, "}}".repeat(objects))
}

#[test]
fn objects_nested_as_deep_as_a_file_may_be() {
    check(&nested(128, r#""default""#), "default");
    let found = declare(&plain(), "config.json", &nested(130, r#""default""#), None);
    assert!(found.level.is_none());
}

#[test]
fn mistakes_at_every_level_of_nesting_take_no_longer_than_one() {
    // Reading an object again must not read those in it again: that would double the work 60 times over.
    let config = nested(122, r#""default""#).replace(r#""config":{"#, r#""config":{"filters":7,"#);
    let found = declare(&plain(), "config.json", &config, None);
    assert_eq!(found.diagnostics.len(), 60);
}

#[test]
fn every_mistake_of_one_object_is_told() {
    let steps = vec![r#"{"count": -1, "time": "x"}"#; 20].join(",");
    let config =
        format!(r#"{{"handler": {{"type": "Choice", "config": {{"steps": [{steps}], "flag": 1}}}}}}"#);
    assert_eq!(declare(&plain(), "config.json", &config, None).diagnostics.len(), 41);
}

const WORKING: &str =
    r#"{"heap": [{"name": "w", "type": "Worker", "config": {"share": "key"}}], "handler": "default"}"#;

fn working() -> (Arc<Environment>, Arc<Work>, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let work = Arc::new(Work::default());
    let mut environment = environment(Services::default().with(work.clone()));
    environment.runtime = Some(runtime.handle().clone());
    (Arc::new(environment), work, runtime)
}

/// Lets background work get as far as it can.
fn settle(runtime: &tokio::runtime::Runtime) {
    runtime.block_on(async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn work_starts_after_the_build_and_ends_with_the_generation() {
    let (environment, work, runtime) = working();
    let level =
        build(&environment, "config.json", WORKING, None).map_err(|complaints| shown(&complaints)).unwrap();
    settle(&runtime);
    assert_eq!((work.prepared.load(Ordering::SeqCst), work.running.load(Ordering::SeqCst)), (0, 0));
    let started = level.start(&environment);
    settle(&runtime);
    assert_eq!((work.prepared.load(Ordering::SeqCst), work.running.load(Ordering::SeqCst)), (1, 1));
    drop(started);
    settle(&runtime);
    assert_eq!(work.running.load(Ordering::SeqCst), 0);
}

#[test]
fn a_generation_that_fails_starts_nothing() {
    let (environment, work, runtime) = working();
    let cannot_build = r#"{
      "heap": [
        {"name": "w", "type": "Worker"},
        {"name": "p", "type": "Picky", "config": {"word": "bad"}}
      ],
      "handler": "default"
    }"#;
    let complaints = build(&environment, "config.json", cannot_build, None).err().unwrap();
    assert_eq!(shown(&complaints), "config.json:4:59: error[PC0313]: `bad` is not good\n");
    settle(&runtime);
    assert_eq!((work.prepared.load(Ordering::SeqCst), work.running.load(Ordering::SeqCst)), (0, 0));

    let cannot_start = r#"{
      "heap": [
        {"name": "a", "type": "Worker"},
        {"name": "b", "type": "Worker", "config": {"fails": true}},
        {"name": "c", "type": "Worker"}
      ],
      "handler": "default"
    }"#;
    let level =
        build(&environment, "config.json", cannot_start, None).map_err(|complaints| shown(&complaints));
    let error = level.unwrap().unstarted.start(&environment).err().unwrap();
    assert_eq!(shown(&error.0), "config.json:4:18: error[PC0313]: this worker cannot start\n");
    settle(&runtime);
    assert_eq!((work.prepared.load(Ordering::SeqCst), work.running.load(Ordering::SeqCst)), (2, 0));
}

#[test]
fn shared_things_outlive_a_reload_and_no_more() {
    let (environment, work, _runtime) = working();
    let make = || {
        build(&environment, "config.json", WORKING, None).map_err(|complaints| shown(&complaints)).unwrap()
    };
    let (_first, _second) = (make(), make());
    let mut held = std::mem::take(&mut *work.held.lock().unwrap());
    assert_eq!(held.len(), 2);
    assert!(Arc::ptr_eq(&held[0], &held[1]));
    // One generation goes, the thing stays; the last one goes, and a later generation gets a new thing.
    held.pop();
    let thing: Weak<String> = Arc::downgrade(&held[0]);
    let _third = make();
    assert!(Arc::ptr_eq(&held[0], &work.held.lock().unwrap()[0]));
    drop(std::mem::take(&mut *work.held.lock().unwrap()));
    drop(held);
    assert!(thing.upgrade().is_none());
    let _fourth = make();
    assert_eq!(*work.held.lock().unwrap()[0], "made for w");
}

#[test]
fn nothing_is_left_of_a_generation_that_ended() {
    let (environment, _work, runtime) = working();
    let outer =
        build(&environment, "outer.json", WORKING, None).map_err(|complaints| shown(&complaints)).unwrap();
    let inner = r#"{
      "heap": [{"name": "w2", "type": "Worker"}],
      "label": "x",
      "handler": {"type": "Pass", "config": {"handler": "default"}}
    }"#;
    let inner = build(&environment, "inner.json", inner, Some(&outer.generation));
    let inner = inner.map_err(|complaints| shown(&complaints)).unwrap();
    let generations = [Arc::downgrade(&outer.generation), Arc::downgrade(&inner.generation)];
    let handler = inner.handler.clone();
    let (outer, inner) = (outer.start(&environment), inner.start(&environment));
    settle(&runtime);
    assert_eq!(answer(&handler), "x default");
    drop((outer, inner));
    settle(&runtime);
    // A request that is still inside keeps what it needs, and not the generation.
    assert_eq!(answer(&handler), "x default");
    assert!(generations.iter().all(|generation| generation.upgrade().is_none()));
}
