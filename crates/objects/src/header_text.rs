//! [`HeaderText`]: the value of a header field as configurations give it, prepared at load where that is
//! possible, so that a constant costs a request no more than a reference count.

use exchange::{Exchange, HeaderName, HeaderValue};
use expression::{EmptyScope, Expr};
use heap::{Builder, Spanned};
use source::Diagnostic;

/// The value of a header field. One that needs no evaluation is made, and checked, at load.
#[derive(Debug)]
pub(crate) enum HeaderText {
    Fixed(HeaderValue),
    Evaluated(Expr<String>),
}

impl HeaderText {
    /// `None` for a constant null, which stands for no value at all.
    pub(crate) fn of(value: Spanned<Expr<String>>, b: &Builder<'_>) -> Result<Option<Self>, Diagnostic> {
        if !value.is_constant() {
            return Ok(Some(Self::Evaluated(value.into_inner())));
        }
        let Some(text) = value.text(&EmptyScope) else { return Ok(None) };
        match HeaderValue::from_bytes(text.as_bytes()) {
            Ok(fixed) => Ok(Some(Self::Fixed(fixed))),
            Err(_) => {
                let complaint = "a header value is one line without control characters";
                Err(b.error(complaint, Some(value.span())))
            }
        }
    }

    /// The value for a request. Text beyond ASCII goes out as UTF-8; null, and a value with control
    /// characters, is no value.
    pub(crate) fn value(&self, name: &HeaderName, scope: Exchange<'_>) -> Option<HeaderValue> {
        match self {
            Self::Fixed(value) => Some(value.clone()),
            Self::Evaluated(expression) => match HeaderValue::from_bytes(expression.text(&scope)?.as_bytes())
            {
                Ok(value) => Some(value),
                Err(_) => {
                    tracing::warn!(header = %name, "A value with control characters was not added.");
                    None
                }
            },
        }
    }
}
