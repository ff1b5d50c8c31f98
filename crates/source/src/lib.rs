//! Configuration text, from bytes to a tree in which every value knows where it was written.
//!
//! The stages are pure functions: [`decode`] bytes to text, [`parse`] text to a tree, [`resolve`] the property
//! tokens and coercions in it. Each returns what it could make *and* a list of [`Diagnostic`]s, so that a
//! person sees all mistakes of a file in one run. Nothing here reads a file, a variable or a clock; what is
//! needed from outside comes in as an argument.

mod diagnostic;
mod duration;
mod nearest;
mod node;
mod render;
mod span;
mod text;

pub use diagnostic::{Code, Diagnostic, Place, Severity};
pub use duration::{DurationValue, parse_duration};
pub use nearest::nearest;
pub use node::{Entry, Node, Number, Object, Value};
pub use span::{Source, Span};
pub use text::Text;
