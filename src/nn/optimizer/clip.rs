//! Gradients clipped to a bound.

use num_traits::Float;

use crate::scalar::{Real, Scalar};

/// Scales a gradient down to the length `most` if it is longer, and returns the length that it had (Pascanu et al.
/// 2013). A gradient that is not finite stays as it is.
///
/// # Panics
///
/// When `most` is negative or NaN.
///
/// ```
/// use dualtape::nn::clip_norm;
///
/// let mut g = [3.0, 4.0];
/// assert_eq!((clip_norm(&mut g, 10.0), g), (5.0, [3.0, 4.0]));
/// assert_eq!((clip_norm(&mut g, 0.5), g), (5.0, [0.3, 0.4]));
/// ```
#[track_caller]
pub fn clip_norm<R: Real>(gradient: &mut [R], most: R) -> R {
    assert_bound("clip_norm", most);
    // In units of the largest, so that no square overflows or underflows.
    let unit = gradient.iter().fold(R::zero(), |largest, &g| Float::max(largest, Float::abs(g)));
    if unit == R::zero() || !Float::is_finite(unit) {
        return gradient.iter().fold(R::zero(), |sum, &g| sum + Float::abs(g));
    }
    let norm = unit * Float::sqrt(gradient.iter().fold(R::zero(), |sum, &g| sum + (g / unit) * (g / unit)));
    if Float::is_finite(norm) && norm > most {
        gradient.iter_mut().for_each(|g| *g = *g / norm * most);
    }
    norm
}

/// Puts every derivative between `−most` and `most`; NaN stays NaN.
///
/// # Panics
///
/// When `most` is negative or NaN.
///
/// ```
/// use dualtape::nn::clip_values;
///
/// let mut g = [0.5, -4.0];
/// clip_values(&mut g, 1.0);
/// assert_eq!(g, [0.5, -1.0]);
/// ```
#[track_caller]
pub fn clip_values<R: Real>(gradient: &mut [R], most: R) {
    assert_bound("clip_values", most);
    gradient.iter_mut().for_each(|g| *g = Scalar::clamp(*g, -most, most));
}

/// Panics on a negative or NaN bound. Infinity is a bound, and changes nothing.
#[track_caller]
pub(in crate::nn) fn assert_bound<R: Real>(name: &str, most: R) {
    assert!(most >= R::zero(), "{name}: {most} is not a bound; pass a number of at least 0");
}
