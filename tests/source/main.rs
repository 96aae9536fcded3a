//! Tests of generated source: it is compiled by rustc, run, and compared with the crate.

mod compiled;
mod extremes;
mod kernels;
mod program;
mod random_kernels;
mod random_programs;
mod rounding;
mod written;
