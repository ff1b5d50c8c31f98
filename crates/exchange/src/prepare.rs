//! [`Prepare`]: entities and sessions are fetched before expressions look at them.

use expression::Uses;

use crate::{BodyError, Context, Fault, FaultKind, Filter, FilterRef, Next, Outcome, Request};

/// Fetches what expressions will look at, before they are evaluated: evaluation itself never waits.
///
/// The heap splices it around an object whose expressions need an entity or the session.
pub struct Prepare {
    request_entity: bool,
    response_entity: bool,
    session: bool,
}

impl Prepare {
    /// The filter to run outside an object with these uses, if any is needed.
    pub fn outer(uses: Uses) -> Option<FilterRef> {
        (uses.request_entity || uses.session).then(|| {
            FilterRef::new(Self {
                request_entity: uses.request_entity,
                response_entity: false,
                session: uses.session,
            })
        })
    }

    /// The filter to run inside an object with these uses, if any is needed.
    pub fn inner(uses: Uses) -> Option<FilterRef> {
        uses.response_entity
            .then(|| FilterRef::new(Self { request_entity: false, response_entity: true, session: false }))
    }

    /// Does the same for a handler that evaluates by itself, like a router.
    pub async fn request(uses: Uses, cx: &mut Context, request: &mut Request) -> Result<(), Fault> {
        if uses.request_entity {
            if let Some(length) = request.body.length() {
                // A small entity that came with the head is held already; its limit is the same.
                cx.storage.admit(length).map_err(request_body_fault)?;
            }
            request.body.buffer(&cx.storage).await.map_err(request_body_fault)?;
        }
        if uses.session {
            cx.session.load(request).await?;
        }
        Ok(())
    }
}

impl Filter for Prepare {
    async fn filter(&self, cx: &mut Context, request: &mut Request, next: Next<'_>) -> Outcome {
        let uses = Uses { request_entity: self.request_entity, session: self.session, ..Uses::default() };
        Self::request(uses, cx, request).await?;
        let mut response = next.run(cx, request).await;
        if self.response_entity {
            response.body.buffer(&cx.storage).await.map_err(|error| {
                Fault::new(FaultKind::BadGateway, "The response could not be buffered.").because(error)
            })?;
        }
        Ok(response)
    }
}

/// A request body that cannot be read: the client's doing, except when our storage failed.
fn request_body_fault(error: BodyError) -> Fault {
    let kind = match &error {
        BodyError::TooLarge { .. } => FaultKind::TooLarge,
        BodyError::TimedOut => FaultKind::RequestTimeout,
        BodyError::Storage(_) => FaultKind::Internal,
        BodyError::Incomplete | BodyError::Malformed(_) | BodyError::Connection(_) => FaultKind::BadRequest,
    };
    Fault::new(kind, "The request body could not be buffered.").because(error).closing()
}
