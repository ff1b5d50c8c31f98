//! Every complaint about TLS, one constructor each. Codes 430 to 439.

use std::error::Error;
use std::fmt::Display;
use std::path::Path;

use crypto::SecretError;
use crypto::keystore::KeyStoreError;
use source::{Code, Diagnostic, Span};

const KEY_STORE: Code = Code::new(
    430,
    "key-store",
    "A key store cannot be opened, or a key in it cannot: the file is missing or no key store, the password is \
     wrong, or the key has another password than the store.\n\n\
     What depends on it does not start: a listener with this mistake is not opened, and a route is closed. While \
     the gateway runs, the keys that were read last stay in use. `keytool -list -keystore FILE` shows what a store \
     holds; PKCS12, JKS and JCEKS are read, whatever `type` says.\n",
);
const TLS_KEY: Code = Code::new(
    431,
    "tls-key",
    "A private key or its certificate cannot be used for TLS: there is none, the certificate is expired or not yet \
     valid, it belongs to another key, or the kind of key is not supported.\n\n\
     The message names where the key comes from. What depends on it does not start; while the gateway runs, the \
     key that was read last stays in use.\n",
);
const TLS_TRUST: Code = Code::new(
    432,
    "tls-trust",
    "There is nobody to believe: a trust store is empty or cannot be read, or a list of revoked certificates \
     cannot.\n\n\
     An empty trust store would refuse everybody, which is hardly meant, so what depends on it does not start. A \
     store needs certificates as trusted entries: `keytool -importcert` makes these.\n",
);
const TLS_OPTIONS: Code = Code::new(
    433,
    "tls-options",
    "Options of TLS that make no sense together, or names that cannot be offered.\n\n\
     TLS 1.2 and 1.3 are offered, with the suites of both that have forward secrecy and authenticated encryption. \
     Other names of Java's are left out with a warning; if nothing is left, or a name is none of Java's, it is an \
     error: nothing falls back to less than what is configured.\n",
);
const UNVERIFIED: Code = Code::new(
    434,
    "tls-unverified",
    "Peers are not verified, so that anybody in between can read and change what is sent.\n\n\
     `TrustAllManager` believes every certificate, and `\"hostnameVerifier\": \"ALLOW_ALL\"` takes a certificate of \
     any name. Both are for tests. In production, put the certificate of the server or of its issuer into a trust \
     store and name that with a `SecretsTrustManager`.\n",
);
const EXPIRY: Code = Code::new(
    435,
    "certificate-expiry",
    "A certificate that is in use expires soon, or has expired while the gateway runs.\n\n\
     Replace the file: the new certificate is taken over within seconds, and open connections stay open.\n",
);

/// The codes of the objects of TLS.
pub const CODES: &[&Code] = &[&KEY_STORE, &TLS_KEY, &TLS_TRUST, &TLS_OPTIONS, &UNVERIFIED, &EXPIRY];

pub(super) fn url(url: &str, reason: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("`{url}` is not the URL of a file: {reason}")).at(span)
}

pub(super) fn store_type(name: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("key stores of the type `{name}` cannot be read"))
        .at(span)
        .help("convert it with `keytool -importkeystore … -deststoretype PKCS12`")
}

pub(super) fn algorithm(name: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_OPTIONS, format!("there is no algorithm `{name}` for managers"))
        .at(span)
        .help("leave `alg` out, or write `PKIX` or `SunX509`")
}

pub(super) fn unreadable_store(path: &Path, error: &dyn Error, span: &Span) -> Diagnostic {
    let message = format!("the key store `{}` cannot be read: {}", path.display(), chain(error));
    Diagnostic::error(&KEY_STORE, message).at(span)
}

pub(super) fn key_store(path: &Path, error: &KeyStoreError, span: &Span) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("the key store `{}` {}", path.display(), chain(error))).at(span)
}

pub(super) fn store_without_keys(path: &Path, found: &[String], span: &Span) -> Diagnostic {
    let found = match found {
        [] => "it is empty".to_owned(),
        found => format!("it holds {}", found.join(", ")),
    };
    let message = format!("the key store `{}` has no private key: {found}", path.display());
    Diagnostic::error(&TLS_KEY, message).at(span)
}

pub(super) fn empty_trust_store(path: &Path, span: &Span) -> Diagnostic {
    let message = format!("the key store `{}` holds no certificate to believe", path.display());
    Diagnostic::error(&TLS_TRUST, message)
        .at(span)
        .help("add the certificate of the peer or of its issuer with `keytool -importcert`")
}

/// A secret that is a key, and is not there.
pub(super) fn no_key(error: &SecretError, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_KEY, format!("there is no private key: {}", chain(error))).at(span)
}

/// A secret that opens a key store, and is not there.
pub(super) fn no_password(error: &SecretError, span: &Span) -> Diagnostic {
    let message = format!("there is no password to open the key store with: {}", chain(error));
    Diagnostic::error(&KEY_STORE, message).at(span)
}

pub(super) fn not_a_password(id: impl Display, span: &Span) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("the secret `{id}` is a key, and no password")).at(span)
}

pub(super) fn two_passwords(span: &Span) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, "`password` and `passwordSecretId` exclude one another").at(span)
}

pub(super) fn no_private_key(label: &str, found: &str, span: &Span) -> Diagnostic {
    let message = format!("{label} is {found}; a private key with its certificate is needed");
    Diagnostic::error(&TLS_KEY, message).at(span)
}

/// `error` says what is wrong and names the key.
pub(super) fn key(error: &dyn Error, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_KEY, chain(error)).at(span)
}

/// Of several keys of a store one cannot be used.
pub(super) fn key_left_out(error: &dyn Error, span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_KEY, format!("a key is left out: {}", chain(error))).at(span)
}

pub(super) fn trust(error: &dyn Error, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_TRUST, chain(error)).at(span)
}

pub(super) fn no_certificate(id: impl Display, found: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_TRUST, format!("the secret `{id}` is {found}; a certificate is needed")).at(span)
}

pub(super) fn nobody_to_trust(id: impl Display, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_TRUST, format!("no store has a certificate for the secret `{id}`")).at(span)
}

pub(super) fn unreadable_crl(path: &Path, reason: &dyn Display, span: &Span) -> Diagnostic {
    let message = format!("the list of revoked certificates `{}` cannot be read: {reason}", path.display());
    Diagnostic::error(&TLS_TRUST, message).at(span)
}

pub(super) fn crls_ignored(span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_OPTIONS, "`crls` are not looked at, because `checkRevocation` is false").at(span)
}

pub(super) fn no_crls(span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_OPTIONS, "revocation is not checked, because there are no `crls`").at(span)
}

pub(super) fn options(error: &dyn Error, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_OPTIONS, chain(error)).at(span)
}

pub(super) fn name_left_out(message: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_OPTIONS, message).at(span)
}

pub(super) fn key_manager_and_sni(span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_OPTIONS, "`keyManager` is ignored, because `sni` is there").at(span)
}

pub(super) fn neither_key_manager_nor_sni(span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_OPTIONS, "a listener has to prove who it is, and there is no key to do that with")
        .at(span)
        .help("add a `keyManager` for one certificate, or `sni` for one per server name")
}

pub(super) fn empty_list(field: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_OPTIONS, format!("`{field}` is an empty list")).at(span)
}

pub(super) fn server_name(name: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&TLS_OPTIONS, format!("`{name}` is no server name"))
        .at(span)
        .help("write a name such as `ig.example.com`, or `*.example.com` for all names one label longer")
}

pub(super) fn clients_of_public_issuers(span: &Span) -> Diagnostic {
    let message =
        "without `trustManager`, clients are believed whose certificates any public issuer has made";
    Diagnostic::warning(&TLS_OPTIONS, message)
        .at(span)
        .help("name a `trustManager` with the certificates of your clients or of their issuer")
}

pub(super) fn trusts_all(span: &Span) -> Diagnostic {
    Diagnostic::warning(&UNVERIFIED, "every certificate is believed: this is for tests only").at(span)
}

pub(super) fn any_name(span: &Span) -> Diagnostic {
    Diagnostic::warning(
        &UNVERIFIED,
        "the certificate of any name is taken: whoever has one can stand in for the server",
    )
    .at(span)
}

pub(crate) fn ignored_beside_tls(field: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&TLS_OPTIONS, format!("`{field}` is ignored, because `tls` is there")).at(span)
}

pub(super) fn expires(label: &str, days: i64, span: &Span) -> Diagnostic {
    let when = match days {
        0 => "within a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    Diagnostic::warning(&EXPIRY, format!("the certificate of {label} expires {when}")).at(span)
}

pub(super) fn expired(label: &str, span: &Span) -> Diagnostic {
    let message = format!("the certificate of {label} has expired; clients will refuse it");
    Diagnostic::error(&EXPIRY, message).at(span)
}

/// An error with its causes, which `Display` leaves out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
