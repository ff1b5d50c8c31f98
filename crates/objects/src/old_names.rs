//! The names of older releases and what is written today, from OpenIG 2 on.
//!
//! What has only been renamed is an alias of its object type, in the type's own file. Here stands what needs a
//! word of its own: types that something else replaces, and fields.

use heap::{OldField, OldNames, OldType};

/// All of them, each table sorted.
pub(crate) const OLD_NAMES: OldNames = OldNames { types: TYPES, fields: FIELDS };

const TYPES: &[OldType] = &[
    replaced("AuditDecorator", "an `AuditService`"),
    replaced(
        "CaptureFilter",
        "`\"capture\": \"all\"` beside the `type` of a handler or filter (`CaptureDecorator`)",
    ),
    replaced("ConsoleLogSink", NO_LOG_SINK),
    replaced("DestroyDetectHandler", "nothing: it was part of the original product's own tests"),
    replaced(
        "DispatchServlet",
        "a `DispatchHandler` with conditions such as `${find(request.uri.path, '^/app')}`",
    ),
    replaced("ExceptionFilter", "a `SwitchFilter` whose `onResponse` looks at `response.status`"),
    replaced("FileLogSink", NO_LOG_SINK),
    replaced("HandlerServlet", "the name of its `handler` in place of its own"),
    replaced("LogSink", NO_LOG_SINK),
    replaced("MonitorEndpointHandler", "nothing: metrics need no object"),
    replaced("OAuth2ClientFilter", "`AuthorizationCodeOAuth2ClientFilter`"),
    replaced("OAuth2RSFilter", "`OAuth2ResourceServerFilter`"),
    replaced("SamlFederationHandler", "`SamlFederationFilter`"),
    replaced("Slf4jLogSink", NO_LOG_SINK),
    replaced("StatusHandler", "`StaticResponseHandler`"),
    replaced("TeapotHandler", "a `StaticResponseHandler` with the status 418"),
];

const NO_LOG_SINK: &str = "no log sink: every message goes to the one log of the program";
const ONE_LOG: &str = "every message goes to the one log of the program";
const IN_TLS: &str = "it in the `ClientTlsOptions` that `tls` names";
const WITH_ONE_KEY: &str = "sessions are encrypted with the key that `authenticatedEncryptionSecretId` names";
const NO_SWITCH: &str = "metrics need no switch";

/// Sorted by name, then by owner. `logSink` and `audit` could stand in every object.
const FIELDS: &[OldField] = &[
    ignored("JwtSession", "alias", WITH_ONE_KEY),
    ignored("", "audit", "requests are audited by the `auditService` of a route or of config.json"),
    read("CaptureDecorator", "captureExchange", "`captureContext`"),
    read("SecretsTrustManager", "certificateVerificationSecretId", "`verificationSecretId`"),
    ignored("CaptureFilter", "charset", "the log is written in UTF-8"),
    read("JwtSession", "cookieDomain", "`domain` in `cookie`"),
    read("JwtSession", "cookieName", "`name` in `cookie`"),
    ignored("JwtSession", "encryptionSecretId", WITH_ONE_KEY),
    ignored("CaptureDecorator", "file", "captured messages go to the log"),
    ignored("CaptureFilter", "file", "captured messages go to the log"),
    read("a route", "handlerObject", "`handler`"),
    read("config.json", "handlerObject", "`handler`"),
    read("`vertx` of admin.json", "host", "`host` beside `vertx`"),
    read("ClientHandler", "hostnameVerifier", IN_TLS),
    read("ReverseProxyHandler", "hostnameVerifier", IN_TLS),
    read("KeyStoreSecretStore", "keyEntryPassword", "`entryPasswordSecretId`"),
    read("ClientHandler", "keyManager", IN_TLS),
    read("ReverseProxyHandler", "keyManager", IN_TLS),
    ignored("JwtSession", "keystore", WITH_ONE_KEY),
    ignored("", "logSink", ONE_LOG),
    read("`vertx` of admin.json", "maxHeaderSize", "`maxTotalHeadersSize` beside `vertx`"),
    ignored("a route", "monitor", NO_SWITCH),
    ignored("config.json", "monitor", NO_SWITCH),
    read("an entry in `policies` of CorsFilter", "origins", "`acceptedOrigins`"),
    ignored("JwtSession", "password", WITH_ONE_KEY),
    read("KeyManager", "password", "`passwordSecretId`"),
    read("KeyStore", "password", "`passwordSecretId`"),
    read("admin.json", "prefix", "`adminConnector`, which gives the admin endpoints a port of their own"),
    read("config.json", "servletObject", "`handler`"),
    ignored("JwtSession", "sharedSecret", WITH_ONE_KEY),
    ignored("JwtSession", "signatureSecretId", WITH_ONE_KEY),
    read("ClientHandler", "sslCipherSuites", IN_TLS),
    read("ReverseProxyHandler", "sslCipherSuites", IN_TLS),
    read("ClientHandler", "sslContextAlgorithm", IN_TLS),
    read("ReverseProxyHandler", "sslContextAlgorithm", IN_TLS),
    read("ClientHandler", "sslEnabledProtocols", IN_TLS),
    read("ReverseProxyHandler", "sslEnabledProtocols", IN_TLS),
    read("KeyStoreSecretStore", "storePassword", "`storePasswordSecretId`"),
    read("InMemorySessionManager", "timeout", "`sessionTimeout`"),
    read("ClientHandler", "trustManager", IN_TLS),
    read("ReverseProxyHandler", "trustManager", IN_TLS),
];

const fn replaced(name: &'static str, today: &'static str) -> OldType {
    OldType { name, today }
}

/// A field that does what it did.
const fn read(owner: &'static str, name: &'static str, today: &'static str) -> OldField {
    OldField { owner, name, today, is_ignored: false }
}

/// A field that does nothing any more; `why` it does not have to.
const fn ignored(owner: &'static str, name: &'static str, why: &'static str) -> OldField {
    OldField { owner, name, today: why, is_ignored: true }
}

#[cfg(test)]
mod tests;
