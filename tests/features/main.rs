//! Tests of optional features, one module for each.
//!
//! They are a program of their own, so that a run with all features does not compile the other tests again. Without a
//! feature its tests are left out: `cargo test --all-features --test features`.

#[cfg(feature = "macros")]
#[macro_use]
mod both;

#[cfg(any(feature = "ndarray", feature = "ndarray-0_16"))]
mod arrays;
#[cfg(feature = "num-complex")]
mod complex_functions;
#[cfg(feature = "density")]
mod densities;
#[cfg(feature = "macros")]
mod differentiable;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "macros")]
mod fused;
#[cfg(feature = "train")]
mod interrupted_training;
#[cfg(any(feature = "nalgebra", feature = "nalgebra-0_34"))]
mod nalgebra;
#[cfg(feature = "macros")]
mod parameters;
#[cfg(feature = "serde")]
mod serialized;
#[cfg(feature = "density")]
mod transforms;

#[allow(dead_code, reason = "the other tests use more of it")]
#[path = "../support/mod.rs"]
mod support;
