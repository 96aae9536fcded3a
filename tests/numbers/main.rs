//! Values and derivatives against reference numbers.
//!
//! They are a program of their own because they also run in release mode: optimization might change them.

#[cfg(feature = "graph")]
mod conventions;
#[cfg(feature = "graph")]
mod reference_cases;
#[cfg(feature = "graph")]
mod special_ends;
mod special_values;
#[expect(dead_code, reason = "the other binary uses the rest")]
#[path = "../support"]
mod support {
    pub(crate) mod compare;
    pub(crate) mod reference;
    pub(crate) mod refusals;
    pub(crate) mod softmax;
}
mod taylor;
mod terms;
mod wide_slopes;
