//! Filters: they stand between a request and the next filter or handler.

mod header_filter;

pub use header_filter::HeaderFilter;

use heap::ObjectType;

/// The filters, sorted by name.
pub const TYPES: &[ObjectType] = &[ObjectType::of::<HeaderFilter>()];
