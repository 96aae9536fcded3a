//! Sums over slices of dual numbers over plain numbers.

use super::Dual;
use super::level::Level;
use crate::scalar::Scalar;
use crate::scalar::sums::sum_of_pairs;
use crate::simd::vectorized;

/// Fast path of [`weighted_sum`](crate::weighted_sum): all partials of the sum are finite. Otherwise returns `None`: the
/// rule "a zero beats an infinity" may have a say.
///
/// An infinite partial times 0 is NaN, and no sum is finite again after it. So where the sum is finite, it is right.
///
/// NOTE(perf): the Jacobian of a posed hand, 30,000 sums of 88 numbers in 8 lanes, takes 65 % less time than by operations on
/// dual numbers (`--times DIR --only ht` of the example gradbench). The running sums of [`tangent`] stay in registers.
#[inline]
pub(super) fn weighted_sum_if_finite<T: Scalar, const N: usize>(
    xs: &[Dual<T, N>],
    weights: &[T::Real],
) -> Option<Dual<T, N>> {
    if T::ORDER > 0 || T::RECORDS {
        return None;
    }
    let primal = sum_of_pairs(xs, weights, |x, &weight| x.primal * weight);
    let mut result = (Level::NONE, [T::zero(); N]);
    vectorized(
        #[inline(always)]
        || result = tangent(xs, weights),
    );
    let (level, partials) = result;
    partials.iter().all(|p| p.is_finite_throughout()).then_some(Dual { primal, partials, level })
}

/// Returns the level and the partials of a weighted sum, in four running sums.
#[inline(always)]
fn tangent<T: Scalar, const N: usize>(xs: &[Dual<T, N>], weights: &[T::Real]) -> (Level, [T; N]) {
    let (mut level, mut sums) = (Level::NONE, [[T::zero(); N]; 4]);
    let mut add = |sums: &mut [T; N], x: &Dual<T, N>, weight: T::Real| {
        level = level.join(x.level);
        sums.iter_mut().zip(x.partials).for_each(|(sum, partial)| *sum += partial * weight);
    };
    let ((fours, last), (weight_fours, last_weights)) = (xs.as_chunks::<4>(), weights.as_chunks::<4>());
    for (four, weights) in fours.iter().zip(weight_fours) {
        for ((sums, x), &weight) in sums.iter_mut().zip(four).zip(weights) {
            add(sums, x, weight);
        }
    }
    for (x, &weight) in last.iter().zip(last_weights) {
        add(&mut sums[0], x, weight);
    }
    (level, std::array::from_fn(|lane| (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane])))
}
