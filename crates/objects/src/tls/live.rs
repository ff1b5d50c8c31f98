//! [`Live`]: keys and trust in use, kept in step with their managers.
//!
//! Managers are asked at an interval. What they yield is compared by a digest, so that an unchanged key costs
//! nothing but the question; a change makes new settings, which serve new connections. When anything is wrong
//! with the new state, the last good one stays and the log says why, once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crypto::KeyMaterial;
use crypto::tls::{Identity, TlsError, Trust};
use exchange::metrics::{Measure, Metrics, Sheet};
use expression::{Certificate, Object};
use heap::{Builder, Stop};
use source::{Diagnostic, Severity, Span};

use super::errors;
use super::managers::{KeyManagerRef, NamedKey, TrustManagerRef};
use super::material::Material;

/// Time between two questions to the managers.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// A certificate with less time than this left is warned about.
const WARN_DAYS: i64 = 30;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Who is asked.
#[derive(Clone, Default)]
pub(super) struct Managers {
    /// Their keys are for every name that no other is for.
    pub(super) keys: Vec<KeyManagerRef>,
    /// Keys for single server names.
    pub(super) server_names: Vec<(String, KeyManagerRef)>,
    pub(super) trust: Vec<TrustManagerRef>,
}

/// What managers have yielded, ready for settings.
pub(super) struct Usable {
    pub(super) identities: Vec<Identity>,
    pub(super) server_names: Vec<(String, Identity)>,
    pub(super) trust: Vec<Trust>,
}

type Replace = Box<dyn Fn(Usable) -> Result<(), TlsError> + Send + Sync>;

/// Keys and trust in use.
pub(super) struct Live {
    object: String,
    span: Span,
    managers: Managers,
    replace: Replace,
    state: Mutex<State>,
}

/// What is in use.
#[derive(Default)]
struct State {
    digest: Option<[u8; 32]>,
    certificates: Vec<Served>,
    /// Whether the last question had a good answer.
    is_current: bool,
}

/// A certificate in use.
struct Served {
    label: String,
    alias: String,
    subject: String,
    span: Span,
    not_after: i64,
    /// What has been said about its end.
    told: Option<Severity>,
}

impl Live {
    /// Lets settings be made by `replace`: first while the configuration is loaded, which fails with them, and
    /// from then on whenever something changes.
    pub(super) fn serve(
        managers: Managers,
        replace: impl Fn(Usable) -> Result<(), TlsError> + Send + Sync + 'static,
        b: &mut Builder<'_>,
    ) {
        let live = Arc::new(Self {
            object: b.name().to_owned(),
            span: b.span().clone(),
            managers,
            replace: Box::new(replace),
            state: Mutex::default(),
        });
        if let Some(metrics) = b.service::<Metrics>() {
            metrics.register(&live);
        }
        let first = live.clone();
        b.load(async move {
            match first.refresh().await {
                Ok(mut warnings) => {
                    warnings.append(&mut first.expiring(now()));
                    warnings
                }
                Err(complaints) => complaints,
            }
        });
        b.background("keys and certificates", move |stop| live.watch(stop));
    }

    async fn watch(self: Arc<Self>, mut stop: Stop) {
        let mut told = String::new();
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(REFRESH_INTERVAL) => {}
            }
            match self.refresh().await {
                Ok(warnings) => {
                    told.clear();
                    report(&warnings);
                }
                Err(complaints) => {
                    let text = complaints.iter().map(|complaint| format!("{complaint}\n")).collect();
                    if told != text {
                        report(&complaints);
                        tracing::error!(
                            object = self.object,
                            "Keys or certificates have changed and cannot be used; the last good ones stay in use."
                        );
                        told = text;
                    }
                }
            }
            report(&self.expiring(now()));
        }
    }

    /// Asks the managers and takes over what has changed.
    ///
    /// # Errors
    /// All that is wrong with the new state; the one before stays in use.
    async fn refresh(&self) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let outcome = match self.ask().await {
            Ok(material) => self.take_over(&material),
            Err(complaints) => Err(complaints),
        };
        self.state().is_current = outcome.is_ok();
        outcome
    }

    async fn ask(&self) -> Result<Material, Vec<Diagnostic>> {
        let mut complaints = Vec::new();
        let mut material = Material::default();
        for manager in &self.managers.keys {
            match manager.keys().await {
                Ok(keys) => material.keys.push(keys),
                Err(complaint) => complaints.push(complaint),
            }
        }
        for (name, manager) in &self.managers.server_names {
            match manager.keys().await {
                Ok(keys) => material.server_names.push((name.clone(), keys)),
                Err(complaint) => complaints.push(complaint),
            }
        }
        for manager in &self.managers.trust {
            match manager.trust().await {
                Ok(trust) => material.trust.push(trust),
                Err(complaint) => complaints.push(complaint),
            }
        }
        if complaints.is_empty() { Ok(material) } else { Err(complaints) }
    }

    fn take_over(&self, material: &Material) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
        let digest = material.digest();
        let before = self.state().digest;
        if before == Some(digest) {
            return Ok(Vec::new());
        }
        let mut found = Found::default();
        let identities = material.keys.iter().flat_map(|keys| found.usable(keys)).collect();
        let mut server_names = Vec::with_capacity(material.server_names.len());
        for (name, keys) in &material.server_names {
            server_names.extend(found.usable(keys).into_iter().next().map(|key| (name.clone(), key)));
        }
        if !found.errors.is_empty() {
            return Err(found.errors);
        }
        let usable = Usable { identities, server_names, trust: material.trust.clone() };
        (self.replace)(usable).map_err(|error| vec![errors::options(&error, &self.span)])?;
        let mut state = self.state();
        *state = State { digest: Some(digest), certificates: found.served, is_current: true };
        if before.is_some() {
            tracing::info!(object = self.object, "Keys or certificates have changed and are in use.");
        }
        Ok(found.warnings)
    }

    /// What has to be said about certificates that end, and has not been said yet.
    fn expiring(&self, now: i64) -> Vec<Diagnostic> {
        let mut state = self.state();
        state.certificates.iter_mut().filter_map(|certificate| certificate.complaint(now)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Measure for Live {
    fn measure(&self, sheet: &mut Sheet) {
        let (object, file, now) = (self.object.as_str(), self.span.file(), now());
        let state = self.state();
        for Served { alias, subject, not_after, .. } in &state.certificates {
            #[expect(clippy::cast_precision_loss, reason = "days until a certificate ends are few")]
            let days = (not_after - now) as f64 / DAY_SECONDS as f64;
            sheet.gauge(
                "portcullis_certificate_expiry_days",
                "Days until a certificate that is in use expires.",
                &[("file", file), ("object", object), ("alias", alias), ("subject", subject)],
                days,
            );
        }
        sheet.gauge(
            "portcullis_certificates_current",
            "1 while the keys and certificates in use are those of their files, 0 while these cannot be used.",
            &[("file", file), ("object", object)],
            if state.is_current { 1.0 } else { 0.0 },
        );
    }
}

impl Served {
    fn complaint(&mut self, now: i64) -> Option<Diagnostic> {
        let left = self.not_after - now;
        let complaint = match left {
            ..0 => errors::expired(&self.label, &self.span),
            left if left < WARN_DAYS * DAY_SECONDS => {
                errors::expires(&self.label, left / DAY_SECONDS, &self.span)
            }
            _ => return None,
        };
        (self.told.replace(complaint.severity) != Some(complaint.severity)).then_some(complaint)
    }
}

/// What is found while identities are made of keys.
#[derive(Default)]
struct Found {
    served: Vec<Served>,
    warnings: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
}

impl Found {
    /// The keys of one manager that can be used. One has to be; others are left out with a warning.
    fn usable(&mut self, keys: &[NamedKey]) -> Vec<Identity> {
        let (mut identities, mut refused) = (Vec::new(), Vec::new());
        for named in keys {
            match Identity::new(&named.key, named.label.clone(), SystemTime::now()) {
                Ok(identity) => {
                    self.served.push(Served::of(named, &identity));
                    identities.push(identity);
                }
                Err(error) => refused.push((error, &named.span)),
            }
        }
        let complaints = refused.iter();
        if identities.is_empty() {
            self.errors.extend(complaints.map(|(error, span)| errors::key(error, span)));
        } else {
            self.warnings.extend(complaints.map(|(error, span)| errors::key_left_out(error, span)));
        }
        identities
    }
}

impl Served {
    fn of(named: &NamedKey, identity: &Identity) -> Self {
        let leaf = match named.key.material() {
            KeyMaterial::Private { chain, .. } | KeyMaterial::Token { chain, .. } => chain.first(),
            _ => None,
        };
        let leaf = leaf.and_then(|der| Certificate::from_der(der).ok());
        let subject = leaf.map(|leaf| leaf.property("subjectDN").to_text().into_owned());
        Self {
            label: named.label.clone(),
            alias: named.key.stable_id().unwrap_or_default().to_owned(),
            subject: subject.unwrap_or_default(),
            span: named.span.clone(),
            not_after: identity.not_after,
            told: None,
        }
    }
}

fn report(diagnostics: &[Diagnostic]) {
    heap::log_diagnostics(module_path!(), diagnostics);
}

/// Seconds since 1970.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use source::Source;

    #[test]
    fn the_end_of_a_certificate_is_told_once_as_a_warning_and_once_as_an_error() {
        const END: i64 = 1_000 * DAY_SECONDS;
        let source = Source::new("admin.json", "{}");
        let mut served = Served {
            label: "`key`".into(),
            alias: String::new(),
            subject: String::new(),
            span: source::parse(&source).root.unwrap().span,
            not_after: END,
            told: None,
        };
        let mut told = String::new();
        for seconds_left in
            [31 * DAY_SECONDS, 30 * DAY_SECONDS, 30 * DAY_SECONDS - 1, DAY_SECONDS, 0, -1, -DAY_SECONDS]
        {
            let complaint = served.complaint(END - seconds_left);
            let shown = complaint.map_or_else(|| "-".to_owned(), |complaint| complaint.to_string());
            told += &format!("{seconds_left}: {shown}\n");
        }
        expect![[r#"
            2678400: -
            2592000: -
            2591999: admin.json:1:1: warning[PC0435]: the certificate of `key` expires in 29 days
            86400: -
            0: -
            -1: admin.json:1:1: error[PC0435]: the certificate of `key` has expired; clients will refuse it
            -86400: -
        "#]]
        .assert_eq(&told);
    }
}
