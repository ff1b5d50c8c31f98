//! What an expression may touch, found by looking at it and not by running it.

/// What an expression may touch. Callers buffer an entity before the evaluation if it may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// The request, or a part of it.
    pub request: bool,
    /// The body of the request.
    pub request_entity: bool,
    /// The response, or a part of it.
    pub response: bool,
    /// The body of the response.
    pub response_entity: bool,
    /// The session, directly or through the contexts.
    pub session: bool,
    /// Contexts or attributes.
    pub context: bool,
    /// The time.
    pub now: bool,
    /// Files, read anew at each evaluation.
    pub files: bool,
    /// A name that only some scopes have: `heap`, `previous`, declared extras.
    pub extras: bool,
}

impl Uses {
    /// What either of two expressions touches.
    pub fn union(self, other: Uses) -> Uses {
        Uses {
            request: self.request || other.request,
            request_entity: self.request_entity || other.request_entity,
            response: self.response || other.response,
            response_entity: self.response_entity || other.response_entity,
            session: self.session || other.session,
            context: self.context || other.context,
            now: self.now || other.now,
            files: self.files || other.files,
            extras: self.extras || other.extras,
        }
    }

    /// Whether the evaluation needs no request: such a value may be worked out at load.
    pub fn is_load_time(self) -> bool {
        !(self.request || self.response || self.session || self.context || self.extras)
    }
}
