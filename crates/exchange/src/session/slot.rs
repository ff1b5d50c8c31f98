//! [`SessionSlot`]: the session of a request in flight.

use std::sync::Arc;

use http::{HeaderValue, header};

use super::{Session, SessionManagerRef, lasting};
use crate::{Fault, Headers, Request, Response};

/// The cookies of a request as its client sent them: what filters do to a request on its way does not change whose
/// session it is.
#[derive(Clone, Default)]
pub struct SessionCookies(Option<Arc<[HeaderValue]>>);

impl SessionCookies {
    /// The cookies that stand in these fields now.
    pub fn of(headers: &Headers) -> Self {
        let mut fields = headers.get_all(header::COOKIE).into_iter().peekable();
        Self(fields.peek().is_some().then(|| fields.cloned().collect()))
    }

    /// The values of the fields `Cookie`. Applications write into cookies what they like, so these are bytes.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().flat_map(|fields| fields.iter().map(HeaderValue::as_bytes))
    }
}

/// The session of a request in flight, loaded on first use.
#[derive(Default)]
pub struct SessionSlot {
    manager: Option<SessionManagerRef>,
    session: Option<Session>,
    /// `None`: those that the request has when the session is loaded.
    cookies: Option<SessionCookies>,
}

impl SessionSlot {
    /// A slot that loads from `manager`, by the cookies that a request has by then.
    pub fn new(manager: SessionManagerRef) -> Self {
        Self { manager: Some(manager), session: None, cookies: None }
    }

    /// A slot that loads from `manager`, by these cookies whatever becomes of the request.
    pub fn with_cookies(manager: SessionManagerRef, cookies: SessionCookies) -> Self {
        Self { cookies: Some(cookies), ..Self::new(manager) }
    }

    /// An empty slot for another manager, and the same client.
    pub(crate) fn beside(&self, manager: SessionManagerRef) -> Self {
        Self { cookies: self.cookies.clone(), ..Self::new(manager) }
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
            let cookies = self.cookies.get_or_insert_with(|| SessionCookies::of(&request.headers));
            self.session = Some(manager.0.load(cookies).await?);
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
