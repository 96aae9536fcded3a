//! Rotations of the plane, as matrices of 2 by 2 numbers, row by row.

use crate::scalar::Scalar;

/// Returns the matrix of the rotation by `angle`, from the first axis to the second.
///
/// ```
/// use dualtape::rotation::so2;
///
/// assert_eq!(so2::exp(0.0), [1.0, 0.0, 0.0, 1.0]);
/// ```
pub fn exp<S: Scalar>(angle: S) -> [S; 4] {
    let (sine, cosine) = angle.sin_cos();
    [cosine, -sine, sine, cosine]
}

/// Returns the angle of a rotation, from −π to π.
///
/// ```
/// use dualtape::rotation::so2;
///
/// assert_eq!(so2::log(&so2::exp(-3.0_f64)), -3.0);
/// ```
pub fn log<S: Scalar>(rotation: &[S; 4]) -> S {
    rotation[2].atan2(rotation[0])
}

/// Returns the rotated point.
///
/// ```
/// use dualtape::rotation::so2;
///
/// assert_eq!(so2::rotate(&[0.0, -1.0, 1.0, 0.0], [2.0, 3.0]), [-3.0, 2.0]);
/// ```
pub fn rotate<S: Scalar>(rotation: &[S; 4], [x, y]: [S; 2]) -> [S; 2] {
    let [a, b, c, d] = *rotation;
    [a * x + b * y, c * x + d * y]
}

/// Returns the rotation that is `b` first and then `a`.
///
/// ```
/// use dualtape::rotation::so2;
///
/// let (a, b) = (so2::exp(0.5_f64), so2::exp(0.25));
/// assert!((so2::log(&so2::compose(&a, &b)) - 0.75).abs() < 1e-15);
/// ```
pub fn compose<S: Scalar>(a: &[S; 4], b: &[S; 4]) -> [S; 4] {
    super::product(a, b)
}
