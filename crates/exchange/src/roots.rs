//! What expressions may look into, as a table: the static check of paths and the reference are made from it.
//!
//! A property that is added to an object is added here, too; tests compare the two.

use expression::{Bean, CERTIFICATE, NOW, Property, Root, RootType, TEXTS, Type};

/// Every root.
pub static ROOTS: &[RootType] = &[
    root(Root::Request, Type::Object(&REQUEST), "The request, as the objects before have left it."),
    root(Root::Response, Type::Object(&RESPONSE), "The response; null until there is one."),
    root(
        Root::Contexts,
        Type::Object(&CONTEXTS),
        "What is known beside the request, by the names of contexts.",
    ),
    root(
        Root::Context,
        Type::Object(&CONTEXT),
        "The nearest context; what it does not have is looked for among `contexts`.",
    ),
    root(
        Root::Attributes,
        Type::Map(&Type::Any),
        "Values that filters hand to one another: `contexts.attributes.attributes`.",
    ),
    root(
        Root::Session,
        Type::Map(&Type::Any),
        "What is remembered between requests: `contexts.session.session`.",
    ),
    root(Root::Now, Type::Object(&NOW), "The time of the evaluation."),
    root(Root::Env, Type::Map(&Type::Text), "Environment variables. Known at load."),
    root(Root::System, Type::Map(&Type::Text), "System properties: `-Dname=value`. Known at load."),
    root(
        Root::OpenIg,
        Type::Map(&Type::Text),
        "Folders of the instance: `baseDirectory`, `configDirectory`, `temporaryDirectory`. Known at load.",
    ),
    root(Root::Heap, Type::Any, "Objects of the heap by name, in the arguments of scripts."),
    root(Root::Previous, Type::Any, "The value before, in the rules of SetCookieUpdateFilter."),
    RootType {
        root: Root::Exchange,
        of: Type::Object(&EXCHANGE),
        about: "The one root of version 3.",
        instead: Some("`request`, `response`, `session`, `attributes` or `contexts`"),
    },
];

const fn root(root: Root, of: Type, about: &'static str) -> RootType {
    RootType { root, of, about, instead: None }
}

use Property as P;

/// The names of the request's own properties, in the order in which copies have them.
pub(crate) static REQUEST: Bean = Bean {
    name: "request",
    about: "A request.",
    properties: &[
        P::new("method", Type::Text, "`GET`, `POST` and so on"),
        P::new("uri", Type::Object(&URI), "where it goes; a text assigned to it is parsed"),
        P::new("version", Type::Text, "`HTTP/1.1` and so on"),
        P::new("headers", Type::Object(&HEADERS), "header fields"),
        P::new("cookies", Type::Object(&COOKIES), "cookies by name"),
        P::new("queryParams", Type::Object(&PARAMETERS), "parameters of the query by name"),
        P::new("form", Type::Map(&TEXTS), "parameters of the query and of a form in the entity")
            .instead("`request.queryParams` or `request.entity.form`"),
        P::new("entity", Type::Object(&ENTITY), "the content"),
    ],
    methods: &[],
    others: None,
};

pub(crate) static RESPONSE: Bean = Bean {
    name: "response",
    about: "A response.",
    properties: &[
        P::new("status", Type::Object(&STATUS), "the status; a number assigned to it becomes one"),
        P::new("version", Type::Text, "`HTTP/1.1` and so on"),
        P::new("headers", Type::Object(&HEADERS), "header fields"),
        P::new("entity", Type::Object(&ENTITY), "the content"),
        P::new("cause", Type::Object(&CAUSE), "the failure that it stands for, if the gateway made it"),
    ],
    methods: &[],
    others: None,
};

static URI: Bean = Bean {
    name: "uri",
    about: "An absolute URI. In a text it is written whole. Names with `raw` are as on the wire, the others are \
            decoded; a path is not normalised.",
    properties: &[
        P::new("scheme", Type::Text, "`http` or `https`"),
        P::new("authority", Type::Text, "host and port, with user information if there is any"),
        P::new("rawAuthority", Type::Text, "the same"),
        P::new("userInfo", Type::Text, "user information"),
        P::new("rawUserInfo", Type::Text, "user information, encoded"),
        P::new("host", Type::Text, "the host"),
        P::new("port", Type::Number, "the port as written; -1 without"),
        P::new("path", Type::Text, "the path"),
        P::new("rawPath", Type::Text, "the path, encoded"),
        P::new("pathElements", TEXTS, "the parts of the path between slashes; read-only"),
        P::new("query", Type::Text, "the query"),
        P::new("rawQuery", Type::Text, "the query, encoded"),
        P::new("fragment", Type::Text, "always null: a fragment is not sent in a request"),
        P::new("rawFragment", Type::Text, "always null"),
    ],
    methods: &[],
    others: None,
};

static HEADERS: Bean = Bean {
    name: "headers",
    about: "Header fields: a map from a name, in any case, to the list of its values.",
    properties: &[],
    methods: &[("getFirst", Type::Text)],
    others: Some(TEXTS),
};

static PARAMETERS: Bean = Bean {
    name: "parameters",
    about: "Parameters: a map from a name to the list of its values, decoded.",
    properties: &[],
    methods: &[("getFirst", Type::Text)],
    others: Some(TEXTS),
};

static COOKIES: Bean = Bean {
    name: "cookies",
    about: "Cookies: a map from a name to the list of the cookies of that name.",
    properties: &[],
    methods: &[("getFirst", Type::Object(&COOKIE))],
    others: Some(Type::List(&Type::Object(&COOKIE))),
};

pub(crate) static COOKIE: Bean = Bean {
    name: "cookie",
    about: "A cookie of a request. A client sends name and value; the rest is null, or is what a client of \
            RFC 2965 sends.",
    properties: &[
        P::new("name", Type::Text, "its name"),
        P::new("value", Type::Text, "its value, without quotes"),
        P::new("path", Type::Text, "`$Path`"),
        P::new("domain", Type::Text, "`$Domain`"),
        P::new("port", Type::Text, "`$Port`"),
        P::new("version", Type::Text, "`$Version`, if it follows the cookie"),
        P::new("maxAge", Type::Number, "always null"),
        P::new("expires", Type::Text, "always null"),
        P::new("secure", Type::Bool, "always null"),
        P::new("httpOnly", Type::Bool, "always null"),
        P::new("sameSite", Type::Text, "always null"),
        P::new("discard", Type::Bool, "always null"),
        P::new("comment", Type::Text, "always null"),
    ],
    methods: &[],
    others: None,
};

static ENTITY: Bean = Bean {
    name: "entity",
    about: "The content of a message. An expression that reads it makes the gateway wait for all of it.",
    properties: &[
        P::new("string", Type::Text, "the content as text"),
        P::new("json", Type::Any, "the content read as JSON; null if it is none"),
        P::new("bytes", Type::Bytes, "the content as bytes"),
        P::new("form", Type::Map(&TEXTS), "the content read as a form"),
        P::new("empty", Type::Bool, "whether there is no content"),
    ],
    methods: &[],
    others: None,
};

static STATUS: Bean = Bean {
    name: "status",
    about: "The status of a response.",
    properties: &[
        P::new("code", Type::Number, "the number, 404 for example"),
        P::new("reasonPhrase", Type::Text, "the words that go with it"),
        P::new(
            "family",
            Type::Text,
            "`INFORMATIONAL`, `SUCCESSFUL`, `REDIRECTION`, `CLIENT_ERROR`, `SERVER_ERROR` or `UNKNOWN`",
        ),
        P::new("informational", Type::Bool, "from 100 to 199"),
        P::new("successful", Type::Bool, "from 200 to 299"),
        P::new("redirection", Type::Bool, "from 300 to 399"),
        P::new("clientError", Type::Bool, "from 400 to 499"),
        P::new("serverError", Type::Bool, "from 500 to 599"),
    ],
    methods: &[],
    others: None,
};

static CAUSE: Bean = Bean {
    name: "cause",
    about: "Why the gateway answered itself. In a text it is written as its message.",
    properties: &[P::new("message", Type::Text, "what happened, for the log")],
    methods: &[],
    others: None,
};

static CONTEXTS: Bean = Bean {
    name: "contexts",
    about: "Contexts by name. Those of filters are there below the filter that makes them.",
    properties: &[
        P::new("attributes", Type::Object(&ATTRIBUTES), "values that filters hand to one another"),
        P::new("client", Type::Object(&CLIENT), "who is connected"),
        P::new("requestAudit", Type::Object(&AUDIT), "when the request came"),
        P::new("router", Type::Object(&ROUTER), "where the router stands"),
        P::new("session", Type::Object(&SESSION), "the session"),
        P::new("transactionId", Type::Object(&TRANSACTION), "the transaction"),
        P::new("root", Type::Object(&AROUND), "the context around all others"),
        P::new("amSession", Type::Any, "of SessionInfoFilter"),
        P::new("authRedirect", Type::Any, "of filters that send a user away to log in"),
        P::new("capturedPassword", Type::Any, "of CapturedUserPasswordFilter"),
        P::new("cdsso", Type::Any, "of CrossDomainSingleSignOnFilter"),
        P::new("cdssoFailure", Type::Any, "of its failure handler"),
        P::new("certificateThumbprint", Type::Any, "of CertificateThumbprintFilter"),
        P::new("httpClient", Type::Any, "of outgoing requests"),
        P::new("idpSelectionLogin", Type::Any, "of a chosen identity provider"),
        P::new("jwtBuilder", Type::Any, "of JwtBuilderFilter"),
        P::new("jwtValidation", Type::Any, "of JwtValidationFilter"),
        P::new("jwtValidationError", Type::Any, "of its failure handler"),
        P::new("oauth2", Type::Any, "of OAuth2ResourceServerFilter"),
        P::new("oauth2Failure", Type::Any, "of the failure handler of a client of OAuth 2.0"),
        P::new("oauth2Info", Type::Any, "of AuthorizationCodeOAuth2ClientFilter"),
        P::new("oauth2TokenExchange", Type::Any, "of OAuth2TokenExchangeFilter"),
        P::new("pingOneProtect", Type::Any, "of the filters of PingOne Protect"),
        P::new("policyDecision", Type::Any, "of PolicyEnforcementFilter"),
        P::new("policyDecisionFailure", Type::Any, "of its failure handler"),
        P::new("ssoToken", Type::Any, "of SingleSignOnFilter"),
        P::new("sts", Type::Any, "of TokenTransformationFilter"),
        P::new("umaClaims", Type::Any, "of UmaFilter"),
        P::new("userProfile", Type::Any, "of UserProfileFilter"),
        P::new("accessAuditExtension", Type::Any, "what is added to the access audit"),
    ],
    methods: &[],
    others: None,
};

static CONTEXT: Bean = Bean {
    name: "context",
    about: "The nearest context, whichever that is.",
    properties: &[
        P::new("contextName", Type::Text, "its name among `contexts`"),
        P::new("id", Type::Text, "the id of the transaction"),
        P::new("parent", Type::Object(&CONTEXT), "the context around it"),
        P::new("rootContext", Type::Object(&AROUND), "the context around all others"),
    ],
    methods: &[],
    others: Some(Type::Any),
};

/// A context with properties of its own beside those that all have.
macro_rules! context {
    ($bean:ident, $name:literal, $about:literal, [$($property:expr),* $(,)?]) => {
        static $bean: Bean = Bean {
            name: $name,
            about: $about,
            properties: &[
                $($property,)*
                P::new("contextName", Type::Text, "its name among `contexts`"),
                P::new("id", Type::Text, "the id of the transaction"),
                P::new("parent", Type::Object(&CONTEXT), "the context around it"),
                P::new("rootContext", Type::Object(&AROUND), "the context around all others"),
            ],
            methods: &[],
            others: None,
        };
    };
}

context!(AROUND, "contexts.root", "The context around all others.", []);
context!(
    ATTRIBUTES,
    "contexts.attributes",
    "Values that filters hand to one another.",
    [P::new("attributes", Type::Map(&Type::Any), "the values by name, also `attributes`")]
);
context!(
    SESSION,
    "contexts.session",
    "The session.",
    [P::new("session", Type::Map(&Type::Any), "its entries by name, also `session`")]
);
context!(
    AUDIT,
    "contexts.requestAudit",
    "When the request came.",
    [P::new("requestReceivedTime", Type::Number, "milliseconds since 1970")]
);
context!(
    TRANSACTION,
    "contexts.transactionId",
    "The transaction.",
    [P::new("transactionId", Type::Object(&ID), "its id")]
);
context!(
    CLIENT,
    "contexts.client",
    "Who is connected.",
    [
        P::new(
            "remoteAddress",
            Type::Text,
            "the address of the client, or the one that a trusted proxy named"
        ),
        P::new("remotePort", Type::Number, "the port of the client"),
        P::new("localAddress", Type::Text, "the address that it connected to"),
        P::new("localPort", Type::Number, "the port that it connected to"),
        P::new("isSecure", Type::Bool, "whether the connection is protected by TLS"),
        P::new("secure", Type::Bool, "the same"),
        P::new("isExternal", Type::Bool, "always true"),
        P::new("external", Type::Bool, "the same"),
        P::new("remoteUser", Type::Text, "always null"),
        P::new("userAgent", Type::Text, "the header `User-Agent`"),
        P::new(
            "certificates",
            Type::List(&Type::Object(&CERTIFICATE)),
            "the certificates of the client, its own first"
        ),
    ]
);
context!(
    ROUTER,
    "contexts.router",
    "Where the router stands.",
    [
        P::new("originalUri", Type::Object(&URI), "the target as the client sent it"),
        P::new("matchedUri", Type::Text, "the part of the path that routes have matched; always empty"),
        P::new("remainingUri", Type::Text, "the rest of the path"),
        P::new("uriTemplateVariables", Type::Map(&Type::Text), "always empty: routes match by condition"),
    ]
);

static ID: Bean = Bean {
    name: "transaction id",
    about: "The id of a transaction.",
    properties: &[P::new("value", Type::Text, "the id as text")],
    methods: &[],
    others: None,
};

static EXCHANGE: Bean = Bean {
    name: "exchange",
    about: "What version 3 kept in one place. Any other name is a context, or else an attribute.",
    properties: &[
        P::new("request", Type::Object(&REQUEST), "`request`"),
        P::new("response", Type::Object(&RESPONSE), "`response`"),
        P::new("session", Type::Map(&Type::Any), "`session`"),
        P::new("attributes", Type::Map(&Type::Any), "`attributes`"),
    ],
    methods: &[],
    others: Some(Type::Any),
};
