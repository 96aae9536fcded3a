//! Rotations of space, as unit quaternions with the real part first.

use num_traits::{One, Zero};

use super::series::arctan_quotient;
use super::{cross, stumpff};
use crate::linalg::{norm, normalize};
use crate::scalar::Scalar;
use crate::scalar::rules::real;
use crate::scalar::sums::dot;

/// Returns the quaternion of the rotation by the length of `w` around `w`: `(cos θ/2, sin(θ/2)/θ·w)`.
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// assert_eq!(quaternion::exp([0.0; 3]), [1.0, 0.0, 0.0, 0.0]);
/// assert_eq!(quaternion::exp([0.0, 2.0, 0.0]), [1.0_f64.cos(), 0.0, 1.0_f64.sin(), 0.0]);
/// ```
pub fn exp<S: Scalar>(w: [S; 3]) -> [S; 4] {
    let half = w.map(|w| w * real::<S>(0.5));
    let square = dot(&half, &half);
    let [x, y, z] = half.map(|w| stumpff(1, square) * w);
    [stumpff(0, square), x, y, z]
}

/// Returns the rotation vector of the quaternion `q/‖q‖`, the short way round: `2·atan2(‖v‖, w)/‖v‖·v` for the real part
/// w, positive, and the imaginary part v.
///
/// The length of q has no influence, and slopes with respect to it are 0.
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// assert_eq!(quaternion::log([1.0, 0.0, 0.0, 1.0]), [0.0, 0.0, std::f64::consts::FRAC_PI_2]);
/// assert_eq!(quaternion::log([-1.0, 0.0, 0.0, 0.0]), [0.0; 3]);
/// ```
pub fn log<S: Scalar>(q: [S; 4]) -> [S; 3] {
    let is_long = q[0].value() < S::Real::zero();
    let [w, v @ ..] = if is_long { q.map(|q| -q) } else { q };
    let length = norm(&v);
    let factor = if length.value() * real::<S>(4.0) < w.value() {
        let quotients = v.map(|v| v / w);
        arctan_quotient(dot(&quotients, &quotients)) / w
    } else {
        length.atan2(w) / length
    };
    v.map(|v| v * factor * real::<S>(2.0))
}

/// Returns the rotated point.
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// let half = [0.0, 0.0, 0.0, 1.0];
/// assert_eq!(quaternion::rotate(half, [1.0, 2.0, 3.0]), [-1.0, -2.0, 3.0]);
/// ```
pub fn rotate<S: Scalar>([w, v @ ..]: [S; 4], point: [S; 3]) -> [S; 3] {
    let half = cross(v, point).map(|x| x + x);
    let rest = cross(v, half);
    std::array::from_fn(|i| point[i] + w * half[i] + rest[i])
}

/// Returns the rotation that is `b` first and then `a`: the product of the quaternions.
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// let (i, j) = ([0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]);
/// assert_eq!(quaternion::compose(i, j), [0.0, 0.0, 0.0, 1.0]);
/// ```
pub fn compose<S: Scalar>([a, x @ ..]: [S; 4], [b, y @ ..]: [S; 4]) -> [S; 4] {
    let normal = cross(x, y);
    let [i, j, k] = std::array::from_fn(|i| a * y[i] + b * x[i] + normal[i]);
    [a * b - dot(&x, &y), i, j, k]
}

/// Returns the matrix of a rotation, row by row.
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// assert_eq!(quaternion::to_matrix([0.0, 0.0, 0.0, 1.0]), [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]);
/// ```
pub fn to_matrix<S: Scalar>(q: [S; 4]) -> [S; 9] {
    let unit = |i: usize| std::array::from_fn(|j| if i == j { S::one() } else { S::zero() });
    let columns: [[S; 3]; 3] = std::array::from_fn(|j| rotate(q, unit(j)));
    std::array::from_fn(|k| columns[k % 3][k / 3])
}

/// Returns the quaternion of a rotation, given by its matrix, row by row.
///
/// The largest of the four components is positive (Shepperd, *Quaternion from rotation matrix*, 1978).
///
/// ```
/// use dualtape::rotation::quaternion;
///
/// assert_eq!(quaternion::from_matrix(&[-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0]), [0.0, 0.0, 0.0, 1.0]);
/// ```
pub fn from_matrix<S: Scalar>(rotation: &[S; 9]) -> [S; 4] {
    let q = normalize(&multiple_of_matrix(rotation));
    std::array::from_fn(|i| q[i])
}

/// Returns a multiple of the quaternion of a rotation: four times it and its largest component.
pub(super) fn multiple_of_matrix<S: Scalar>(rotation: &[S; 9]) -> [S; 4] {
    let [a, b, c, d, e, f, g, h, i] = *rotation;
    let squares = [a + e + i, a - e - i, e - a - i, i - a - e].map(|square| square + S::Real::one());
    let largest = (1..4).fold(0, |best, k| if squares[k] > squares[best] { k } else { best });
    match largest {
        0 => [squares[0], h - f, c - g, d - b],
        1 => [h - f, squares[1], b + d, c + g],
        2 => [c - g, b + d, squares[2], f + h],
        _ => [d - b, c + g, f + h, squares[3]],
    }
}
