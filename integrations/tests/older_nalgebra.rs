//! nalgebra 0.33 stands on the traits of simba 0.9, as 0.34 does, so its matrices hold dual numbers and variables too.

use dualtape::{gradient, gradient_forward};
use nalgebra_0_33::{Matrix3, RealField, UnitQuaternion, Vector3};

/// The distance of a solution, turned by a rotation, from an eigenvector.
fn distance<F: RealField + Copy>(x: &[F]) -> F {
    let product = Matrix3::from_column_slice(&x[..9]);
    let matrix = product * product.transpose() + Matrix3::identity();
    let side = Vector3::from_column_slice(&x[9..12]);
    let solution = matrix.cholesky().expect("a positive definite matrix").solve(&side);
    let largest = matrix.symmetric_eigen().eigenvalues.max();
    (UnitQuaternion::new(side) * solution - side.scale(largest)).norm()
}

#[test]
fn matrices_and_rotations_of_an_older_nalgebra_have_derivatives() {
    let x: Vec<f64> = (0..12).map(|i| (f64::from(i) * 0.7 + 0.3).sin()).collect();
    let (y, reverse) = gradient(distance, &x);
    let (same, forward) = gradient_forward(distance, &x);
    assert_eq!((y, y), (same, distance(&x)));
    for i in 0..x.len() {
        let at = |step: f64| {
            let mut x = x.clone();
            x[i] += step;
            distance(&x)
        };
        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((reverse[i] - difference).abs() < 1e-8 * y, "{i}: {}, differences {difference}", reverse[i]);
        assert!((reverse[i] - forward[i]).abs() < 1e-12 * y, "{i}: {}, forward {}", reverse[i], forward[i]);
    }
}
