//! Where nalgebra itself loses derivatives, because it branches on a value: the rows of the table in `docs/works_with.md`,
//! each with a function of dualtape that is right at the same point.

use dualtape::implicit::root;
use dualtape::linalg::{det, inverse, norm, normalize, svd, symmetric_eigen};
use dualtape::nalgebra::{FieldFunction, OverField};
use dualtape::rotation::{quaternion, so3};
use dualtape::{Dual, Function, Scalar, dot, function, gradient, gradient_forward, jacobian_forward, jacobian_reverse};
use nalgebra::{
    Complex, DMatrix, Matrix2, Matrix3, Matrix4, Quaternion, RealField, Rotation3, SMatrix, SVector, Schur, Unit,
    UnitQuaternion, Vector3, convert,
};

/// What a mode makes of a derivative that exists.
#[derive(Debug, PartialEq)]
enum Outcome {
    Right,
    /// A finite entry is wrong.
    Wrong,
    /// Entries are NaN or infinite, and the others right.
    NotFinite,
}
use Outcome::{NotFinite, Right, Wrong};

fn outcome(found: &[f64], expected: &[f64]) -> Outcome {
    let is_wrong = |(&x, y): (&f64, &f64)| x.is_finite() && (x - y).abs() > 1e-9 * (1.0 + y.abs());
    if found.iter().zip(expected).any(is_wrong) {
        Wrong
    } else if found.iter().all(|x| x.is_finite()) {
        Right
    } else {
        NotFinite
    }
}

/// Asserts the outcomes of a function of nalgebra in forward and in reverse mode, and that both modes and central
/// differences agree on the same function by dualtape.
#[track_caller]
fn assert_lost(
    lossy: &impl Function<Output = Vec<f64>>,
    instead: &impl Function<Output = Vec<f64>>,
    x: &[f64],
    expected: [Outcome; 2],
) {
    let (y, right) = jacobian_forward(|x| instead.eval(x), x);
    assert_eq!(outcome(jacobian_reverse(|x| instead.eval(x), x).1.as_slice(), right.as_slice()), Right);
    for j in 0..x.len() {
        let moved = |step: f64| {
            instead.eval(&(0..x.len()).map(|k| if j == k { x[k] + step } else { x[k] }).collect::<Vec<_>>())
        };
        let slopes = moved(1e-5).into_iter().zip(moved(-1e-5)).map(|(above, below)| (above - below) / 2e-5);
        assert!(slopes.enumerate().all(|(i, slope)| (slope - right[i][j]).abs() < 1e-8 * (1.0 + slope.abs())));
    }
    assert_eq!(outcome(&lossy.eval(x), &y), Right, "values {:?} and {y:?}", lossy.eval(x));
    let modes = [jacobian_forward(|x| lossy.eval(x), x).1, jacobian_reverse(|x| lossy.eval(x), x).1];
    assert_eq!(modes.map(|j| outcome(j.as_slice(), right.as_slice())), expected);
}

/// Makes a test of each row: a function of nalgebra, the same by dualtape, and points with the outcomes.
macro_rules! rows {
    ($($name:ident: |$x:ident| $lossy:expr, |$z:ident| $instead:expr, $([$at:expr] $outcomes:expr),+;)*) => {
        $(
            #[test]
            fn $name() {
                struct Lossy;
                impl FieldFunction for Lossy {
                    type Output = Vec<f64>;
                    fn eval<F: RealField + Copy>(&self, $x: &[F]) -> Vec<F> {
                        $lossy
                    }
                }
                fn instead<S: Scalar<Real = f64>>($z: &[S]) -> Vec<S> {
                    $instead
                }
                $(assert_lost(&OverField(Lossy), &function!(instead: &[S] -> Vec<S>), &$at, $outcomes);)+
            }
        )*
    };
}

const IDENTITY: [f64; 9] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
const DIAGONAL: [f64; 9] = [2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 5.0];
const BLOCKS: [f64; 9] = [2.0, 0.0, 1.0, 0.0, 3.0, 0.0, 1.0, 0.0, 4.0];
const TRIANGULAR: [f64; 9] = [2.0, 1.0, 3.0, 0.0, 3.0, 1.0, 0.0, 0.0, 4.0];
const OF_RANK_TWO: [f64; 9] = [1.0, 2.0, 0.0, 2.0, 4.0, 0.0, 0.0, 0.0, 3.0];
const ZERO_COLUMN: [f64; 16] = [0.0, 1.0, 2.0, 3.0, 0.0, 3.0, 1.0, 5.0, 0.0, 2.0, 2.0, 1.0, 0.0, 1.0, 7.0, 3.0];
const PARALLEL: [f64; 6] = [1.0, 2.0, 3.0, 2.0, 4.0, 6.0];
const EQUAL: [f64; 6] = [0.5, 0.2, 0.1, 0.5, 0.2, 0.1];

rows! {
    unit_quaternion_new: |x| by_components(UnitQuaternion::new(first(x))), |x| quaternion::exp([x[0], x[1], x[2]]).to_vec(),
        [[0.0; 3]] [Wrong, Wrong], [[0.1, 0.2, -0.3]] [Right, Right];
    rotation_new: |x| by_rows(*Rotation3::new(first(x)).matrix()), |x| so3::exp([x[0], x[1], x[2]]).to_vec(),
        [[0.0; 3]] [Wrong, Wrong], [[0.1, 0.2, -0.3]] [Right, Right];
    scaled_axis: |x| turned(x).scaled_axis().as_slice().to_vec(), |x| quaternion::log(euler(x)).to_vec(),
        [[0.0; 3]] [Wrong, Wrong], [[0.1, 0.2, -0.3]] [Right, Right];
    scaled_axis_of_a_matrix: |x| Rotation3::from(turned(x)).scaled_axis().as_slice().to_vec(),
        |x| so3::log(&quaternion::to_matrix(euler(x))).to_vec(),
        [[0.0; 3]] [Wrong, Wrong], [[0.1, 0.2, -0.3]] [Right, Right];
    ln: |x| turned(x).ln().imag().as_slice().to_vec(), |x| quaternion::log(euler(x)).map(|w| w * 0.5).to_vec(),
        [[0.0; 3]] [Wrong, Wrong];
    powf: |x| by_components(turned(x).powf(convert(0.5))), |x| power(euler(x), 0.5).to_vec(),
        [[0.0; 3]] [Wrong, Wrong];
    powf_of_a_matrix: |x| by_rows(*Rotation3::from(turned(x)).powf(convert(0.5)).matrix()),
        |x| quaternion::to_matrix(power(euler(x), 0.5)).to_vec(),
        [[0.0; 3]] [Wrong, Wrong];
    exp_of_a_quaternion: |x| {
            let q = Quaternion::new(x[0], x[1], x[2], x[3]).exp();
            vec![q.w, q.i, q.j, q.k]
        },
        |x| quaternion::exp([x[1] * 2.0, x[2] * 2.0, x[3] * 2.0]).map(|q| q * x[0].exp()).to_vec(),
        [[0.0; 4]] [Wrong, Wrong];
    slerp_of_quaternions: |x| by_components(turned(x).slerp(&turned(&x[3..]), convert(0.3))),
        |x| interpolated(euler(x), euler(&x[3..])).to_vec(),
        [EQUAL] [Wrong, Wrong];
    slerp_of_rotations: |x| by_rows(*Rotation3::from(turned(x)).slerp(&turned(&x[3..]).into(), convert(0.3)).matrix()),
        |x| quaternion::to_matrix(interpolated(euler(x), euler(&x[3..]))).to_vec(),
        [EQUAL] [Wrong, Wrong];
    slerp_of_vectors: |x| first(x).slerp(&first(&x[3..]), convert(0.3)).as_slice().to_vec(), |x| moved_towards(x).to_vec(),
        [PARALLEL] [Wrong, Wrong];
    slerp_of_directions: |x| {
            let [a, b] = [x, &x[3..]].map(|x| Unit::new_normalize(first(x)));
            a.slerp(&b, convert(0.3)).as_slice().to_vec()
        },
        |x| moved_towards(x).to_vec(),
        [PARALLEL] [Wrong, Wrong];
    rotation_between: |x| by_components(UnitQuaternion::rotation_between(&first(x), &first(&x[3..])).unwrap()),
        |x| between(x).to_vec(),
        [PARALLEL] [Wrong, Wrong], [[1.0, 2.0, 3.0, 0.5, -0.3, 0.2]] [Right, Right];
    scaled_rotation_between:
        |x| by_components(UnitQuaternion::scaled_rotation_between(&first(x), &first(&x[3..]), convert(0.5)).unwrap()),
        |x| power(between(x), 0.5).to_vec(),
        [PARALLEL] [Wrong, Wrong];
    rotation_between_axis: |x| {
            let [a, b] = [x, &x[3..]].map(|x| Unit::new_normalize(first(x)));
            by_components(UnitQuaternion::rotation_between_axis(&a, &b).unwrap())
        },
        |x| between(x).to_vec(),
        [PARALLEL] [Wrong, Wrong];
    rotation_between_as_a_matrix: |x| by_rows(*Rotation3::rotation_between(&first(x), &first(&x[3..])).unwrap().matrix()),
        |x| quaternion::to_matrix(between(x)).to_vec(),
        [PARALLEL] [Wrong, Wrong];
    rotation_to: |x| turned(x).rotation_to(&turned(&x[3..])).scaled_axis().as_slice().to_vec(),
        |x| quaternion::log(quaternion::compose(euler(&x[3..]), inverted(euler(x)))).to_vec(),
        [[0.0; 6]] [Wrong, Wrong];
    rotation_from_matrix: |x| by_rows(*Rotation3::from_matrix(turned(x).to_rotation_matrix().matrix()).matrix()),
        |x| quaternion::to_matrix(quaternion::from_matrix(&quaternion::to_matrix(euler(x)))).to_vec(),
        [[0.0; 3]] [Wrong, Wrong];
    unit_quaternion_from_matrix: |x| by_components(UnitQuaternion::from_matrix(turned(x).to_rotation_matrix().matrix())),
        |x| quaternion::from_matrix(&quaternion::to_matrix(euler(x))).to_vec(),
        [[0.0; 3]] [Wrong, Wrong];
    determinant: |x| vec![DMatrix::from_row_slice(4, 4, x).determinant()], |x| vec![det(x)],
        [ZERO_COLUMN] [Wrong, NotFinite];
    determinant_by_qr: |x| vec![Matrix3::from_row_slice(x).col_piv_qr().determinant()], |x| vec![det(x)],
        [OF_RANK_TWO] [Wrong, Wrong];
    symmetric_eigenvectors: |x| by_rows(Matrix2::new(x[0], x[1], x[1], x[2]).symmetric_eigen().recompose()),
        |x| {
            let (l, v) = symmetric_eigen(&[x[0], x[1], x[1], x[2]]);
            (0..4).map(|k| (0..2).map(|m| v[k / 2 * 2 + m] * l[m] * v[k % 2 * 2 + m]).sum()).collect()
        },
        [[2.0, 0.0, 3.0]] [Wrong, NotFinite], [[2.0, 0.5, 3.0]] [Right, Right];
    symmetric_eigenvectors_with_a_limit: |x| {
            let matrix = Matrix2::new(x[0], x[1], x[1], x[2]);
            by_rows(matrix.try_symmetric_eigen(F::default_epsilon(), 100).unwrap().recompose())
        },
        |x| vec![x[0], x[1], x[1], x[2]],
        [[2.0, 0.0, 3.0]] [Wrong, NotFinite];
    // In reverse mode it is `None`.
    eigenvalues: |x| Matrix3::from_row_slice(x).eigenvalues().unwrap_or_else(Vector3::zeros).as_slice().to_vec(), |x| roots(x),
        [TRIANGULAR] [Wrong, Wrong];
    complex_eigenvalues: |x| complex_parts(&Matrix3::from_row_slice(x).complex_eigenvalues()), |x| roots(x),
        [TRIANGULAR] [Wrong, Wrong];
    svd_of_three: |x| by_rows(Matrix3::from_row_slice(x).svd(true, true).recompose().unwrap()),
        |x| {
            let (u, s, v) = svd(x, 3);
            (0..9).map(|k| (0..3).map(|m| u[k / 3 * 3 + m] * s[m] * v[k % 3 * 3 + m]).sum()).collect()
        },
        [BLOCKS] [Wrong, Wrong], [DIAGONAL] [Wrong, NotFinite];
    pseudo_inverse_of_three: |x| by_rows(Matrix3::from_row_slice(x).pseudo_inverse(convert(1e-9)).unwrap()),
        |x| inverse(x),
        [BLOCKS] [Wrong, Wrong], [DIAGONAL] [Wrong, Wrong], [IDENTITY] [Wrong, Wrong];
}

fn complex_parts<F: RealField + Copy, const N: usize>(values: &SVector<Complex<F>, N>) -> Vec<F> {
    values.iter().map(|z| z.re).collect()
}

fn first<F: RealField + Copy>(x: &[F]) -> Vector3<F> {
    Vector3::from_column_slice(&x[..3])
}

fn turned<F: RealField + Copy>(x: &[F]) -> UnitQuaternion<F> {
    UnitQuaternion::from_euler_angles(x[0], x[1], x[2])
}

fn by_components<F: RealField + Copy>(q: UnitQuaternion<F>) -> Vec<F> {
    vec![q.w, q.i, q.j, q.k]
}

fn by_rows<F: RealField + Copy, const N: usize>(matrix: SMatrix<F, N, N>) -> Vec<F> {
    matrix.transpose().as_slice().to_vec()
}

/// The quaternion of [`turned`].
fn euler<S: Scalar>(x: &[S]) -> [S; 4] {
    let zero = S::zero();
    let [roll, pitch, yaw] = [[x[0], zero, zero], [zero, x[1], zero], [zero, zero, x[2]]].map(quaternion::exp);
    quaternion::compose(yaw, quaternion::compose(pitch, roll))
}

fn inverted<S: Scalar>([w, x, y, z]: [S; 4]) -> [S; 4] {
    [w, -x, -y, -z]
}

fn power<S: Scalar<Real = f64>>(q: [S; 4], t: f64) -> [S; 4] {
    quaternion::exp(quaternion::log(q).map(|w| w * t))
}

fn interpolated<S: Scalar<Real = f64>>(a: [S; 4], b: [S; 4]) -> [S; 4] {
    quaternion::compose(a, power(quaternion::compose(inverted(a), b), 0.3))
}

/// The rotation that takes the direction of one vector to that of another: ‖a‖‖b‖ + a·b and a×b, normalized.
fn between<S: Scalar<Real = f64>>(x: &[S]) -> [S; 4] {
    let (a, b) = (&x[..3], &x[3..]);
    let across = |i: usize, j: usize| a[i] * b[j] - a[j] * b[i];
    let q = normalize(&[norm(a) * norm(b) + dot(a, b), across(1, 2), across(2, 0), across(0, 1)]);
    [q[0], q[1], q[2], q[3]]
}

/// The direction of one vector, turned towards another.
fn moved_towards<S: Scalar<Real = f64>>(x: &[S]) -> [S; 3] {
    let a = normalize(&x[..3]);
    quaternion::rotate(power(between(x), 0.3), [a[0], a[1], a[2]])
}

/// The eigenvalues of a matrix near [`TRIANGULAR`], as roots of the characteristic polynomial.
fn roots<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    fn polynomial<S: Scalar<Real = f64>>(l: &[S], a: &[S]) -> Vec<S> {
        vec![det(&(0..9).map(|k| if k % 4 == 0 { a[k] - l[0] } else { a[k] }).collect::<Vec<S>>())]
    }
    let plain: Vec<f64> = x.iter().map(|x| x.value()).collect();
    let mut found: Vec<f64> = Matrix3::from_row_slice(&plain).complex_eigenvalues().iter().map(|l| l.re).collect();
    found.sort_by(f64::total_cmp);
    found.iter().map(|&l| root(&function!(polynomial: &[S], &[S] -> Vec<S>), &[l], x)[0]).collect()
}

/// The sum of the singular values, by at most 100 iterations, or NaN.
fn sum_of_singular_values<F: RealField + Copy>(n: usize, x: &[F]) -> F {
    let found = DMatrix::from_row_slice(n, n, x).try_svd_unordered(false, false, F::default_epsilon(), 100);
    found.map_or(convert(f64::NAN), |found| found.singular_values.sum())
}

const FOUR: [f64; 16] = [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 4.0];

/// In reverse mode and in second derivatives nalgebra divides 0 by 0 at a column of zeros, as the square of its length is
/// no constant, and its iterations never end.
#[test]
fn singular_values_that_never_end_are_nan_with_a_limit() {
    let blocks = [2.0, 1.0, 0.0, 1.0, 3.0, 0.0, 0.0, 0.0, 4.0];
    for (n, x) in [(3, &IDENTITY[..]), (3, &DIAGONAL), (3, &blocks), (4, &FOUR), (2, &[1.0, 0.0, 0.0, 1.0])] {
        let (sum, right) = gradient(|x| svd(x, n).1.iter().sum(), x);
        let (found, slopes) = gradient_forward(|x| sum_of_singular_values(n, x), x);
        assert_eq!([outcome(&[found], &[sum]), outcome(&slopes, &right)], [Right, Right]);
        assert!(gradient(|x| sum_of_singular_values(n, x), x).0.is_nan());
        let moved = |t: Dual<Dual>| x.iter().enumerate().map(|(i, &x)| t * (i as f64).sin() + x).collect::<Vec<_>>();
        assert!(sum_of_singular_values(n, &moved(Dual::variable(Dual::variable(0.0)))).value().is_nan());
    }
}

#[test]
fn eigenvalues_that_never_end_are_none_with_a_limit() {
    let values = |x: &[f64]| jacobian_forward(|x| complex_parts(&Matrix4::from_row_slice(x).complex_eigenvalues()), x);
    let (y, j) = values(&FOUR);
    assert_eq!(y, [1.0, 2.0, 3.0, 4.0]);
    let right: Vec<f64> = (0..64).map(|k| if k % 16 == k / 16 * 5 { 1.0 } else { 0.0 }).collect();
    assert_eq!(outcome(j.as_slice(), &right), Right);
    gradient(
        |x| {
            assert!(Schur::try_new(Matrix4::from_row_slice(x), f64::EPSILON.into(), 100).is_none());
            x[0]
        },
        &FOUR,
    );
}

#[test]
#[should_panic(expected = "Singular value was NaN")]
fn singular_values_of_two_columns_panic() {
    gradient(|x| DMatrix::from_row_slice(2, 2, x).singular_values().sum(), &[1.0, 0.0, 0.0, 1.0]);
}
