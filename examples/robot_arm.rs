//! How do the joints of a robot arm reach a point?
//!
//! The hand of a six-joint arm as a product of 4 by 4 matrices, its Jacobian with respect to the angles, and inverse
//! kinematics by damped least squares.
//!
//! ```text
//! cargo run --release --example robot_arm
//! ```

use std::f64::consts::FRAC_PI_2;

use dualtape::implicit::solve;
use dualtape::{Scalar, check, function, jacobian_array};

/// Length, twist and offset of each link, as Denavit and Hartenberg measure them; metres and radians.
const LINKS: [[f64; 3]; 6] = [
    [0.0, FRAC_PI_2, 0.089],
    [-0.425, 0.0, 0.0],
    [-0.392, 0.0, 0.0],
    [0.0, FRAC_PI_2, 0.109],
    [0.0, -FRAC_PI_2, 0.095],
    [0.0, 0.0, 0.082],
];

type Pose<S> = [[S; 4]; 4];

/// Returns the pose of a link relative to the link before it, at an angle of its joint.
fn link<S: Scalar<Real = f64>>(angle: S, [length, twist, offset]: [f64; 3]) -> Pose<S> {
    let (sin, cos) = angle.sin_cos();
    let (sin_twist, cos_twist) = twist.sin_cos();
    let (zero, one) = (S::zero(), S::one());
    [
        [cos, -sin * cos_twist, sin * sin_twist, cos * length],
        [sin, cos * cos_twist, -cos * sin_twist, sin * length],
        [zero, S::from_f64(sin_twist), S::from_f64(cos_twist), S::from_f64(offset)],
        [zero, zero, zero, one],
    ]
}

fn product<S: Scalar>(a: Pose<S>, b: Pose<S>) -> Pose<S> {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..4).map(|k| a[i][k] * b[k][j]).sum()))
}

/// Returns the place of the hand.
fn hand<S: Scalar<Real = f64>>(angles: &[S; 6]) -> [S; 3] {
    let base: Pose<S> = std::array::from_fn(|i| std::array::from_fn(|j| S::from_f64(f64::from(i == j))));
    let pose = angles.iter().zip(LINKS).fold(base, |pose, (&angle, values)| product(pose, link(angle, values)));
    [pose[0][3], pose[1][3], pose[2][3]]
}

/// Turns the joints until the hand is at the target. The damping keeps steps small where the arm is stretched.
fn reach(target: [f64; 3], mut angles: [f64; 6]) -> [f64; 6] {
    for step in 0..100 {
        let (at, jacobian) = jacobian_array(hand, &angles);
        let error: [f64; 3] = std::array::from_fn(|i| target[i] - at[i]);
        let distance = error.iter().fold(0.0, |sum: f64, e| sum.hypot(*e));
        println!("step {step:2}: {distance:.2e} m from the target");
        if distance < 1e-12 {
            break;
        }
        // JᵀJ is singular, and JJᵀ is not: Δ = Jᵀ·(JJᵀ + λ)⁻¹·error.
        let entry = |i: usize, j: usize| -> f64 { (0..6).map(|k| jacobian[i][k] * jacobian[j][k]).sum() };
        let damping = 1e-3 * distance;
        let matrix: Vec<f64> = (0..9).map(|k| entry(k / 3, k % 3) + if k % 4 == 0 { damping } else { 0.0 }).collect();
        let weights = solve(&matrix, &error);
        for (k, angle) in angles.iter_mut().enumerate() {
            *angle += (0..3).map(|i| jacobian[i][k] * weights[i]).sum::<f64>();
        }
    }
    angles
}

fn main() {
    let angles = [0.3, -1.2, 1.5, -0.8, 0.4, 0.0];
    check(&function!(hand: &[S; 6] -> [S; 3]), &angles).assert_agreement();
    let (at, jacobian) = jacobian_array(hand, &angles);
    println!("the hand is at {at:.4?}; the first joint moves it by {:.4?} m/rad", jacobian.map(|row| row[0]));
    // The first joint turns everything about the vertical axis.
    assert!((jacobian[0][0] + at[1]).abs() < 1e-7 && (jacobian[1][0] - at[0]).abs() < 1e-7);

    let target = [0.35, 0.25, 0.4];
    let reached = hand(&reach(target, angles));
    assert!(reached.iter().zip(target).all(|(at, target)| (at - target).abs() < 1e-12));
}
