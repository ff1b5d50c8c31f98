//! [`Connection`]: the session with a module, opened again when the module has lost it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::RawAuthPin;

use super::{SlotChoice, TokenError, TokenSettings};

/// Libraries that are loaded. One is initialised once per process, and stays.
static LIBRARIES: LazyLock<Mutex<HashMap<PathBuf, Pkcs11>>> = LazyLock::new(Mutex::default);

/// The digests of the PINs that have opened slots. A module asks for a PIN once per process; without this, a wrong one
/// would pass unnoticed from then on.
static OPENED: LazyLock<Mutex<HashMap<Place, Vec<u8>>>> = LazyLock::new(Mutex::default);

/// A library, and the number of a slot of it.
type Place = (PathBuf, u64);

/// The session of one token.
pub(super) struct Connection {
    settings: TokenSettings,
    open: Option<(Session, Slot)>,
    keys: HashMap<KeyName, ObjectHandle>,
    /// Why the PIN was refused. It is not tried again: modules lock themselves after some attempts.
    refused: Option<TokenError>,
}

/// How a private key is found again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KeyName {
    pub(super) id: Vec<u8>,
    pub(super) label: Vec<u8>,
}

impl Connection {
    pub(super) fn new(settings: TokenSettings) -> Self {
        Self { settings, open: None, keys: HashMap::new(), refused: None }
    }

    /// The session, opened and logged in when there is none.
    pub(super) fn session(&mut self) -> Result<&Session, TokenError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        if self.open.is_none() {
            let opened = self.open();
            self.refused = opened.as_ref().err().filter(|error| matches!(error, TokenError::Pin(_))).cloned();
            self.open = Some(opened?);
        }
        self.open.as_ref().map(|(session, _)| session).ok_or(TokenError::TimedOut)
    }

    fn open(&self) -> Result<(Session, Slot), TokenError> {
        let library = &self.settings.library;
        let module = loaded(library)?;
        let told = |error: Error| TokenError::Module(format!("`{}`: {error}", library.display()));
        let slot = slot(&module, &self.settings.slot, library)?;
        let session = module.open_ro_session(slot).map_err(told)?;
        let pin_digest = digest(&SHA256, &self.settings.pin).as_ref().to_vec();
        let place: Place = (library.clone(), slot.id());
        let pin = RawAuthPin::new(Box::new(self.settings.pin.to_vec()));
        let wrong = |why: &str| {
            TokenError::Pin(format!("the PIN of the slot {} of `{}` {why}", slot.id(), library.display()))
        };
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        match session.login_with_raw(UserType::User, &pin) {
            Ok(()) => drop(opened.insert(place, pin_digest)),
            Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                if opened.get(&place) != Some(&pin_digest) {
                    return Err(wrong("is not the one that it was opened with"));
                }
            }
            Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
                return Err(wrong("is wrong"));
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => {
                return Err(wrong("is locked after too many wrong attempts"));
            }
            Err(error) => return Err(told(error)),
        }
        Ok((session, slot))
    }

    /// What the token can do.
    pub(super) fn mechanisms(&mut self) -> Result<Vec<MechanismType>, TokenError> {
        self.session()?;
        let module = loaded(&self.settings.library)?;
        let Some((_, slot)) = &self.open else { return Ok(Vec::new()) };
        module.get_mechanism_list(*slot).map_err(failed)
    }

    /// Uses a private key. After a failure once more with a new session, because the one before may have been lost.
    pub(super) fn with_key<T>(
        &mut self,
        name: &KeyName,
        work: impl Fn(&Session, ObjectHandle) -> cryptoki::error::Result<T>,
    ) -> Result<T, TokenError> {
        match self.attempt(name, &work) {
            Ok(done) => Ok(done),
            Err(_) => {
                self.open = None;
                self.keys.clear();
                self.attempt(name, &work)
            }
        }
    }

    fn attempt<T>(
        &mut self,
        name: &KeyName,
        work: impl Fn(&Session, ObjectHandle) -> cryptoki::error::Result<T>,
    ) -> Result<T, TokenError> {
        let known = self.keys.get(name).copied();
        let session = self.session()?;
        let key = match known {
            Some(key) => key,
            None => {
                let template = [
                    Attribute::Class(cryptoki::object::ObjectClass::PRIVATE_KEY),
                    Attribute::Id(name.id.clone()),
                    Attribute::Label(name.label.clone()),
                ];
                let found = session.find_objects(&template).map_err(failed)?;
                found
                    .first()
                    .copied()
                    .ok_or_else(|| TokenError::Entry("the key is not there any more".to_owned()))?
            }
        };
        let done = work(session, key).map_err(failed)?;
        self.keys.insert(name.clone(), key);
        Ok(done)
    }
}

/// What a module says about a call.
pub(super) fn failed(error: Error) -> TokenError {
    TokenError::Module(error.to_string())
}

/// The library, loaded and initialised.
fn loaded(path: &Path) -> Result<Pkcs11, TokenError> {
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = libraries.get(path) {
        return Ok(module.clone());
    }
    let told = |error: Error| TokenError::Module(format!("`{}` cannot be loaded: {error}", path.display()));
    let module = Pkcs11::new(path).map_err(told)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // By another name of the same library.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(told(error)),
    }
    libraries.insert(path.to_owned(), module.clone());
    Ok(module)
}

fn slot(module: &Pkcs11, choice: &SlotChoice, library: &Path) -> Result<Slot, TokenError> {
    let slots = module.get_slots_with_token().map_err(failed)?;
    let label =
        |slot: &Slot| module.get_token_info(*slot).map(|info| info.label().to_owned()).unwrap_or_default();
    let found = match choice {
        SlotChoice::Id(id) => slots.iter().find(|slot| slot.id() == *id),
        SlotChoice::Index(index) => slots.get(*index),
        SlotChoice::Label(wanted) => slots.iter().find(|slot| label(slot) == *wanted),
    };
    found.copied().ok_or_else(|| {
        let wanted = match choice {
            SlotChoice::Id(id) => format!("the number {id}"),
            SlotChoice::Index(index) => format!("the index {index}"),
            SlotChoice::Label(label) => format!("the label `{label}`"),
        };
        let known = slots.iter().take(10).map(|slot| format!("{} (`{}`)", slot.id(), label(slot)));
        let known = known.collect::<Vec<_>>().join(", ");
        let message = format!("`{}` has no slot with {wanted}; it has {known}", library.display());
        TokenError::Module(message)
    })
}
