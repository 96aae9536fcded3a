//! The text of generated functions.
