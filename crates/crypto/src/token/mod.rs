//! [`Token`]: keys in a hardware module, by way of PKCS#11. Private keys stay inside; what leaves it are signatures.
//!
//! A module is a library of somebody else that may block for as long as it likes. So one thread of ours makes all the
//! calls, and whoever needs one waits for a limited time. While a call hangs, others fail at once instead of
//! waiting one after the other.

mod connection;
mod entry;
mod signer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::CryptoKey;
use connection::Connection;

/// A signature that takes longer fails the handshake that needs it.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// Loading a library, opening a session and looking for keys may take longer.
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Closing a session may take as long as this.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Why a module, or a key in it, cannot be used. Never holds a PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The library or the slot: it cannot be loaded, there is no such slot.
    #[error("{0}")]
    Module(String),
    /// The PIN is wrong, or the module does not take any more attempts.
    #[error("{0}")]
    Pin(String),
    /// A key or certificate is not there, or is of no use.
    #[error("{0}")]
    Entry(String),
    /// The module does not answer.
    #[error("the module does not answer in time")]
    TimedOut,
}

/// Which module, and what opens it.
#[derive(Clone)]
pub struct TokenSettings {
    /// The library of the module.
    pub library: PathBuf,
    /// Which of its slots.
    pub slot: SlotChoice,
    /// The PIN of the user.
    pub pin: Zeroizing<Vec<u8>>,
}

/// Which slot of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotChoice {
    /// By its number.
    Id(u64),
    /// By its place in the list of the slots that have a token, from 0.
    Index(usize),
    /// By the label of the token in it.
    Label(String),
}

/// A module with a session.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

struct Inner {
    /// `None` only while it is dropped.
    jobs: Option<Sender<Job>>,
    is_hanging: Arc<AtomicBool>,
    /// Ends when the thread has closed the session.
    closed: Mutex<Receiver<()>>,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

impl Token {
    /// Loads the library, and logs in. May take seconds.
    ///
    /// # Errors
    /// A library that cannot be loaded, a slot that is not there, a PIN that is wrong.
    pub fn open(settings: TokenSettings) -> Result<Self, TokenError> {
        let token = Self::start(settings)?;
        token.run(OPEN_TIMEOUT, |connection| connection.session().map(drop))?;
        Ok(token)
    }

    /// Starts the thread of the module.
    fn start(settings: TokenSettings) -> Result<Self, TokenError> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let is_hanging = Arc::new(AtomicBool::new(false));
        let (closing, closed) = mpsc::channel::<()>();
        let inner =
            Inner { jobs: Some(jobs), is_hanging: Arc::clone(&is_hanging), closed: Mutex::new(closed) };
        // Ends when the last holder of the token lets go of it.
        let work = move || {
            let mut connection = Connection::new(settings);
            for job in waiting {
                job(&mut connection);
                is_hanging.store(false, Ordering::Relaxed);
            }
            drop(connection);
            drop(closing);
        };
        let spawned = thread::Builder::new().name("pkcs11".to_owned()).spawn(work);
        spawned.map_err(|error| TokenError::Module(format!("no thread can be started: {error}")))?;
        Ok(Self(Arc::new(inner)))
    }

    /// The key or certificate with this label. A private key comes with its chain, and stays in the module; a symmetric
    /// key has to be extractable.
    ///
    /// # Errors
    /// [`TokenError::Entry`], and whatever the module fails with.
    pub fn key(&self, alias: &str) -> Result<CryptoKey, TokenError> {
        let wanted = alias.to_owned();
        let found = self.run(OPEN_TIMEOUT, move |connection| entry::find(connection, &wanted))?;
        Ok(CryptoKey::named(alias, found.material(self.clone())))
    }

    /// Makes a call on the thread of the module, and waits for it.
    fn run<T: Send + 'static>(
        &self,
        wait: Duration,
        call: impl FnOnce(&mut Connection) -> Result<T, TokenError> + Send + 'static,
    ) -> Result<T, TokenError> {
        if self.0.is_hanging.load(Ordering::Relaxed) {
            return Err(TokenError::TimedOut);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |connection| {
            // Whoever waited may have given up.
            let _ = reply.send(call(connection));
        });
        let gone = || TokenError::Module("the thread of the module has ended".to_owned());
        let jobs = self.0.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).map_err(|_| gone())?;
        match answer.recv_timeout(wait) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => {
                self.0.is_hanging.store(true, Ordering::Relaxed);
                Err(TokenError::TimedOut)
            }
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

impl Drop for Inner {
    /// Waits until the session is closed: modules crash when the process ends while they are at work.
    fn drop(&mut self) {
        self.jobs = None;
        if !self.is_hanging.load(Ordering::Relaxed) {
            let closed = self.closed.get_mut().unwrap_or_else(PoisonError::into_inner);
            let _ = closed.recv_timeout(CLOSE_TIMEOUT);
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_hangs_keeps_nobody_waiting() {
        let settings = TokenSettings {
            library: "/nonexistent".into(),
            slot: SlotChoice::Index(0),
            pin: Zeroizing::default(),
        };
        let token = Token::start(settings).unwrap();
        let (let_go, gate) = mpsc::channel::<()>();
        let hang = move |_: &mut Connection| {
            let _ = gate.recv();
            Ok(())
        };
        assert_eq!(token.run(Duration::from_millis(1), hang), Err(TokenError::TimedOut));
        // Not after an hour.
        assert_eq!(token.run(Duration::from_hours(1), |_| Ok(())), Err(TokenError::TimedOut));
        let_go.send(()).unwrap();
        while token.run(Duration::from_hours(1), |_| Ok(())).is_err() {
            thread::yield_now();
        }
    }
}
