//! Why no source is written.

use std::fmt;
use std::panic::Location;

/// A function that cannot be written as source. The message names the operation and the way out.
///
/// ```
/// use dualtape::{Scalar, function, source::Source};
///
/// let refusal = Source::of(&function!(|x: &[S]| -> S { x[0].ln_gamma() }), &[2.0]).value().unwrap_err();
/// assert!(refusal.to_string().starts_with("`ln_gamma` is no function of std"), "{refusal}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// An operation with custom derivatives, a [`Rule`](crate::Rule) or a [`Block`](crate::Block).
    Custom {
        /// The name of its type.
        name: String,
        /// The line of the program, in debug builds.
        location: Option<&'static Location<'static>>,
    },
    /// An operation on slices that is one operation of the trace.
    Unknown {
        /// Its name.
        name: String,
        /// The line of the program, in debug builds.
        location: Option<&'static Location<'static>>,
    },
    /// A special function.
    Special {
        /// Its name.
        name: String,
        /// Whether the generated code was to be without `std`.
        no_std: bool,
    },
    /// A plain number that the function read.
    Reading {
        /// The line of the program, in debug builds.
        location: Option<&'static Location<'static>>,
    },
    /// A rule whose derivative needs plain numbers.
    Unreadable,
    /// A gradient or a Hessian of several outputs.
    Outputs {
        /// The derivative that was asked for.
        verb: &'static str,
        /// The number of outputs.
        outputs: usize,
    },
    /// More operations than a generated function may have.
    Large {
        /// The number of operations.
        operations: usize,
        /// The largest number.
        most: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |location: &Option<&Location<'_>>| location.map_or(String::new(), |place| format!(" at {place}"));
        match self {
            Refusal::Custom { name, location } => write!(
                f,
                "`{name}`{} has custom derivatives, and the trace holds their numbers alone: write it in the operations of \
                 `Scalar`, or generate the parts before and after it",
                at(location)
            ),
            Refusal::Unknown { name, location } => write!(
                f,
                "`{name}`{} is one operation on a slice: write it with `exp`, `ln` and sums over the elements",
                at(location)
            ),
            Refusal::Special { name, no_std: false } => write!(
                f,
                "`{name}` is no function of std: take it from the crate `libm` by `.libm()`, or name a module that has \
                 it by `.special(\"path::of::module\")`"
            ),
            Refusal::Special { name, no_std: true } => write!(
                f,
                "`{name}` is neither in core nor in `libm`: name a module that has it by \
                 `.special(\"path::of::module\")`"
            ),
            Refusal::Reading { location } => write!(
                f,
                "the function reads a plain number{}, and a trace does not see what becomes of it: compare the numbers \
                 themselves (`x < y`, `x.is_nan()`), which is recorded; or, if the result does not depend on what was \
                 read, say so by `.reads_freely()`",
                at(location)
            ),
            Refusal::Unreadable => f.write_str(
                "the derivative of `gelu_tanh` computes with plain numbers: write the function by `tanh`, or take \
                 `gelu`",
            ),
            Refusal::Outputs { verb, outputs } => write!(
                f,
                "{verb}: the function has {outputs} outputs: ask for `jacobian`, `jvp` or `vjp`, or make it return one \
                 of them"
            ),
            Refusal::Large { operations, most } => write!(
                f,
                "the derivative has {operations} operations, and one function holds {most}: split the function into \
                 parts, generate each, and chain them by `jvp` or `vjp`; or make the body of a loop a kernel, and call it \
                 by `fuse`, which is written as a loop: see the documentation of `dualtape::source`"
            ),
        }
    }
}

impl std::error::Error for Refusal {}
