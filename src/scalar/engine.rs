//! The hidden half of [`Scalar`]: the methods that readings call on each other.
//!
//! Recording, fusing, dense layers, rules and blocks reach a reading through these methods. Users call the functions
//! that the docs name instead.

use std::thread::AccessError;

use super::{Real, Scalar, dense, sums, zero};
use crate::forward::Dual;
use crate::reverse::{Slot, registered_slot};
use crate::scalar::custom::{Block, Rule};
use crate::scalar::function::{Function, Outputs};
use crate::simd::vectorized;

/// The methods that readings call on each other. Code outside the crate cannot name this trait, which seals [`Scalar`].
pub trait Engine<R: Real>: Sized {
    /// `Self`, known to the compiler as a number of nalgebra: see `nalgebra::FieldFunction`.
    #[cfg(feature = "nalgebra")]
    type Field: ::simba::scalar::RealField + Copy + From<Self> + Into<Self>;

    /// Returns a slope that is constant here and another constant elsewhere, as the slope of `abs` is. A reading that
    /// traces dependence keeps it even where it is 0.
    fn locally_constant(slope: R) -> Self
    where
        Self: Scalar<Real = R>,
    {
        Self::from_real(slope)
    }

    /// Returns whether both are finite throughout and neither has the value zero. It may return `false` for extreme
    /// numbers.
    #[inline(always)]
    fn are_ordinary(a: Self, b: Self) -> bool
    where
        Self: Scalar<Real = R>,
    {
        [a, b].iter().all(|x| x.is_finite_throughout() && !x.value().is_zero())
    }

    /// Returns `a·b` by the rule "a zero beats an infinity". Its value is the product of the values by the rule, so that
    /// the lower orders of a nested derivative are those of the lower derivative.
    fn product_by_rule(a: Self, b: Self) -> Self
    where
        Self: Scalar<Real = R>,
    {
        if zero::vanishes(a, b) { Self::zero() } else { a * b }
    }

    /// Returns `a·b` without the rule. Where it is finite throughout, the rule has nothing to say.
    #[inline(always)]
    fn bare_product(a: &Self, b: &Self) -> Self
    where
        Self: Scalar<Real = R>,
    {
        *a * *b
    }

    /// Whether operations are recorded. Then a product with the constant zero is a statement, and not the constant
    /// zero.
    const RECORDS: bool;

    /// The number of orders of derivatives carried: one for each level of the nesting, and K for a series.
    ///
    /// NOTE(perf): tested in `if const { .. }`, so that the other branch is not compiled: without it the largest test
    /// program has 10 % more code (lines of LLVM by `cargo llvm-lines --test all`).
    const ORDER: usize;

    /// Returns `Σᵢ xᵢ` over a slice; see [`sum`](crate::sum), which calls it.
    fn sum_slice(xs: &[Self]) -> Self
    where
        Self: Scalar<Real = R>,
    {
        sums::plain_sum(xs)
    }

    /// Returns `Σᵢ aᵢ bᵢ` over two slices; see [`dot`](crate::dot), which calls it.
    fn dot_slice(a: &[Self], b: &[Self]) -> Self
    where
        Self: Scalar<Real = R>,
    {
        sums::plain_dot(a, b)
    }

    /// Returns `Σᵢ wᵢ xᵢ` over a slice; see [`weighted_sum`](crate::weighted_sum), which calls it.
    fn weighted_sum_slice(xs: &[Self], weights: &[R]) -> Self
    where
        Self: Scalar<Real = R>,
    {
        sums::plain_weighted_sum(xs, weights)
    }

    /// Appends the outputs of a dense layer at a batch of rows; see [`dense`](crate::dense), which calls it.
    fn dense_slice<F: Function<R, Output = R>>(
        neurons: &[Self],
        inputs: &[Self],
        rows: usize,
        activation: &F,
        outputs: &mut Vec<Self>,
    ) where
        Self: Scalar<Real = R>,
    {
        dense::plain_dense(neurons, inputs, rows, activation, outputs);
    }

    /// Returns `ln Σᵢ exp xᵢ` over a slice; see [`log_sum_exp`](crate::log_sum_exp), which calls it.
    fn log_sum_exp_slice(xs: &[Self]) -> Self
    where
        Self: Scalar<Real = R>;

    /// Evaluates a function with its own derivatives; see [`Rule::apply`], which calls it.
    fn apply_rule<const N: usize>(rule: &impl Rule<N, R>, x: [Self; N]) -> Self
    where
        Self: Scalar<Real = R>;

    /// Evaluates an operation on slices with its own pull-back; see [`Block::apply`], which calls it.
    fn apply_block(block: &impl Block<R>, x: &[Self]) -> Vec<Self>
    where
        Self: Scalar<Real = R>;

    /// Returns `f(x)`, as one statement for each output; see [`fuse`](crate::fuse()), which calls it.
    #[inline(always)]
    fn fused<F: Function<R>, const N: usize>(f: &F, x: [Self; N]) -> <F::Output as Outputs<R>>::Of<Self>
    where
        Self: Scalar<Real = R>,
    {
        f.eval(&x)
    }

    /// Evaluates `f` at each element of slices of one length, as one block; see
    /// [`fuse_map`](crate::fuse_map), which calls it.
    fn fused_map<F, const N: usize, const M: usize>(f: &F, x: [&[Self]; N]) -> [Vec<Self>; M]
    where
        F: Function<R, Output = [R; M]>,
        Self: Scalar<Real = R>,
    {
        let mut outputs = [(); M].map(|()| vec![Self::zero(); x[0].len()]);
        if const { Self::ORDER == 0 } {
            vectorized(
                #[inline(always)]
                || map_elements(f, x, &mut outputs),
            );
        } else {
            map_elements(f, x, &mut outputs);
        }
        outputs
    }

    /// Lends this thread's slot for tapes over `Self`.
    fn with_slot<Out>(lend: impl FnOnce(&Slot<Self>) -> Out) -> Result<Out, AccessError>
    where
        Self: Scalar<Real = R>,
    {
        registered_slot(lend)
    }

    /// Lends this thread's slot for tapes over dual numbers of `Self`.
    #[inline(always)]
    fn with_dual_slot<const N: usize, Out>(lend: impl FnOnce(&Slot<Dual<Self, N>>) -> Out) -> Result<Out, AccessError>
    where
        Self: Scalar<Real = R>,
    {
        registered_slot(lend)
    }
}

/// Writes `f` at each element of slices of one length.
#[inline(always)]
fn map_elements<F, S, const N: usize, const M: usize>(f: &F, x: [&[S]; N], outputs: &mut [Vec<S>; M])
where
    F: Function<S::Real, Output = [S::Real; M]>,
    S: Scalar,
{
    let n = x[0].len();
    let x = x.map(|x| &x[..n]);
    let mut outputs = outputs.each_mut().map(|output| &mut output[..n]);
    for i in 0..n {
        let y = S::fused::<F, N>(f, std::array::from_fn(|lane| x[lane][i]));
        outputs.iter_mut().zip(y).for_each(|(output, y)| output[i] = y);
    }
}
