//! Rigid motions of space, as matrices of 4 by 4 numbers, row by row: a rotation R and a translation t, `[R, t; 0, 1]`.

use super::{cross, product, so3, stumpff, turned};
use crate::scalar::Scalar;
use crate::scalar::rules::real;
use crate::scalar::sums::dot;

/// Returns the motion of a twist, rotation vector w and translation part u: `[exp w, V·u; 0, 1]` with
/// `V = sin θ/θ·I + (1 − cos θ)/θ²·[w] + (θ − sin θ)/θ³·wwᵀ`.
///
/// ```
/// use dualtape::rotation::se3;
///
/// let pose = se3::exp([0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
/// assert_eq!(se3::transform(&pose, [0.5, 0.5, 0.5]), [1.5, 2.5, 3.5]);
/// ```
pub fn exp<S: Scalar>([a, b, c, u @ ..]: [S; 6]) -> [S; 16] {
    let w = [a, b, c];
    assembled(&so3::exp(w), turned(1, w, u))
}

/// Returns the twist of a motion: rotation vector, then translation part.
///
/// At the angle π it takes the same branches as [`so3::log`].
///
/// ```
/// use dualtape::rotation::se3;
///
/// let twist = [0.5, -0.25, 1.0, 3.0, 2.0, 1.0];
/// let back = se3::log(&se3::exp(twist));
/// assert!(back.iter().zip(twist).all(|(a, b): (&f64, f64)| (a - b).abs() < 1e-14));
/// ```
pub fn log<S: Scalar>(motion: &[S; 16]) -> [S; 6] {
    let (rotation, translation) = parts(motion);
    let w = so3::log(&rotation);
    let square = dot(&w, &w);
    let two = real::<S>(2.0);
    // 1/θ² − sin θ/(2θ·(1 − cos θ))
    let factor = (stumpff(3, square) - stumpff(4, square) * two) / (stumpff(2, square) * two);
    let once = cross(w, translation);
    let twice = cross(w, once);
    let [x, y, z] = std::array::from_fn(|i| translation[i] - once[i] / two + factor * twice[i]);
    let [a, b, c] = w;
    [a, b, c, x, y, z]
}

/// Returns the moved point, `R·p + t`.
///
/// ```
/// use dualtape::rotation::se3;
///
/// let pose = [0.0, -1.0, 0.0, 5.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
/// assert_eq!(se3::transform(&pose, [1.0, 2.0, 3.0]), [3.0, 1.0, 3.0]);
/// ```
pub fn transform<S: Scalar>(motion: &[S; 16], point: [S; 3]) -> [S; 3] {
    let (rotation, translation) = parts(motion);
    let turned = so3::rotate(&rotation, point);
    std::array::from_fn(|i| turned[i] + translation[i])
}

/// Returns the motion that is `b` first and then `a`.
///
/// ```
/// use dualtape::rotation::se3;
///
/// let forward = se3::exp([0.0, 0.0, 1.0, 2.0, 0.0, 0.0]);
/// let back = se3::exp([0.0, 0.0, -1.0, -2.0, 0.0, 0.0]);
/// assert!(se3::log(&se3::compose(&forward, &back)).iter().all(|x: &f64| x.abs() < 1e-15));
/// ```
pub fn compose<S: Scalar>(a: &[S; 16], b: &[S; 16]) -> [S; 16] {
    let ((ra, ta), (rb, tb)) = (parts(a), parts(b));
    let turned = so3::rotate(&ra, tb);
    assembled(&product(&ra, &rb), std::array::from_fn(|i| turned[i] + ta[i]))
}

fn assembled<S: Scalar>(rotation: &[S; 9], translation: [S; 3]) -> [S; 16] {
    std::array::from_fn(|k| match (k / 4, k % 4) {
        (3, 3) => S::one(),
        (3, _) => S::zero(),
        (i, 3) => translation[i],
        (i, j) => rotation[3 * i + j],
    })
}

fn parts<S: Scalar>(motion: &[S; 16]) -> ([S; 9], [S; 3]) {
    (std::array::from_fn(|k| motion[k / 3 * 4 + k % 3]), std::array::from_fn(|i| motion[4 * i + 3]))
}
