//! HTTP/1.1 on the wire, for both sides: finding and checking heads, decoding and encoding bodies.
//!
//! Nothing here waits or knows who is at the other end; the two sides decide what a finding means (400 for a
//! client's request, 502 for an origin's response).

pub(crate) mod authority;
pub(crate) mod blocks;
pub(crate) mod framing;
pub(crate) mod maps;
pub(crate) mod names;
pub(crate) mod scan;
pub(crate) mod writer;
