//! `properties` and tokens: order of look-up, files, levels, where tokens may stand, and limits.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests as well")]

mod types;

use std::fmt::Write;
use std::sync::Arc;

use expect_test::{Expect, expect};
use heap::{Environment, Services};
use types::{answer, build, environment, shown};

/// An environment that has every source of values.
fn sources() -> Arc<Environment> {
    let mut environment = environment(Services::default());
    let text = |text: &str| text.to_owned();
    let process = Arc::get_mut(&mut environment.process).unwrap();
    process
        .env
        .extend([("ALL_FOUR", "env"), ("A_B_C", "dashes")].map(|(name, value)| (text(name), text(value))));
    process.system.extend(
        [("all.four", "system"), ("last.three", "system"), ("Mixed.Case", "system")]
            .map(|(name, value)| (text(name), text(value))),
    );
    process.env_config.extend(
        [("all.four", "file"), ("last.three", "file"), ("last.two", "file")]
            .map(|(name, value)| (text(name), text(value))),
    );
    Arc::new(environment)
}

/// What a level answers, or why it cannot.
#[track_caller]
fn check(config: &str, expected: &str) {
    let level = build(&sources(), "config.json", config, None);
    let found = level.map_or_else(|complaints| shown(&complaints), |level| answer(&level.handler));
    assert_eq!(found, expected);
}

/// A level with these properties, which answers with this text.
#[track_caller]
fn check_text(properties: &str, text: &str, expected: &str) {
    check(&with_text(properties, text), expected);
}

fn with_text(properties: &str, text: &str) -> String {
    format!(
        r#"{{"properties": {{{properties}}}, "handler": {{"type": "Answer", "config": {{"text": "{text}"}}}}}}"#
    )
}

/// Why a level with these properties cannot be built.
#[track_caller]
fn refuse(properties: &str, expected: Expect) {
    let config = with_text(properties, "text");
    let built = build(&sources(), "config.json", &config, None);
    expected.assert_eq(&built.map_or_else(|complaints| shown(&complaints), |_| "sound".to_owned()));
}

#[test]
fn the_process_comes_before_the_files_and_the_files_before_the_properties() {
    let properties = r#""all.four": "own", "last.three": "own", "last.two": "own", "last.one": "own""#;
    check_text(
        properties,
        "&{all.four} &{last.three} &{last.two} &{last.one} &{none|default}",
        "env system file own default",
    );
    // A variable of the environment is looked for in capitals, with `_` for `.` and `-`.
    check_text("", "&{a.b-c} &{A.B.C} &{Mixed.Case}", "dashes dashes system");
    refuse(
        r#""a": "&{mixed.case}""#,
        expect![[r#"
            config.json:1:23: error[PC0050]: the token `mixed.case` has no value
        "#]],
    );
}

#[test]
fn tokens_stand_in_types_names_references_conditions_and_lists() {
    check(
        r#"{
          "properties": {"kind": "Ans", "name": "a", "word": "one"},
          "condition": "${'&{word}' == 'one'}",
          "heap": [{"name": "&{name}1", "type": "&{kind}wer", "config": {"text": "&{word}"}}],
          "handler": {"type": "Choice", "config": {"list": ["&{name}1", "&{other|default}"], "lines": ["&{word}", "two"]}}
        }"#,
        r#""one\ntwo" one default"#,
    );
    // Keys are left alone, those of properties too.
    check_text(r#""&{all.four}": "x""#, "&{all.four}", "env");
}

#[test]
fn values_are_any_json_for_expressions_and_dotted_texts_for_tokens() {
    let properties = r#""deep": {"er": [{"a": 1}, null, true], "text": "t", "none": null}, "listen": {"$int": "&{none|80}"}"#;
    check_text(
        properties,
        "${deep.er[0].a} ${deep['text']} ${listen + 1} &{deep.text} &{deep.er} &{listen} &{deep.none|none} &{deep|no}",
        r#"1 t 81 t [{"a":1},null,true] 80 none no"#,
    );
}

#[test]
fn later_properties_use_earlier_ones_and_never_themselves() {
    check_text(r#""a": "1", "b": "&{a}2", "c": {"d": "${b}3"}, "e": "&{c.d}4""#, "&{e}", "1234");
    refuse(
        r#""a": "&{a}", "b": "${b}""#,
        expect![[r#"
            config.json:1:23: error[PC0050]: the token `a` has no value
            config.json:1:38: error[PC0203]: nothing supplies the name `b`
        "#]],
    );
    refuse(
        r#""a": "&{b}", "b": "&{a}""#,
        expect![[r#"
            config.json:1:23: error[PC0050]: the token `b` has no value
        "#]],
    );
}

/// Files beside one another, for `$location`s.
struct Files(std::path::PathBuf);

impl Files {
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let folder =
            std::env::temp_dir().join(format!("portcullis-properties-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text.replace("DIR", folder.to_str().unwrap())).unwrap();
        }
        Self(folder)
    }

    /// The properties with the folder in place of `DIR`.
    fn place(&self, properties: &str) -> String {
        properties.replace("DIR", self.0.to_str().unwrap())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn locations_are_merged_at_every_level() {
    let files = Files::new(
        "merged",
        &[
            ("a.json", r#"{"x": "&{first}-a", "y": "from a", "$location": "DIR/deeper.properties"}"#),
            ("b.json", r#"{"y": "${x} b", "list": {"$list": "1,2"}}"#),
            ("deeper.properties", "z = deep\nlast=1\nlast=2\n"),
            ("plain.txt", "p: q\n"),
        ],
    );
    let properties = files.place(
        r#""first": "1", "$location:a": "DIR/a.json", "$location:b": "file://DIR/b.json", "$location:props": "DIR/plain.txt""#,
    );
    check_text(&properties, "&{x} &{y} ${list[1]} &{z} &{last} &{p}", "1-a 1-a b 2 deep 2 q");
    let nested = files.place(
        r#""first": "1", "group": {"own": "o", "y": "lost", "$location:a": "DIR/a.json", "more": {"$location:props": "DIR/plain.txt"}}"#,
    );
    check_text(
        &nested,
        "&{group.own} &{group.x} ${group.y} ${group.z} &{group.more.p}",
        "o 1-a from a deep q",
    );
}

#[test]
fn what_a_location_cannot_be() {
    let files = Files::new(
        "broken",
        &[
            ("list.json", "[1]"),
            ("broken.json", "{"),
            ("escape.properties", "a=1\nb=\\u12"),
            ("env.json", "{}"),
        ],
    );
    let complaints = |properties: &str| {
        let built = build(&sources(), "config.json", &with_text(&files.place(properties), ""), None);
        let complaints = built.map_or_else(|complaints| shown(&complaints), |_| "sound".to_owned());
        complaints.replace(files.0.to_str().unwrap(), "DIR")
    };
    let mut found = String::new();
    for properties in [
        r#""$location": "DIR/list.json""#,
        r#""$location": "DIR/broken.json""#,
        r#""$location": "DIR/escape.properties""#,
        r#""group": {"$location": "DIR/list.json"}"#,
        r#""group": {"$location": 7}"#,
        r#""$location": "${request.method}""#,
        r#""$location": "DIR""#,
        r#""$location": "DIR/env.json", "$locations": 1"#,
    ] {
        writeln!(found, "{properties}\n  {}", complaints(properties).trim_end()).unwrap();
    }
    expect![[r#"
        "$location": "DIR/list.json"
          DIR/list.json:1:1: error[PC0301]: an object of properties is needed here, found an array
        "$location": "DIR/broken.json"
          DIR/broken.json:1:1: error[PC0006]: this `{` is never closed
        "$location": "DIR/escape.properties"
          config.json:1:30: error[PC0302]: no properties can be read from this location: `DIR/escape.properties`, line 2: `\u` is not followed by four hexadecimal digits
        "group": {"$location": "DIR/list.json"}
          DIR/list.json:1:1: error[PC0301]: an object of properties is needed here, found an array
        "group": {"$location": 7}
          config.json:1:40: error[PC0302]: no properties can be read from this location: it is not a text
        "$location": "${request.method}"
          config.json:1:30: error[PC0310]: `request` is not known while the configuration is read
        "$location": "DIR"
          config.json:1:30: error[PC0300]: `DIR` cannot be read: Is a directory (os error 21)
        "$location": "DIR/env.json", "$locations": 1
          sound
    "#]].assert_eq(&found);
}

#[test]
fn files_that_name_one_another_end() {
    let many: String = (0..30).map(|index| format!(r#""$location:{index}": "DIR/many.json","#)).collect();
    let files = Files::new(
        "loops",
        &[
            ("self.json", r#"{"$location": "DIR/self.json"}"#),
            ("a.json", r#"{"x": {"$location": "DIR/b.json"}}"#),
            ("b.json", r#"{"x": {"$location": "DIR/a.json"}}"#),
            ("many.json", &format!("{{{many} \"x\": 1}}")),
        ],
    );
    let mut found = String::new();
    for file in ["self", "a", "many"] {
        let config = with_text(&files.place(&format!(r#""$location": "DIR/{file}.json""#)), "");
        let built = build(&sources(), "config.json", &config, None);
        let complaints = built.map_or_else(|complaints| complaints, |_| Vec::new());
        let mut texts: Vec<&str> = complaints.iter().map(|complaint| complaint.message.as_str()).collect();
        texts.dedup();
        assert!(complaints.len() < 100, "{}", complaints.len());
        writeln!(found, "{file}: {}", texts.join("\n  ")).unwrap();
    }
    expect![[r#"
        self: no properties can be read from this location: the files name one another without end
        a: no properties can be read from this location: the files name one another without end
        many: no properties can be read from this location: the files name one another without end
          no properties can be read from this location: more than 64 files are named
          no properties can be read from this location: the files name one another without end
    "#]]
    .assert_eq(&found);
}

#[test]
fn properties_that_double_with_every_line_are_stopped() {
    let mut texts = r#""p0": "0123456789""#.to_owned();
    let mut lists = r#""p0": [1, 2]"#.to_owned();
    let mut nested = r#""p0": 1"#.to_owned();
    let mut tokens = r#""p0": "0123456789""#.to_owned();
    for index in 1..1000 {
        let before = index - 1;
        let _ = write!(texts, r#", "p{index}": "${{p{before}}}${{p{before}}}""#);
        let _ = write!(lists, r#", "p{index}": ["${{p{before}}}", "${{p{before}}}"]"#);
        let _ = write!(nested, r#", "p{index}": ["${{p{before}}}"]"#);
        let _ = write!(tokens, r#", "p{index}": "&{{p{before}}}&{{p{before}}}""#);
    }
    for properties in [texts, lists, nested, tokens] {
        let built = build(&sources(), "config.json", &with_text(&properties, ""), None);
        let complaints = built.err().expect("a limit stops it");
        let errors: Vec<_> = complaints.iter().filter(|complaint| complaint.is_error()).collect();
        let is_told = matches!(errors[..], [error] if [54, 316].contains(&error.code.number));
        assert!(is_told, "{}", shown(&complaints));
    }
}

#[test]
fn thousands_of_properties_take_no_time_worth_mentioning() {
    let mut properties = r#""p0": "0""#.to_owned();
    for index in 1..20_000 {
        let _ = write!(properties, r#", "p{index}": "${{p{}}}""#, index - 1);
    }
    let began = std::time::Instant::now();
    check_text(&properties, "${p19999}", "0");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[test]
fn what_expressions_come_to_has_a_limit() {
    let large = "x".repeat(1024 * 1024);
    let level = |count: usize| {
        let steps = vec![r#""${big}""#; count].join(", ");
        format!(
            r#"{{"properties": {{"big": "{large}"}},
                "handler": {{"type": "Choice", "config": {{"lines": [{steps}], "raw": null}}}}}}"#
        )
    };
    let complaints = build(&sources(), "config.json", &level(30), None).err().expect("a limit stops it");
    let found = shown(&complaints);
    assert!(found.contains("PC0316"), "{}", &found[..200]);
    // Texts that are folded into expressions count as well.
    let words = vec![r#"{"type": "Mark", "config": {"word": "${big}"}}"#; 20].join(", ");
    let config = format!(
        r#"{{"properties": {{"big": "{large}"}},
            "handler": {{"type": "Pass", "config": {{"filters": [{words}], "handler": "default"}}}}}}"#
    );
    let complaints = build(&sources(), "config.json", &config, None).err().expect("a limit stops it");
    assert!(shown(&complaints).contains("PC0316"));
}

#[test]
fn a_file_of_nothing_but_mistakes_is_given_up_early() {
    let tokens: Vec<String> = (0..20_000).map(|index| format!(r#""&{{none.{index}}}""#)).collect();
    let config = format!(r#"{{"handler": "default", "name": [{}]}}"#, tokens.join(", "));
    let began = std::time::Instant::now();
    let complaints = build(&sources(), "config.json", &config, None).err().expect("mistakes");
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    let last = complaints.iter().rfind(|complaint| complaint.code.number < 100).unwrap();
    expect!["config.json:1:710: error[PC0013]: reading stopped after 50 mistakes"]
        .assert_eq(&last.to_string());
}

#[test]
fn inner_levels_see_and_hide_what_outer_ones_have() {
    let environment = sources();
    let outer = r#"{"properties": {"a": {"b": "outer b", "c": "outer c"}, "d": "outer d", "all.four": "hidden"}, "handler": "default"}"#;
    let outer = build(&environment, "outer.json", outer, None).map_err(|found| shown(&found)).unwrap();
    // A property hides the one of its name as a whole for expressions; tokens are looked up by their full names.
    let inner = r#"{
      "properties": {"e": "&{d}, ${d}", "a": {"b": "inner b"}},
      "handler": {"type": "Answer", "config": {"text": "&{e} | ${a.b} ${a.c} | &{a.b} &{a.c} | &{all.four}"}}
    }"#;
    let inner = build(&environment, "inner.json", inner, Some(&outer.generation));
    let found = inner.map_or_else(|complaints| shown(&complaints), |inner| answer(&inner.handler));
    assert_eq!(found, "outer d, outer d | inner b  | inner b outer c | env");
}
