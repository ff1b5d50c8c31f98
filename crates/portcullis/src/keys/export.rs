//! `portcullis keys export`: what `keytool -exportcert` and `openssl pkcs12 -nodes` do.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crypto::KeyMaterial;
use crypto::keystore::Entry;
use source::Diagnostic;
use zeroize::Zeroizing;

use super::files::{self, Access};
use super::password::{EntryPasswordArguments, PasswordArguments};
use super::{Done, errors, pem, store};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The key store.
    #[arg(long)]
    keystore: PathBuf,
    /// The name of the entry.
    #[arg(long)]
    alias: String,
    /// File to write. Default, for certificates only: standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What to take out. Default: everything.
    #[arg(long, value_enum, default_value_t = Content::All)]
    content: Content,
    /// How to write it; DER holds a single key or certificate.
    #[arg(long, value_enum, default_value_t = Format::Pem)]
    format: Format,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    entry_password: EntryPasswordArguments,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Content {
    /// Key and certificates in one, as PemPropertyFormat reads them.
    All,
    /// The key alone.
    Key,
    /// The certificate of the key, or the trusted one.
    Certificate,
    /// The certificate and those above it.
    Chain,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pem,
    Der,
}

pub(super) fn run(arguments: &Arguments) -> Result<Done, Diagnostic> {
    let password = arguments.password.read()?;
    let password = password.as_ref().map(|password| password.as_slice());
    let keystore = store::read(&arguments.keystore, password)?;
    let entry = keystore.get(&arguments.alias);
    let entry = entry.ok_or_else(|| errors::no_entry(&arguments.keystore, &arguments.alias, &keystore))?;
    let own = arguments.entry_password.read()?;
    let own = own.as_ref().map(|password| password.as_slice());
    let taken = match arguments.content {
        Content::All | Content::Key => {
            let key = entry
                .key(own.or(password))
                .map_err(|error| errors::key_store(&arguments.keystore, &error))?;
            Taken::of_key(key.material(), arguments.content)
        }
        Content::Certificate => {
            entry.chain().first().map(|der| Taken::certificates(std::slice::from_ref(der)))
        }
        Content::Chain => Some(entry.chain()).filter(|chain| !chain.is_empty()).map(Taken::certificates),
    };
    let taken = taken.ok_or_else(|| nothing(arguments, entry))?;
    let bytes = match arguments.format {
        Format::Pem => taken.pem,
        Format::Der => taken.der.ok_or_else(|| {
            errors::key_input(
                "DER holds one key or certificate; choose `--content key` or `--content certificate`",
            )
        })?,
    };
    let mut done = Done::default();
    match &arguments.output {
        Some(path) => {
            files::write(path, &bytes, taken.access, arguments.force)?;
            done.say(&format!("{} is written.", path.display()));
        }
        None if taken.access == Access::Owner => {
            return Err(errors::key_input("a key is not shown; say with `--output` where to write it"));
        }
        None => done.text = String::from_utf8_lossy(&bytes).into_owned(),
    }
    Ok(done)
}

fn nothing(arguments: &Arguments, entry: &Entry) -> Diagnostic {
    let what = if arguments.content == Content::Key { "key" } else { "certificate" };
    errors::key_input(&format!("the entry `{}` has no {what}", entry.alias))
}

/// What was taken out.
struct Taken {
    pem: Zeroizing<Vec<u8>>,
    /// `None` for more than one thing.
    der: Option<Zeroizing<Vec<u8>>>,
    access: Access,
}

impl Taken {
    fn certificates(chain: &[Vec<u8>]) -> Self {
        let der = match chain {
            [der] => Some(Zeroizing::new(der.clone())),
            _ => None,
        };
        let pem = Zeroizing::new(pem::certificates(chain).into_bytes());
        Self { pem, der, access: Access::Everybody }
    }

    /// A key, with its certificates unless it is to be alone; `None` for a certificate that was asked to be one.
    fn of_key(material: &KeyMaterial, content: Content) -> Option<Self> {
        let key = |pem: Zeroizing<String>, der: Option<&[u8]>| {
            let pem = Zeroizing::new(pem.as_bytes().to_vec());
            Some(Self { pem, der: der.map(|der| Zeroizing::new(der.to_vec())), access: Access::Owner })
        };
        match material {
            KeyMaterial::Private { pkcs8, .. } if content == Content::Key => {
                key(pem::block("PRIVATE KEY", pkcs8), Some(pkcs8))
            }
            KeyMaterial::Private { pkcs8, chain, .. } => {
                key(pem::of_key(material), chain.is_empty().then_some(pkcs8.as_slice()))
            }
            KeyMaterial::Symmetric { bytes, .. } => key(pem::of_key(material), Some(bytes)),
            KeyMaterial::Certificate { der } if content == Content::All => {
                Some(Self::certificates(std::slice::from_ref(der)))
            }
            // What stays in a module is no entry of a file.
            KeyMaterial::Certificate { .. } | KeyMaterial::Public { .. } | KeyMaterial::Token { .. } => None,
        }
    }
}
