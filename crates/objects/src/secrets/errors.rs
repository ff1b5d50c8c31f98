//! Every complaint about stores of secrets, one constructor each. Codes 440 to 449.

use std::error::Error;

use source::{Code, Diagnostic, Span};

const SECRET_STORE: Code = Code::new(
    440,
    "secret-store",
    "A store of secrets cannot be used: its file is missing or no key store, its module cannot be loaded, a password \
     is missing or wrong, or an alias is not there.\n\n\
     What is in a key store shows `keytool -list -keystore FILE`, and what is in a module `pkcs11-tool -O`. The \
     password of the entries of a file is that of the file unless `entryPasswordSecretId` names another one. A wrong \
     PIN is not tried again, because modules lock themselves.\n\n\
     A configuration with this mistake is not loaded. When a file becomes unusable while the gateway runs, the \
     entries that were read last stay in use, and the log says what is wrong.\n",
);

/// The codes of the stores.
pub const CODES: &[&Code] = &[&SECRET_STORE];

/// A file or module with keys that cannot be used, in the words of who has found out.
pub(super) fn store(message: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&SECRET_STORE, message).at(span)
}

/// An error with all that it is because of.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
