//! An expression as a field of a configuration: compiled at load, evaluated per request, with a type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tracing::info;

use crate::bindings::Bindings;
use crate::errors::{EvaluationError, Problem};
use crate::guard::Guard;
use crate::scope::Scope;
use crate::template::Template;
use crate::uses::Uses;
use crate::value::Value;

/// An expression that should yield a `T`. Cheap to clone.
pub struct Expr<T>(Arc<Template>, PhantomData<fn() -> T>);

/// Stands for any value in [`Expr<Any>`]: a whole JSON value, evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Any;

impl<T> Expr<T> {
    /// Compiles a configuration string.
    pub fn compile(text: &str, bindings: &Bindings) -> Result<Expr<T>, Vec<Problem>> {
        Template::compile(text, bindings).map(Expr::from_template)
    }

    /// An expression of what was compiled already.
    pub fn from_template(template: Template) -> Expr<T> {
        Expr(Arc::new(template), PhantomData)
    }

    /// What was compiled.
    pub fn template(&self) -> &Template {
        &self.0
    }

    /// Works out the value, whatever its type.
    pub fn evaluate<'a>(&'a self, scope: &'a dyn Scope) -> Result<Value<'a>, EvaluationError> {
        self.0.evaluate(scope)
    }

    /// What an evaluation may touch.
    pub fn uses(&self) -> Uses {
        self.0.uses()
    }

    /// Whether the value is known at load.
    pub fn is_constant(&self) -> bool {
        self.0.is_constant()
    }

    /// The text that was compiled; it may hold secrets. See [`Template::outline`] for the log.
    pub fn source(&self) -> &str {
        self.0.source()
    }

    fn mismatch(&self, value: &Value<'_>, wanted: &str) {
        let found = value.type_name();
        info!(
            expression = self.0.outline(),
            found, wanted, "An expression yields another type and counts as null."
        );
    }
}

impl Expr<bool> {
    /// What is true whenever the condition is, for asking many conditions at once.
    pub fn guard(&self) -> Guard {
        self.0.guard()
    }

    /// Whether the condition holds. Null, a failure and anything that is not a boolean do not.
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        match self.0.evaluate_or_null(scope) {
            Value::Bool(value) => value,
            Value::Null => false,
            other => {
                self.mismatch(&other, "boolean");
                false
            }
        }
    }
}

impl Expr<String> {
    /// The text. Numbers and booleans become text; null, a failure and any other type yield nothing.
    pub fn text<'a>(&'a self, scope: &'a dyn Scope) -> Option<Cow<'a, str>> {
        match self.0.evaluate_or_null(scope) {
            Value::Null => None,
            value @ (Value::String(_) | Value::Bool(_) | Value::Integer(_) | Value::Decimal(_)) => {
                Some(value.into_text())
            }
            Value::Object(object) if object.get().to_text().is_some() => {
                Some(Value::Object(object).into_text())
            }
            other => {
                self.mismatch(&other, "string");
                None
            }
        }
    }
}

impl Expr<i64> {
    /// The whole number. Text that holds one counts; null, a failure and any other type yield nothing.
    pub fn integer(&self, scope: &dyn Scope) -> Option<i64> {
        let value = self.0.evaluate_or_null(scope);
        let number = match &value {
            Value::Null => return None,
            Value::Integer(number) => Some(*number),
            Value::String(text) => text.trim().parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "only numbers without a fraction are taken")]
            Value::Decimal(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
            _ => None,
        };
        if number.is_none() {
            self.mismatch(&value, "integer");
        }
        number
    }
}

impl Expr<Any> {
    /// The value; a failure is logged and yields null.
    pub fn value<'a>(&'a self, scope: &'a dyn Scope) -> Value<'a> {
        self.0.evaluate_or_null(scope)
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Expr(Arc::clone(&self.0), PhantomData)
    }
}

impl<T> fmt::Debug for Expr<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Expr({})", self.0.outline())
    }
}
