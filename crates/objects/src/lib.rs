//! Every object type of the configuration, one file each.
//!
//! A file holds the configuration struct (whose documentation is the reference page), how the object is made
//! from it, what it does, and its tests. It is registered by two lines of the `mod.rs` beside it.

mod circuit_breaker;
pub mod decorators;
pub mod filters;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod handlers;
mod header_text;
mod not_offered;
mod old_names;
pub mod secrets;
pub mod services;
pub mod sessions;
#[cfg(test)]
mod testing;
mod throttling_rate;
pub mod tls;

use heap::Catalogue;

/// All object types, and the objects every instance has by default.
pub fn catalogue() -> Catalogue {
    Catalogue {
        types: &[
            handlers::TYPES,
            filters::TYPES,
            decorators::TYPES,
            secrets::TYPES,
            services::TYPES,
            sessions::TYPES,
            tls::TYPES,
        ],
        not_offered: not_offered::NAMES,
        old_names: old_names::OLD_NAMES,
        defaults: include_str!("defaults.json"),
    }
}

/// The codes of the complaints that object types make by themselves.
pub const CODES: &[&[&source::Code]] = &[
    handlers::router::CODES,
    filters::crypto_header_filter::CODES,
    secrets::CODES,
    sessions::CODES,
    tls::CODES,
];
