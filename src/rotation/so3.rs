//! Rotations of space, as matrices of 3 by 3 numbers, row by row.

use super::{product, quaternion, stumpff};
use crate::scalar::Scalar;
use crate::scalar::sums::dot;

/// Returns the matrix of the rotation by the length of `w` around `w`: `cos θ·I + sin θ/θ·[w] + (1 − cos θ)/θ²·wwᵀ`
/// (Rodrigues).
///
/// ```
/// use dualtape::rotation::so3;
/// use dualtape::jacobian;
///
/// assert_eq!(so3::exp([0.0; 3]), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
/// let (_, j) = jacobian(|w: &[_]| so3::exp([w[0], w[1], w[2]]), &[0.0_f64; 3]);
/// assert_eq!(j[1], [0.0, 0.0, -1.0]); // the slopes of −w₂
/// ```
pub fn exp<S: Scalar>(w: [S; 3]) -> [S; 9] {
    let square = dot(&w, &w);
    let [cosine, across, projected] = [0, 1, 2].map(|k| stumpff(k, square));
    let [a, b, c] = w;
    let [x, y, z] = w.map(|w| across * w);
    let turn = [None, Some(-z), Some(y), Some(z), None, Some(-x), Some(-y), Some(x), None];
    let outer = [a * a, a * b, a * c, b * a, b * b, b * c, c * a, c * b, c * c];
    std::array::from_fn(|k| projected * outer[k] + turn[k].unwrap_or(cosine))
}

/// Returns the rotation vector of a rotation, of a length up to π.
///
/// It is the logarithm of the matrix's quaternion. At the angle π there are two such vectors. It returns either, with
/// the derivatives of that branch. As a function of nine numbers it is one of many that agree on rotations, so its
/// derivatives count in directions along rotations.
///
/// ```
/// use dualtape::rotation::so3;
///
/// let w = so3::log(&so3::exp([1.0, -2.0, 0.5]));
/// assert!(w.iter().zip([1.0, -2.0, 0.5]).all(|(a, b): (&f64, f64)| (a - b).abs() < 1e-15));
/// ```
pub fn log<S: Scalar>(rotation: &[S; 9]) -> [S; 3] {
    quaternion::log(quaternion::multiple_of_matrix(rotation))
}

/// Returns the rotated point.
///
/// ```
/// use dualtape::rotation::so3;
///
/// let quarter = so3::exp([0.0, 0.0, std::f64::consts::FRAC_PI_2]);
/// assert!((so3::rotate(&quarter, [1.0, 0.0, 0.0])[1] - 1.0).abs() < 1e-15);
/// ```
pub fn rotate<S: Scalar>(rotation: &[S; 9], point: [S; 3]) -> [S; 3] {
    std::array::from_fn(|i| dot(&rotation[3 * i..][..3], &point))
}

/// Returns the rotation that is `b` first and then `a`.
///
/// ```
/// use dualtape::rotation::so3;
///
/// let (a, b) = (so3::exp([0.5, 0.0, 0.0]), so3::exp([0.25, 0.0, 0.0]));
/// let w = so3::log(&so3::compose(&a, &b));
/// assert!((w[0] - 0.75_f64).abs() < 1e-15);
/// ```
pub fn compose<S: Scalar>(a: &[S; 9], b: &[S; 9]) -> [S; 9] {
    product(a, b)
}
