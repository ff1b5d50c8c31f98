//! The whole pipeline up to a plan: any bytes as `config.json` become objects or complaints.
#![no_main]

use exchange::HandlerRef;
use heap::{Document, Environment, InstancePaths, ProcessSettings, Ref};
use libfuzzer_sys::fuzz_target;

#[derive(serde::Deserialize)]
struct Fields {
    #[expect(dead_code, reason = "only declared")]
    handler: Ref<HandlerRef>,
}

fuzz_target!(|bytes: &[u8]| {
    let paths = InstancePaths::below(std::path::Path::new("/nonexistent"));
    let environment = Environment::new(objects::catalogue(), paths, ProcessSettings::default());
    let document = Document::parse(&environment, "config.json", bytes, None);
    let declared = heap::declare::<Fields>(&environment, document, None, "config.json", true);
    for diagnostic in &declared.diagnostics {
        diagnostic.render(false);
    }
});
