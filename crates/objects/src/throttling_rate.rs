//! The rate of a throttling filter or policy as it stands in a configuration.

use exchange::ThrottlingRate;
use heap::PositiveDuration;
use schemars::JsonSchema;
use serde::Deserialize;

/// So many requests in so much time.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateConfig {
    /// Requests that may pass within `duration`. None at all, 0, blocks.
    number_of_requests: u32,
    /// The time in which that many requests may pass.
    duration: PositiveDuration,
}

impl RateConfig {
    pub(crate) fn rate(self) -> ThrottlingRate {
        ThrottlingRate::new(self.number_of_requests, self.duration.0)
    }
}
