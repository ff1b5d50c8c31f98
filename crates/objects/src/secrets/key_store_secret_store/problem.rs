//! [`Problem`]: what is wrong with a key store, and which field of the configuration has to do with it.

use std::fmt;

use crypto::{SecretError, SecretId};
use source::{Diagnostic, Span};

use super::super::errors;

/// What is wrong with a key store. Names the file and the alias, never a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    place: Place,
    message: String,
}

/// The field of the configuration that has to do with it.
#[derive(Debug, Clone)]
pub(super) enum Place {
    File,
    StorePassword,
    EntryPassword,
    /// An alias.
    Alias(Span),
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Alias(one), Self::Alias(other)) => one.range() == other.range(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl Eq for Place {}

/// Where the fields stand.
pub(super) struct Places {
    pub(super) file: Span,
    pub(super) store_password: Span,
    /// `None` when the entries have the password of the file.
    pub(super) entry_password: Option<Span>,
}

impl Problem {
    pub(super) fn new(place: Place, message: String) -> Self {
        Self { place, message }
    }

    /// The problem, as a secret has it that cannot be had.
    pub(super) fn into_error(self, id: &SecretId) -> SecretError {
        SecretError::Malformed { id: id.clone(), reason: self.message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Places {
    /// The problem, at its field.
    pub(super) fn complain(&self, problem: &Problem) -> Diagnostic {
        let span = match &problem.place {
            Place::File => &self.file,
            Place::StorePassword => &self.store_password,
            Place::EntryPassword => self.entry_password.as_ref().unwrap_or(&self.store_password),
            Place::Alias(span) => span,
        };
        errors::store(&problem.message, span)
    }
}
