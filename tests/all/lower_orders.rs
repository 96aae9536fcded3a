//! The lower orders of a derivative equal the lower verb, at kinks and ends of domains too.

use dualtape::{
    Dual, Scalar, Taylor, Var, derivative, dot, function, fuse, gradient, gradient_forward, hessian, hvp,
    jacobian_forward, jacobian_reverse, taylor,
};

/// Compares bit for bit, except that the sign of a zero is free and all NaNs are equal.
#[track_caller]
fn assert_same(name: &str, what: &str, at: &[f64], found: &[f64], right: &[f64]) {
    let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    assert!(
        found.len() == right.len() && found.iter().zip(right).all(same),
        "{name}, {what}, at {at:?}: {found:?} and {right:?}"
    );
}

/// Functions of two numbers with kinks, poles, ends of domains and terms without influence at the points below.
macro_rules! functions {
    ($callback:ident) => {
        $callback! {
            |x, y| ((x - y).powi(2) + (y - x).powi(2)).sqrt();
            |x, y| (x * x + y * y).sqrt();
            |x, y| (x * x).sqrt() * y;
            |x, y| x.sqrt() * y;
            |x, y| x.sqrt() * x + y;
            |x, y| x.powf(1.5) * y;
            |x, y| x.powf(0.5) * y.powi(2);
            |x, y| x.abs() * y.abs();
            |x, y| x.abs().sqrt() * y.abs();
            |x, y| x.hypot(y) * x;
            |x, y| x.max(y) * (x - y);
            |x, y| x.ln() * y;
            |x, y| x * x.ln() + y;
            |x, y| (x * y).ln();
            |x, y| x.recip() * y;
            |x, y| y / x + x / y;
            |x, y| x.cbrt() * y;
            |x, y| (x * y).cbrt();
            |x, y| x.acos() * y;
            |x, y| (x * x + 1.0).acosh() * y;
            |x, y| x.atanh() * y.asin();
            |x, y| x.pow(y);
            |x, y| x.atan2(y);
            |x, y| x.exp().ln() * y.relu();
            |x, y| dot(&[x.sqrt(), y], &[y, x]);
            |x, y| dot(&[x.ln(), y.sqrt()], &[y * y, x]);
            |x, y| x.sqrt().sin() * (y - 1.0);
            |x, y| x.ln_gamma() * y;
        }
    };
}

const POINTS: [[f64; 2]; 12] = [
    [0.0, 0.0],
    [0.0, 1.0],
    [1.0, 0.0],
    [1.0, 1.0],
    [2.0, 2.0],
    [-0.0, 0.5],
    [0.5, -0.0],
    [-1.0, 0.0],
    [0.0, -1.0],
    [-1.0, 1.0],
    [0.25, 3.0],
    [f64::INFINITY, 0.0],
];

#[test]
fn the_lower_orders_equal_the_lower_verbs() {
    macro_rules! compare {
        ($(|$x:ident, $y:ident| $f:expr;)*) => {
            $({
                fn f<S: Scalar<Real = f64>>(z: &[S]) -> S {
                    let [$x, $y] = [z[0], z[1]];
                    $f
                }
                compare_function(stringify!($f), f, f, f, f, f, f, f);
            })*
        };
    }
    functions!(compare);
}

type Lanes<T> = Dual<T, { dualtape::LANES }>;

/// A function in one scalar.
type In<S> = fn(&[S]) -> S;

#[expect(clippy::too_many_arguments, reason = "one function in each scalar")]
fn compare_function(
    name: &str,
    plain: In<f64>,
    reverse: In<Var>,
    forward: In<Lanes<f64>>,
    mixed: In<Var<Lanes<f64>>>,
    along: In<Var<Dual>>,
    twice: In<Lanes<Lanes<f64>>>,
    series: In<Taylor<f64, 2>>,
) {
    for at in POINTS {
        let y = plain(&at);
        let (by_reverse, g) = gradient(reverse, &at);
        let (by_forward, g_forward) = gradient_forward(forward, &at);
        assert_same(name, "values", &at, &[by_reverse, by_forward], &[y, y]);
        let (y_mixed, g_mixed, h) = hessian(mixed, &at);
        assert_same(name, "value of hessian", &at, &[y_mixed], &[y]);
        assert_same(name, "gradient of hessian", &at, &g_mixed, &g);
        let (y_along, g_along, hv) = hvp(along, &at, &[1.0, 0.0]);
        assert_same(name, "gradient of hvp", &at, &[&[y_along], &g_along[..]].concat(), &[&[y], &g[..]].concat());
        assert_same(name, "column of hessian", &at, &hv, &[h[0][0], h[1][0]]);
        let (g_nested, _) = jacobian_forward(|x| gradient_forward(twice, x).1, &at);
        assert_same(name, "gradient inside a Jacobian", &at, &g_nested, &g_forward);
        let expansion = series(&[Taylor::variable(at[0]), Taylor::constant(at[1])]);
        assert_same(name, "series", &at, &[expansion[0], expansion[1]], &[y, g_forward[0]]);
    }
}

/// The slope y·xʸ⁻¹ is 0 there, though xʸ⁻¹ is infinite or NaN.
#[test]
fn a_power_with_the_exponent_zero_has_one_slope_in_all_orders() {
    fn power<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].pow(x[1])
    }
    for base in [1e-310, -1e-310, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -2.0, 3.0] {
        for at in [[base, 0.0], [base, -0.0]] {
            let (_, g) = gradient(power, &at);
            assert_eq!(g[0], 0.0, "at {at:?}");
            assert_same("pow", "gradient_forward", &at, &gradient_forward(power::<Lanes<f64>>, &at).1, &g);
            assert_same("pow", "gradient of hessian", &at, &hessian(power, &at).1, &g);
            let (nested, _) = jacobian_forward(|x| gradient_forward(power::<Lanes<Lanes<f64>>>, x).1, &at);
            assert_same("pow", "gradient inside a Jacobian", &at, &nested, &g);
        }
    }
}

#[test]
fn a_derivative_of_a_derivative_keeps_the_first_one() {
    let first = derivative(|x| x.abs().sqrt() * x, 0.0);
    assert_eq!(first, (0.0, 0.0));
    let nested = derivative(|x| derivative(|x| x.abs().sqrt() * x, x).1, 0.0).0;
    assert_eq!(nested, first.1);
    assert_eq!(taylor::<f64, 2>(|x| x.abs().sqrt() * x, 0.0)[1], first.1);
}

/// The slope is then the product of two factors: a power of 2, and the rest with the bits of the slope. Where no one number
/// holds the slope, it rounds once more.
#[test]
fn where_a_slope_is_in_factors_the_lower_orders_are_those_of_the_lower_verb() {
    macro_rules! compare {
        ($($f:expr;)*) => {
            $(for x in [-8.827168195380033e-107_f64, 1e-107, 1e-150, 1e-200, 1e-300, 3e-310, 1e110, 1e200, 1e300] {
                fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
                    let f: fn(S) -> S = $f;
                    f(x[0])
                }
                let (right, found) = (gradient(f, &[x]).1[0], hessian(f, &[x]).1[0]);
                let is_in_range = (1e-150..1e150).contains(&x.abs());
                let is_near = !is_in_range && (found - right).abs() <= 4.0 * f64::EPSILON * right.abs();
                assert!(is_near || found == right, "{} at {x:e}: {found:e} and {right:e}", stringify!($f));
            })*
        };
    }
    compare! {
        |x| x.digamma();
        |x| x.polygamma(1);
        |x| x.abs().ln_gamma();
        |x| x.recip();
        |x| S::one() / x;
        |x| x.abs().ln();
        |x| x.abs().log2();
        |x| x.abs().sqrt();
        |x| x.cbrt();
        |x| x.powi(-1);
        |x| x.abs().powf(-0.5);
        |x| x.abs().log(S::from_f64(3.0));
        |x| (x.recip() * 2.0).abs().ln();
        |x| (S::one() / x).abs().ln();
        |x| x.powi(-1).abs().log2();
        |x| x.abs().powf(-1.0).ln();
        |x| x.abs().sqrt().recip().ln();
        |x| x.cbrt().recip().abs().sqrt();
    }
    // An exponent of few bits.
    for x in [1e-107, 1e-200, 1e-300] {
        fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0].pow(S::from_f64(1e-320)) + x[0].powf(1e-321)
        }
        let (right, found) = (gradient(f, &[x]).1[0], hessian(f, &[x]).1[0]);
        assert!((found - right).abs() <= 4.0 * f64::EPSILON * right, "{x:e}: {found:e} and {right:e}");
    }
}

/// Kernels of few inputs are linearized first, whatever scalar is inside.
#[test]
fn lower_orders_of_fused_kernels_are_those_of_the_lower_verbs() {
    fn term<S: Scalar<Real = f64>>([x, y, z]: [S; 3]) -> S {
        (x * y + z).sin() * x - y / (z * z + 1.3) + x * z * 0.7
    }
    fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x.windows(3).map(|x| fuse(&function!(term: [S; 3] -> S), [x[0].sin(), x[1] * x[0], x[2] + x[1].exp()])).sum()
    }
    for k in 0..10 {
        let x: Vec<f64> = (0..6).map(|i| (f64::from(i) * 1.7 + f64::from(k)).sin() * 3.1).collect();
        let expected = gradient_forward(chain, &x).1;
        assert_eq!(jacobian_forward(|x| gradient_forward(chain, x).1, &x).0, expected);
        assert_eq!(jacobian_reverse(|x| gradient_forward(chain, x).1, &x).0, expected);
        assert_eq!(hessian(chain, &x).1, gradient(chain, &x).1);
    }
}
