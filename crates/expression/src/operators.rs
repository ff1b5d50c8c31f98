//! The operators, as JUEL 2.2 has them.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::errors::EvaluationError;
use crate::evaluate::Outcome;
use crate::json::same_decimal;
use crate::syntax::{BinaryOperator, UnaryOperator};
use crate::value::Value;

pub(crate) fn unary<'a>(operator: UnaryOperator, operand: &Value<'_>) -> Outcome<'a> {
    match operator {
        UnaryOperator::Not => Ok(Value::Bool(!operand.to_bool()?)),
        UnaryOperator::Empty => Ok(Value::Bool(is_empty(operand))),
        UnaryOperator::Negate => negate(operand),
    }
}

pub(crate) fn binary<'a>(operator: BinaryOperator, left: &Value<'_>, right: &Value<'_>) -> Outcome<'a> {
    match operator {
        BinaryOperator::Equal => equal(left, right).map(Value::Bool),
        BinaryOperator::NotEqual => equal(left, right).map(|equal| Value::Bool(!equal)),
        BinaryOperator::Less => less(left, right).map(Value::Bool),
        BinaryOperator::Greater => less(right, left).map(Value::Bool),
        BinaryOperator::LessOrEqual => at_most(left, right).map(Value::Bool),
        BinaryOperator::GreaterOrEqual => at_most(right, left).map(Value::Bool),
        BinaryOperator::Divide => divide(left, right),
        arithmetic => calculate(arithmetic, left, right),
    }
}

/// Null, empty text, and collections without elements.
pub(crate) fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        other => other.size() == Some(0),
    }
}

/// `==`: null equals null alone; the more specific type of the two decides how they are compared.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvaluationError> {
    use Value::{Bool, Decimal, Integer, Null, String};
    Ok(match (left, right) {
        (Null, Null) => true,
        (Null, _) | (_, Null) => false,
        (String(left), String(right)) => left == right,
        (Decimal(_), _) | (_, Decimal(_)) => same_decimal(left.to_decimal()?, right.to_decimal()?),
        (Integer(_), _) | (_, Integer(_)) => left.to_integer()? == right.to_integer()?,
        (Bool(_), _) | (_, Bool(_)) => left.to_bool()? == right.to_bool()?,
        (String(_), _) | (_, String(_)) => left.to_text() == right.to_text(),
        _ => left.same(right),
    })
}

/// `<`: false if either side is null.
fn less(left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvaluationError> {
    if left.is_null() || right.is_null() || is_one(left, right) {
        return Ok(false);
    }
    Ok(order(left, right)? == Some(Ordering::Less))
}

/// `<=`: the reverse of `>`, and true for two nulls, which are the same.
fn at_most(left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvaluationError> {
    if left.is_null() || right.is_null() {
        return Ok(left.is_null() && right.is_null());
    }
    if is_one(left, right) {
        return Ok(true);
    }
    Ok(order(right, left)? != Some(Ordering::Less))
}

/// Whether both are one and the same collection, which has no order but is no more than itself.
fn is_one(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => Arc::ptr_eq(left, right),
        (Value::Map(left), Value::Map(right)) => Arc::ptr_eq(left, right),
        (Value::Object(left), Value::Object(right)) => std::ptr::addr_eq(left.get(), right.get()),
        _ => false,
    }
}

/// The order of two values that are not null; nothing where one is not a number.
fn order(left: &Value<'_>, right: &Value<'_>) -> Result<Option<Ordering>, EvaluationError> {
    use Value::{Bool, Decimal, Integer, String};
    Ok(match (left, right) {
        (Decimal(_), _) | (_, Decimal(_)) => left.to_decimal()?.partial_cmp(&right.to_decimal()?),
        (Integer(_), _) | (_, Integer(_)) => Some(left.to_integer()?.cmp(&right.to_integer()?)),
        (String(_), _) | (_, String(_)) => Some(compare_text(&left.to_text(), &right.to_text())),
        (Bool(left), Bool(right)) => Some(left.cmp(right)),
        _ => {
            let message =
                format!("values of types {} and {} have no order", left.type_name(), right.type_name());
            return Err(EvaluationError::new(message));
        }
    })
}

/// Java's order of texts: by units of UTF-16, which differs from code points above the basic plane.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn negate<'a>(operand: &Value<'_>) -> Outcome<'a> {
    match operand {
        Value::Null => Ok(Value::Integer(0)),
        Value::Bool(_) => Err(EvaluationError::coercion(operand, "a number")),
        decimal if is_decimal(decimal) => Ok(Value::Decimal(-decimal.to_decimal()?)),
        integer => Ok(Value::Integer(integer.to_integer()?.wrapping_neg())),
    }
}

/// `/`: always with a fraction. By zero it yields an infinity, as doubles do.
fn divide<'a>(left: &Value<'_>, right: &Value<'_>) -> Outcome<'a> {
    if left.is_null() && right.is_null() {
        return Ok(Value::Integer(0));
    }
    Ok(Value::Decimal(left.to_decimal()? / right.to_decimal()?))
}

/// `+ - * %`: decimal if one side is, else whole and wrapping, as Java's `long` is.
fn calculate<'a>(operator: BinaryOperator, left: &Value<'_>, right: &Value<'_>) -> Outcome<'a> {
    if left.is_null() && right.is_null() {
        return Ok(Value::Integer(0));
    }
    if is_decimal(left) || is_decimal(right) {
        let (left, right) = (left.to_decimal()?, right.to_decimal()?);
        return Ok(Value::Decimal(match operator {
            BinaryOperator::Add => left + right,
            BinaryOperator::Subtract => left - right,
            BinaryOperator::Multiply => left * right,
            _ => left % right,
        }));
    }
    let (left, right) = (left.to_integer()?, right.to_integer()?);
    Ok(Value::Integer(match operator {
        BinaryOperator::Add => left.wrapping_add(right),
        BinaryOperator::Subtract => left.wrapping_sub(right),
        BinaryOperator::Multiply => left.wrapping_mul(right),
        _ if right == 0 => return Err(EvaluationError::new("a remainder by zero")),
        _ => left.wrapping_rem(right),
    }))
}

/// Whether a sum with this value is one of decimals: text counts if it has a dot or an exponent.
fn is_decimal(value: &Value<'_>) -> bool {
    match value {
        Value::Decimal(_) => true,
        Value::String(text) => text.contains(['.', 'e', 'E']),
        _ => false,
    }
}
