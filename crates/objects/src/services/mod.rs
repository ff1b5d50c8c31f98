//! Objects that handlers and filters use: storage, executors, throttling policies, delegates.

mod default_rate_throttling_policy;
mod delegate;
mod log_sink;
mod mapped_throttling_policy;
mod scheduled_executor_service;
mod temporary_storage;

pub use default_rate_throttling_policy::DefaultRateThrottlingPolicy;
pub use delegate::Delegate;
pub use log_sink::LogSink;
pub use mapped_throttling_policy::MappedThrottlingPolicy;
pub use scheduled_executor_service::ScheduledExecutorService;
pub use temporary_storage::TemporaryStorage;

use heap::ObjectType;

/// The services, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<DefaultRateThrottlingPolicy>(),
    ObjectType::of::<Delegate>(),
    ObjectType::of::<LogSink>(),
    ObjectType::of::<MappedThrottlingPolicy>(),
    ObjectType::of::<ScheduledExecutorService>(),
    ObjectType::of::<TemporaryStorage>(),
];
