//! Every complaint of `portcullis keys` and `portcullis build-trust-store`, one constructor each. Codes 560 to 569.

use std::io;
use std::path::Path;

use crypto::keystore::{KeyStore, KeyStoreError, KeyStoreType};
use source::{Code, Diagnostic};

const KEY_STORE: Code = Code::new(
    560,
    "key-store",
    "A key store cannot be read or written, or has not what is asked for.\n\nThe message names the file, the entry \
     and what was found. A wrong password and a file that was changed cannot be told apart.\n",
);
const KEYS_KEPT: Code = Code::new(
    561,
    "keys-kept",
    "A command of `portcullis keys` would have replaced a file or an entry, or lost a key. Nothing has been \
     changed.\n\nChoose another name, or say `--force` where the message offers it.\n",
);
const KEY_INPUT: Code = Code::new(
    562,
    "key-input",
    "What a command of `portcullis keys` was given cannot be used: a password that is missing, a subject, a size, \
     a file that holds no certificate.\n\nThe message says what would do.\n",
);
const KEY_REMARK: Code = Code::new(
    563,
    "key-remark",
    "A command of `portcullis keys` did what it was asked to do, and there is something to know about the \
     result.\n",
);

/// The codes of these commands.
pub(crate) const CODES: &[&Code] = &[&KEY_STORE, &KEYS_KEPT, &KEY_INPUT, &KEY_REMARK];

pub(super) fn key_store(path: &Path, error: &KeyStoreError) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("`{}` {error}", path.display()))
}

/// A file of keys, certificates or a password.
pub(super) fn key_file(path: &Path, what: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(&KEY_STORE, format!("`{}` cannot be {what}: {error}", path.display()))
}

pub(super) fn only_pkcs12(path: &Path, kind: KeyStoreType) -> Diagnostic {
    Diagnostic::error(
        &KEY_STORE,
        format!("`{}` is of type {kind}, and only PKCS12 is written", path.display()),
    )
    .help("make a PKCS12 file of it with `portcullis keys convert`")
}

pub(super) fn no_entry(path: &Path, alias: &str, store: &KeyStore) -> Diagnostic {
    let mut aliases: Vec<&str> =
        store.entries().map(|entry| entry.alias.as_str()).take(ALIASES_SHOWN).collect();
    if store.entries().len() > ALIASES_SHOWN {
        aliases.push("…");
    }
    let help = match aliases.as_slice() {
        [] => "it has no entries".to_owned(),
        aliases => format!("it has {}", aliases.join(", ")),
    };
    Diagnostic::error(&KEY_STORE, format!("`{}` has no entry `{alias}`", path.display())).help(help)
}

/// More names would hide the message.
const ALIASES_SHOWN: usize = 20;

pub(super) fn file_exists(path: &Path) -> Diagnostic {
    Diagnostic::error(&KEYS_KEPT, format!("the file `{}` exists", path.display()))
        .help("choose another name, or replace it with `--force`")
}

pub(super) fn entry_exists(path: &Path, alias: &str) -> Diagnostic {
    Diagnostic::error(&KEYS_KEPT, format!("`{}` has an entry `{alias}` already", path.display()))
        .help("choose another `--alias`, or replace it with `--force`")
}

pub(super) fn alias_taken(path: &Path, alias: &str) -> Diagnostic {
    let message = format!("`{}` would be the second certificate with the name `{alias}`", path.display());
    Diagnostic::error(&KEY_INPUT, message).help("name each with an `--alias`, in the order of `--certs`")
}

pub(super) fn would_be_lost(path: &Path, count: usize) -> Diagnostic {
    let message = format!(
        "`{}` has {count} keys or certificates that are no entries, and would lose them when it is written",
        path.display()
    );
    Diagnostic::error(&KEYS_KEPT, message)
        .help("use another file; `portcullis keys list` shows what is in this one")
}

pub(super) fn would_destroy_key(path: &Path, alias: &str) -> Diagnostic {
    let message =
        format!("the entry `{alias}` of `{}` is a key, which a certificate would destroy", path.display());
    Diagnostic::error(&KEYS_KEPT, message).help("choose another `--alias`")
}

pub(super) fn no_password() -> Diagnostic {
    Diagnostic::error(&KEY_INPUT, "no password is given").help(
        "name a file that holds it with `--password-file`, or set PORTCULLIS_KEYSTORE_PASSWORD in the environment",
    )
}

pub(super) fn no_alias() -> Diagnostic {
    Diagnostic::error(&KEY_INPUT, "the name of an entry is empty")
}

pub(super) fn subject(text: &str, piece: &str) -> Diagnostic {
    Diagnostic::error(&KEY_INPUT, format!("the subject `{text}` cannot be used: `{piece}`")).help(
        "write it as `CN=ig.example.com,OU=example,O=com,L=fr,ST=fr,C=fr`, each part once, or some of them",
    )
}

pub(super) fn key_size(algorithm: &str, size: u32, sizes: &str) -> Diagnostic {
    Diagnostic::error(&KEY_INPUT, format!("a key of {algorithm} cannot have {size} bits"))
        .help(format!("its size can be {sizes}"))
}

pub(super) fn key_input(message: &str) -> Diagnostic {
    Diagnostic::error(&KEY_INPUT, message)
}

pub(super) fn no_certificate(path: &Path, reason: &str) -> Diagnostic {
    let message = format!("`{}` is no file of certificates: {reason}", path.display());
    Diagnostic::error(&KEY_INPUT, message)
}

pub(super) fn aliases_of_certificates(aliases: usize, certificates: usize) -> Diagnostic {
    let message = format!("{aliases} `--alias` for {certificates} `--certs`");
    Diagnostic::error(&KEY_INPUT, message).help("give one for each file in the same order, or none")
}

pub(super) fn not_valid_now(alias: &str, why: &str, not_before: &str, not_after: &str) -> Diagnostic {
    let message = format!("the certificate `{alias}` is {}", why.to_lowercase());
    Diagnostic::warning(&KEY_REMARK, message).help(format!("it is valid from {not_before} to {not_after}"))
}

pub(super) fn default_password(path: &Path) -> Diagnostic {
    let message = format!("no password is given, so that of `{}` is `password`", path.display());
    Diagnostic::note(&KEY_REMARK, message).help("choose another one with `--password-file`")
}

pub(super) fn unchecked(path: &Path) -> Diagnostic {
    let message =
        format!("no password is given, so nobody knows whether `{}` has been changed", path.display());
    Diagnostic::note(&KEY_REMARK, message)
}

pub(super) fn unencrypted_keys(path: &Path, count: usize) -> Diagnostic {
    let message =
        format!("`{}` has {count} private keys that are not encrypted, which Java ignores", path.display());
    Diagnostic::warning(&KEY_REMARK, message)
        .help("encrypt them: `openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -out NEW`")
}

pub(super) fn left_out(error: &Diagnostic) -> Diagnostic {
    Diagnostic::warning(&KEY_REMARK, format!("left out: {}", error.message))
}
