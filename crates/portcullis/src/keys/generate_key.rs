//! `portcullis keys generate-key`: what `keytool -genkeypair` does.

use clap::Args;
use crypto::KeyMaterial;
use source::Diagnostic;

use super::place::PlaceArguments;
use super::wanted::CertificateArguments;
use super::{Done, certificate};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    #[command(flatten)]
    certificate: CertificateArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let (place, key) = arguments.place.put(|| {
        let made = arguments.certificate.generate()?;
        let (algorithm, chain) = (arguments.certificate.algorithm(), vec![made.certificate]);
        Ok(KeyMaterial::Private { algorithm, pkcs8: made.pkcs8, chain })
    })?;
    let mut done = Done::default();
    if let KeyMaterial::Private { chain, .. } = &key {
        chain.iter().for_each(|der| say_made(&mut done, der, &place));
    }
    Ok(done)
}

/// Says what was made.
pub(super) fn say_made(done: &mut Done, der: &[u8], place: &str) {
    let Some(facts) = certificate::facts(der) else { return };
    done.say(&format!(
        "{place}: {} key and certificate of {}, valid until {}",
        facts.key, facts.subject, facts.not_after
    ));
    match facts.names.as_slice() {
        [] => {
            done.say("The certificate names no host, so that clients that check names refuse it; see --san.")
        }
        names => done.say(&format!("It is valid for {}.", names.join(", "))),
    }
}
