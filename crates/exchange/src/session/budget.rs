//! [`HeaderBudget`]: what a client can send back.

/// Bytes of header fields that every listener takes in a request. The program lends it to its objects, so that no
/// session manager sets cookies with which the next request would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderBudget(pub usize);

impl Default for HeaderBudget {
    /// What a listener takes that is told nothing else.
    fn default() -> Self {
        Self(8192)
    }
}
