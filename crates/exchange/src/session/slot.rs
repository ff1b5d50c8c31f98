//! [`SessionSlot`]: the session of a request in flight.

use super::{Session, SessionManagerRef, lasting};
use crate::{Fault, Request, Response};

/// The session of a request in flight, loaded on first use.
#[derive(Default)]
pub struct SessionSlot {
    manager: Option<SessionManagerRef>,
    session: Option<Session>,
}

impl SessionSlot {
    /// A slot that loads from `manager`.
    pub fn new(manager: SessionManagerRef) -> Self {
        Self { manager: Some(manager), session: None }
    }

    /// The session, if it has been loaded.
    pub fn get(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Loads the session unless that happened before. Without a manager there is none.
    pub async fn load(&mut self, request: &Request) -> Result<Option<&Session>, Fault> {
        if self.session.is_none()
            && let Some(manager) = &self.manager
        {
            self.session = Some(manager.0.load(request).await?);
        }
        Ok(self.session.as_ref())
    }

    /// Saves the session if it was loaded and has changed. A response that lasts, an upgraded connection or a stream
    /// of events, ends with the session from then on.
    pub async fn save(&self, response: &mut Response) -> Result<(), Fault> {
        let (Some(manager), Some(session)) = (&self.manager, &self.session) else { return Ok(()) };
        if session.is_changed() {
            manager.0.save(session, response).await?;
        }
        lasting::end_with(response, || manager.0.ended(session));
        Ok(())
    }
}
