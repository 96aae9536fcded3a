//! The rules of `linalg` and `rotation` against the algorithms of nalgebra, run on the same numbers, where these are right.

use dualtape::linalg::{cholesky, det, expm, inverse, ln_det, norm, qr, solve, svd, symmetric_eigen};
use dualtape::nalgebra::{FieldFunction, OverField};
use dualtape::rotation::{quaternion, so3};
use dualtape::{Function, Scalar, hessian, jacobian, jacobian_reverse};
use nalgebra::{DMatrix, DVector, Quaternion, RealField, Rotation3, UnitQuaternion, Vector3};

const N: usize = 4;

/// Panics unless both functions have the same outputs, Jacobians and Hessians, in forward and in reverse mode.
#[track_caller]
fn assert_same(ours: &impl Function<Output = Vec<f64>>, theirs: &impl Function<Output = Vec<f64>>, x: &[f64]) {
    for (ours, theirs) in derivatives(ours, x).iter().zip(&derivatives(theirs, x)) {
        assert_eq!(ours.len(), theirs.len());
        let scale = theirs.iter().fold(0.0, |scale: f64, entry| scale.max(entry.abs()));
        for (k, (a, b)) in ours.iter().zip(theirs).enumerate() {
            assert!((a - b).abs() <= 1e-10 * scale, "entry {k}: {a}, by nalgebra {b}");
        }
    }
}

/// Returns the outputs, the Jacobian in both modes, and the Hessian of a weighted sum of the squares.
fn derivatives(f: &impl Function<Output = Vec<f64>>, x: &[f64]) -> [Vec<f64>; 4] {
    let (values, forward) = jacobian(|x| f.eval(x), x);
    let (_, reverse) = jacobian_reverse(|x| f.eval(x), x);
    let (_, _, h) = hessian(|x| f.eval(x).iter().zip(1..).map(|(&y, k)| y * y * f64::from(k)).sum(), x);
    [values, forward.into_entries(), reverse.into_entries(), h.into_entries()]
}

/// Names a function over `RealField` of the crate nalgebra, and one over `Scalar` by the rules of this crate.
macro_rules! same {
    ($name:ident, $x:expr, $ours:expr, $theirs:expr) => {
        #[test]
        fn $name() {
            struct Ours;
            impl Function for Ours {
                type Output = Vec<f64>;

                fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
                    $ours(x)
                }
            }
            struct Theirs;
            impl FieldFunction for Theirs {
                type Output = Vec<f64>;

                fn eval<F: RealField + Copy>(&self, x: &[F]) -> Vec<F> {
                    $theirs(x)
                }
            }
            assert_same(&Ours, &OverField(Theirs), &$x);
        }
    };
}

/// Numbers between −1 and 1 without a pattern.
fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * i) as f64 * 0.7 + 0.4).sin()).collect()
}

/// A matrix from its rows.
fn square<F: RealField + Copy>(x: &[F]) -> DMatrix<F> {
    let n = x.len().isqrt();
    DMatrix::from_row_slice(n, n, x)
}

fn rows<F: RealField + Copy>(a: &DMatrix<F>) -> Vec<F> {
    a.transpose().as_slice().to_vec()
}

fn ascending<F: RealField + Copy>(values: &[F]) -> Vec<F> {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    values
}

/// A symmetric, positive definite matrix: A·Aᵀ + ½, whose eigenvalues are apart.
fn definite<F: RealField + Copy>(x: &[F]) -> DMatrix<F> {
    let a = square(x);
    &a * a.transpose() + DMatrix::from_diagonal_element(N, N, nalgebra::convert(0.5))
}

fn definite_rows<S: Scalar<Real = f64>>(a: &[S]) -> Vec<S> {
    let entry = |i: usize, j: usize| -> S { (0..N).map(|k| a[i * N + k] * a[j * N + k]).sum() };
    (0..N * N).map(|k| entry(k / N, k % N) + if k / N == k % N { 0.5 } else { 0.0 }).collect()
}

same!(solutions, numbers(N * N + N), |x: &[S]| solve(&x[..N * N], &x[N * N..]), |x: &[F]| {
    let side = DVector::from_column_slice(&x[N * N..]);
    square(&x[..N * N]).lu().solve(&side).expect("a regular matrix").as_slice().to_vec()
});
same!(inverses, numbers(N * N), inverse, |x: &[F]| rows(&square(x).try_inverse().expect("a regular matrix")));
same!(determinants, numbers(N * N), |x: &[S]| vec![det(x), ln_det(x).0], |x: &[F]| {
    let det = square(x).determinant();
    vec![det, det.abs().ln()]
});
same!(cholesky_factors, numbers(N * N), |x: &[S]| cholesky(&definite_rows(x)), |x: &[F]| rows(
    &definite(x).cholesky().expect("a positive definite matrix").l()
));
same!(eigenvalues, numbers(N * N), |x: &[S]| symmetric_eigen(&definite_rows(x)).0, |x: &[F]| ascending(
    definite(x).symmetric_eigen().eigenvalues.as_slice()
));
same!(
    singular_values,
    numbers(N * N),
    |x: &[S]| {
        let mut values = svd(x, N).1;
        values.reverse();
        values
    },
    |x: &[F]| ascending(square(x).singular_values().as_slice())
);
same!(
    projections_on_columns,
    numbers(6),
    |x: &[S]| {
        let q = qr(x, 3).0;
        (0..9).map(|k| (0..2).map(|j| q[k / 3 * 2 + j] * q[k % 3 * 2 + j]).sum()).collect()
    },
    |x: &[F]| {
        let q = DMatrix::from_row_slice(3, 2, x).qr().q();
        rows(&(&q * q.transpose()))
    }
);
same!(exponentials, numbers(9), expm, |x: &[F]| rows(&square(x).exp()));
same!(norms, numbers(5), |x: &[S]| vec![norm(x)], |x: &[F]| vec![DVector::from_column_slice(x).norm()]);
same!(
    rotations,
    numbers(6),
    |x: &[S]| {
        let (w, point) = ([x[0], x[1], x[2]], [x[3], x[4], x[5]]);
        [so3::rotate(&so3::exp(w), point), quaternion::rotate(quaternion::exp(w), point)].concat()
    },
    |x: &[F]| {
        let (w, point) = (Vector3::from_column_slice(&x[..3]), Vector3::from_column_slice(&x[3..]));
        let turned = [Rotation3::new(w) * point, UnitQuaternion::from_scaled_axis(w) * point];
        turned.iter().flat_map(|point| point.as_slice().to_vec()).collect()
    }
);
same!(
    rotation_vectors,
    [0.9, 0.2, -0.4, 0.3],
    |x: &[S]| quaternion::log([x[0], x[1], x[2], x[3]]).to_vec(),
    |x: &[F]| UnitQuaternion::new_normalize(Quaternion::new(x[0], x[1], x[2], x[3])).scaled_axis().as_slice().to_vec()
);
