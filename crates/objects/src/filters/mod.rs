//! Filters: they stand between a request and the next filter or handler.

mod allow_only_filter;
mod assignment_filter;
mod basic_credentials;
mod capture_filter;
mod chain_of_filters;
pub(crate) mod charset;
mod circuit_breaker_filter;
mod condition_enforcement_filter;
mod conditional_filter;
mod cookie_date;
mod cookie_filter;
pub(crate) mod cookies;
mod cors_filter;
pub(crate) mod crypto_header_filter;
mod csrf_filter;
mod data_preservation_filter;
mod date_header_filter;
mod entity_extract_filter;
mod exception_filter;
mod fapi_interaction_id_filter;
mod form;
mod forwarded_request_filter;
mod fragment_filter;
mod header_filter;
mod http_basic_auth_filter;
mod http_basic_authentication_client_filter;
mod location;
mod location_header_filter;
mod navigation;
mod origin;
mod pages;
mod set_cookie_update_filter;
mod static_request_filter;
mod switch_filter;
mod throttling_filter;
mod transaction_id_outbound_filter;
mod uri_path_rewrite_filter;
mod vary;

pub use allow_only_filter::AllowOnlyFilter;
pub use assignment_filter::AssignmentFilter;
pub use capture_filter::CaptureFilter;
pub use chain_of_filters::ChainOfFilters;
pub use circuit_breaker_filter::CircuitBreakerFilter;
pub use condition_enforcement_filter::ConditionEnforcementFilter;
pub use conditional_filter::ConditionalFilter;
pub use cookie_filter::CookieFilter;
pub use cors_filter::CorsFilter;
pub use crypto_header_filter::CryptoHeaderFilter;
pub use csrf_filter::CsrfFilter;
pub use data_preservation_filter::DataPreservationFilter;
pub use date_header_filter::DateHeaderFilter;
pub use entity_extract_filter::EntityExtractFilter;
pub use exception_filter::ExceptionFilter;
pub use fapi_interaction_id_filter::FapiInteractionIdFilter;
pub use forwarded_request_filter::ForwardedRequestFilter;
pub use fragment_filter::FragmentFilter;
pub use header_filter::HeaderFilter;
pub use http_basic_auth_filter::HttpBasicAuthFilter;
pub use http_basic_authentication_client_filter::HttpBasicAuthenticationClientFilter;
pub use location_header_filter::LocationHeaderFilter;
pub use set_cookie_update_filter::SetCookieUpdateFilter;
pub use static_request_filter::StaticRequestFilter;
pub use switch_filter::SwitchFilter;
pub use throttling_filter::ThrottlingFilter;
pub use transaction_id_outbound_filter::TransactionIdOutboundFilter;
pub use uri_path_rewrite_filter::UriPathRewriteFilter;

use heap::ObjectType;

/// The filters, sorted by name.
pub const TYPES: &[ObjectType] = &[
    ObjectType::of::<AllowOnlyFilter>(),
    ObjectType::of::<AssignmentFilter>(),
    ObjectType::of::<CaptureFilter>(),
    ObjectType::of::<ChainOfFilters>(),
    ObjectType::of::<CircuitBreakerFilter>(),
    ObjectType::of::<ConditionEnforcementFilter>(),
    ObjectType::of::<ConditionalFilter>(),
    ObjectType::of::<CookieFilter>(),
    ObjectType::of::<CorsFilter>(),
    ObjectType::of::<CryptoHeaderFilter>(),
    ObjectType::of::<CsrfFilter>(),
    ObjectType::of::<DataPreservationFilter>(),
    ObjectType::of::<DateHeaderFilter>(),
    ObjectType::of::<EntityExtractFilter>(),
    ObjectType::of::<ExceptionFilter>(),
    ObjectType::of::<FapiInteractionIdFilter>(),
    ObjectType::of::<ForwardedRequestFilter>(),
    ObjectType::of::<FragmentFilter>(),
    ObjectType::of::<HeaderFilter>(),
    ObjectType::of::<HttpBasicAuthFilter>(),
    ObjectType::of::<HttpBasicAuthenticationClientFilter>(),
    ObjectType::of::<LocationHeaderFilter>(),
    ObjectType::of::<SetCookieUpdateFilter>(),
    ObjectType::of::<StaticRequestFilter>(),
    ObjectType::of::<SwitchFilter>(),
    ObjectType::of::<ThrottlingFilter>(),
    ObjectType::of::<TransactionIdOutboundFilter>(),
    ObjectType::of::<UriPathRewriteFilter>(),
];

#[cfg(test)]
mod tests {
    use crate::testing::{brief, example_of};
    use heap::Status;

    #[test]
    fn the_example_of_every_filter_loads_without_complaint() {
        for object_type in super::TYPES {
            let example = example_of(object_type);
            let chain = format!(r#"{{"filters": [{example}], "handler": {{"type": "Origin"}}}}"#);
            let found = brief(&format!(r#"{{"handler": {{"type": "Chain", "config": {chain}}}}}"#));
            // An object type of an older release is told as such.
            let is_told = object_type.status == Status::Deprecated && !found.contains("error");
            assert!(found.is_empty() || is_told, "{found}");
        }
    }
}
