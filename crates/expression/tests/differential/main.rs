//! Expressions and patterns mean what they mean to the engines that IG itself uses.
//!
//! A generator makes cases from a seed, Java answers them all from one process, and every difference must
//! belong to a class that `docs/reference/expressions.md` explains. `cargo xtask differential` runs the full
//! number; `DIFFERENTIAL_EXPRESSIONS`, `DIFFERENTIAL_PATTERNS` and `DIFFERENTIAL_SEED` choose others.
#![expect(clippy::print_stdout, reason = "the counts are what a run is for")]

mod classes;
mod expressions;
mod oracle;
mod patterns;
#[path = "../support/random.rs"]
mod random;
mod regexes;
mod terms;
mod values;

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Instant;

use oracle::{Answers, Java, Questions};
use random::Random;

/// Cases of a run among the other tests, few enough for some seconds. The full run has far more.
const EXPRESSIONS: usize = 3_000;
const PATTERNS: usize = 2_000;
const SEED: usize = 1;

/// Unexplained differences that are shown; more help nobody.
const SHOWN_MAX: usize = 20;

/// Cases that are under way between the generator, Java and the comparison.
const UNDER_WAY_MAX: usize = 10_000;

#[test]
fn expressions_and_patterns_mean_what_they_mean_in_java() {
    let java = match Java::find() {
        Ok(java) => java,
        Err(missing) => {
            let is_build_machine = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!is_build_machine, "{missing}; run `cargo xtask setup`");
            eprintln!("skipped: {missing}; run `cargo xtask setup`");
            return;
        }
    };
    let seed = setting("DIFFERENTIAL_SEED", SEED);
    println!("seed {seed}");
    let expressions =
        run::<expressions::Expression>(&java, seed, setting("DIFFERENTIAL_EXPRESSIONS", EXPRESSIONS));
    let patterns = run::<patterns::Case>(&java, seed, setting("DIFFERENTIAL_PATTERNS", PATTERNS));
    println!("{} unexplained differences", expressions + patterns);
    assert_eq!(expressions + patterns, 0, "differences without a class; they are printed above");
}

fn setting(name: &str, usual: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => usual,
    }
}

/// Something that both sides can answer.
pub(crate) trait Case: Send + 'static {
    /// What such cases are called.
    const NAME: &'static str;

    /// Makes a case.
    fn generate(random: &mut Random) -> Self;

    /// The line that Java is asked before the first case.
    fn prologue() -> Option<String>;

    /// The line that Java is asked.
    fn question(&self) -> String;

    /// Our answer, in the form of Java's.
    fn ours(&self) -> String;

    /// Whether two answers say the same.
    fn agrees(ours: &str, java: &str) -> bool;

    /// The class of a difference.
    fn class(&self, ours: &str, java: &str, oracle: &mut Oracle) -> Option<&'static str>;

    /// The case as a reader wants it.
    fn shown(&self) -> String;
}

/// Java, for questions one at a time: what would it make of the case if it were a little different?
pub(crate) struct Oracle {
    questions: Questions,
    answers: Answers,
    version: u32,
}

impl Oracle {
    pub(crate) fn ask(&mut self, question: &str) -> String {
        self.questions.ask(question);
        self.questions.flush();
        self.answers.next()
    }
}

/// Compares so many cases, prints what came out, and yields the number of unexplained differences.
fn run<C: Case>(java: &Java, seed: usize, count: usize) -> usize {
    let start = Instant::now();
    let (mut questions, mut answers, version) = java.start();
    let (again, answers_again, _) = java.start();
    let version = version.parse().expect("Java says its version");
    let mut oracle = Oracle { questions: again, answers: answers_again, version };
    if let Some(prologue) = C::prologue() {
        questions.ask(&prologue);
        answers_after(&mut questions, &mut answers);
        oracle.ask(&prologue);
    }
    let (sender, cases) = mpsc::sync_channel::<C>(UNDER_WAY_MAX);
    let generator = std::thread::spawn(move || {
        let mut random = Random::new(seed as u64);
        for _ in 0..count {
            let case = C::generate(&mut random);
            questions.ask(&case.question());
            if sender.send(case).is_err() {
                return;
            }
        }
        questions.flush();
    });
    let mut tally = Tally::default();
    for case in cases {
        let (ours, theirs) = (case.ours(), answers.next());
        tally.values += usize::from(theirs.starts_with("value"));
        if C::agrees(&ours, &theirs) {
            tally.same += 1;
        } else if let Some(class) = case.class(&ours, &theirs, &mut oracle) {
            *tally.classes.entry(class).or_default() += 1;
        } else {
            tally.unexplained += 1;
            if tally.unexplained <= SHOWN_MAX {
                println!("unexplained: {}\n  ours  {ours}\n  Java  {theirs}", case.shown());
            }
        }
    }
    generator.join().expect("the generator does not fail");
    tally.print(C::NAME, count, version, start);
    tally.unexplained
}

fn answers_after(questions: &mut Questions, answers: &mut Answers) {
    questions.flush();
    answers.next();
}

#[derive(Default)]
struct Tally {
    same: usize,
    /// Cases in which Java yields something, so that the agreement means something.
    values: usize,
    classes: BTreeMap<&'static str, usize>,
    unexplained: usize,
}

impl Tally {
    fn print(&self, name: &str, count: usize, version: u32, start: Instant) {
        println!(
            "{count} {name} against Java {version} in {:.1} s: {} alike ({} cases yield something there)",
            start.elapsed().as_secs_f64(),
            self.same,
            self.values,
        );
        for (class, count) in &self.classes {
            println!("  {count:>7}  {class}");
            assert!(expression::DIFFERENCES.contains(&format!("| {class} |")), "the page explains `{class}`");
        }
        assert_eq!(self.same + self.classes.values().sum::<usize>() + self.unexplained, count);
        assert!(self.values * 2 > count, "most generated {name} are sound");
    }
}
