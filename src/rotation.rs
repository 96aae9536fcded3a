//! Rotations and rigid motions: exponential, logarithm, composition and points, with all derivatives at every angle.
//!
//! The textbook formulas divide by the angle, and lose the derivatives at 0. Here the coefficients are entire functions
//! of the squared angle, as [rules](crate::Rule) whose derivatives are functions of the same family, and the logarithm
//! has its own series near 0. So values and derivatives of all orders are right at the angle 0, near it, and up to π.
//!
//! | module | an element | its logarithm |
//! |---|---|---|
//! | [`so2`] | a matrix of 2 by 2 numbers, row by row | the angle |
//! | [`so3`] | a matrix of 3 by 3 numbers, row by row | the rotation vector: the axis times the angle |
//! | [`quaternion`] | a unit quaternion, the real part first | the rotation vector |
//! | [`se3`] | a matrix of 4 by 4 numbers, row by row | the twist: rotation vector, then translation part |
//!
//! ```
//! use dualtape::rotation::so3;
//! use dualtape::jacobian;
//!
//! // The left Jacobian of the exponential at w = 0 is the identity.
//! let w: [f64; 3] = [0.0; 3];
//! let (_, j) = jacobian(|d: &[_]| so3::log(&so3::exp([d[0], d[1], d[2]])), &w);
//! assert_eq!(j.as_slice(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
//! ```
//!
//! Source: J. Solà, J. Deray, D. Atchuthan, *A micro Lie theory for state estimation in robotics*, 2018.

pub mod quaternion;
pub mod se3;
mod series;
pub mod so2;
pub mod so3;

use series::stumpff;

use crate::scalar::Scalar;
use crate::scalar::sums::dot;

/// Returns the product of two n by n matrices.
fn product<S: Scalar, const ENTRIES: usize>(a: &[S; ENTRIES], b: &[S; ENTRIES]) -> [S; ENTRIES] {
    let n = ENTRIES.isqrt();
    std::array::from_fn(|k| (1..n).fold(a[k / n * n] * b[k % n], |sum, j| sum + a[k / n * n + j] * b[j * n + k % n]))
}

fn cross<S: Scalar>([a, b, c]: [S; 3], [x, y, z]: [S; 3]) -> [S; 3] {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

/// Returns `Σⱼ [w]ʲ·p/(j + k)!` with the matrix `[w]` of the cross product: for k = 0 the point turned by w, for k = 1 the
/// mean of the points on the way.
fn turned<S: Scalar>(k: u32, w: [S; 3], p: [S; 3]) -> [S; 3] {
    let square = dot(&w, &w);
    let [along, across, projected] = [0, 1, 2].map(|i| stumpff(k + i, square));
    let (normal, projection) = (cross(w, p), projected * dot(&w, &p));
    std::array::from_fn(|i| along * p[i] + across * normal[i] + projection * w[i])
}
