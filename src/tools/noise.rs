//! How far rounding moves a result.
//!
//! Every result of an operation is moved at random by the size of its rounding error, a sum by that of its terms, and the
//! function is evaluated a few times so (Parker, *Monte Carlo Arithmetic*, 1997). Dual numbers carry the movement to first order:
//! where the terms of a sum cancel, what is left moves by the rounding of the terms; where errors are contracted, as by the
//! steps of an iteration, it does not. What is computed from constants alone moves too, as the slopes of a linear function.

use std::cell::Cell;

use num_traits::Float;

use crate::forward::Dual;
use crate::scalar::function::{Reading, constants};
use crate::scalar::{Real, Scalar};
use crate::tools::noted::{Note, Noted, hashed};

thread_local! {
    /// The results of this thread so far.
    static RESULTS: Cell<u64> = const { Cell::new(0) };
}

/// A number with how far it moves, as its partial derivative.
type Moving<R> = Noted<Dual<R>, Noise>;

/// Returns how far each result at `x` moves at most in four evaluations.
///
/// A movement that is not finite counts as none.
pub(super) fn movements<R: Real>(x: &[R], f: &Reading<'_, Moving<R>>) -> Vec<R> {
    RESULTS.set(0);
    let x: Vec<Moving<R>> = constants(x);
    let mut farthest = Vec::new();
    for _ in 0..4 {
        let results = f(&x);
        farthest.resize(results.len(), R::zero());
        for (farthest, result) in farthest.iter_mut().zip(results) {
            let [movement] = result.value.partials.map(Float::abs);
            if Float::is_finite(movement) {
                *farthest = Float::max(*farthest, movement);
            }
        }
    }
    farthest
}

/// Says that every result is rounded at random.
#[derive(Clone, Copy)]
pub(super) struct Noise;

impl<R: Real> Note<Dual<R>> for Noise {
    const KNOWS_CONSTANTS: bool = false;
    const CONSTANT: Self = Noise;
    const LOCALLY_CONSTANT: Self = Noise;

    fn of_result(value: Dual<R>, _: impl IntoIterator<Item = Self>) -> Noted<Dual<R>, Self> {
        moved(value, value.primal)
    }

    /// A sum moves by the size of its terms, for another order of summation rounds these: terms that cancel exactly in one
    /// mode leave rounding in another.
    fn of_sum(value: Dual<R>, terms: [Noted<Dual<R>, Self>; 2]) -> Noted<Dual<R>, Self> {
        let [a, b] = terms.map(|term| Float::abs(term.value.primal));
        moved(value, a + b)
    }

    fn is_zero(self, value: Dual<R>) -> bool {
        value.is_identically_zero()
    }
}

/// Moves a result by up to two units of rounding of a number: equal results too, which cancel in one order of summation
/// only.
fn moved<R: Real>(mut value: Dual<R>, size: R) -> Noted<Dual<R>, Noise> {
    let number = RESULTS.replace(RESULTS.get().wrapping_add(1));
    let between_minus_one_and_one = (hashed(number, 0) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
    value.partials[0] += size * R::from_f64(2.0 * between_minus_one_and_one) * R::epsilon();
    Noted { value, note: Noise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::custom::Rule;

    struct Triple;

    impl Rule<1> for Triple {
        fn value(&self, [x]: [f64; 1]) -> f64 {
            x * 3.0
        }

        fn partials<S: Scalar<Real = f64>>(&self, _: [S; 1], _: S) -> [S; 1] {
            [S::from_real(3.0)]
        }
    }

    #[test]
    fn a_result_moves_by_at_most_two_units_up_or_down() {
        let results = |x: &[Moving<f64>]| {
            let mut results: Vec<Moving<f64>> = (0..100).map(|_| x[0] * 3.0).collect();
            results.push(Noted::from_real(1.5) * 2.0);
            results.push(Triple.apply([x[0]]));
            // Ups and downs of a long sum cancel for the most part.
            results.push((0..1000).map(|_| x[0]).sum());
            results
        };
        let movements = movements(&[1.0], &results);
        let (sum, products) = movements.split_last().expect("there are results");
        assert!(products.iter().all(|&movement| (1e-3..=6.0).contains(&(movement / f64::EPSILON))), "{products:?}");
        assert!(products.iter().any(|&movement| movement > 4.0 * f64::EPSILON), "{products:?}");
        // Were all up, it would move by half a million.
        assert!((1e3..1e5).contains(&(sum / f64::EPSILON)), "{sum:e}");
    }

    #[test]
    fn values_are_those_of_plain_numbers() {
        let [a, b] = [3.0, 1.0].map(Moving::<f64>::from_real);
        assert_eq!([a + b, a - b, a * b, a / b].map(Scalar::value), [4.0, 2.0, 3.0, 3.0]);
        assert_eq!(Moving::from(Dual::constant(3.0)).value(), 3.0);
        assert_eq!(format!("{a} {a:e} {a:?}"), "3 + 0ε 3e0 + 0e0ε 3 + 0ε");
    }

    #[test]
    fn a_movement_that_is_not_finite_counts_as_none() {
        assert_eq!(movements(&[0.0], &|x| vec![Noted::from_real(1.0) / x[0], x[0] / x[0]]), [0.0; 2]);
    }
}
