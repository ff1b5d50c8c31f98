//! How large a session may be where its manager keeps it, and what is said of one that is larger.

use exchange::Fault;
use expression::Value;
use indexmap::IndexMap;

/// The largest session in bytes, when nothing is said about it.
pub(super) const DEFAULT_BYTES_MAX: u32 = 64 * 1024;

/// Of the entries of a session that is too large, so many are named.
const BIGGEST_NAMED: usize = 3;

/// Whether these entries, as JSON, have at most `bytes_max` bytes.
///
/// # Errors
/// They have more. The fault, for the log, names the largest of them.
pub(super) fn ensure_fits(entries: &IndexMap<String, Value<'static>>, bytes_max: usize) -> Result<(), Fault> {
    let size = |(name, value): (&String, &Value<'static>)| name.len() + value.to_json().to_string().len();
    let mut sizes: Vec<(usize, &String)> = entries.iter().map(|entry| (size(entry), entry.0)).collect();
    let total: usize = sizes.iter().map(|(bytes, _)| bytes).sum();
    if total <= bytes_max {
        return Ok(());
    }
    sizes.sort_unstable_by(|one, other| other.cmp(one));
    let biggest = sizes.iter().take(BIGGEST_NAMED).map(|(bytes, name)| format!("`{name}` ({bytes} bytes)"));
    let biggest: Vec<String> = biggest.collect();
    Err(Fault::internal(format!(
        "The session is too large to be kept: {total} bytes, and maxBytes is {bytes_max}. Its largest entries: {}.",
        biggest.join(", ")
    )))
}
