//! Programs of other crates that take derivatives from dualtape, one in each file of `tests/`, and what they share.

pub mod least_squares;
pub mod minpack;
pub mod nist;
pub mod once;
pub mod within;
