//! The tool of an arm, which the build script differentiates.

use dualtape::Scalar;

/// The number of joints of the arm.
pub const JOINTS: usize = 6;

/// The axes about which the joints turn, and the links after them.
const ARM: [(usize, [f64; 3]); JOINTS] = [
    (2, [0.0, 0.0, 0.4]),
    (1, [0.56, 0.0, 0.0]),
    (1, [0.0, 0.0, 0.035]),
    (0, [0.515, 0.0, 0.0]),
    (1, [0.08, 0.0, 0.0]),
    (0, [0.1, 0.0, 0.0]),
];

/// Returns the places of two points of the tool, one after the other.
pub fn tool<S: Scalar<Real = f64>>(angles: &[S]) -> [S; 6] {
    let place = |[x, y, z]: [f64; 3]| {
        (0..JOINTS).rev().fold([x, y, z].map(S::from_f64), |point, joint| {
            let (axis, link) = ARM[joint];
            let moved: [S; 3] = std::array::from_fn(|i| point[i] + link[i]);
            let (sin, cos) = angles[joint].sin_cos();
            let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
            let mut turned = moved;
            turned[a] = moved[a] * cos - moved[b] * sin;
            turned[b] = moved[a] * sin + moved[b] * cos;
            turned
        })
    };
    let ([x, y, z], [u, v, w]) = (place([0.0, 0.0, 0.05]), place([0.1, -0.05, 0.0]));
    [x, y, z, u, v, w]
}
