//! Where nalgebra itself loses derivatives, because it branches on a value, `check` says so, or they are NaN.

use dualtape::nalgebra::{FieldFunction, OverField};
use dualtape::{Function, check, gradient};
use nalgebra::{DMatrix, Matrix2, RealField, Rotation3, SymmetricEigen, UnitQuaternion, Vector3};

struct ByMatrix;

impl FieldFunction for ByMatrix {
    type Output = Vec<f64>;

    fn eval<F: RealField + Copy>(&self, w: &[F]) -> Vec<F> {
        (Rotation3::new(Vector3::from_column_slice(w)) * Vector3::x()).as_slice().to_vec()
    }
}

struct ByQuaternion;

impl FieldFunction for ByQuaternion {
    type Output = Vec<f64>;

    fn eval<F: RealField + Copy>(&self, w: &[F]) -> Vec<F> {
        (UnitQuaternion::new(Vector3::from_column_slice(w)) * Vector3::x()).as_slice().to_vec()
    }
}

struct LargestEigenvalue;

impl FieldFunction for LargestEigenvalue {
    type Output = f64;

    fn eval<F: RealField + Copy>(&self, x: &[F]) -> F {
        SymmetricEigen::new(Matrix2::new(x[0], x[1], x[1], x[2])).eigenvalues.max()
    }
}

struct Determinant;

impl FieldFunction for Determinant {
    type Output = f64;

    fn eval<F: RealField + Copy>(&self, x: &[F]) -> F {
        DMatrix::from_column_slice(4, 4, x).determinant()
    }
}

#[test]
fn check_finds_the_rotation_zero() {
    assert!(!check(&OverField(ByMatrix), &[0.0; 3]).agrees());
    assert!(!check(&OverField(ByQuaternion), &[0.0; 3]).agrees());
    check(&OverField(ByMatrix), &[0.1, 0.2, -0.3]).assert_agreement();
    check(&OverField(ByQuaternion), &[0.1, 0.2, -0.3]).assert_agreement();
}

/// A variable of value 0 is not the constant 0, so nalgebra divides by it: NaN, not a wrong number. The differences of the
/// plain function show that there is a derivative.
#[test]
fn check_finds_a_diagonal_matrix_and_a_column_of_zeros() {
    let diagonal = [3.0, 0.0, 1.0];
    let columns: [f64; 16] = std::array::from_fn(|i| if i < 4 { 0.0 } else { (i as f64).sin() });
    let (_, by_diagonal) = gradient(|x| OverField(LargestEigenvalue).eval(x), &diagonal);
    let (_, by_columns) = gradient(|x| OverField(Determinant).eval(x), &columns);
    assert!(by_diagonal.iter().chain(&by_columns).all(|slope: &f64| slope.is_nan()), "{by_diagonal:?}, {by_columns:?}");
    assert!(!check(&OverField(LargestEigenvalue), &diagonal).agrees());
    assert!(!check(&OverField(Determinant), &columns).agrees());
    check(&OverField(LargestEigenvalue), &[3.0, 0.5, 1.0]).assert_agreement();
    check(&OverField(Determinant), &std::array::from_fn::<f64, 16, _>(|i| (i as f64).sin() + 0.1)).assert_agreement();
}
