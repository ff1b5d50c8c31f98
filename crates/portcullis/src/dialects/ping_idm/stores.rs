//! The key store and the trust store that `boot.properties` names.

use heap::Environment;
use source::{Diagnostic, Span, Tokens};

use super::super::stores::Store;
use super::property;
use crate::errors;

/// The alias of the certificate of a fresh installation.
pub(super) const DEFAULT_ALIAS: &str = "openidm-localhost";

/// The password that a fresh installation has, known to everybody.
const INITIAL_PASSWORD: &str = "changeit";

/// The store of the keys.
pub(super) fn key_store(environment: &Environment, span: &Span, diagnostics: &mut Vec<Diagnostic>) -> Store {
    store(environment, ["openidm.keystore", "security/keystore.jceks"], span, diagnostics)
}

/// The store of the certificates to believe.
pub(super) fn trust_store(
    environment: &Environment,
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Store {
    store(environment, ["openidm.truststore", "security/truststore"], span, diagnostics)
}

fn store(
    environment: &Environment,
    [prefix, default_file]: [&str; 2],
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Store {
    let file = property(environment, &format!("{prefix}.location"));
    let name = format!("{prefix}.password");
    // Taken as it is, white space included.
    let password = environment.process.get(&name).filter(|password| !password.is_empty());
    let password = password.unwrap_or_else(|| INITIAL_PASSWORD.to_owned());
    if password == INITIAL_PASSWORD {
        diagnostics.push(errors::initial_password(&name, span));
    }
    if password.starts_with("OBF:") || password.starts_with("CRYPT:") {
        diagnostics.push(errors::obfuscated_password(&name, span));
    }
    Store {
        store_type: property(environment, &format!("{prefix}.type")),
        password: Some(password),
        ..Store::at(&environment.paths.instance, file.as_deref().unwrap_or(default_file))
    }
}
