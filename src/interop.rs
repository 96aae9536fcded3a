//! The shapes and traits of other crates, one file for each crate, each behind a feature. The traits of num-traits,
//! approx and simba, which the numbers themselves need, are in `scalar/`.

#[cfg(feature = "num-complex")]
pub mod complex;
#[cfg(feature = "nalgebra")]
mod field;
#[cfg(feature = "nalgebra")]
pub mod nalgebra {
    #![doc = include_str!("interop/nalgebra.md")]

    use ::nalgebra as na;

    pub use super::field::{FieldFunction, OverField};

    include!("interop/nalgebra.rs");
}
#[cfg(all(feature = "nalgebra-0_34", not(doctest)))]
/// The verbs over the vectors and matrices of nalgebra 0.34: the same as in the module `nalgebra`, which the examples use.
pub mod nalgebra_0_34 {
    use ::nalgebra_0_34 as na;
    include!("interop/nalgebra.rs");
}
#[cfg(any(feature = "ndarray", feature = "ndarray-0_16"))]
mod ndarray;
#[cfg(feature = "serde")]
mod serde;
