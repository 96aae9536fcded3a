//! Automatic differentiation by generic scalars: write a function once over
//! [`Scalar`], and evaluate it, differentiate it forward or in reverse, to any
//! order.
//!
//! ```
//! use dualtape::{Scalar, check, function, gradient, gradient_forward, hessian};
//!
//! fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
//!     (x[0] * x[1]).sin() + x[1].powi(2) * 0.5
//! }
//!
//! let x = [0.5, 2.0];
//! assert_eq!(f(&x), 2.8414709848078967); // evaluated
//! let (y, reverse) = gradient(f, &x); // recorded on a tape, and swept in reverse
//! let (z, forward) = gradient_forward(f, &x); // with dual numbers
//! assert_eq!((y, &reverse), (z, &forward));
//! assert_eq!(hessian(f, &x).2[0][1], -0.30116867893975674); // both, nested
//! check(&function!(f), &x).assert_agreement(); // and all against differences
//! ```
//!
//! # Which call do I want?
//!
//! | I have | I want | call |
//! |---|---|---|
//! | a function of one number | its derivative; all derivatives to order K | [`derivative`]; [`taylor`](taylor()) |
//! | a function of many numbers | its gradient | [`gradient`]; [`gradient_forward`] or [`gradient_array`] for a few inputs |
//! | a function of many numbers | its Hessian; a product with it | [`hessian`]; [`hvp`] |
//! | a function with several results | its Jacobian; products with it | [`jacobian_forward`] (the same as [`jacobian`]), [`jacobian_reverse`]; [`jvp`], [`vjp`] |
//! | a model, a struct of parameters | its gradient as a model; its Hessian | [`gradient_of`]; [`hessian_of`] |
//! | a function as a value | its gradient or Jacobian, in the mode that suits; in the quickest forward mode | [`Function::gradient`], [`Function::jacobian`]; [`Function::gradient_array`], [`Function::jacobian_array`] |
//! | a function with local dependence | a large sparse derivative | [`sparse::SparseJacobian`], [`sparse::SparseHessian`] |
//! | a function to test | forward, reverse and finite differences compared | [`check`](check()) |
//! | a sum of many terms | its gradient in the memory of one term, on all cores | [`Terms`] |
//! | a kernel called many times | a shorter recording; all its slopes | `#[fused]` on it, [`fuse`](fuse()), or [`fuse_map`] over slices; [`linearize`] |
//! | a distribution function, a quantile, a Bessel function | its slopes with respect to every argument | [`special`] |
//! | values from elsewhere, an operation on slices | custom derivatives | [`Rule`], [`Block`] |
//! | a solution of equations | its derivative with respect to the parameters | [`implicit::root`], [`implicit::fixed_point`], [`implicit::argmin`], [`implicit::solve`] |
//! | a matrix, a rotation | its equations, factors, exponential or logarithm, with derivatives | [`linalg`], [`rotation`] |
//! | a long loop | a gradient in bounded memory | [`Checkpointed`] |
//! | an expression | the gradient of every intermediate | [`Tape`] |
//! | a computation | a picture of it; the operation that made a NaN | [`graph::trace`](graph::trace()), [`graph::TracedTape`] |
//! | a function in a hot loop, or in firmware | its derivatives as Rust source (feature `source`) | `source::Source` |
//! | data | a network that learns it | [`nn::Trainer`] |
//! | a training, a function of the plane | a picture of it | [`plot::Curves`], [`plot::Boundary`] |
//!
//! [`implicit::root`], [`implicit::fixed_point`] and [`implicit::argmin`] do not solve the equations: they take the solution and differentiate it.
//!
//! Every verb returns the value and the derivative together and is generic in the scalar of the point, so a derivative
//! of a derivative is a call inside a call. The [`guide`] goes from one derivative to each of these, and gives their
//! costs.
//!
//! Code over nalgebra, ndarray and num-complex is differentiated as it is, and solvers take derivatives from here: the page
//! [`works_with`] has the crates and versions.
//!
//! # Map of the code
//!
//! The order of the `mod` lines is the reading order, floor by floor:
//!
//! - `scalar.rs` is the trait; in `scalar/`, `rules.rs` has every elementary function and its derivative, written once,
//!   `zero.rs` the rule "a zero beats an infinity", `operators.rs` what all modes share, `function.rs` functions as values, `custom.rs`
//!   custom derivatives, and `sums.rs`, `softmax.rs` and `dense.rs` the operations on slices.
//! - `forward.rs` is forward mode, `reverse.rs` the tape, `series.rs` Taylor series.
//! - `special.rs` has special functions with derivatives by all arguments, and `density.rs` the log densities.
//! - `verbs.rs` has `derivative`, `gradient` and the like.
//! - `ranks.rs` adds pieces in a fixed order, on threads and on several processes.
//! - `tools/` stands on the verbs: `fuse`, `implicit`, `parameters`, `terms`, `checkpoint`, `sparse`, `check`.
//! - `linalg/` and `rotation/` are blocks and rules: matrices and rotations.
//! - `graph/` draws, and `source/` writes derivatives as Rust source. `nn/` has networks, which know [`Scalar`] and nothing
//!   else, and a trainer, which knows the verbs; `plot/` draws what they learn.
//! - `interop/` has the shapes of other crates; their traits are in `scalar/`, `ecosystem.rs` and `simba.rs`.
//! - `memory/` and `simd/` are independent of derivatives.
//!
//! To add a function, see the head of `scalar/rules.rs`.
//!
//! # Features
//!
//! The engine, with forward mode, reverse mode, series, the verbs, matrices and the tools, needs no feature:
//! `default-features = false`. A program with this one dependency then builds in 5 s in debug and 8 s in release, and
//! with the default features in 12 s and 20 s (two cores, AMD Zen 5, cold, 2026-11-30).
//!
//! - `graph` (default): the module [`graph`].
//! - `nn` (default): the module [`nn`], with the crate `rand`.
//! - `plot` (default): the module [`plot`]; implies `graph` and `nn`.
//! - `parallel` (default): `Terms::par_gradient`, and large minibatches of [`nn::Trainer`], on several threads with rayon.
//!   Several machines need no feature: [`ranks`] says how, with MPI by the crate `dualtape-mpi`.
//! - `density`: the module `density`, log densities of probability distributions, generic in every argument.
//! - `source`: the module `source`, derivatives as Rust source; implies `graph`.
//! - `simd` (default): layers, and sweeps of dual numbers and lanes, use the vector instructions of the machine. They change
//!   no bit of a result. The calls that this needs, which are unsafe, are in the crate `dualtape-simd`, of 100 lines.
//! - `files`: for [`nn`], data from CSV files, and networks in safetensors and JSON files, with the crates `csv`,
//!   `safetensors`, `serde` and `tempfile`.
//! - `nalgebra`, `nalgebra-0_34`: every reading is a `RealField` of nalgebra 0.35, or of 0.34 and 0.33, and the module
//!   `nalgebra` (`nalgebra_0_34`) has the verbs over its vectors. The traits of simba, on which nalgebra stands, declare
//!   two unsafe methods; without these features the crate forbids unsafe code.
//! - `ndarray`, `ndarray-0_16`: numbers as operands of arrays, and [`Matrix`] as an array.
//! - `num-complex`: the module `complex`, functions of complex numbers.
//! - `serde`: dual numbers are serialized.
//! - `macros`: `#[differentiable]`, which makes functions of `f64` generic, `#[fused]`, which makes every call of a function
//!   one statement on a tape, and `#[derive(Parameters)]`, with the crate
//!   `dualtape-macros`, which compiles `syn`. Without the feature none of it is compiled. A cold build without default
//!   features takes 27 s of processor time with it in debug and 15 s without, in release 38 s and 26 s (taken once,
//!   2026-11-29, on two busy cores).
//! - `train`: `files`, and for [`nn::Trainer`] a progress bar and an end at Ctrl-C, with the crates `indicatif` and `ctrlc`.
//!
//! Without `parallel`, `files` and `train` the crate compiles for `wasm32-unknown-unknown`.
//!
//! # Limits
//!
//! - **Closures have one type.** `|x| x * x` is one function of one scalar. To run in several
//!   readings, write a generic `fn`, or a [`Function`]. [`write_it_like_this`] has a table of what to write instead of
//!   what does not compile.
//! - **Literals are floats on the right.** In generic code write `x * 2.0`; `2.0 * x`
//!   compiles for [`Dual`] and [`Var`] over `f64`, but a trait cannot promise it. `f(2)`
//!   does not compile, as 2 is no float:
//!   ```compile_fail,E0277
//!   fn square<S: dualtape::Scalar>(x: S) -> S {
//!       x * x
//!   }
//!   square(2);
//!   ```
//! - **A number that is read as an `f64` is an `f64`.** `F::from(x)` keeps the derivative of an `x` of the type `F`, but
//!   `F::from(x.to_f64())`, `F::from_f64` and parts of `integer_decode` do not. Differentiate these steps with a
//!   [`Rule`]. A type of one's own whose `to_f64` computes from a number of the type `F` has no derivative in `F::from`: it
//!   is `None`, but where the computed value equals the number's, which then is taken.
//! - **An adjoint has to fit too.** Where the derivative with respect to an intermediate overflows or underflows, reverse
//!   mode gives an infinity or drops the term; forward mode often has the result. In reverse mode over reverse mode, slopes
//!   are intermediates too: `hessian`, forward over reverse, has second derivatives farther out, and nested forward mode
//!   and [`taylor`] farther still.
//! - **Equality compares values.** `if x == 0.0 { return S::zero() }` drops the
//!   derivative at 0: only the branch taken is differentiated.
//! - **A search has no derivative of its own.** Bisection compares its parameter, and a Newton loop that starts at the
//!   solution makes no step: both have slope 0 without a word. Search in plain numbers, and differentiate what was found:
//!   ```
//!   use dualtape::{Scalar, derivative, function, implicit::root};
//!
//!   fn residual<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
//!       vec![x[0].exp() * x[0] - p[0]]
//!   }
//!   fn lambert<S: Scalar<Real = f64>>(p: S) -> S {
//!       let (mut low, mut high) = (0.0, 10.0);
//!       while high - low > 1e-15 * high {
//!           let x = (low + high) / 2.0;
//!           if x.exp() * x < p.value() { low = x } else { high = x }
//!       }
//!       root(&function!(residual: &[S], &[S] -> Vec<S>), &[low], &[p])[0]
//!   }
//!   assert!((derivative(lambert, 1.0_f64.exp()).1 - 0.5 * (-1.0_f64).exp()).abs() < 1e-14);
//!   ```
//! - **What ends or branches by the value** leaves out derivatives: a series that stops at a small term (stop by
//!   [`Scalar::magnitude`]), a constant at a removable point (return the series). Kinks that cancel do not cancel in
//!   derivatives: write x² for |x|·|x|, and ‖x‖² and kernels of a distance without the root. The
//!   [conventions](conventions#what-a-function-hides-from-its-derivative) have the code.
//! - **A variable belongs to a recording, on one thread.** Using it after its tape was
//!   cleared or dropped, while another tape over the same scalar records, or on another
//!   thread panics and says which.
//! - **Levels do not mix.** Inside a derivative of a derivative, numbers from outside are
//!   [`lift`]ed. Without it the inner verb panics, where another library would confuse the
//!   infinitesimals: on any thread, and for numbers made by hand, which go through [`Rule`] instead. One way in is not seen:
//!   a [`Function`] that keeps numbers from one evaluation for another, which takes a `dyn Any`. Give them as inputs, or as
//!   fields, or keep plain values.
//! - **Recordings and levels have numbers of 32 bits.** A variable that is kept while exactly 2³² recordings come and go (a
//!   tape that is cleared for minutes without a pause), or a dual number over as many inner derivatives, is taken for a
//!   fresh one.
//! - **At kinks and ends of domains** derivatives follow fixed [`conventions`]: the
//!   subgradient of least norm where two slopes meet (`|x|′ = 0` at 0), the one-sided
//!   limit where there is one (`√x′ = ∞` at 0), halves at a tie of `max`, NaN outside the
//!   domain, and exactly 0 for a variable that does not matter.
//! - **A recording holds at most 2³¹ − 1 statements and arguments**, 24 bytes for an
//!   operation in `f64`. Longer computations are differentiated in pieces.

// The traits of simba declare unsafe methods, whose bodies here are safe: `scalar/simba.rs`.
#![cfg_attr(not(any(feature = "nalgebra", feature = "nalgebra-0_34")), forbid(unsafe_code))]

// Memory and vector instructions, independent of derivatives.
mod memory;
mod simd;

// A number, and the function of it.
mod scalar;

// The modes: readings of a number that differentiate.
mod forward;
mod reverse;
mod series;

// Value and derivative of a function, by the modes.
mod verbs;

// Sums in a fixed order, on threads and on several processes.
pub mod ranks;

// Matrices and rotations: blocks and rules of their own.
pub mod linalg;
pub mod rotation;

// Tools on the verbs.
mod tools;

// Special functions.
pub mod special;

// Log densities, made of special functions.
#[cfg(feature = "density")]
pub mod density;

// Uses: pictures of computations, their derivatives as source, networks, charts.
#[cfg(feature = "graph")]
pub mod graph;
#[cfg(feature = "nn")]
pub mod nn;
#[cfg(feature = "plot")]
pub mod plot;
#[cfg(feature = "source")]
pub mod source;

// The shapes and traits of other crates.
mod interop;

// Pages of the documentation.
pub mod conventions;
pub mod from_a_neuron_to_a_gpt;
pub mod guide;
pub mod works_with;
pub mod write_it_like_this;

#[cfg(feature = "macros")]
pub use dualtape_macros::{Parameters, differentiable, fused};
pub use forward::{Dual, LANES, lift};
#[cfg(feature = "num-complex")]
pub use interop::complex;
#[cfg(feature = "nalgebra")]
pub use interop::nalgebra;
#[cfg(all(feature = "nalgebra-0_34", not(doctest)))]
pub use interop::nalgebra_0_34;
pub use memory::kept::release_memory;
pub use reverse::{Gradients, Tape, Var};
pub use scalar::custom::{Block, Rule, plain};
pub use scalar::dense::{affine, dense};
pub use scalar::function::{Function, Outputs, Parametric};
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use scalar::mixed as __mixed;
pub use scalar::softmax::{log_softmax, log_sum_exp, softmax};
pub use scalar::sums::{dot, sum, weighted_sum};
pub use scalar::{Accepts, Arithmetic, Real, Scalar};
pub use series::{Taylor, taylor};
pub use tools::check::check;
pub use tools::checkpoint::Checkpointed;
pub use tools::fuse::{fuse, fuse_map, linearize};
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use tools::fused as __fused;
pub use tools::parameters::{Parameters, gradient_of, hessian_of};
pub use tools::terms::{LinearTerms, Terms};
pub use tools::{check, implicit, parameters, sparse};
pub use verbs::{
    IntoNumbers, Matrix, derivative, gradient, gradient_array, gradient_forward, gradient_into, hessian, hessian_into,
    hvp, jacobian, jacobian_array, jacobian_forward, jacobian_into, jacobian_reverse, jvp, vjp,
};

/// The programs of the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
