//! Tests of the behaviour of the library, one module for each.
//!
//! They are one program, which is linked once. `cargo test --test all sparse::` runs the tests of one module.

#[cfg(any(feature = "ndarray", feature = "ndarray-0_16"))]
mod arrays;
mod checking;
mod checkpoint;
#[cfg(feature = "num-complex")]
mod complex_functions;
mod custom_rules;
#[cfg(feature = "nn")]
mod datasets;
#[cfg(feature = "density")]
mod densities;
mod difference;
#[cfg(feature = "macros")]
mod differentiable;
mod ecosystem;
#[cfg(feature = "nn")]
mod edges;
#[cfg(feature = "files")]
mod files;
mod first_hour;
mod foreign_code;
mod functions;
mod gradbench;
#[cfg(feature = "graph")]
mod graphs;
mod implicit;
mod inherent;
#[cfg(feature = "train")]
mod interrupted_training;
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
#[cfg(any(feature = "nalgebra", feature = "nalgebra-0_34"))]
mod nalgebra;
mod nested_derivatives;
#[cfg(feature = "nn")]
mod networks;
mod operators;
#[cfg(feature = "nn")]
mod optimizers;
mod own_memory;
#[cfg(feature = "macros")]
mod parameters;
#[cfg(feature = "plot")]
mod pictures;
mod recordings;
#[cfg(feature = "nn")]
mod reference_training;
mod rotation;
#[cfg(feature = "serde")]
mod serialized;
mod slices;
mod slopes;
mod sparse;
mod support;
mod sweeps;
mod tape_in_100_lines;
mod tape_safety;
mod threads;
#[cfg(feature = "nn")]
mod training;
