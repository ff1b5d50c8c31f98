//! `docs/guide/tls.md`, followed.

use super::tools_are_here;
use crate::printed_steps;

/// Follows a section to its end.
fn follow(title: &str) {
    if tools_are_here() {
        printed_steps::follow("tls.md", &[title]);
    }
}

#[test]
fn https_is_served_and_a_certificate_replaced_as_the_guide_says() {
    follow("Serve HTTPS");
}

#[test]
fn clients_are_asked_for_certificates_as_the_guide_says() {
    follow("Ask clients for certificates");
}

#[test]
fn applications_are_called_over_https_as_the_guide_says() {
    follow("Call applications over HTTPS");
}
