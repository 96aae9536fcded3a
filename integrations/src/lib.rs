//! Programs of other crates that take derivatives from dualtape, one in each file of `tests/`, and what they share.

pub mod nist;
pub mod once;
