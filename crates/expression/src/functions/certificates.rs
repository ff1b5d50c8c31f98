//! Functions that read certificates from the headers of a proxy that ended TLS.

use std::sync::Arc;

use tracing::warn;

use crate::certificate::{self, Certificate, CertificateError};
use crate::functions::{Function, texts};
use crate::types::Type;
use crate::value::Value;

const CERTIFICATE: Type = Type::Object(&certificate::BEAN);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("pemCertificate", &["text"], CERTIFICATE, |arguments| {
        Ok(read("pemCertificate", &arguments[0], Certificate::from_pem))
    })
    .about(
        "The first certificate of a PEM text. A header holds it encoded: \
         `pemCertificate(urlDecode(request.headers['ssl-client-cert'][0]))`. It is read, not verified.",
    )
    .otherwise("null, with a warning in the log for what is not a certificate")
    .examples(&[("pemCertificate('no certificate')", "null")]),
    Function::new("derCertificate", &["text"], CERTIFICATE, |arguments| {
        Ok(read("derCertificate", &arguments[0], Certificate::from_base64))
    })
    .about(
        "The certificate in a text that is Base64 of DER, with or without the colons around it of the header \
         `Client-Cert` (RFC 9440). It is read, not verified.",
    )
    .otherwise("null, with a warning in the log for what is not a certificate")
    .examples(&[("derCertificate(':AAAA:')", "null")]),
];

fn read(
    function: &str,
    text: &Value<'_>,
    from: fn(&str) -> Result<Certificate, CertificateError>,
) -> Value<'static> {
    let Some(text) = texts::optional(text) else {
        return Value::Null;
    };
    match from(&text) {
        Ok(certificate) => Value::shared(Arc::new(certificate)),
        Err(error) => {
            warn!(function, %error, "A function is given a text that is not a certificate; it yields null.");
            Value::Null
        }
    }
}
