//! How far rounding moves a result.
//!
//! Every result of an operation is moved at random by the size of its rounding error, in several independent ways at once
//! (Parker, *Monte Carlo Arithmetic*, 1997). Dual numbers carry the movements to first order: where the terms of a sum
//! cancel, what is left moves by the rounding of the terms; where errors are contracted, as by the steps of an iteration, it
//! does not. Constants are rounded too, so what is computed from them moves, as the slopes of a linear function do.

use std::cell::Cell;

use num_traits::Float;

use crate::forward::Dual;
use crate::scalar::{Real, Scalar};
use crate::tools::noted::{Note, Noted, hashed};

/// How many times rounding is tried.
const TRIALS: usize = 4;

thread_local! {
    /// The results of this thread so far.
    static RESULTS: Cell<u64> = const { Cell::new(0) };
}

/// A number whose partial derivatives are how far it moves in each trial.
type Moving<R> = Noted<Dual<R, TRIALS>, Noise>;

/// Returns how far each result at `x` moves at most in any trial.
///
/// A movement that is not finite counts as none.
pub(super) fn movements<R: Real>(x: &[R], evaluate: impl FnOnce(&[Moving<R>]) -> Vec<Moving<R>>) -> Vec<R> {
    RESULTS.set(0);
    let x: Vec<Moving<R>> = x.iter().map(|&value| Noted::from_real(value)).collect();
    let farthest = |movements: [R; TRIALS]| {
        let sizes = movements.map(Float::abs).into_iter().filter(|&size| Float::is_finite(size));
        sizes.fold(R::zero(), Float::max)
    };
    evaluate(&x).into_iter().map(|result| farthest(result.value.partials)).collect()
}

/// Says that every result is rounded at random.
#[derive(Clone, Copy)]
pub(super) struct Noise;

impl<R: Real> Note<Dual<R, TRIALS>> for Noise {
    const KNOWS_CONSTANTS: bool = false;
    const CONSTANT: Self = Noise;
    const LOCALLY_CONSTANT: Self = Noise;

    /// Moves the result by up to two units of rounding: equal results too, which cancel in one order of summation only.
    fn of_result(mut value: Dual<R, TRIALS>, _: impl IntoIterator<Item = Self>) -> Noted<Dual<R, TRIALS>, Self> {
        let number = RESULTS.replace(RESULTS.get() + 1);
        for (trial, movement) in (1..).zip(&mut value.partials) {
            let between_minus_one_and_one = (hashed(number, trial) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
            *movement += value.primal * R::from_f64(2.0 * between_minus_one_and_one) * R::epsilon();
        }
        Noted { value, note: Noise }
    }

    fn is_zero(self, value: Dual<R, TRIALS>) -> bool {
        value.is_identically_zero()
    }
}
