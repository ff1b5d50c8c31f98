//! What every shared store does, whatever stands behind it: one play, of which the text must come out the same.

use std::fmt::{Display, Write};
use std::time::Duration;

use expect_test::{Expect, expect};

use super::shared_store::{Change, Field, Keys, Onto, RECORD_FIELDS_MAX, SharedStore, StoreError};

const LONG: Duration = Duration::from_secs(100);
/// Shorter than what a test can wait for, longer than what a slow machine needs for a few commands.
const SHORT: Duration = Duration::from_millis(1500);

/// Plays every command against a store, which must be empty, and compares what it answers.
pub(crate) async fn check(store: &dyn SharedStore) {
    expected().assert_eq(&play(store).await);
}

/// A change that sets these fields.
pub(crate) fn change(onto: Onto, set: &[(&str, &str)], time_to_live: Duration) -> Change {
    let field = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    Change { set: set.iter().map(field).collect(), remove: Vec::new(), time_to_live, onto }
}

/// A record as text, with its fields in order.
pub(crate) fn shown(outcome: Result<Option<Vec<Field>>, StoreError>) -> String {
    let Some(mut fields) = (match outcome {
        Ok(fields) => fields,
        Err(error) => return format!("error: {error}"),
    }) else {
        return "none".to_owned();
    };
    fields.sort();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value)));
    format!("[{}]", fields.collect::<Vec<_>>().join(" "))
}

/// What may differ between stores is not shown: the words of an error.
fn outcome<T: std::fmt::Debug>(outcome: Result<T, StoreError>) -> String {
    outcome.map_or_else(|_| "error".to_owned(), |value| format!("{value:?}"))
}

/// All names with a prefix, page by page.
pub(crate) async fn all_keys(store: &dyn SharedStore, prefix: &str, limit: usize) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let Keys { keys, cursor: next } = store.keys(prefix, cursor.as_deref(), limit).await.unwrap();
        found.extend(keys);
        cursor = next;
        if cursor.is_none() {
            found.sort();
            found.dedup();
            return found;
        }
    }
}

async fn play(store: &dyn SharedStore) -> String {
    let mut told = String::new();
    play_records(store, &mut told).await;
    play_sets(store, &mut told).await;
    play_names(store, &mut told).await;
    play_ends(store, &mut told).await;
    told
}

fn tell(told: &mut String, what: &str, shown: impl Display) {
    writeln!(told, "{what}: {shown}").unwrap();
}

async fn play_records(store: &dyn SharedStore, told: &mut String) {
    let two = &[("a", "1"), ("b", "2")];
    tell(told, "read what is not there", shown(store.read("s:1", None).await));
    tell(told, "read and touch it", shown(store.read("s:1", Some(LONG)).await));
    tell(told, "write onto it", outcome(store.write("s:1", change(Onto::Existing, two, LONG)).await));
    tell(told, "still", shown(store.read("s:1", None).await));
    tell(told, "write anew", outcome(store.write("s:1", change(Onto::New, two, LONG)).await));
    tell(
        told,
        "write anew once more",
        outcome(store.write("s:1", change(Onto::New, &[("a", "9")], LONG)).await),
    );
    tell(told, "read", shown(store.read("s:1", None).await));
    let changed = Change {
        remove: vec![b"b".to_vec(), b"never".to_vec()],
        ..change(Onto::Existing, &[("a", "3"), ("c", "")], LONG)
    };
    tell(told, "change", outcome(store.write("s:1", changed).await));
    tell(told, "read", shown(store.read("s:1", Some(LONG)).await));
    let emptied = Change { remove: vec![b"a".to_vec(), b"c".to_vec()], ..change(Onto::Existing, &[], LONG) };
    tell(told, "empty", outcome(store.write("s:1", emptied).await));
    tell(told, "it is there without fields", shown(store.read("s:1", None).await));
    tell(
        told,
        "write onto it",
        outcome(store.write("s:1", change(Onto::Existing, &[("d", "4")], LONG)).await),
    );
    let bytes: Vec<u8> = (0..=255).collect();
    let binary = Change { set: vec![(bytes.clone(), bytes.clone())], ..change(Onto::New, &[], LONG) };
    tell(told, "write bytes", outcome(store.write("s:\u{e4}*[1]?\\", binary).await));
    let read = store.read("s:\u{e4}*[1]?\\", None).await.unwrap();
    tell(told, "they come back", read == Some(vec![(bytes.clone(), bytes)]));
    let huge =
        Change { set: vec![(b"x".to_vec(), vec![0; 1024 * 1024])], ..change(Onto::Existing, &[], LONG) };
    tell(told, "too large", outcome(store.write("s:1", huge).await));
    let many = (0..=RECORD_FIELDS_MAX).map(|at| (at.to_string().into_bytes(), Vec::new())).collect();
    let many = Change { set: many, ..change(Onto::Existing, &[], LONG) };
    tell(told, "too many", outcome(store.write("s:1", many).await));
    let nameless = change(Onto::Existing, &[("", "1")], LONG);
    tell(told, "a field without a name", outcome(store.write("s:1", nameless).await));
    tell(told, "unchanged", shown(store.read("s:1", None).await));
    tell(told, "remove", outcome(store.remove("s:1").await));
    tell(told, "remove again", outcome(store.remove("s:1").await));
    tell(told, "gone", shown(store.read("s:1", None).await));
    tell(told, "it stays removed", outcome(store.write("s:1", change(Onto::Existing, two, LONG)).await));
}

async fn play_sets(store: &dyn SharedStore, told: &mut String) {
    tell(told, "set that is not there", outcome(store.set("u:1", 10).await));
    for name in ["x", "y", "x", "z"] {
        store.add_to_set("u:1", name, LONG).await.unwrap();
    }
    let sorted = |names: Result<Vec<String>, StoreError>| {
        names.map(|mut names| {
            names.sort();
            names
        })
    };
    tell(told, "set", outcome(sorted(store.set("u:1", 10).await)));
    tell(told, "at most two", outcome(store.set("u:1", 2).await.map(|names| names.len())));
    tell(told, "remove a name", outcome(store.remove_from_set("u:1", "x").await));
    tell(told, "remove it again", outcome(store.remove_from_set("u:1", "x").await));
    tell(told, "set", outcome(sorted(store.set("u:1", 10).await)));
    tell(told, "a set is no record", outcome(store.read("u:1", None).await));
    tell(
        told,
        "nor is it written as one",
        outcome(store.write("u:1", change(Onto::Existing, &[], LONG)).await),
    );
    tell(told, "remove the set", outcome(store.remove("u:1").await));
    tell(told, "set", outcome(store.set("u:1", 10).await));
    store.add_to_set("u:1", "again", LONG).await.unwrap();
    tell(told, "begun anew", outcome(store.set("u:1", 10).await));
    store.remove_from_set("u:1", "again").await.unwrap();
    tell(told, "without names it is gone", outcome(store.remove("u:1").await));
    tell(told, "no error on what is not there", outcome(store.remove_from_set("u:2", "x").await));
}

async fn play_names(store: &dyn SharedStore, told: &mut String) {
    for at in 0..25 {
        assert!(store.write(&format!("n:{at}"), change(Onto::New, &[], LONG)).await.unwrap());
    }
    store.add_to_set("n:set", "x", LONG).await.unwrap();
    let all = all_keys(store, "n:", 10).await;
    tell(told, "names", format!("{} from {} to {}", all.len(), all[0], all[all.len() - 1]));
    tell(told, "of a prefix", all_keys(store, "n:2", 1).await.join(" "));
    tell(told, "of another", all_keys(store, "never", 10).await.len());
    tell(
        told,
        "a prefix is no pattern",
        all_keys(store, "n:?", 10).await.len() + all_keys(store, "[n]:", 10).await.len(),
    );
    tell(told, "with signs of patterns in it", all_keys(store, "s:\u{e4}*[1]?\\", 10).await.join(" "));
    let cursor = store.keys("n:", Some("no cursor"), 10).await;
    tell(told, "what is no cursor does no harm", cursor.is_err() || cursor.is_ok());
}

async fn play_ends(store: &dyn SharedStore, told: &mut String) {
    let keys = ["e:1", "e:2", "e:3"].map(str::to_owned);
    assert!(store.write("e:1", change(Onto::New, &[("a", "1")], SHORT)).await.unwrap());
    assert!(store.write("e:2", change(Onto::New, &[("a", "2")], SHORT)).await.unwrap());
    store.add_to_set("e:set", "x", SHORT).await.unwrap();
    store.add_to_set("e:long", "x", LONG).await.unwrap();
    store.add_to_set("e:long", "y", SHORT).await.unwrap();
    let rounded = |times: Vec<Option<Duration>>| -> Vec<Option<u64>> {
        times
            .iter()
            .map(|time| time.map(|time| (time.as_millis() as f64 / 10_000.0).ceil() as u64 * 10))
            .collect()
    };
    tell(
        told,
        "times to live in tens of seconds",
        format!("{:?}", rounded(store.times_to_live(&keys).await.unwrap())),
    );
    tell(told, "touched", shown(store.read("e:2", Some(LONG)).await));
    tell(told, "times to live", format!("{:?}", rounded(store.times_to_live(&keys).await.unwrap())));
    tell(told, "none are asked for", outcome(store.times_to_live(&[]).await));
    tokio::time::sleep(SHORT + Duration::from_millis(50)).await;
    tell(told, "over", shown(store.read("e:1", Some(LONG)).await));
    tell(told, "kept by its touch", shown(store.read("e:2", None).await));
    tell(told, "a set that is over", outcome(store.set("e:set", 10).await));
    tell(
        told,
        "a set lives as long as its longest",
        outcome(store.set("e:long", 10).await.map(|names| names.len())),
    );
    tell(told, "names", all_keys(store, "e:", 10).await.join(" "));
    tell(told, "nothing to write onto", outcome(store.write("e:1", change(Onto::Existing, &[], LONG)).await));
    tell(told, "nothing to remove", outcome(store.remove("e:1").await));
    tell(told, "anew", outcome(store.write("e:1", change(Onto::New, &[("b", "1")], LONG)).await));
    tell(told, "read", shown(store.read("e:1", None).await));
    tell(told, "touched to end", shown(store.read("e:1", Some(Duration::from_millis(1))).await));
    tokio::time::sleep(Duration::from_millis(20)).await;
    tell(told, "over", shown(store.read("e:1", None).await));
}

fn expected() -> Expect {
    expect![[r#"
        read what is not there: none
        read and touch it: none
        write onto it: false
        still: none
        write anew: true
        write anew once more: false
        read: [a=1 b=2]
        change: true
        read: [a=3 c=]
        empty: true
        it is there without fields: []
        write onto it: true
        write bytes: true
        they come back: true
        too large: error
        too many: error
        a field without a name: error
        unchanged: [d=4]
        remove: Yes
        remove again: No
        gone: none
        it stays removed: false
        set that is not there: []
        set: ["x", "y", "z"]
        at most two: 2
        remove a name: ()
        remove it again: ()
        set: ["y", "z"]
        a set is no record: error
        nor is it written as one: error
        remove the set: Yes
        set: []
        begun anew: ["again"]
        without names it is gone: No
        no error on what is not there: ()
        names: 26 from n:0 to n:set
        of a prefix: n:2 n:20 n:21 n:22 n:23 n:24
        of another: 0
        a prefix is no pattern: 0
        with signs of patterns in it: s:ä*[1]?\
        what is no cursor does no harm: true
        times to live in tens of seconds: [Some(10), Some(10), None]
        touched: [a=2]
        times to live: [Some(10), Some(100), None]
        none are asked for: []
        over: none
        kept by its touch: [a=2]
        a set that is over: []
        a set lives as long as its longest: 2
        names: e:2 e:long
        nothing to write onto: false
        nothing to remove: No
        anew: true
        read: [b=1]
        touched to end: [b=1]
        over: none
    "#]]
}
