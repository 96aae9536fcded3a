//! Forward mode inside reverse mode.
//!
//! A kernel of a few inputs records many operations at each call, and each is written to memory and read again.
//! Evaluated on dual numbers whose zeros LLVM knows, the kernel needs registers alone, and records one statement with
//! its partial derivatives. (Preaccumulation: Griewank & Walther 2008, §10.2; Hogan 2014 and Sagebaum et al. 2019 do
//! the like with expression templates.) At the elements of slices it records one block for all of them.

use crate::forward::Dual;
use crate::forward::kernel::linearized;
use crate::scalar::Scalar;
use crate::scalar::function::{Function, Outputs};

/// Returns a kernel of a few inputs with its partial derivatives with respect to all of them: each output is a dual
/// number with a lane for each input.
///
/// If the kernel has no loops and is `#[inline(always)]`, LLVM knows which inputs each intermediate depends on, and
/// computes no other slopes. The result is the hand-written code. With loops that are not unrolled it takes two to
/// three times as long as [`gradient_array`](crate::gradient_array), which has dual numbers of all lanes.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | of the Black-Scholes price with five slopes 2 evaluations, of two errors of a camera with 15 slopes each 4.6 | registers, for the most part | more than 16 inputs, or loops: [`gradient_array`](crate::gradient_array), [`jacobian_array`](crate::jacobian_array) |
///
/// ```
/// use dualtape::{Scalar, function, linearize};
///
/// #[inline(always)]
/// fn polar<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
///     [(x * x + y * y).sqrt(), y.atan2(x)]
/// }
///
/// let [length, angle] = linearize(&function!(polar: [S; 2] -> [S; 2]), [3.0, 4.0]);
/// assert_eq!((length.primal, length.partials), (5.0, [0.6000000000000001, 0.8]));
/// assert_eq!(angle.partials, [-0.16, 0.12]);
/// ```
#[inline(always)]
#[track_caller]
pub fn linearize<F, S, const N: usize>(f: &F, x: [S; N]) -> <F::Output as Outputs<S::Real>>::Of<Dual<S, N>>
where
    F: Function<S::Real>,
    S: Scalar,
{
    linearized(f, &x, |_| true).0
}

/// Returns `f(x)`, which on a tape is a single statement for each output.
///
/// On at most 16 variables it evaluates `f` once as [`linearize`] does, whatever scalar is nested inside, and records the
/// slopes. On at most 3 dual numbers of few lanes it applies the chain rule to the slopes, where the output is a number.
/// In every other scalar it evaluates `f` as it is. The result is the same up to rounding.
///
/// Mark the kernel `#[inline(always)]`, and write it without loops, or with loops so short that they are
/// unrolled. Measured, record and sweep together, the time relative to the same kernel recorded operation by
/// operation:
///
/// | operations for each input | 1 | 2 | 4 | 8 |
/// |---|---|---|---|---|
/// | arithmetic, 2 inputs | 0.8 | 0.5 | 0.3 | 0.15 |
/// | arithmetic, 8 inputs | 1.1 | 0.5 | 0.23 | 0.09 |
/// | arithmetic, 16 inputs | 0.9 | 0.22 | 0.15 | 0.06 |
/// | half of them sines, 2 to 16 inputs | 0.7 to 1.4 | | 0.16 to 0.5 | |
/// | arithmetic in a loop, 3 to 8 inputs | 1.8 | 1.4 | 1.1 | 0.9 |
/// | arithmetic in a loop, 16 inputs | 2.6 | 2.2 | 2.1 | 2.1 |
///
/// A kernel that LLVM does not inline takes as long as one with a loop.
///
/// With several outputs a short kernel gains nothing: every output is a statement with all inputs, and the recording of a
/// short kernel has hardly more operands. One of 5 inputs with 11 to 22 operations, at 1000 places of a sum, takes in
/// nanoseconds for each (least times of 1500 runs in turn, AMD, 2026-11; the rows "kernel of 5 inputs" of `cargo bench
/// --bench tools`):
///
/// | outputs | operation by operation | fused | [`linearize`] and the chain rule by hand |
/// |---|---|---|---|
/// | 1 | 81 | 69 | 35 |
/// | 2 | 113 | 115 | 47 |
/// | 3 | 139 | 151 | 57 |
/// | 4 | 185 | 194 | 68 |
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation with slopes | memory for one statement | more than 16 inputs, fewer than 2 operations for each, a short kernel with several outputs, or long loops: no fusing |
///
/// ```
/// use dualtape::{Scalar, Tape, fuse, function};
///
/// #[inline(always)]
/// fn haversine<S: Scalar<Real = f64>>([from, to, turn]: [S; 3]) -> S {
///     let half = ((to - from) * 0.5).sin().powi(2);
///     let around = from.cos() * to.cos() * (turn * 0.5).sin().powi(2);
///     (half + around).sqrt().asin() * 2.0
/// }
///
/// let tape = Tape::new();
/// let x = tape.vars(&[0.3, 0.8, 0.2]);
/// let y = fuse(&function!(haversine: [S; 3] -> S), [x[0], x[1], x[2]]);
/// assert_eq!(y.value(), haversine([0.3, 0.8, 0.2]));
/// assert_eq!(tape.len(), 3 + 1);
/// ```
#[inline]
#[track_caller]
pub fn fuse<F, S, const N: usize>(f: &F, x: [S; N]) -> <F::Output as Outputs<S::Real>>::Of<S>
where
    F: Function<S::Real>,
    S: Scalar,
{
    S::fused(f, x)
}

/// Returns `f` at each element of N slices of one length: a vector for each of the M outputs. On a tape it is a single
/// block.
///
/// On variables it evaluates `f` as [`fuse`] does, and keeps the N·M partial derivatives of every
/// element beside one another: less memory, and less to sweep, than a statement for each.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation in N lanes for each element | memory for N·M numbers for each element, and about 100 bytes for the block | fewer than about 4 elements: [`fuse`] |
///
/// # Panics
///
/// When the slices differ in length, or there are none.
///
/// ```
/// use dualtape::{Scalar, function, fuse_map, gradient, sum};
///
/// #[inline(always)]
/// fn polar<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
///     [x.hypot(y), y.atan2(x)]
/// }
///
/// let polar = function!(polar: [S; 2] -> [S; 2]);
/// assert_eq!(fuse_map(&polar, [&[3.0, 0.0], &[4.0, 1.0]])[0], [5.0, 1.0]);
///
/// let (length, g) = gradient(|v| sum(&fuse_map(&polar, [&v[..2], &v[2..]])[0]), &[3.0, 0.0, 4.0, 1.0]);
/// assert_eq!((length, g), (6.0, vec![0.6000000000000001, 0.0, 0.8, 1.0]));
/// ```
#[doc(alias = "vmap")]
#[track_caller]
pub fn fuse_map<F, S, const N: usize, const M: usize>(f: &F, x: [&[S]; N]) -> [Vec<S>; M]
where
    F: Function<S::Real, Output = [S::Real; M]>,
    S: Scalar,
{
    let lengths = x.map(<[S]>::len);
    assert!(
        N > 0 && lengths.iter().all(|&length| length == lengths[0]),
        "fuse_map: the slices have {lengths:?} elements; pass at least one, and all of one length"
    );
    S::fused_map(f, x)
}
