//! The length of a vector, and its direction.

use num_traits::Float;

use super::scale;
use crate::scalar::custom::Block;
use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar};

/// Returns the Euclidean norm `√Σxᵢ²`, without overflow or underflow of the squares.
///
/// The gradient is x/‖x‖. At 0 it is 0, the subgradient of least norm. On a tape it is one statement.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::norm;
///
/// let large = 800_f64.exp2();
/// assert_eq!(gradient(|x| norm(x), &[3.0 * large, 4.0 * large]), (5.0 * large, vec![0.6, 0.8]));
/// assert_eq!(gradient(|x| norm(x), &[0.0, 0.0]), (0.0, vec![0.0, 0.0]));
/// ```
pub fn norm<S: Scalar>(x: &[S]) -> S {
    Norm.apply(x)[0]
}

/// Returns the direction `x/‖x‖`, without overflow or underflow of the squares. At 0 it is NaN.
///
/// ```
/// use dualtape::linalg::normalize;
///
/// let small = (-800_f64).exp2();
/// assert_eq!(normalize(&[3.0 * small, 4.0 * small]), [0.6, 0.8]);
/// ```
pub fn normalize<S: Scalar>(x: &[S]) -> Vec<S> {
    let length = norm(x);
    x.iter().map(|&x| x / length).collect()
}

#[derive(Clone)]
struct Norm;

impl<R: Real> Block<R> for Norm {
    fn value(&self, x: &[R]) -> Vec<R> {
        let scale = scale(x);
        let scaled: Vec<R> = x.iter().map(|&x| x / scale).collect();
        vec![Float::sqrt(dot(&scaled, &scaled)) * scale]
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let slope = |&x: &S| if y[0].value().is_zero() { S::locally_constant(R::zero()) } else { x / y[0] };
        x.iter().map(slope).map(|slope| slope * u[0]).collect()
    }
}
