//! The length of a vector, and its direction.

use num_traits::{Float, FloatConst, Zero};

use super::scale;
use crate::scalar::custom::Block;
use crate::scalar::sums::dot;
use crate::scalar::{Real, Scalar, zero};

/// Returns the Euclidean norm `√Σxᵢ²`, without overflow or underflow of the squares.
///
/// The gradient is x/‖x‖. At 0 it is 0, the subgradient of least norm. On a tape it is one statement.
///
/// ```
/// use dualtape::gradient;
/// use dualtape::linalg::norm;
///
/// let large = 800_f64.exp2();
/// assert_eq!(gradient(|x| norm(x), &[3.0 * large, 4.0 * large]), (5.0 * large, vec![0.6000000000000001, 0.8]));
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
/// assert_eq!(normalize(&[3.0 * small, 4.0 * small]), [0.6000000000000001, 0.8]);
/// ```
pub fn normalize<S: Scalar>(x: &[S]) -> Vec<S> {
    direction(x, norm(x))
}

/// x/‖x‖, written such that its own derivatives do not cancel: where one component outweighs the others, it is ±t/√Σt²
/// with the quotients t by that component
fn direction<S: Scalar>(x: &[S], length: S) -> Vec<S> {
    let size = |i: usize| Float::abs(x[i].value());
    let Some(largest) = (0..x.len()).reduce(|i, j| if size(j) > size(i) { j } else { i }) else {
        return Vec::new();
    };
    let outweighs = size(largest) > length.value() * S::Real::FRAC_1_SQRT_2() || Float::is_infinite(length.value());
    // The derivatives of t overflow where its divisor is too small.
    if !outweighs || Float::is_infinite(Float::recip(size(largest))) {
        return x.iter().map(|&x| x / length).collect();
    }
    let t: Vec<S> = (0..x.len()).map(|i| if i == largest { S::one() } else { x[i] / x[largest] }).collect();
    let of_largest = dot(&t, &t).sqrt().recip() * Float::signum(x[largest].value());
    t.into_iter().map(|t| t * of_largest).collect()
}

#[derive(Clone)]
struct Norm;

impl Norm {
    fn slopes<S: Scalar>(&self, x: &[S], y: S) -> Vec<S> {
        if y.value().is_zero() {
            return vec![S::zero(); x.len()];
        }
        direction(x, y)
    }
}

impl<R: Real> Block<R> for Norm {
    fn value(&self, x: &[R]) -> Vec<R> {
        let scale = scale(x);
        let scaled: Vec<R> = x.iter().map(|&x| x / scale).collect();
        vec![Float::sqrt(dot(&scaled, &scaled)) * scale]
    }

    fn push_forward<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], v: &[S]) -> Vec<S> {
        vec![dot(&self.slopes(x, y[0]), v)]
    }

    fn pull_back<S: Scalar<Real = R>>(&self, x: &[S], y: &[S], u: &[S]) -> Vec<S> {
        let mut adjoints = vec![S::zero(); x.len()];
        zero::add_scaled(&mut adjoints, &self.slopes(x, y[0]), u[0]);
        adjoints
    }
}
