//! Tests of the behaviour of the library, one module for each.
//!
//! They are one program, which is linked once. `cargo test --test all sparse::` runs the tests of one module.
//! `tests/features` has the tests of optional features.

mod bare_first;
mod checking;
mod checkpoint;
mod custom_rules;
#[cfg(feature = "nn")]
mod datasets;
mod difference;
mod ecosystem;
#[cfg(feature = "nn")]
mod edges;
#[cfg(feature = "graph")]
mod exercise;
mod first_hour;
mod foreign_code;
mod functions;
mod gradbench;
#[cfg(feature = "graph")]
mod graphs;
mod implicit;
mod inherent;
#[cfg(feature = "nn")]
mod kept_memory;
#[cfg(feature = "nn")]
mod layers;
mod layout;
mod linalg;
#[cfg(feature = "nn")]
mod losses;
mod lower_orders;
#[cfg(all(feature = "plot", feature = "parallel"))]
mod microgpt;
#[cfg(feature = "nn")]
mod micrograd;
#[cfg(feature = "nn")]
mod moons;
mod nested_derivatives;
#[cfg(feature = "nn")]
mod networks;
mod operators;
#[cfg(feature = "nn")]
mod optimizers;
mod own_memory;
#[cfg(feature = "plot")]
mod pictures;
mod recordings;
#[cfg(feature = "nn")]
mod reference_training;
mod rotation;
mod slices;
mod slopes;
mod sparse;
#[path = "../support/mod.rs"]
mod support;
mod sweeps;
mod tape_in_100_lines;
mod tape_safety;
mod threads;
#[cfg(feature = "nn")]
mod training;
