//! "Did you mean": the known name nearest to an unknown one.

/// Names longer than this are not compared; the work grows with the square of the length.
const MAXIMUM_LENGTH: usize = 128;

/// The candidate that `name` is most likely a slip of: equal but for case, else the fewest edits away
/// (insertions, deletions, replacements, swaps of neighbours), at most one edit for every three characters.
///
/// ```
/// assert_eq!(source::nearest("remvoe", ["add", "remove"]), Some("remove"));
/// assert_eq!(source::nearest("handler", ["config"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = lower(name)?;
    let limit = (wanted.len().max(3)) / 3;
    let distances = candidates.into_iter().filter_map(|candidate| {
        let known = lower(candidate)?;
        // The lengths alone can already be too far apart; this spares most of the work.
        let apart = known.len().abs_diff(wanted.len());
        (apart <= limit).then(|| (distance(&wanted, &known), candidate))
    });
    let (edits, candidate) = distances.min_by_key(|&(edits, _)| edits)?;
    // Nothing of a one-letter name is left after one edit: such a hint would be noise.
    (edits <= limit && edits < wanted.len()).then_some(candidate)
}

/// The characters in lower case, or nothing for a name too long to compare.
fn lower(name: &str) -> Option<Vec<char>> {
    (name.len() <= MAXIMUM_LENGTH).then(|| name.chars().flat_map(char::to_lowercase).collect())
}

/// Edit distance with swaps of neighbours ("optimal string alignment").
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut row = vec![0; right.len() + 1];
    for (i, &a) in left.iter().enumerate() {
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == right[j - 1] && left[i - 1] == b {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        std::mem::swap(&mut before_last, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(name: &str, candidates: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(name, candidates.iter().copied()), expected);
    }

    #[test]
    fn finds_slips() {
        check("remvoe", &["add", "remove"], Some("remove"));
        check("HANDLER", &["handlers", "handler"], Some("handler"));
        check("mesageType", &["messageType", "config"], Some("messageType"));
        check("$itn", &["$int", "$list"], Some("$int"));
    }

    #[test]
    fn stays_silent_when_nothing_is_near() {
        check("handler", &["config", "type"], None);
        check("a", &["b"], None);
        check("", &["b", ""], None);
        check("x", &[], None);
        check(&"x".repeat(1000), &[&"x".repeat(1000)], None);
    }

    #[test]
    fn the_first_of_equals_wins() {
        check("heap1", &["heap2", "heap3"], Some("heap2"));
    }
}
