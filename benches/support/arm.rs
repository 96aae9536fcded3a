//! The hand of an arm with seven joints, written with nalgebra's types, and its 6 by 7 Jacobian: the velocity of the hand
//! and its angular velocity for the speed of each joint.

use std::f64::consts::FRAC_1_SQRT_2 as ROOT;

use nalgebra::{Isometry3, Matrix4, Quaternion, RealField, SMatrix, Translation3, UnitQuaternion, Vector3};

pub(crate) const JOINTS: usize = 7;

/// Sine and cosine of half the twist of each link, and its offset and length, as Denavit and Hartenberg measure them.
const LINKS: [[f64; 4]; JOINTS] = [
    [-ROOT, ROOT, 0.36, 0.0],
    [ROOT, ROOT, 0.0, 0.0],
    [ROOT, ROOT, 0.42, 0.025],
    [-ROOT, ROOT, 0.0, 0.0],
    [-ROOT, ROOT, 0.4, -0.025],
    [ROOT, ROOT, 0.0, 0.0],
    [0.0, 1.0, 0.126, 0.0],
];

pub(crate) const ANGLES: [f64; JOINTS] = [0.3, -0.5, 0.9, 1.2, -0.7, 0.8, 0.4];

/// A number and its slopes with respect to the angles.
type Sloped = (f64, [f64; JOINTS]);

pub(crate) type Jacobian = SMatrix<f64, 6, JOINTS>;

fn link<F: RealField + Copy>(angle: F, [s, c, offset, length]: [f64; 4]) -> Matrix4<F> {
    let [sin_twist, cos_twist, offset, length] =
        [2.0 * s * c, c * c - s * s, offset, length].map(nalgebra::convert::<f64, F>);
    let ((sin, cos), zero, one) = (angle.sin_cos(), F::zero(), F::one());
    #[rustfmt::skip]
    let pose = Matrix4::new(
        cos, -sin * cos_twist, sin * sin_twist, cos * length,
        sin, cos * cos_twist, -cos * sin_twist, sin * length,
        zero, sin_twist, cos_twist, offset,
        zero, zero, zero, one,
    );
    pose
}

/// The pose by products of matrices.
pub(crate) fn hand_by_matrices<F: RealField + Copy>(angles: &[F; JOINTS]) -> Matrix4<F> {
    angles.iter().zip(LINKS).fold(Matrix4::identity(), |pose, (&angle, values)| pose * link(angle, values))
}

/// The pose by unit quaternions and translations.
pub(crate) fn hand_by_isometries<F: RealField + Copy>(angles: &[F; JOINTS]) -> Matrix4<F> {
    let pose = angles.iter().zip(LINKS).fold(Isometry3::identity(), |pose, (&angle, values)| {
        let ([s, c, offset, length], zero) = (values.map(nalgebra::convert::<f64, F>), F::zero());
        let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), angle);
        let twist = UnitQuaternion::new_unchecked(Quaternion::new(c, s, zero, zero));
        pose * turn * Isometry3::from_parts(Translation3::new(length, zero, offset), twist)
    });
    pose.to_homogeneous()
}

/// Returns the pose and the Jacobian from a pose with slopes: the angular velocities stand in Ṙ·Rᵀ.
pub(crate) fn from_slopes(hand: &Matrix4<Sloped>) -> (Matrix4<f64>, Jacobian) {
    let pose = hand.map(|(value, _)| value);
    let slope = |row: usize, column: usize, joint: usize| hand[(row, column)].1[joint];
    let jacobian = Jacobian::from_fn(|row, joint| match row {
        0..3 => slope(row, 3, joint),
        // The entry (i, j) of Ṙ·Rᵀ, two places of the cycle x, y, z apart.
        _ => {
            let (i, j) = ((row - 1) % 3, (row - 2) % 3);
            (0..3).map(|k| slope(i, k, joint) * pose[(j, k)]).sum()
        }
    });
    (pose, jacobian)
}

/// Returns them by hand: a joint turns the hand about its axis.
pub(crate) fn by_axes(angles: &[f64; JOINTS]) -> (Matrix4<f64>, Jacobian) {
    let mut pose = Matrix4::identity();
    let axes = std::array::from_fn::<(Vector3<f64>, Vector3<f64>), JOINTS, _>(|joint| {
        let before = pose;
        pose *= link(angles[joint], LINKS[joint]);
        (before.fixed_view::<3, 1>(0, 2).into_owned(), before.fixed_view::<3, 1>(0, 3).into_owned())
    });
    let hand: Vector3<f64> = pose.fixed_view::<3, 1>(0, 3).into_owned();
    let mut jacobian = Jacobian::zeros();
    for (mut column, (axis, origin)) in jacobian.column_iter_mut().zip(axes) {
        column.fixed_rows_mut::<3>(0).copy_from(&axis.cross(&(hand - origin)));
        column.fixed_rows_mut::<3>(3).copy_from(&axis);
    }
    (pose, jacobian)
}
