//! Every complaint about sessions, one constructor each. Codes 450 to 459.

use crypto::SecretError;
use source::{Code, Diagnostic, Span};

use crate::secrets::told;

const SESSION_KEY: Code = Code::new(
    450,
    "session-key",
    "The key that sessions are encrypted with is missing, cannot be read, or has another length than the algorithm \
     needs.\n\n\
     Each algorithm needs a key of one length: A128GCM 16 bytes, A192GCM 24, A256GCM 32, A128CBC-HS256 32, \
     A192CBC-HS384 48 and A256CBC-HS512 64. For the last one, `keytool -genseckey -keyalg HmacSHA512 -keysize 512` \
     makes a key of the right length.\n\n\
     Without `authenticatedEncryptionSecretId` there is a key of this process alone. That is a warning: its sessions \
     end with the process, and no other instance can read them.\n\n\
     A configuration with a wrong key is not loaded. When the keys become unusable while the gateway runs, those that \
     were read last stay in use, and the log says what is wrong.\n",
);
const SESSION_SETTING: Code = Code::new(
    451,
    "session-setting",
    "A setting of a session does less than it seems to.\n\n\
     Browsers drop a cookie with `SameSite=None` unless it is `Secure`, so the session would be lost with every \
     request. A JwtSession is never split over as many cookies as `maxCookies` says when the connectors take fewer bytes of \
     header fields than these have. Old names of settings are read where they mean the same; the message says what to write.\n",
);

/// The codes of the session managers.
pub const CODES: &[&Code] = &[&SESSION_KEY, &SESSION_SETTING];

pub(super) fn unreadable_key(error: &SecretError, span: &Span) -> Diagnostic {
    Diagnostic::error(&SESSION_KEY, format!("no key for sessions: {}", told(error))).at(span)
}

/// A key that the algorithm cannot use. `why` names it and what is wrong.
pub(super) fn unusable_key(why: &str, span: &Span) -> Diagnostic {
    Diagnostic::error(&SESSION_KEY, why).at(span)
}

/// The same for a key that would only have read older sessions.
pub(super) fn key_left_out(why: &str, span: &Span) -> Diagnostic {
    Diagnostic::warning(&SESSION_KEY, format!("{why}; sessions that were encrypted with it cannot be read"))
        .at(span)
}

pub(super) fn own_key(span: &Span) -> Diagnostic {
    Diagnostic::warning(&SESSION_KEY, "sessions are encrypted with a key of this process alone")
        .at(span)
        .label("they end with the process, and no other instance can read them")
        .help("name a shared key in `authenticatedEncryptionSecretId`")
}

pub(super) fn too_many_cookies(usable: usize, header_bytes: usize, span: &Span) -> Diagnostic {
    let message = format!("a session is never split over more than {usable} cookies here");
    Diagnostic::warning(&SESSION_SETTING, message)
        .at(span)
        .label(format!("a connector takes {header_bytes} bytes of header fields"))
        .help("raise `maxTotalHeadersSize` of the connectors, or lower `maxCookies`")
}

pub(super) fn insecure_everywhere(span: &Span) -> Diagnostic {
    Diagnostic::warning(&SESSION_SETTING, "browsers drop a cookie with `SameSite=None` that is not secure")
        .at(span)
        .help("write `\"secure\": true` beside it, or another `sameSite`")
}
