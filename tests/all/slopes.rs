//! Derivatives to the last digits, at both ends of the exponents, and of high order at the ends of domains.

use dualtape::sparse::{SparseHessian, SparseJacobian};
use dualtape::{
    Dual, Scalar, Tape, check, derivative, function, fuse, gradient, gradient_forward, hessian, hvp, log_softmax,
    log_sum_exp, softmax, sum,
};

use crate::support::compare::assert_near;

const INF: f64 = f64::INFINITY;

#[test]
fn the_slope_of_a_square_is_exact() {
    for i in 1..200 {
        let x = f64::from(i) / 7.3;
        assert_eq!(derivative(|x| x.powf(2.0), x).1, 2.0 * x);
        assert_eq!(derivative(|x| x.powf(2.0), -x).1, -2.0 * x);
    }
}

#[test]
fn a_zero_slope_by_any_operand_beats_an_infinite_partial() {
    let infinite = |x| Dual::new(x, [INF, -INF]);
    let [zero, two, c] = [Dual::constant(0.0), Dual::constant(2.0), Dual::new(3.0, [2.0, 4.0])];
    assert_eq!(infinite(1.0).mul_add(zero, c).partials, [2.0, 4.0]);
    assert_eq!(zero.mul_add(infinite(1.0), c).partials, [2.0, 4.0]);

    fn number_and_square<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0] + x[1] * x[1]
    }
    assert_eq!(fuse(&function!(number_and_square), [c, infinite(0.0)]).partials, [2.0, 4.0]);
    fn product_and_square<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0] * x[1] + x[2] * x[2]
    }
    assert_eq!(fuse(&function!(product_and_square), [c, two, infinite(0.0)]).partials, [4.0, 8.0]);
}

#[test]
fn a_power_keeps_its_derivatives_where_its_lowered_exponent_rounds() {
    // y − 1 is −1 in floating point.
    assert_eq!(derivative(|x| x.powf(1e-17), 0.0).1, INF);
    assert_near("∛x by powf", derivative(|x| x.powf(1.0 / 3.0), 1e136).1, 7.181_448_966_772_903e-92, 1e-15, 0.0);
    // The curvature of a root near 0 overflows to infinity, and is not lost.
    let (_, curvature) = derivative(|x| derivative(|x| x.powf(0.5), x).1, 5e-324);
    assert_eq!(curvature, -INF);
    for (x, y) in [(1.7788721543617996e-249, 0.1), (2.1834489189824968e-243, 1.0 / 3.0)] {
        let (_, curvature) = derivative(|x| derivative(|x| x.powf(y), x).1, x);
        assert_eq!(curvature, -INF);
        assert_eq!(hessian(|p| p[0].pow(p[1]), &[x, y]).2[0][0], -INF);
    }
}

#[test]
fn a_power_that_overflows_or_underflows_keeps_its_derivatives() {
    // From 700 digits: with respect to base and exponent, where the power itself is 0, and ∞.
    let mixed = [
        (1.9173632570756038e-144, 2.8412411212921143, -2.262_435_301_062_592_8e-262),
        (1.8634521774394814e125, 3.407895131485991, 4.273_474_469_223_212_3e304),
    ];
    for (x, y, wanted) in mixed {
        let (_, _, h) = hessian(|p| p[0].pow(p[1]), &[x, y]);
        assert_near("by base and exponent", h[0][1], wanted, 1e-14, 0.0);
        assert_near("by exponent and base", h[1][0], wanted, 1e-14, 0.0);
    }
    // Where the derivatives overflow or underflow too.
    assert_eq!(hessian(|p| p[0].pow(p[1]), &[2e-9, -106.5]).2.into_entries(), [INF; 4]);
}

#[test]
fn the_share_of_a_number_far_below_the_largest_keeps_its_digits() {
    // The exponential magnifies the rounding error of the difference.
    let x = [-3.318886652300442, -500.7687708342006];
    assert_near("softmax", softmax(&x)[1], 9.125_575_790_510_643e-217, 1e-15, 0.0);
    for (_, g) in [gradient(log_sum_exp, &x), gradient_forward(log_sum_exp, &x)] {
        assert_near("log_sum_exp", g[1], 9.125_575_790_510_643e-217, 1e-15, 0.0);
    }
}

#[test]
fn gelu_tanh_keeps_its_digits_far_from_zero() {
    // From 700 digits.
    let slopes = [
        (-1.5, -0.127_710_793_151_433_08),
        (-2.5, -0.037_951_576_212_666_183),
        (-9.75, -7.059_669_046_503_06e-34),
        (-15.6875, -2.628_925_181_727_031_4e-128),
        (-18.5, -1.285_979_815_286_592_7e-206),
        (-20.25, -7.907_757_768_284_76e-269),
        (-21.0, -5.773_008_639_270_406e-299),
    ];
    for (x, wanted) in slopes {
        assert_near("slope", derivative(|x| x.gelu_tanh(), x).1, wanted, 2e-15, 0.0);
        assert_near("slope", gradient(|x| x[0].gelu_tanh(), &[x]).1[0], wanted, 2e-15, 0.0);
    }
}

#[test]
fn an_angle_next_to_the_origin_keeps_its_derivatives() {
    let angle = |y: f64, x: f64| hessian(|p| p[0].atan2(p[1]), &[y, x]);
    let (_, slopes, _) = angle(0.0, 5e-324);
    assert_eq!(slopes, [INF, 0.0]);
    let (_, slopes, curvatures) = angle(-1e-179, -1e-179);
    assert_near("by y", slopes[0], -5e178, 1e-15, 0.0);
    assert_near("by x", slopes[1], 5e178, 1e-15, 0.0);
    assert_eq!(curvatures.into_entries(), [-INF, 0.0, 0.0, INF]);
    // Both 1/x² and its product with a small angle.
    for (y, x) in [(1e-170, 1.25e-157), (3e-200, -1e-160)] {
        let (_, slopes, curvatures) = angle(y, x);
        assert_near("by y", slopes[0], 1.0 / x, 1e-15, 0.0);
        assert_near("by x", slopes[1], -y / x / x, 1e-15, 0.0);
        assert_near("by x twice", curvatures[1][1], 2.0 * (y / x / x) / x, 1e-14, 0.0);
    }
}

#[test]
fn the_third_derivative_at_an_end_of_a_domain_is_the_limit() {
    let third = |x: f64| derivative(|x| derivative(|x| derivative(|x| x.atanh(), x).1, x).1, x).1;
    assert_eq!((third(1.0), third(-1.0)), (INF, INF));
}

#[test]
fn log_softmax_is_the_logarithm_of_softmax() {
    let x = [0.5, -1.0, 2.0];
    let total: f64 = x.iter().map(|x| x.exp()).sum();
    for (i, (got, share)) in log_softmax(&x).into_iter().zip(softmax(&x)).enumerate() {
        assert_near("log_softmax", got, x[i] - total.ln(), 1e-15, 0.0);
        assert_near("softmax", share, x[i].exp() / total, 1e-15, 0.0);
        let (value, slopes) = gradient(|x| log_softmax(x)[i], &x);
        assert_eq!(value, got);
        for (j, slope) in slopes.into_iter().enumerate() {
            assert_near("slope", slope, f64::from(i == j) - x[j].exp() / total, 1e-15, 0.0);
        }
    }
    assert_near("log_sum_exp", log_sum_exp(&x), total.ln(), 1e-15, 0.0);
}

#[test]
fn a_sum_takes_every_eighth_element_together() {
    // One by one, each 1 would be lost beside 10¹⁶.
    let mut x = [1.0; 24];
    (x[0], x[8]) = (1e16, -1e16);
    let by_columns: f64 = (0..8).map(|i| x[i] + x[i + 8] + x[i + 16]).sum();
    assert_eq!((sum(&x), by_columns), (22.0, 22.0));
    assert_eq!(sum(&x.map(Dual::<f64>::constant)).primal, 22.0);
    assert_eq!(gradient(sum, &x), (22.0, vec![1.0; 24]));
}

#[test]
fn a_number_is_finite_throughout_only_with_all_its_derivatives() {
    let tape = dualtape::Tape::new();
    assert!(tape.var(2.0).is_finite_throughout() && !tape.var(INF).is_finite_throughout());
    assert!(Dual::<f64>::variable(2.0).is_finite_throughout());
    assert!(!Dual::new(2.0, [0.0, INF]).is_finite_throughout());
    assert!(!Dual::<f64>::constant(INF).is_finite_throughout());
}

#[test]
fn the_magnitude_is_the_largest_of_all_parts() {
    assert_eq!(Dual::new(-4.0, [1.0, -3.0]).magnitude(), 4.0);
    let tape = Tape::new();
    let x = tape.var(0.0);
    assert_eq!([x, x * 5.0, x * x, (x + 7.0) * 2.0].map(Scalar::magnitude), [1.0, 5.0, 0.0, 14.0]);
    assert_eq!(Dual::new(1.0, [2.0, -3.0, 2.5]).magnitude(), 3.0);
    assert_eq!(Dual::new(Dual::new(1.0, [2.0]), [Dual::new(3.0, [-5.0])]).magnitude(), 5.0);
    for with_nan in [Dual::new(f64::NAN, [1.0]), Dual::new(1.0, [f64::NAN])] {
        assert!(with_nan.magnitude().is_nan());
    }
}

/// Σ xᵏ/k!, up to the first term that is small with its derivatives.
fn series<S: Scalar<Real = f64>>(x: S) -> S {
    let (mut sum, mut term, mut k) = (S::zero(), S::one(), 0.0);
    while term.magnitude() > 1e-17 {
        sum += term;
        k += 1.0;
        term = term * x / k;
    }
    sum
}

/// A term that is 0 with a derivative that is not, is in the sum in every mode.
#[test]
fn a_series_that_stops_by_the_magnitude_keeps_its_derivatives() {
    fn of_both<S: Scalar<Real = f64>>(x: &[S]) -> S {
        series(x[0]) * series(x[1] * 2.0)
    }
    for x in [[0.0, 0.0], [1e-200, -1e-30], [0.3, 0.0], [-0.5, 0.7]] {
        let value = (x[0] + 2.0 * x[1]).exp();
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-14 * b.abs(), "{x:?}: {a} and {b}");
        let (y, gradient) = gradient(of_both, &x);
        let (_, forward) = gradient_forward(of_both, &x);
        let (_, _, hessian) = hessian(of_both, &x);
        let (_, _, product) = hvp(of_both, &x, &[1.0, 0.0]);
        near(y, value);
        for slopes in [&gradient, &forward, &product] {
            near(slopes[0], value);
            near(slopes[1], 2.0 * value);
        }
        let (_, _, sparse) = SparseHessian::new(&function!(of_both), &x).at(&function!(of_both), &x);
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for entry in [hessian[i][j], sparse.get(i, j)] {
                near(entry, value * [1.0, 2.0][i] * [1.0, 2.0][j]);
            }
        }
        check(&function!(of_both), &x).assert_agreement();
        let (_, sparse) = SparseJacobian::new(&function!(of_both), &x).at(&function!(of_both), &x);
        near(sparse.get(0, 0), value);
        near(sparse.get(0, 1), 2.0 * value);
    }
}
