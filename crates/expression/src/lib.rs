//! The expression language of the configuration: `${request.uri.path}`, `${find(…)}`, `Hello ${user}!`.
//!
//! A text is compiled when the configuration is loaded ([`Template::compile`]): lexed, parsed, every name and
//! function looked up, patterns compiled, constants folded, and all mistakes reported with their place. Per
//! request it is evaluated against a [`Scope`], borrowing wherever it can.
//!
//! The language is the Unified Expression Language 2.2 as JUEL has it, so that a configuration means here
//! what it means elsewhere; patterns are those of `java.util.regex` ([`Pattern`]). A failed evaluation is
//! null and never a guess.

mod analysis;
mod bindings;
mod certificate;
mod coerce;
mod compile;
mod config;
mod cursor;
mod errors;
mod evaluate;
mod explain;
mod expr;
mod functions;
mod guard;
mod implication;
mod inference;
mod json;
mod lexer;
mod lvalue;
mod methods;
mod node;
mod now;
mod operators;
mod outline;
mod parser;
pub mod pattern;
mod scope;
mod syntax;
mod template;
mod types;
mod units;
mod uses;
mod value;

/// The page of the manual about what still differs from Java.
pub const DIFFERENCES: &str = include_str!("differences.md");

pub use bindings::{Bindings, RootType};
pub use certificate::{BEAN as CERTIFICATE, CERTIFICATE_BYTES_MAX, Certificate, CertificateError};
pub use config::{EXPRESSION, LVALUE, Wanted, hand_over, hand_over_lvalue};
pub use errors::codes::CODES;
pub use errors::{EvaluationError, Problem, ProblemKind, codes};
pub use evaluate::{STEPS_MAX, TEXT_BYTES_MAX};
pub use explain::{Part, explain};
pub use expr::{Any, Expr};
pub use functions::properties::{BrokenEscape, parse as parse_properties};
pub use functions::{CHAPTERS as FUNCTIONS, Function};
pub use guard::{Guard, Start, Subject, Test};
pub use lvalue::LValue;
pub use now::{NOW, Now};
pub use pattern::{Pattern, Replacement};
pub use scope::{EmptyScope, Root, Scope, ScopeMut, Step};
pub use syntax::{DEPTH_MAX, EXPRESSION_BYTES_MAX};
pub use template::Template;
pub use types::{Bean, Property, TEXTS, Type};
pub use uses::Uses;
pub use value::{Object, ObjectRef, VALUE_DEPTH_MAX, Value};
