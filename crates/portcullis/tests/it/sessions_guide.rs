//! `docs/guide/sessions.md`, followed.

use crate::{printed_steps, tools};

/// Follows a section to its end, with the application that the guide tries it with.
fn follow(title: &str) {
    if tools::are_here(&["curl", "openssl"]) {
        printed_steps::follow("sessions.md", &["Something to try it with", title]);
    }
}

#[test]
fn sessions_are_kept_in_memory_as_the_guide_says() {
    follow("Keep sessions in memory");
}

#[test]
fn sessions_are_kept_in_a_cookie_and_its_key_replaced_as_the_guide_says() {
    follow("Keep sessions in a cookie");
}

#[test]
fn sessions_are_kept_in_a_store_as_the_guide_says() {
    follow("Keep sessions in a store");
}

#[test]
fn sessions_in_valkey_are_configured_as_the_guide_says() {
    follow("Keep sessions in Valkey or Redis");
}
