//! `TemporaryStorage`: where entities wait while something needs the whole of them.

use std::path::PathBuf;

use exchange::StorageLimits;
use heap::{Builder, ObjectConfig, Spanned, TemporaryStorageRef};
use schemars::JsonSchema;
use serde::Deserialize;
use source::Diagnostic;

/// The most that a limit may be: what a signed 32-bit number holds (seed 004).
const LIMIT_BYTES_MAX: u64 = 2_147_483_647;

/// Holds an entity in memory, beyond `memoryLimit` in a file, and refuses it beyond `fileLimit`.
///
/// A request that is refused is answered with 413. Files are unlinked as soon as they are made, so that none
/// is left behind.
///
/// ```json
/// {
///   "name": "TemporaryStorage",
///   "type": "TemporaryStorage",
///   "config": { "memoryLimit": 131072, "fileLimit": 10485760, "directory": "/var/tmp/portcullis" }
/// }
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemporaryStorage {
    /// Bytes reserved at first: 8192 by default, and at most `memoryLimit`.
    initial_length: Option<Spanned<u64>>,
    /// Bytes kept in memory: 65536 by default, and at most 2147483647.
    memory_limit: Option<Spanned<u64>>,
    /// Bytes kept in a file: 1073741824 by default, and at most 2147483647.
    file_limit: Option<Spanned<u64>>,
    /// Folder of the files; the instance's folder for temporary files by default. It is made when needed.
    directory: Option<PathBuf>,
}

impl ObjectConfig for TemporaryStorage {
    const TYPE: &'static str = "TemporaryStorage";
    type Object = TemporaryStorageRef;

    fn build(self, b: &mut Builder<'_>) -> Result<TemporaryStorageRef, Diagnostic> {
        let defaults = StorageLimits::default();
        let memory_bytes_max = limit("memoryLimit", self.memory_limit, defaults.memory_bytes_max, b)?;
        let file_bytes_max = limit("fileLimit", self.file_limit, defaults.file_bytes_max, b)?;
        let initial_bytes = match self.initial_length {
            Some(initial) if *initial > memory_bytes_max => {
                let complaint =
                    format!("initialLength may be at most memoryLimit, which is {memory_bytes_max}");
                return Err(b.error(complaint, Some(initial.span())));
            }
            Some(initial) => usize::try_from(*initial).unwrap_or(defaults.initial_bytes),
            None => defaults.initial_bytes.min(usize::try_from(memory_bytes_max).unwrap_or(usize::MAX)),
        };
        let directory = self.directory.unwrap_or_else(|| b.paths().temporary.clone());
        let limits = StorageLimits { initial_bytes, memory_bytes_max, file_bytes_max, directory };
        Ok(TemporaryStorageRef(exchange::TemporaryStorage::new(limits)))
    }
}

fn limit(field: &str, given: Option<Spanned<u64>>, default: u64, b: &Builder<'_>) -> Result<u64, Diagnostic> {
    match given {
        Some(bytes) if *bytes > LIMIT_BYTES_MAX => {
            Err(b.error(format!("{field} may be at most {LIMIT_BYTES_MAX} bytes"), Some(bytes.span())))
        }
        Some(bytes) => Ok(bytes.into_inner()),
        None => Ok(default),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_complaints, with_object};
    use expect_test::{Expect, expect};
    use heap::TemporaryStorageRef;

    #[track_caller]
    fn check_refused(config: &str, expected: Expect) {
        let storage = format!(r#"{{"name": "s", "type": "TemporaryStorage", "config": {config}}}"#);
        check_complaints(&format!(r#"{{"heap": [{storage}], "handler": {{"type": "Origin"}}}}"#), expected);
    }

    #[track_caller]
    fn check_limits(config: &str, expected: Expect) {
        let declaration = format!(r#"{{"name": "s", "type": "TemporaryStorage", "config": {config}}}"#);
        with_object(&declaration, "s", |storage: TemporaryStorageRef| {
            expected.assert_debug_eq(storage.0.limits());
        });
    }

    #[test]
    fn every_property_has_a_default() {
        check_limits(
            "{}",
            expect![[r#"
            StorageLimits {
                initial_bytes: 8192,
                memory_bytes_max: 65536,
                file_bytes_max: 1073741824,
                directory: "/nonexistent/tmp",
            }
        "#]],
        );
    }

    #[test]
    fn limits_may_be_as_large_as_the_manual_says() {
        check_limits(
            r#"{"initialLength": 2147483647, "memoryLimit": 2147483647, "fileLimit": 2147483647, "directory": "/tmp"}"#,
            expect![[r#"
                StorageLimits {
                    initial_bytes: 2147483647,
                    memory_bytes_max: 2147483647,
                    file_bytes_max: 2147483647,
                    directory: "/tmp",
                }
            "#]],
        );
    }

    #[test]
    fn limits_may_be_evaluated_at_load() {
        check_limits(
            r#"{"memoryLimit": "${10 * 10}"}"#,
            expect![[r#"
            StorageLimits {
                initial_bytes: 100,
                memory_bytes_max: 100,
                file_bytes_max: 1073741824,
                directory: "/nonexistent/tmp",
            }
        "#]],
        );
    }

    #[test]
    fn larger_limits_are_refused() {
        check_refused(
            r#"{"memoryLimit": 2147483648}"#,
            expect![[r#"
            error[PC0313]: memoryLimit may be at most 2147483647 bytes
             --> config.json:1:79
              |
            1 | {"heap": [{"name": "s", "type": "TemporaryStorage", "config": {"memoryLimit": 2147483648}}], "handler": {"type": "Origin"}}
              |                                                                               ^^^^^^^^^^
        "#]],
        );
        check_refused(
            r#"{"fileLimit": 2147483648}"#,
            expect![[r#"
            error[PC0313]: fileLimit may be at most 2147483647 bytes
             --> config.json:1:77
              |
            1 | {"heap": [{"name": "s", "type": "TemporaryStorage", "config": {"fileLimit": 2147483648}}], "handler": {"type": "Origin"}}
              |                                                                             ^^^^^^^^^^
        "#]],
        );
        check_refused(
            r#"{"fileLimit": -1}"#,
            expect![[r#"
            error[PC0302]: TemporaryStorage: a whole number of at least 0 is needed here, found `-1`
             --> config.json:1:77
              |
            1 | {"heap": [{"name": "s", "type": "TemporaryStorage", "config": {"fileLimit": -1}}], "handler": {"type": "Origin"}}
              |                                                                             ^^
        "#]],
        );
    }

    #[test]
    fn the_first_reservation_fits_in_memory() {
        check_refused(
            r#"{"initialLength": 65537}"#,
            expect![[r#"
            error[PC0313]: initialLength may be at most memoryLimit, which is 65536
             --> config.json:1:81
              |
            1 | {"heap": [{"name": "s", "type": "TemporaryStorage", "config": {"initialLength": 65537}}], "handler": {"type": "Origin"}}
              |                                                                                 ^^^^^
        "#]],
        );
        check_refused(
            r#"{"initialLength": 101, "memoryLimit": 100}"#,
            expect![[r#"
            error[PC0313]: initialLength may be at most memoryLimit, which is 100
             --> config.json:1:81
              |
            1 | {"heap": [{"name": "s", "type": "TemporaryStorage", "config": {"initialLength": 101, "memoryLimit": 100}}], "handler": {"type": "Orig...
              |                                                                                 ^^^
        "#]],
        );
    }
}
