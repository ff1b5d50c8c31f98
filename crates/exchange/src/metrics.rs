//! [`Metrics`]: everything that is measured, as Prometheus reads it.
//!
//! What has something to tell registers itself and is asked for each reading, so that nothing has to be counted
//! between two readings. It is held weakly: what goes with its generation goes from the metrics, too.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Tells what it measures.
pub trait Measure: Send + Sync + 'static {
    /// Writes the values of the moment down.
    fn measure(&self, sheet: &mut Sheet);
}

/// Everything that is measured in a process.
#[derive(Default)]
pub struct Metrics(Mutex<Vec<Weak<dyn Measure>>>);

impl Metrics {
    /// Lets something be asked for as long as somebody else holds it.
    pub fn register<M: Measure>(&self, source: &Arc<M>) {
        let source: Weak<M> = Arc::downgrade(source);
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|source| source.strong_count() > 0);
        sources.push(source);
    }

    /// The values of the moment in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sheet = Sheet::default();
        for source in sources.iter().filter_map(Weak::upgrade) {
            source.measure(&mut sheet);
        }
        sheet.render()
    }
}

/// Values on their way to whoever reads them, in the order of their names.
#[derive(Default)]
pub struct Sheet(BTreeMap<&'static str, Family>);

struct Family {
    help: &'static str,
    /// By their labels as they are written, so that no two values have the same.
    values: BTreeMap<String, f64>,
}

impl Sheet {
    /// Writes down a value that goes up and down. `help` says in one line what it is.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        let family = self.0.entry(name).or_insert_with(|| Family { help, values: BTreeMap::new() });
        family.values.insert(written(labels), value);
    }

    fn render(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.0 {
            let _infallible = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", family.help);
            for (labels, value) in &family.values {
                let _infallible = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

/// `{name="value",…}`, empty without labels.
fn written(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        text.push(if text.is_empty() { '{' } else { ',' });
        let _infallible = write!(text, "{name}=\"");
        for character in value.chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    if !text.is_empty() {
        text.push('}');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    struct Thing(&'static str, f64);

    impl Measure for Thing {
        fn measure(&self, sheet: &mut Sheet) {
            sheet.gauge("b_size", "How large it is.", &[("name", self.0), ("kind", "thing")], self.1);
            sheet.gauge("a_things", "Whether there is one.", &[], 1.0);
        }
    }

    #[test]
    fn values_of_all_things_are_written_by_name() {
        let metrics = Metrics::default();
        let things = [Thing("x", 2.5), Thing("a \"b\" \\c\n", -1.0)].map(Arc::new);
        things.iter().for_each(|thing| metrics.register(thing));
        let text = metrics.render();
        expect![[r#"
            # HELP a_things Whether there is one.
            # TYPE a_things gauge
            a_things 1
            # HELP b_size How large it is.
            # TYPE b_size gauge
            b_size{name="a \"b\" \\c\n",kind="thing"} -1
            b_size{name="x",kind="thing"} 2.5
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn what_is_gone_is_not_measured() {
        let metrics = Metrics::default();
        let thing = Arc::new(Thing("x", 1.0));
        metrics.register(&thing);
        drop(thing);
        assert_eq!(metrics.render(), "");
    }
}
