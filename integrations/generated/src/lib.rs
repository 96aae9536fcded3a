//! Two users of generated derivatives, without `std` and without dualtape.
//!
//! The build script writes the code; [`arm`] and [`control`] call it. Both compile for a microcontroller:
//! `cargo build --target thumbv7em-none-eabihf`.

#![no_std]

pub mod arm;
pub mod control;

/// The generated functions.
pub mod derivatives {
    include!(concat!(env!("OUT_DIR"), "/derivatives.rs"));
}
