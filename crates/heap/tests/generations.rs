//! How generations live and end, and how large and deep a configuration may be.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

mod types;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use heap::{Environment, Services};
use types::{Work, answer, build, declare, environment, shown};

fn plain() -> Arc<Environment> {
    Arc::new(environment(Services::default()))
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
    let level = build(&plain(), "config.json", &nested(128, r#""default""#), None);
    assert_eq!(answer(&level.map_err(|complaints| shown(&complaints)).unwrap().handler), "default");
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
