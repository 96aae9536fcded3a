//! Functions of matrices: compared by `check`, between the modes, with closed forms, and where derivatives do not
//! exist.

use dualtape::linalg::{
    cholesky, det, expm, inverse, ln_det, norm, normalize, qr, solve, solve_lower, spectral, svd, symmetric_eigen,
};
use dualtape::{
    Dual, Function, Scalar, Tape, Var, check, derivative, dot, function, gradient, gradient_forward, hessian, hvp,
    jacobian, jacobian_reverse, taylor, weighted_sum,
};

use crate::support::compare::{assert_all_close, assert_all_relative_eq, assert_close};
use crate::support::refusals::message;

/// A sum of the results of one function at an n by n matrix, with different weights.
struct Problem {
    name: &'static str,
    n: usize,
}

const NAMES: [&str; 12] = [
    "solve",
    "inverse",
    "det",
    "ln_det",
    "cholesky",
    "solve_lower",
    "eigen",
    "spectral",
    "svd",
    "qr",
    "expm",
    "normalize",
];

impl Function for Problem {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, a: &[S]) -> S {
        let n = self.n;
        let all = match self.name {
            "solve" => solve(a, &[a[n - 1], a[0], a[n - 1]].repeat(n)),
            "inverse" => inverse(a),
            "det" => vec![det(a)],
            "ln_det" => vec![ln_det(a).0],
            "cholesky" => cholesky(&definite(a)),
            "solve_lower" => solve_lower(&cholesky(&definite(a)), &a[..n]),
            "eigen" => {
                let (values, vectors) = symmetric_eigen(a);
                [values, vectors].concat()
            }
            "spectral" => spectral(&definite(a), function!(ln: S -> S)),
            "svd" => {
                let (u, sigma, v) = svd(a, n);
                [u, sigma, v].concat()
            }
            "svd of a tall matrix" => {
                let (u, sigma, v) = svd(&a[..n * (n - 1)], n);
                [u, sigma, v].concat()
            }
            "svd of a wide matrix" => {
                let (u, sigma, v) = svd(&a[..n * (n - 1)], n - 1);
                [u, sigma, v].concat()
            }
            "qr" => {
                let (q, r) = qr(a, n);
                [q, r].concat()
            }
            "qr of a tall matrix" => {
                let (q, r) = qr(&a[..n * (n - 1)], n);
                [q, r].concat()
            }
            "expm" => expm(a),
            "normalize" => normalize(a),
            name => panic!("{name} is unknown"),
        };
        let weights: Vec<f64> = (0..all.len()).map(|i| (1.7 * i as f64 + 0.4).sin()).collect();
        weighted_sum(&all, &weights)
    }
}

fn ln<S: Scalar>(x: S) -> S {
    x.ln()
}

fn exp<S: Scalar>(x: S) -> S {
    x.exp()
}

/// `A·Aᵀ + 1`
fn definite<S: Scalar<Real = f64>>(a: &[S]) -> Vec<S> {
    let n = a.len().isqrt();
    let entry = |i: usize, j: usize| dot(&a[i * n..][..n], &a[j * n..][..n]) + if i == j { 1.0 } else { 0.0 };
    (0..n * n).map(|k| entry(k / n, k % n)).collect()
}

fn matrix(n: usize, seed: usize) -> Vec<f64> {
    (0..n * n).map(|k| ((12.9898 * (k + 1) as f64 + 78.233 * seed as f64).sin() * 43758.5).fract() * 2.0).collect()
}

fn multiplied(a: &[f64], b: &[f64], inner: usize) -> Vec<f64> {
    let columns = b.len() / inner;
    let entry = |i: usize, j: usize| (0..inner).map(|k| a[i * inner + k] * b[k * columns + j]).sum::<f64>();
    (0..a.len() / inner * columns).map(|k| entry(k / columns, k % columns)).collect()
}

fn transposed(a: &[f64], columns: usize) -> Vec<f64> {
    (0..a.len()).map(|k| a[k % (a.len() / columns) * columns + k / (a.len() / columns)]).collect()
}

fn unit(n: usize) -> Vec<f64> {
    (0..n * n).map(|k| if k % (n + 1) == 0 { 1.0 } else { 0.0 }).collect()
}

#[test]
fn every_function_agrees_with_differences_and_between_the_modes() {
    for n in 1..=3 {
        // Without optimization, second derivatives of the exponential of nine numbers take seconds.
        for name in NAMES.into_iter().filter(|&name| n < 3 || name != "expm") {
            check(&Problem { name, n }, &matrix(n, n)).assert_agreement();
        }
    }
    for name in ["svd of a tall matrix", "svd of a wide matrix", "qr of a tall matrix"] {
        check(&Problem { name, n: 3 }, &matrix(3, 1)).assert_agreement();
    }
}

#[test]
fn third_derivatives_agree_between_series_and_nestings() {
    let all = NAMES.iter().chain(&["svd of a tall matrix", "svd of a wide matrix", "qr of a tall matrix"]);
    for &name in all {
        let n = if name.ends_with("matrix") { 3 } else { 2 };
        let (f, x, v) = (Problem { name, n }, matrix(n, 7), matrix(n, 5));
        let wanted = taylor::<f64, 3>(|t| f.eval(&moved(&x, &v, t)), 0.0).derivative(3);
        let thrice = |t| derivative(|t| derivative(|t| derivative(|t| f.eval(&moved(&x, &v, t)), t).1, t).1, t).1;
        assert_close(name, thrice(0.0), wanted, 1e-9 * wanted.abs().max(1.0));
        let in_reverse = gradient(|t| gradient(|t| gradient(|t| f.eval(&moved(&x, &v, t[0])), t).1[0], t).1[0], &[0.0]);
        assert_close(name, in_reverse.1[0], wanted, 1e-9 * wanted.abs().max(1.0));
    }
}

fn moved<S: Scalar<Real = f64>>(x: &[f64], v: &[f64], t: S) -> Vec<S> {
    x.iter().zip(v).map(|(&x, &v)| t * v + x).collect()
}

#[test]
fn factors_multiply_to_the_matrix() {
    for n in [1, 2, 3, 5, 8] {
        let a = matrix(n, 3);
        let y = solve(&a, &multiplied(&a, &matrix(n, 4), n));
        assert_all_close("A⁻¹·A·X", &y, &matrix(n, 4), 1e-11);
        assert_all_close("A·A⁻¹", &multiplied(&a, &inverse(&a), n), &unit(n), 1e-11);
        let l = cholesky(&definite(&a));
        assert_all_close("L·Lᵀ", &multiplied(&l, &transposed(&l, n), n), &definite(&a), 1e-13);
        let negative: Vec<f64> = a.iter().map(|x| -x).collect();
        assert_all_close("exp A·exp(−A)", &multiplied(&expm(&a), &expm(&negative), n), &unit(n), 1e-9);
        let (values, v) = symmetric_eigen(&a);
        assert!(values.is_sorted());
        let scaled: Vec<f64> = (0..n * n).map(|k| v[k] * values[k % n]).collect();
        let symmetric: Vec<f64> = (0..n * n).map(|k| a[(k / n).max(k % n) * n + (k / n).min(k % n)]).collect();
        assert_all_close("V·Λ·Vᵀ", &multiplied(&scaled, &transposed(&v, n), n), &symmetric, 1e-13);
        assert_all_close("VᵀV", &multiplied(&transposed(&v, n), &v, n), &unit(n), 1e-14);
    }
    for (m, n) in [(1, 1), (3, 3), (5, 2), (2, 5), (8, 6)] {
        let (a, k) = (&matrix(m.max(n), 2)[..m * n], m.min(n));
        let (u, sigma, v) = svd(a, m);
        assert!(sigma.is_sorted_by(|a, b| a >= b) && sigma.iter().all(|&sigma| sigma >= 0.0));
        let scaled: Vec<f64> = (0..m * k).map(|i| u[i] * sigma[i % k]).collect();
        assert_all_close("U·Σ·Vᵀ", &multiplied(&scaled, &transposed(&v, k), k), a, 1e-13);
        assert_all_close("UᵀU", &multiplied(&transposed(&u, k), &u, m), &unit(k), 1e-14);
        assert_all_close("VᵀV", &multiplied(&transposed(&v, k), &v, n), &unit(k), 1e-14);
        if m >= n {
            let (q, r) = qr(a, m);
            assert_all_close("Q·R", &multiplied(&q, &r, n), a, 1e-13);
            assert_all_close("QᵀQ", &multiplied(&transposed(&q, n), &q, m), &unit(n), 1e-14);
            assert!((0..n * n).all(|i| i / n <= i % n || r[i] == 0.0) && r.iter().step_by(n + 1).all(|&d| d > 0.0));
        }
    }
}

#[test]
fn singular_factors_of_singular_matrices_are_orthonormal() {
    for a in [vec![0.0; 6], vec![1.0, 2.0, 2.0, 4.0, 3.0, 6.0]] {
        let (u, sigma, v) = svd(&a, 3);
        assert!(sigma[1] < 1e-15);
        assert_all_close("UᵀU", &multiplied(&transposed(&u, 2), &u, 3), &unit(2), 1e-14);
        assert_all_close("VᵀV", &multiplied(&transposed(&v, 2), &v, 2), &unit(2), 1e-14);
    }
}

#[test]
fn a_solve_takes_memory_as_the_matrix_does() {
    let recorded = |n: usize| {
        let tape = Tape::new();
        let (a, b) = (tape.vars(&matrix(n, 1)), tape.vars(&matrix(n, 2)[..n]));
        let inputs = tape.len();
        let x = solve(&a, &b);
        (tape.len() - inputs, tape.capacity_bytes(), tape.backward(x[0]).wrt(&b))
    };
    let [(few, small, _), (many, large, _)] = [recorded(40), recorded(80)];
    assert_eq!((few, many), (40, 80), "results of one block");
    assert!((large as f64) < 5.0 * small as f64, "{small} bytes for 40 rows, {large} for 80");
}

type Thrice = Dual<Dual<Dual>>;

#[test]
fn the_determinant_has_the_derivatives_of_the_polynomial_everywhere() {
    // Rank 0, 1, 2 and 3, an almost singular matrix, a zero pivot column, and rows of other sizes.
    let matrices = [
        [0.0; 9],
        [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, -1.0, -2.0, -3.0],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        [2.0, 1.0, 0.5, 1.0, 3.0, 0.25, -1.0, 0.5, 4.0],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0 + 1e-14],
        [0.0, 1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 5.0, 7.0],
        [1e100, 2e100, 3e100, 4.0, 5.0, 7.0, 7e-100, 8e-100, 2e-100],
    ];
    fn written<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0] * (x[4] * x[8] - x[5] * x[7]) - x[1] * (x[3] * x[8] - x[5] * x[6]) + x[2] * (x[3] * x[7] - x[4] * x[6])
    }
    let direction = [0.5, -1.0, 2.0, 1.0, 0.25, -0.5, 3.0, 1.0, -1.0];
    for a in matrices {
        let ((y, g, h), (wanted, of_g, of_h)) = (hessian(|a| det(a), &a), hessian(written, &a));
        let largest = |x: &[f64]| x.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let size = a.chunks(3).map(largest).product::<f64>();
        assert!((y - wanted).abs() <= 1e-14 * size, "{y}, not {wanted}");
        for (got, wanted) in [(&g[..], &of_g[..]), (h.as_slice(), of_h.as_slice())] {
            let error = got.iter().zip(wanted).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>();
            assert!(largest(&error) <= 1e-13 * largest(wanted), "{got:?}, not {wanted:?}");
        }
        // Along entries of the size of their rows.
        let of_row = |k: usize| Some(largest(&a[k / 3 * 3..][..3])).filter(|&size| size > 0.0).unwrap_or(1.0);
        let v: [f64; 9] = std::array::from_fn(|k| direction[k] * of_row(k));
        let thrice = |f: fn(&[Thrice]) -> Thrice| {
            derivative(|t| derivative(|t| derivative(|t| f(&moved(&a, &v, t)), t).1, t).1, 0.0).1
        };
        let (third, wanted) = (thrice(|a| det(a)), thrice(written));
        assert!((third - wanted).abs() <= 1e-12 * size.max(1.0), "{third}, not {wanted}, at {a:?}");
    }
}

#[test]
fn nothing_overflows_that_need_not() {
    for scale in [1e-100, 1e100] {
        let scaled = |a: &[f64]| a.iter().map(|x| x * scale).collect::<Vec<f64>>();
        let a = matrix(3, 1);
        let big = scaled(&a);
        assert_all_relative_eq(&solve(&big, &scaled(&a[..3])), &solve(&a, &a[..3]), 0.0, 1e-12);
        let (y, g) = gradient(|a| ln_det(a).0, &big);
        let (z, of_a) = gradient(|a| ln_det(a).0, &a);
        assert_close("ln det", y, z + 3.0 * f64::ln(scale), 1e-14);
        assert_all_relative_eq(&scaled(&g), &of_a, 0.0, 1e-12);
        for f in [
            |a: &[f64]| gradient(|a| symmetric_eigen(a).0[2], a),
            |a: &[f64]| gradient(|a| svd(a, 3).1[0], a),
            |a: &[f64]| gradient(|a| qr(a, 3).1[8], a),
            |a: &[f64]| gradient(norm, a),
        ] {
            let ((y, g), (z, of_a)) = (f(&big), f(&a));
            assert_close("scaled", y / scale, z, 1e-13);
            assert_all_relative_eq(&g, &of_a, 1e-14, 1e-11);
        }
    }
    let diagonal =
        |entries: [f64; 4]| (0..16).map(|k| if k % 5 == 0 { entries[k / 5] } else { 0.0 }).collect::<Vec<_>>();
    let (y, g) = gradient(|a| det(a), &diagonal([1e200, 1e-200, 1e-200, 1e200]));
    assert_close("det", y, 1.0, 1e-13);
    assert_all_relative_eq(&[g[0], g[5]], &[1e-200, 1e200], 0.0, 1e-13);
}

#[test]
fn repeated_eigenvalues_share_their_slopes() {
    // Two equal ones and one apart, in another basis.
    let axis = normalize(&[1.0, 2.0, -2.0]);
    let a: Vec<f64> = (0..9).map(|k| axis[k / 3] * axis[k % 3] * 3.0 + if k % 4 == 0 { 2.0 } else { 0.0 }).collect();
    let (y, g) = gradient(|a| symmetric_eigen(a).0.into_iter().map(|x: Var| x.powi(3)).sum(), &a);
    let (z, wanted) = gradient(trace_of_cube, &a);
    assert_close("Σλ³", y, z, 1e-14);
    assert_all_close("∇Σλ³", &g, &wanted, 1e-13);
    let slopes = |k: usize| gradient(|a| symmetric_eigen(a).0[k], &a).1;
    assert_all_close("shared", &slopes(0), &slopes(1), 1e-14);
    let (_, forward) = gradient_forward(|a| symmetric_eigen(a).0[1], &a);
    assert_all_close("forward", &forward, &slopes(1), 1e-14);

    // Second derivatives and slopes of vectors are refused.
    assert!(hessian(|a| symmetric_eigen(a).0[0] + symmetric_eigen(a).0[1], &a).2.as_slice().iter().any(|x| x.is_nan()));
    assert!(gradient(|a| symmetric_eigen(a).1[0], &a).1.iter().any(|x| x.is_nan()));
    let curvature = taylor::<f64, 2>(|t| symmetric_eigen(&moved(&a, &matrix(3, 1), t)).0[0], 0.0);
    assert!(curvature.derivative(1).is_finite() && curvature.derivative(2).is_nan());
    // The vector of the eigenvalue that stands apart has slopes.
    assert!(gradient(|a| symmetric_eigen(a).1[2], &a).1.iter().all(|x| x.is_finite()));
}

/// `tr A³` of a symmetric matrix, given by its lower triangle.
fn trace_of_cube<S: Scalar<Real = f64>>(a: &[S]) -> S {
    let n = a.len().isqrt();
    let at = |i: usize, j: usize| a[i.max(j) * n + i.min(j)];
    let places = || (0..n * n * n).map(|k| (k / n / n, k / n % n, k % n));
    places().map(|(i, j, k)| at(i, j) * at(j, k) * at(k, i)).sum()
}

#[test]
fn singular_values_at_repetitions_and_at_zero() {
    fn sum<S: Scalar>(a: &[S]) -> S {
        svd(a, 3).1.into_iter().map(|x| x * x).sum()
    }
    let (y, g) = gradient(sum, &unit(3));
    assert_eq!((y, g), (3.0, unit(3).iter().map(|x| x * 2.0).collect()));
    assert!(hessian(sum, &unit(3)).2.as_slice().iter().any(|x| x.is_nan()));
    let (y, g) = gradient(|a| svd(a, 2).1[1], &[1.0, 2.0, 2.0, 4.0]);
    assert!(y < 1e-15);
    assert_eq!(g, [0.0; 4]);
    assert!(gradient(|a| svd(a, 3).0[1], &[1.0, 2.0, 2.0, 4.0, 3.0, 6.0]).1.iter().any(|x| x.is_nan()));
}

#[test]
fn spectral_functions_have_all_derivatives_where_eigenvalues_repeat() {
    // All equal, two equal, two nearly equal and far from 0, and apart.
    for third in [0.0, 1e-300, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1.0] {
        let a = [1.5, 0.0, 0.0, 0.0, 1.5 + third, 0.0, 0.0, 0.0, 1.5 - 2.0 * third];
        let (_, g, h) = hessian(|a| spectral(&whole(a), function!(exp: S -> S))[1], &a);
        let (_, of_g, of_h) = hessian(|a| expm(&whole(a))[1], &a);
        assert_all_close("gradient", &g, &of_g, 1e-13);
        assert_all_close("Hessian", h.as_slice(), of_h.as_slice(), 1e-12);
    }
    let third = |f: &dyn Fn(&[f64]) -> Vec<f64>| f(&unit(2));
    let of_spectral = third(&|a| {
        jacobian(|a| hessian(|a| spectral(&whole(a), function!(exp: S -> S))[1], a).2.into_entries(), a)
            .1
            .into_entries()
    });
    let of_expm = third(&|a| jacobian(|a| hessian(|a| expm(&whole(a))[1], a).2.into_entries(), a).1.into_entries());
    assert_all_close("third derivatives", &of_spectral, &of_expm, 1e-12);
}

/// Returns the symmetric matrix of a lower triangle.
fn whole<S: Scalar>(a: &[S]) -> Vec<S> {
    let n = a.len().isqrt();
    (0..n * n).map(|k| a[(k / n).max(k % n) * n + (k / n).min(k % n)]).collect()
}

#[test]
fn results_without_a_derivative_are_nan() {
    let singular = [1.0, 2.0, 2.0, 4.0];
    assert!(solve(&singular, &[1.0, 2.0]).iter().chain(&inverse(&singular)).all(|x: &f64| x.is_nan()));
    assert!(gradient(|a| solve(a, &a[..2])[0], &singular).1.iter().all(|x| x.is_nan()));
    assert_eq!(ln_det(&singular), (f64::NEG_INFINITY, 0.0));
    assert!(gradient(|a| ln_det(a).0, &singular).1.iter().all(|x| x.is_nan()));
    assert!(cholesky(&[1.0, 2.0, 2.0, 1.0]).iter().all(|x: &f64| x.is_nan()));
    assert!(gradient(|a| cholesky(a)[0], &[1.0, 2.0, 2.0, 1.0]).1.iter().any(|x| x.is_nan()));
    assert!(gradient(|a| qr(a, 2).1[0], &singular).1.iter().all(|x| x.is_nan()));
    for not_finite in [f64::NAN, f64::INFINITY] {
        let a = [1.0, 0.0, not_finite, 2.0];
        assert!(solve(&a, &[1.0, 2.0]).iter().any(|x: &f64| x.is_nan()));
        assert!(
            det(&a).is_nan() && symmetric_eigen(&a).0[0].is_nan() && svd(&a, 2).1[0].is_nan() && expm(&a)[0].is_nan()
        );
    }
}

#[test]
fn the_norm_at_zero_has_the_slope_zero() {
    assert_eq!(gradient(norm, &[0.0, -0.0]), (0.0, vec![0.0, 0.0]));
    assert_eq!(gradient_forward(norm, &[0.0, -0.0]), (0.0, vec![0.0, 0.0]));
    assert!(normalize(&[0.0, 0.0]).iter().all(|x: &f64| x.is_nan()));
    assert!(norm(&[f64::NAN, 1.0]).is_nan());
}

/// A norm that one component makes up almost alone, in a module for each precision.
macro_rules! outweighed {
    ($name:ident, $R:ty, $ratios:expr) => {
        mod $name {
            use super::*;

            fn on_a_line<S: Scalar<Real = $R>>(x: &[$R], v: &[$R], t: S) -> S {
                norm(&x.iter().zip(v).map(|(&x, &v)| t * v + x).collect::<Vec<S>>())
            }

            /// The second and the third derivative of `r = ‖x + tv‖`: L/r³ and −3(x·v)L/r⁵, with `L = Σ(xᵢvⱼ − xⱼvᵢ)²`
            /// over the pairs by Lagrange.
            fn expected(x: &[$R], v: &[$R]) -> [$R; 2] {
                let r = norm(x);
                let pairs = (0..x.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
                let second = pairs.map(|(i, j)| (x[i] * v[j] - x[j] * v[i]) / r).map(|w| w * (w / r)).sum::<$R>();
                [second, -3.0 * dot(&normalize(x), v) * second / r]
            }

            #[track_caller]
            fn assert_ulps(what: (&str, &[$R], &[$R]), found: $R, expected: $R) {
                let tolerance = 16.0 * <$R>::EPSILON * expected.abs() + <$R>::MIN_POSITIVE;
                assert!((found - expected).abs() <= tolerance, "{what:?}: {found}, not {expected}");
            }

            fn assert_at(x: &[$R]) {
                let axis = |i: usize| (0..x.len()).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<$R>>();
                for v in [axis(0), axis(x.len() - 1), vec![1.0; x.len()]] {
                    let [second, third] = expected(x, &v);
                    let series = taylor::<$R, 3>(|t| on_a_line(x, &v, t), 0.0);
                    assert_ulps(("series, second", x, &v), series.derivative(2), second);
                    assert_ulps(("series, third", x, &v), series.derivative(3), third);
                    let twice = derivative(|t| derivative(|t| on_a_line(x, &v, t), t).1, 0.0).1;
                    assert_ulps(("forward, second", x, &v), twice, second);
                    let twice = |t| derivative(|t| derivative(|t| on_a_line(x, &v, t), t).1, t).1;
                    assert_ulps(("forward, third", x, &v), derivative(twice, 0.0).1, third);
                    let twice = gradient(|t| gradient(|t| on_a_line(x, &v, t[0]), t).1[0], &[0.0]).1[0];
                    assert_ulps(("reverse, second", x, &v), twice, second);
                    let twice = |t: &[_]| gradient(|t| gradient(|t| on_a_line(x, &v, t[0]), t).1[0], t).1[0];
                    assert_ulps(("reverse, third", x, &v), gradient(twice, &[0.0]).1[0], third);
                    assert_ulps(("hvp", x, &v), dot(&hvp(norm, x, &v).2, &v), second);
                }
                let (_, _, h) = hessian(norm, x);
                let (forward, reverse) = (jacobian(normalize, x).1, jacobian_reverse(normalize, x).1);
                for i in 0..x.len() {
                    let [second, third] = expected(x, &axis(i));
                    for (name, matrix) in [("hessian", &h), ("forward", &forward), ("reverse", &reverse)] {
                        assert_ulps((name, x, &axis(i)), matrix[i][i], second);
                    }
                    let curvature = hessian(|x| normalize(x)[i], x).2[i][i];
                    assert_ulps(("direction", x, &axis(i)), curvature, third);
                }
            }

            #[test]
            fn has_its_second_and_third_derivatives() {
                for (n, ratio) in [2, 3, 8].into_iter().flat_map(|n| $ratios.map(|ratio| (n, ratio))) {
                    for large in [0, n - 1] {
                        let x = (0..n).map(|i| if i == large { -3.0 } else { (i as $R - 3.5) * ratio });
                        assert_at(&x.collect::<Vec<$R>>());
                    }
                }
            }
        }
    };
}
outweighed!(a_norm_of_one_large_component, f64, [1e-2, 1e-4, 1e-8, 1e-60, 1e-160]);
outweighed!(a_norm_of_one_large_component_in_single_precision, f32, [1e-2, 1e-4, 1e-15]);

#[test]
fn numbers_of_all_sizes_have_norms_directions_and_factors() {
    for k in -1074..=1021 {
        let (what, s) = (format!("2^{k}"), f64::from(k).exp2());
        let x = [3.0 * s, -4.0 * s];
        let (length, slopes) = gradient(norm, &x);
        assert_eq!(length, 5.0 * s, "{what}");
        assert_eq!(gradient_forward(norm, &x).1, slopes, "{what}");
        assert_all_close(&what, &slopes, &[0.6, -0.8], 2e-16);
        assert_all_close(&what, &normalize(&x), &[0.6, -0.8], 2e-16);
        assert_eq!(svd(&[0.0, -3.0 * s, 2.0 * s, 0.0], 2).1, [3.0 * s, 2.0 * s], "{what}");
        assert_all_relative_eq(&symmetric_eigen(&[2.0 * s, s, s, 2.0 * s]).0, &[s, 3.0 * s], 0.0, 1e-15);
        let turn = |t: Dual| expm(&[Dual::constant(0.0), t * s, -t * s, Dual::constant(0.0)])[1];
        assert_eq!(derivative(turn, 0.0).1, s, "{what}");
    }
    for k in -149..=125 {
        let s = (k as f32).exp2();
        let (length, slopes) = gradient(norm, &[3.0 * s, -4.0 * s]);
        assert_eq!(length, 5.0 * s);
        assert!((slopes[0] - 0.6).abs() < 1e-7 && (slopes[1] + 0.8).abs() < 1e-7, "2^{k}: {slopes:?}");
        assert_eq!(normalize(&[3.0 * s, -4.0 * s]), slopes);
    }
    assert_eq!((norm(&[f64::MAX, 0.0]), norm(&[f32::MAX, 0.0])), (f64::MAX, f32::MAX));
    let (length, slopes) = gradient(norm, &[1.5e308, 1.5e308]);
    assert_eq!(length, f64::INFINITY);
    assert_all_close("an overflow", &slopes, &[0.5_f64.sqrt(); 2], 2e-16);
}

#[test]
fn a_norm_of_infinite_numbers_has_the_slopes_of_the_limit() {
    let infinity = f64::INFINITY;
    assert_eq!(gradient(norm, &[2.0, -infinity, 1.0]), (infinity, vec![0.0, -1.0, 0.0]));
    assert_eq!(normalize(&[2.0, -infinity, 1.0]), [0.0, -1.0, 0.0]);
    for x in [[infinity, 2.0], [infinity, infinity]] {
        let zero = vec![0.0; 2];
        assert_eq!(gradient(|x| norm(x).sqrt(), &x), (infinity, zero.clone()));
        assert_eq!(hessian(|x| norm(x).sqrt(), &x).1, zero);
        assert_eq!(hvp(|x| norm(x).sqrt(), &x, &[1.0, 1.0]), (infinity, zero.clone(), zero.clone()));
        assert_eq!(gradient(|x| gradient(|x| norm(x).sqrt(), x).1[0], &x), (0.0, zero));
    }
}

#[test]
fn the_upper_triangle_of_a_symmetric_matrix_is_not_read() {
    for f in
        [|a: &[_]| cholesky(a)[3], |a: &[_]| symmetric_eigen(a).0[1], |a: &[_]| spectral(a, function!(ln: S -> S))[0]]
    {
        let (y, g) = gradient(f, &[4.0, f64::NAN, 1.0, 3.0]);
        assert_eq!(
            (y, &g),
            (f(&[4.0, 1.0, 1.0, 3.0].map(Var::constant)).value(), &gradient(f, &[4.0, 1.0, 1.0, 3.0]).1)
        );
        assert!(g[1] == 0.0 && g[2] != 0.0);
    }
}

#[test]
fn single_precision_agrees_with_double() {
    let a = matrix(3, 2);
    let single: Vec<f32> = a.iter().map(|&x| x as f32).collect();
    let a: Vec<f64> = single.iter().map(|&x| f64::from(x)).collect();
    macro_rules! compare {
        ($($f:expr),*) => { $(
            let ((y, g), (z, h)) = (gradient($f, &single), gradient($f, &a));
            assert_close(stringify!($f), y.into(), z, 1e-4);
            let g: Vec<f64> = g.into_iter().map(f64::from).collect();
            assert_all_close(stringify!($f), &g, &h, 1e-3);
        )* };
    }
    compare!(
        |a| solve(a, &a[..3])[0],
        |a| inverse(a)[1],
        |a| det(a),
        |a| ln_det(a).0,
        |a| symmetric_eigen(a).1[4],
        |a| svd(a, 3).0[3],
        |a| qr(a, 3).0[2],
        |a| expm(a)[5],
        |a| normalize(a)[2]
    );
}

#[test]
fn empty_matrices_have_results() {
    let none: [f64; 0] = [];
    assert_eq!((det(&none), ln_det(&none), norm(&none)), (1.0, (0.0, 1.0), 0.0));
    let empty = [solve(&none, &none), inverse(&none), cholesky(&none), symmetric_eigen(&none).0, svd(&none, 0).1];
    assert!(
        empty.iter().chain(&[qr(&none, 0).0, expm(&none), spectral(&none, function!(ln: S -> S))]).all(Vec::is_empty)
    );
}

#[test]
fn misuse_is_refused_with_the_way_out() {
    let a = [1.0, 2.0, 3.0];
    assert_eq!(message(|| det(&a)), "det: 3 numbers are no square matrix; pass n·n, row by row");
    assert_eq!(
        message(|| solve(&[1.0; 4], &a)),
        "solve: 3 numbers do not divide into 2 rows; pass as many numbers for each row"
    );
    assert_eq!(
        message(|| qr(&a, 1)),
        "qr: 1 rows are fewer than 3 columns; factor the transpose, or the first 1 columns"
    );
    assert_eq!(
        message(|| solve_lower(&a, &a)),
        "solve_lower: 3 numbers are no matrix for 3 right-hand sides; pass n·n"
    );
}
