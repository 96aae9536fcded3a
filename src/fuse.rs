//! Forward mode inside reverse mode.
//!
//! A kernel of a few inputs that is called many times is recorded as many operations
//! each time, and each is written to memory and read again. Evaluated with dual numbers
//! instead it needs registers alone, and leaves one statement with its partial
//! derivatives (preaccumulation: Griewank & Walther 2008, §10.2; Hogan 2014 and Sagebaum
//! et al. 2019 do the like with expression templates).

use crate::{Function, Outputs, Scalar};

/// `f(x)`, which on a tape is a single statement for each output.
///
/// On variables it evaluates `f` once with dual numbers of `N` lanes, whatever the nesting of
/// what is inside the variable; in every other scalar it evaluates `f` as it is. The result is the
/// same up to rounding.
///
/// The dual numbers stay in registers when the kernel is compiled into its caller: mark it
/// `#[inline(always)]`. A kernel of two inputs took half the time with it.
///
/// It pays for kernels of more operations than inputs. Measured, record and sweep together, the
/// time relative to the same kernel recorded operation by operation:
///
/// | operations for each input | 1 | 2 | 4 | 8 |
/// |---|---|---|---|---|
/// | arithmetic, up to 16 inputs | 2 | 1.1 | 0.7 | 0.5 |
/// | half of them sines, up to 16 inputs | 1.5 | | 0.9 | |
/// | arithmetic, 24 inputs | 1.7 | 1.2 | 1.0 | 0.9 |
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation in N lanes | memory for one statement | more than about 16 inputs, or fewer than 3 operations for each: no fusing |
///
/// ```
/// use dualtape::{Scalar, Tape, fuse, function};
///
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
