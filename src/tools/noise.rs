//! How far rounding moves a result.
//!
//! Every result of an operation is changed by a random amount of the size of its rounding error, and the function is
//! evaluated a few times so (Parker, *Monte Carlo Arithmetic*, 1997). Where the terms of a sum cancel, what is left moves by
//! the rounding of the terms; where errors are contracted, as by the steps of an iteration, it does not.

use num_traits::{Float, ToPrimitive};

use crate::scalar::{Real, Scalar};
use crate::tools::noted::{Note, Noted, hashed};

/// Returns how far each result at `x` moves at most in four evaluations from what it is in one that changes nothing.
///
/// A result that is not finite counts as one that does not move.
pub(super) fn movements<R: Real>(x: &[R], evaluate: impl Fn(&[Noted<R, Noise>]) -> Vec<Noted<R, Noise>>) -> Vec<R> {
    let run = |run: u64| evaluate(&x.iter().map(|&value| Noted { value, note: Noise(run) }).collect::<Vec<_>>());
    let unmoved = run(0);
    let mut movements = vec![R::zero(); unmoved.len()];
    for moved in (1..=4).map(run) {
        for ((movement, moved), unmoved) in movements.iter_mut().zip(moved).zip(&unmoved) {
            let distance = Float::abs(moved.value - unmoved.value);
            if Float::is_finite(distance) {
                *movement = Float::max(*movement, distance);
            }
        }
    }
    movements
}

/// In which evaluation a number is computed; 0 where nothing is changed, as in what is computed from constants alone.
#[derive(Clone, Copy)]
pub(super) struct Noise(u64);

impl<T: Scalar> Note<T> for Noise {
    const KNOWS_CONSTANTS: bool = false;
    const CONSTANT: Self = Noise(0);
    const LOCALLY_CONSTANT: Self = Noise(0);

    /// Equal operations on equal numbers are changed alike, as rounding does.
    fn of_result(value: T, arguments: impl IntoIterator<Item = Self>) -> Noted<T, Self> {
        let run = arguments.into_iter().map(|Noise(run)| run).max().unwrap_or(0);
        if run == 0 {
            return Noted { value, note: Noise(run) };
        }
        let bits = value.value().to_f64().map_or(0, f64::to_bits);
        let between_minus_one_and_one = (hashed(bits, run) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        let units = T::Real::from_f64(2.0 * between_minus_one_and_one) * T::Real::epsilon();
        Noted { value: value + value * units, note: Noise(run) }
    }

    fn is_zero(self, value: T) -> bool {
        value.is_identically_zero()
    }
}
