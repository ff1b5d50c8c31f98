//! Configuration text, from bytes to a tree in which every value knows where it was written.
//!
//! The stages are pure functions: [`decode`] bytes to text, [`parse`] text to a tree, [`resolve`] the property
//! tokens and coercions in it. Each returns what it could make *and* a list of [`Diagnostic`]s, so that a
//! person sees all mistakes of a file in one run. Nothing here reads a file, a variable or a clock; what is
//! needed from outside comes in as an argument.

mod charset;
pub mod codes;
mod coercion;
mod decode;
mod diagnostic;
mod duration;
mod errors;
mod nearest;
mod node;
mod reader;
mod render;
mod span;
mod text;
mod tokens;

#[cfg(test)]
mod tests;

pub use codes::CODES;
pub use coercion::{resolve, resolve_within};
pub use decode::decode;
pub use diagnostic::{Code, Diagnostic, Place, Severity};
pub use duration::{DurationValue, duration_of, parse_duration};
pub use nearest::nearest;
pub use node::{Entry, Node, Number, Object, Value};
pub use reader::{MAXIMUM_DEPTH, MAXIMUM_FILE_BYTES, Parsed, parse};
pub use span::{Source, Span};
pub use text::Text;
pub use tokens::{MAXIMUM_EXPANSION_BYTES, MAXIMUM_TOKEN_DEPTH, Tokens, interpolate};
