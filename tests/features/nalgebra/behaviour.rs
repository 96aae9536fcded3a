// Included by `nalgebra.rs` for each version of nalgebra, as `na`, and its `verbs`.

use std::panic::catch_unwind;

use dualtape::parameters::Parameters;
use dualtape::{
    Dual, Real, Scalar, Tape, Taylor, Var, derivative, gradient, gradient_forward, gradient_of, hessian, taylor,
};
use na::{
    ComplexField, DMatrix, DVector, Isometry3, Matrix2, Matrix3, Point3, RealField, Rotation3, SMatrix, SymmetricEigen,
    Translation3, UnitQuaternion, Vector1, Vector3,
};

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(0.0, |scale: f64, x| scale.max(x.abs()));
    for (found_entry, expected_entry) in found.iter().zip(expected) {
        let error = (found_entry - expected_entry).abs();
        assert!(error <= tolerance * scale, "found {found:?}, expected {expected:?}");
    }
}

/// Compares the derivatives of a function over `RealField` in all modes with its gradient, and the second ones with
/// differences of the gradient.
macro_rules! assert_derivatives {
    ($f:ident, $gradient:expr, $x:expr) => {{
        let (x, analytic) = ($x, $gradient);
        let expected = analytic(&x[..]);
        let (value, reverse) = gradient(|x| $f(x), &x);
        let (same, forward) = gradient_forward(|x| $f(x), &x);
        assert_eq!((value, same), ($f(&x), $f(&x)));
        assert_close(&reverse, &expected, 1e-12);
        assert_close(&forward, &expected, 1e-12);

        let (_, _, h) = hessian(|x| $f(x), &x);
        let direction: Vec<f64> = (0..x.len()).map(|i| 1.0 - 0.3 * i as f64).collect();
        let moved = |step: f64| x.iter().zip(&direction).map(|(x, d)| x + step * d).collect::<Vec<f64>>();
        let (above, below) = (analytic(&moved(1e-5)[..]), analytic(&moved(-1e-5)[..]));
        let differences: Vec<f64> = above.iter().zip(&below).map(|(above, below)| (above - below) / 2e-5).collect();
        let product: Vec<f64> = h.rows().map(|row| dot(row, &direction)).collect();
        assert_close(&product, &differences, 1e-7);

        // The series along the direction, and two nested dual numbers, have the same first and second derivative.
        let along = taylor::<f64, 2>(|t| $f(&line(&x, &direction, t)), 0.0);
        let [_, first, second] = along.derivatives().collect::<Vec<f64>>()[..] else { panic!("three derivatives") };
        assert_close(&[first, second], &[dot(&expected, &direction), dot(&product, &direction)], 1e-10);
        let nested = derivative(|t| derivative(|t| $f(&line(&x, &direction, t)), t).1, 0.0).1;
        assert_close(&[nested], &[second], 1e-10);
    }};
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn line<S: Scalar<Real = f64>>(x: &[f64], direction: &[f64], t: S) -> Vec<S> {
    x.iter().zip(direction).map(|(&x, &d)| t * d + x).collect()
}

fn number<S: RealField>(x: f64) -> S {
    na::convert(x)
}

fn weights<const R: usize, const C: usize>() -> SMatrix<f64, R, C> {
    SMatrix::from_fn(|row, column| 1.0 + row as f64 - 0.7 * (column * column) as f64)
}

/// Returns `Σ weights·matrix`.
fn weighted<S: RealField + Copy, const R: usize, const C: usize>(matrix: &SMatrix<S, R, C>) -> S {
    weights::<R, C>().map(number::<S>).dot(matrix)
}

fn matrix<S: RealField + Copy>(x: &[S]) -> Matrix3<S> {
    Matrix3::from_row_slice(x)
}

/// Returns the symmetric matrix with this lower triangle, row by row.
fn symmetric<S: RealField + Copy>(x: &[S]) -> Matrix3<S> {
    Matrix3::new(x[0], x[1], x[3], x[1], x[2], x[4], x[3], x[4], x[5])
}

/// Returns the derivatives with respect to the lower triangle from those with respect to all entries.
fn by_lower_triangle(g: Matrix3<f64>) -> Vec<f64> {
    let both = g + g.transpose();
    vec![g[(0, 0)], both[(1, 0)], g[(1, 1)], both[(2, 0)], both[(2, 1)], g[(2, 2)]]
}

fn row_major(g: Matrix3<f64>) -> Vec<f64> {
    g.transpose().as_slice().to_vec()
}

const GENERAL: [f64; 9] = [4.0, 1.0, -0.5, 0.3, 3.0, 0.8, -0.2, 0.6, 5.0];
const DEFINITE: [f64; 6] = [4.0, 1.0, 3.0, -0.5, 0.8, 5.0];

fn norm<S: RealField + Copy>(x: &[S]) -> S {
    Vector3::from_row_slice(x).norm()
}

fn normalized<S: RealField + Copy>(x: &[S]) -> S {
    weighted(&Vector3::from_row_slice(x).normalize())
}

fn inverse<S: RealField + Copy>(x: &[S]) -> S {
    weighted(&matrix(x).try_inverse().unwrap())
}

fn solution<S: RealField + Copy>(x: &[S]) -> S {
    weighted(&matrix(x).lu().solve(&Vector3::new(1.0, -2.0, 0.5).map(number::<S>)).unwrap())
}

fn solution_by_qr<S: RealField + Copy>(x: &[S]) -> S {
    weighted(&matrix(x).qr().solve(&Vector3::new(1.0, -2.0, 0.5).map(number::<S>)).unwrap())
}

fn determinant<S: RealField + Copy>(x: &[S]) -> S {
    matrix(x).determinant()
}

fn half_ln_determinant<S: RealField + Copy>(x: &[S]) -> S {
    let diagonal = symmetric(x).cholesky().unwrap().l().diagonal();
    diagonal.map(|entry| entry.ln()).sum()
}

fn largest_eigenvalue<S: RealField + Copy>(x: &[S]) -> S {
    let values = SymmetricEigen::new(symmetric(x)).eigenvalues;
    values.max()
}

fn nuclear_norm<S: RealField + Copy>(x: &[S]) -> S {
    matrix(x).singular_values().sum()
}

fn nuclear_norm_of_the_full_svd<S: RealField + Copy>(x: &[S]) -> S {
    matrix(x).svd(true, true).singular_values.sum()
}

#[test]
fn vectors_and_factorizations_have_their_derivatives_in_all_modes() {
    let unit = |x: &[f64]| Vector3::from_row_slice(x).normalize().as_slice().to_vec();
    assert_derivatives!(norm, unit, [1.0, -2.0, 0.5]);
    let of_normalized = |x: &[f64]| {
        let (x, w) = (Vector3::from_row_slice(x), weights::<3, 1>());
        let unit = x.normalize();
        ((w - unit * unit.dot(&w)) / x.norm()).as_slice().to_vec()
    };
    assert_derivatives!(normalized, of_normalized, [1.0, -2.0, 0.5]);

    let of_inverse = |x: &[f64]| {
        let inverse = matrix(x).try_inverse().unwrap().transpose();
        row_major(-inverse * weights::<3, 3>() * inverse)
    };
    assert_derivatives!(inverse, of_inverse, GENERAL);
    let of_solution = |x: &[f64]| {
        let inverse = matrix(x).try_inverse().unwrap();
        let solution = inverse * Vector3::new(1.0, -2.0, 0.5);
        row_major(-inverse.transpose() * weights::<3, 1>() * solution.transpose())
    };
    assert_derivatives!(solution, of_solution, GENERAL);
    assert_derivatives!(solution_by_qr, of_solution, GENERAL);
    let of_determinant = |x: &[f64]| row_major(matrix(x).determinant() * matrix(x).try_inverse().unwrap().transpose());
    assert_derivatives!(determinant, of_determinant, GENERAL);

    let of_ln_determinant = |x: &[f64]| by_lower_triangle(symmetric(x).try_inverse().unwrap() * 0.5);
    assert_derivatives!(half_ln_determinant, of_ln_determinant, DEFINITE);
    let of_largest = |x: &[f64]| {
        let eigen = SymmetricEigen::new(symmetric(x));
        let vector = eigen.eigenvectors.column(eigen.eigenvalues.imax());
        by_lower_triangle(vector * vector.transpose())
    };
    assert_derivatives!(largest_eigenvalue, of_largest, DEFINITE);
    let of_nuclear_norm = |x: &[f64]| {
        let svd = matrix(x).svd(true, true);
        row_major(svd.u.unwrap() * svd.v_t.unwrap())
    };
    assert_derivatives!(nuclear_norm, of_nuclear_norm, GENERAL);
    assert_derivatives!(nuclear_norm_of_the_full_svd, of_nuclear_norm, GENERAL);
}

/// Returns the derivatives of `p·R(w)v` with respect to w, by the right Jacobian of SO(3).
fn by_rotation_vector(w: &[f64]) -> Vec<f64> {
    let w = Vector3::from_row_slice(w);
    let (angle, cross) = (w.norm(), w.cross_matrix());
    let right = Matrix3::identity() - cross * ((1.0 - angle.cos()) / angle.powi(2))
        + cross * cross * ((angle - angle.sin()) / angle.powi(3));
    let moved = -(Rotation3::new(w) * POINT.cross_matrix()) * right;
    moved.tr_mul(&weights::<3, 1>()).as_slice().to_vec()
}

const POINT: Vector3<f64> = Vector3::new(0.3, -1.1, 0.7);

fn turned_by_a_matrix<S: RealField + Copy>(w: &[S]) -> S {
    weighted(&(Rotation3::new(Vector3::from_row_slice(w)) * POINT.map(number::<S>)))
}

fn turned_by_a_quaternion<S: RealField + Copy>(w: &[S]) -> S {
    weighted(&(UnitQuaternion::new(Vector3::from_row_slice(w)) * POINT.map(number::<S>)))
}

fn moved_there_and_back<S: RealField + Copy>(w: &[S]) -> S {
    let turn = UnitQuaternion::new(Vector3::from_row_slice(w));
    let motion = Isometry3::from_parts(Translation3::new(w[0], w[1], w[2]), turn);
    let there = motion * Point3::from(POINT.map(number::<S>));
    let back = (motion * motion).inverse() * (motion * there);
    weighted(&(back.coords + turn * POINT.map(number::<S>)))
}

fn turned_by_an_exponential<S: RealField + Copy>(w: &[S]) -> S {
    weighted(&(Vector3::from_row_slice(w).cross_matrix().exp() * POINT.map(number::<S>)))
}

fn exponential<S: RealField + Copy>(x: &[S]) -> S {
    weighted(&matrix(x).exp())
}

#[test]
fn rotations_have_their_derivatives_in_all_modes() {
    for w in [[0.4, -0.2, 1.1], [2.0, 0.5, -0.3]] {
        assert_derivatives!(turned_by_a_matrix, by_rotation_vector, w);
        assert_derivatives!(turned_by_a_quaternion, by_rotation_vector, w);
        assert_derivatives!(moved_there_and_back, by_rotation_vector, w);
        assert_derivatives!(turned_by_an_exponential, by_rotation_vector, w);
    }
}

#[test]
fn a_matrix_exponential_has_its_derivatives_for_any_norm() {
    // The upper right block of exp([A, E; 0, A]) is the derivative along E.
    let expected = |x: &[f64]| {
        let entries = (0..9).map(|entry| {
            let mut blocks = SMatrix::<f64, 6, 6>::zeros();
            blocks.fixed_view_mut::<3, 3>(0, 0).copy_from(&matrix(x));
            blocks.fixed_view_mut::<3, 3>(3, 3).copy_from(&matrix(x));
            blocks[(entry / 3, 3 + entry % 3)] = 1.0;
            weights::<3, 3>().dot(&blocks.exp().fixed_view::<3, 3>(0, 3).into_owned())
        });
        entries.collect::<Vec<f64>>()
    };
    for scale in [0.1, 0.5, 3.0] {
        assert_derivatives!(exponential, expected, GENERAL.map(|x| x * scale));
    }
}

/// Returns `[f, f′, f″]` at `x`, in which all modes have to agree.
macro_rules! two_orders {
    ($f:expr, $x:expr) => {{
        let (y, g, h) = hessian(|x| $f(x[0]), &[$x]);
        let nested = derivative(|x| derivative(|x| $f(x), x).1, $x);
        let series: Vec<f64> = taylor::<f64, 2>(|x| $f(x), $x).derivatives().collect();
        let found = [y, g[0], h[0][0]];
        assert_close(&found, &[y, nested.0, nested.1], 1e-13);
        assert_close(&found, &series, 1e-13);
        found
    }};
}

#[test]
fn the_methods_of_the_traits_keep_derivatives_at_zero() {
    assert_eq!(two_orders!(ComplexField::sinc, 0.0), [1.0, 0.0, -1.0 / 3.0]);
    assert_eq!(two_orders!(ComplexField::sinhc, 0.0), [1.0, 0.0, 1.0 / 3.0]);
    let sinc: Vec<f64> = taylor::<f64, 6>(ComplexField::sinc, 0.0).derivatives().collect();
    assert_close(&sinc, &[1.0, 0.0, -1.0 / 3.0, 0.0, 0.2, 0.0, -1.0 / 7.0], 1e-14);
    assert_eq!(two_orders!(|x| ComplexField::to_exp(x).0, 0.0), [0.0, 1.0, 0.0]);
    assert_eq!(two_orders!(|x| ComplexField::to_exp(x).1, 0.0), [1.0, 0.0, 0.0]);
    assert_eq!(two_orders!(|x| ComplexField::to_exp(x).0, -2.0), [2.0, -1.0, 0.0]);
    assert_eq!(two_orders!(|x| ComplexField::to_exp(x).1, -2.0), [-1.0, 0.0, 0.0]);
    assert_eq!(two_orders!(ComplexField::signum, 0.0), [1.0, 0.0, 0.0]);
    assert_eq!(two_orders!(ComplexField::modulus_squared, 0.0), [0.0, 0.0, 2.0]);
    assert_eq!(two_orders!(ComplexField::modulus, 0.0)[..2], [0.0, 0.0]);
}

#[test]
fn cardinal_sines_are_exact_on_both_sides_of_the_change_of_formula() {
    for x in [-0.999, 0.3, 0.999_999, 1.0, 1.000_001, 2.5_f64] {
        let (sin, cos) = x.sin_cos();
        let first = (x * cos - sin) / (x * x);
        assert_close(&two_orders!(ComplexField::sinc, x), &[sin / x, first, -(sin + 2.0 * first) / x], 1e-13);
        let (sin, cos) = (x.sinh(), x.cosh());
        let first = (x * cos - sin) / (x * x);
        assert_close(&two_orders!(ComplexField::sinhc, x), &[sin / x, first, (sin - 2.0 * first) / x], 1e-13);
    }
}

/// Compares the methods that a reading implements with those of plain numbers, in which foreign code runs without derivatives.
fn is_a_real_field<R: Real + RealField, S: Scalar<Real = R> + RealField>(variable: impl Fn(R) -> S) {
    let points: [R; 9] = [0.4, -0.7, 1.6, -2.5, 0.0, -0.0, f64::NAN, f64::INFINITY, 1e30].map(na::convert);
    let same = |name: &str, x: R, found: S, plain: R| {
        let is_same = found.value() == plain || Scalar::is_nan(plain) && Scalar::is_nan(found);
        assert!(is_same, "{name} at {x}: {found}, {plain}");
    };
    macro_rules! methods {
        ($trait:ident: $($name:ident($($p:expr),*))*) => {
            for x in points {
                $(
                    let found = <S as $trait>::$name(variable(x) $(, na::convert::<f64, S>($p))*);
                    same(stringify!($name), x, found, <R as $trait>::$name(x $(, na::convert::<f64, R>($p))*));
                )*
            }
        };
    }
    methods! { ComplexField:
        floor() ceil() round() trunc() fract() abs() signum() modulus() modulus_squared() norm1() argument() real()
        imaginary() conjugate() recip() sqrt() cbrt() exp() exp2() exp_m1() ln() log2() log10() ln_1p() sin() cos() tan()
        asin() acos() atan() sinh() cosh() tanh() asinh() acosh() atanh() mul_add(2.0, 3.0) hypot(0.3) scale(3.0)
        unscale(3.0) powf(2.5) powc(2.0) log(3.0)
    }
    methods! { RealField: max(0.5) min(0.5) clamp(-1.0, 1.0) atan2(0.5) copysign(-1.0) }
    let zero: R = na::convert(0.0);
    macro_rules! constants {
        ($($name:ident)*) => { $(same(stringify!($name), zero, <S as RealField>::$name(), <R as RealField>::$name());)* };
    }
    constants! {
        pi two_pi frac_pi_2 frac_pi_3 frac_pi_4 frac_pi_6 frac_pi_8 frac_1_pi frac_2_pi frac_2_sqrt_pi e log2_e log10_e
        ln_2 ln_10
    }
    for x in points {
        let (modulus, sign) = ComplexField::to_exp(variable(x));
        let plain = ComplexField::to_exp(x);
        same("to_exp", x, modulus, plain.0);
        same("to_exp", x, sign, plain.1);
        assert_eq!(ComplexField::try_sqrt(variable(x)).map(Scalar::value), ComplexField::try_sqrt(x));
        assert_eq!(ComplexField::is_finite(&variable(x)), ComplexField::is_finite(&x));
        assert_eq!(RealField::is_sign_negative(&variable(x)), RealField::is_sign_negative(&x));
        assert_eq!(RealField::is_sign_positive(&variable(x)), RealField::is_sign_positive(&x));
        same("powi", x, ComplexField::powi(variable(x), 3), ComplexField::powi(x, 3));
    }
    assert_eq!(<S as RealField>::max_value().map(Scalar::value), <R as RealField>::max_value());
    assert_eq!(<S as RealField>::min_value().map(Scalar::value), <R as RealField>::min_value());
    // A number is converted by its value, whatever its derivatives.
    let number = variable(na::convert(2.5));
    assert_eq!(na::try_convert::<S, f64>(number), Some(2.5));
    assert_eq!(na::try_convert::<S, f32>(number), Some(2.5));
    same("convert", zero, na::convert(0.1), na::convert(0.1));
    same("convert", zero, na::convert(0.1_f32), na::convert(0.1_f32));
}

#[test]
fn every_reading_is_a_real_field_with_the_values_of_plain_numbers() {
    is_a_real_field::<f64, Dual>(Dual::variable);
    is_a_real_field::<f64, Dual<Dual, 3>>(|x| Dual::seeded(Dual::variable(x), 1));
    is_a_real_field::<f64, Taylor<f64, 3>>(Taylor::variable);
    is_a_real_field::<f64, Taylor<Dual, 2>>(|x| Taylor::variable(Dual::variable(x)));
    is_a_real_field::<f32, Dual<f32>>(Dual::variable);
    is_a_real_field::<f32, Taylor<f32, 3>>(Taylor::variable);

    let (tape, of_duals, of_small) = (Tape::new(), Tape::new(), Tape::new());
    is_a_real_field::<f64, Var>(|x| tape.var(x));
    is_a_real_field::<f64, Dual<Var>>(|x| Dual::variable(tape.var(x)));
    is_a_real_field::<f64, Var<Dual>>(|x| of_duals.var(Dual::variable(x)));
    is_a_real_field::<f32, Var<f32>>(|x| of_small.var(x));
    let of_variables = Tape::new();
    is_a_real_field::<f64, Var<Var>>(|x| of_variables.var(tape.var(x)));
}

#[test]
fn verbs_take_and_return_the_shapes_of_nalgebra() {
    let energy = |x: &Vector3<Var>| x.dot(&x.map(|x| x.sin()));
    let at = Vector3::new(0.3, -1.0, 2.0);
    let expected = at.map(|x: f64| x.sin() + x * x.cos());
    let (y, g) = verbs::gradient(energy, &at);
    assert_eq!(y, at.dot(&at.map(f64::sin)));
    assert!((g - expected).norm() < 1e-15);
    // The columns of a matrix are vectors, and so are vectors of dynamic size.
    let columns = SMatrix::<f64, 3, 2>::from_columns(&[at, at * 2.0]);
    let (_, g) = verbs::gradient(energy, &columns.column(0));
    assert!((g - expected).norm() < 1e-15);
    let dynamic = DVector::from_column_slice(at.as_slice());
    let (_, g) = verbs::gradient_forward(|x| x.dot(&x.map(|x| x.sin())), &dynamic);
    assert!((g - DVector::from_column_slice(expected.as_slice())).norm() < 1e-15);
    let (_, g) = verbs::gradient_array(|x| x.dot(&x.map(|x| x.sin())), &at);
    assert!((g - expected).norm() < 1e-15);

    let (y, j) = verbs::jacobian(|x| x.cross(&x.map(|x| x * x)), &at);
    let (same, static_j) = verbs::jacobian_array(|x| x.cross(&x.map(|x| x * x)), &at);
    let (equal, reverse_j) = verbs::jacobian_reverse(|x| x.cross(&x.map(|x| x * x)), &at);
    assert_eq!((y, y, y), (same, equal, at.cross(&at.map(|x| x * x))));
    assert_eq!(j[(0, 1)], at.z * at.z - 2.0 * at.y * at.z);
    assert!((j - static_j).norm() + (j - reverse_j).norm() < 1e-14);
    // Two outputs of three inputs, in a matrix of two rows.
    let (_, rows) = verbs::jacobian(|x| x.fixed_rows::<2>(1).into_owned(), &at);
    assert_eq!(rows, SMatrix::<f64, 2, 3>::new(0.0, 1.0, 0.0, 0.0, 0.0, 1.0));

    let (_, g, h) = verbs::hessian(|x| x.x * x.x * x.y + x.z.exp(), &at);
    assert_eq!((g.x, h[(0, 1)], h[(1, 0)], h[(2, 2)]), (2.0 * at.x * at.y, 0.6, 0.6, at.z.exp()));
    // A derivative of a derivative: a verb in a verb.
    let (_, curvature) = derivative(|x| verbs::gradient(|x| x.norm_squared() * x.x, &Vector1::new(x)).1.x, 2.0);
    assert_eq!(curvature, 12.0);

    let (_, j) = dualtape::jacobian(|x| [x[0] * x[1], x[0], x[1]], &[2.0, 3.0]);
    assert_eq!(DMatrix::from(j), DMatrix::from_row_slice(3, 2, &[3.0, 2.0, 1.0, 0.0, 0.0, 1.0]));
}

#[test]
fn an_inner_verb_refuses_the_numbers_of_an_outer_one() {
    let mixed = |x: Dual| verbs::gradient_array(|y| y.x * y.x, &Vector1::new(x)).1.x;
    assert_eq!(derivative(mixed, 3.0), (6.0, 2.0));
    let outside = Dual::<f64, 1>::variable(2.0);
    assert!(catch_unwind(|| verbs::gradient_array(|y| y.x * outside, &Vector1::new(3.0))).is_err());
}

/// Matrices of dynamic size, as solvers have them.
#[test]
fn dynamic_matrices_are_differentiated_too() {
    let n = 6;
    let system = |p: Var| {
        let entry = |i, j| if i == j { p + 4.0 } else { Var::constant(1.0 / (1 + i + j) as f64) };
        let matrix = DMatrix::from_fn(n, n, entry);
        matrix.lu().solve(&DVector::from_element(n, Var::constant(1.0))).unwrap().sum()
    };
    let (_, g) = gradient(|p| system(p[0]), &[1.0]);
    let plain = DMatrix::from_fn(n, n, |i, j| if i == j { 5.0 } else { 1.0 / (1 + i + j) as f64 });
    let inverse = plain.try_inverse().unwrap();
    let ones = DVector::from_element(n, 1.0);
    let expected = -(ones.transpose() * &inverse * &inverse * &ones)[0];
    assert_close(&g, &[expected], 1e-13);
    // Complex eigenvalues: those of a scaled rotation are t·(cos 1 ± i·sin 1).
    let (y, slope) = derivative(
        |t| {
            let (sin, cos) = (1.0_f64.sin(), 1.0_f64.cos());
            Matrix2::new(t * cos, -t * sin, t * sin, t * cos).complex_eigenvalues()[0].im.abs()
        },
        2.0,
    );
    assert_close(&[y, slope], &[2.0 * 1.0_f64.sin(), 1.0_f64.sin()], 1e-13);
}

#[test]
fn a_matrix_is_a_model() {
    let a = SMatrix::<f64, 2, 3>::new(1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    assert_eq!(Parameters::flatten(&a), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(a.unflatten(&Parameters::flatten(&a)), a);
    let model = (DVector::from_vec(vec![3.0, 4.0]), a);
    let (y, (of_vector, of_matrix)) = gradient_of(&model, |(v, a)| v.norm_squared() + a.norm_squared());
    assert_eq!((y, of_vector, of_matrix), (116.0, &model.0 * 2.0, a * 2.0));
}
