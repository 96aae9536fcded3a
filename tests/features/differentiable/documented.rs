//! Functions of the documentation, written plainly, and their generic forms there.

#![allow(clippy::needless_range_loop, reason = "a loop of the documentation goes by index")]

use dualtape::linalg::{cholesky, solve_lower};
use dualtape::rotation::so3;
use dualtape::{Scalar, differentiable, dot, function};

use super::assert_same_gradients;

/// A plain function, a call of it, the generic form, and points at which they are the same.
macro_rules! documented {
    ($($name:ident { $($plain:tt)* } |$x:ident| $call:expr; { $($generic:tt)* } at $($point:expr),+;)*) => {$(
        both!(#[differentiable] $name: $($plain)*);

        #[test]
        fn $name() {
            use $name::plain::of;
            $($generic)*
            for $x in [$($point),+] {
                assert_same_gradients(&$name::of::F, &function!(generic), $call, &$x);
            }
        }
    )*};
}

documented! {
    readme {
        fn of(x: f64, y: f64) -> f64 {
            (x * y).sin() + 0.5 * y.powi(2)
        }
    } |x| of(x[0], x[1]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            (x[0] * x[1]).sin() + x[1].powi(2) * 0.5
        }
    } at [0.5, 2.0];

    front_page_lambert {
        fn of(x: f64, p: f64) -> f64 {
            x.exp() * x - p
        }
    } |x| of(x[0], x[1]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0].exp() * x[0] - x[1]
        }
    } at [1.0, std::f64::consts::E];

    guide_derivative {
        fn of(x: f64) -> f64 {
            (2.0 * x).sin() / x
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            (x[0] * 2.0).sin() / x[0]
        }
    } at [1.5];

    guide_norm {
        fn of(x: &[f64]) -> f64 {
            x.iter().map(|x| x * x).sum::<f64>().sqrt()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x.iter().map(|&x| x * x).sum::<S>().sqrt()
        }
    } at [0.0, 2.0], [3.0, 4.0];

    guide_string {
        fn of(x: &[f64]) -> f64 {
            x.windows(2).map(|x| (1.0 + (x[1] - x[0]).powi(2)).sqrt()).sum()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x.windows(2).map(|x| ((x[1] - x[0]).powi(2) + 1.0).sqrt()).sum()
        }
    } at [0.5, 0.75, -1.0];

    guide_spring {
        fn of(x: f64, y: f64, u: f64, v: f64) -> f64 {
            ((x - u).hypot(y - v) - 1.0).powi(2)
        }
    } |x| of(x[0], x[1], x[2], x[3]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            ((x[0] - x[2]).hypot(x[1] - x[3]) - 1.0).powi(2)
        }
    } at [0.0, 0.0, 2.0, 0.5];

    guide_quintic {
        fn of(x: f64, p: f64) -> f64 {
            x.powi(5) + x - p
        }
    } |x| of(x[0], x[1]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0].powi(5) + x[0] - x[1]
        }
    } at [1.0, 2.0];

    guide_distance {
        fn of(w: [f64; 3]) -> f64 {
            let covariance = [4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0];
            let point = so3::rotate(&so3::exp(w), [3.0, 2.0, 1.0]);
            let errors = [point[0] - 1.0, point[1] - 2.0, point[2] - 3.0];
            let z = solve_lower(&cholesky(&covariance), &errors);
            dot(&z, &z)
        }
    } |w| of(w); {
        fn generic<S: Scalar<Real = f64>>(w: &[S]) -> S {
            let covariance = [4.0, 1.0, 0.0, 1.0, 3.0, 0.5, 0.0, 0.5, 2.0].map(S::from_f64);
            let point = so3::rotate(&so3::exp([w[0], w[1], w[2]]), [3.0, 2.0, 1.0].map(S::from_f64));
            let errors = [point[0] - 1.0, point[1] - 2.0, point[2] - 3.0];
            let z = solve_lower(&cholesky(&covariance), &errors);
            dot(&z, &z)
        }
    } at [0.0; 3], [0.1, -0.4, 0.2];

    guide_decay {
        fn of(x: f64, p: f64) -> f64 {
            x - 1e-4 * p * x
        }
    } |x| of(x[0], x[1]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0] - x[1] * 1e-4 * x[0]
        }
    } at [1.0, 1.0];

    guide_worth {
        fn of(rate: f64) -> f64 {
            (1..=3).map(|year| 40.0 * (1.0 + rate).powi(-year)).sum()
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            (1..=3).map(|year| (x[0] + 1.0).powi(-year) * 40.0).sum()
        }
    } at [0.1];

    guide_angles {
        fn of(x: f64, y: f64) -> f64 {
            y.atan2(x) + (x * y).tan()
        }
    } |x| of(x[0], x[1]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[1].atan2(x[0]) + (x[0] * x[1]).tan()
        }
    } at [0.3, 0.4];

    conventions_kinks {
        fn of(x: &[f64]) -> f64 {
            x[0].abs() + x[1].sqrt() + x[2].max(x[3]) + x[4]
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            x[0].abs() + x[1].sqrt() + x[2].max(x[3]) + x[4]
        }
    } at [0.5, 0.25, 2.0, 2.0, 5.0];

    conventions_right_abs {
        fn of(x: f64) -> f64 {
            if 0.0 > x { -x } else { x }
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            if x[0] < 0.0 { -x[0] } else { x[0] }
        }
    } at [0.0], [-1.5];

    conventions_sinc {
        fn of(x: f64) -> f64 {
            if x.abs() < 1e-4 { 1.0 + -x * x / 6.0 } else { x.sin() / x }
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let x = x[0];
            if x.abs() < 1e-4 { -x * x / 6.0 + 1.0 } else { x.sin() / x }
        }
    } at [0.0], [0.5];

    conventions_bisected {
        fn of(p: f64) -> f64 {
            let (mut low, mut high) = (0.0, 4.0);
            while high - low > 1e-14 {
                let middle = 0.5 * (low + high);
                if middle * middle < p { low = middle } else { high = middle }
            }
            low
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(p: &[S]) -> S {
            let (mut low, mut high) = (S::zero(), S::from_f64(4.0));
            while high - low > 1e-14 {
                let middle = (low + high) * 0.5;
                if middle * middle < p[0] { low = middle } else { high = middle }
            }
            low
        }
    } at [2.0];

    conventions_series {
        fn of(x: f64) -> f64 {
            let (mut sum, mut term, mut k) = (0.0, 1.0, 0.0);
            while f64::abs(term) > 1e-17 {
                sum += term;
                k += 1.0;
                term = term * x / k;
            }
            sum
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let (mut sum, mut term, mut k) = (S::zero(), S::one(), S::zero());
            while term.abs() > 1e-17 {
                sum += term;
                k += 1.0;
                term = term * x[0] / k;
            }
            sum
        }
    } at [0.5];

    conventions_quotient {
        fn of(x: f64) -> f64 {
            if x == 0.0 { 0.5 * x } else { (1.0 + -x.cos()) / x }
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            if x[0] == 0.0 { x[0] * 0.5 } else { (-x[0].cos() + 1.0) / x[0] }
        }
    } at [0.0], [0.7];

    first_hour_sigmoid {
        fn of(x: f64) -> f64 {
            (1.0 + (-x).exp()).recip()
        }
    } |x| of(x[0]); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            (S::one() + (-x[0]).exp()).recip()
        }
    } at [0.0], [-2.0];

    first_hour_loop {
        fn of(x: &[f64]) -> f64 {
            let mut acc = 0.0;
            for i in 0..x.len() {
                acc += x[i] * x[i];
            }
            acc.max(0.0).sqrt()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let mut acc = S::zero();
            for i in 0..x.len() {
                acc += x[i] * x[i];
            }
            acc.max(0.0).sqrt()
        }
    } at [0.0, 4.0];

    first_hour_dot {
        fn of(x: &[f64]) -> f64 {
            dot(x, x).max(0.0).sqrt()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            dot(x, x).max(0.0).sqrt()
        }
    } at [3.0, 4.0];

    first_hour_misfit {
        fn of(x: &[f64]) -> f64 {
            const DATA: [(f64, f64); 2] = [(0.0, 1.0), (1.0, 3.0)];
            DATA.iter().map(|(t, y)| (t * x[0] + x[1] - y).powi(2)).sum()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            [(0.0, 1.0), (1.0, 3.0)].iter().map(|&(t, y)| (x[0] * t + x[1] - y).powi(2)).sum()
        }
    } at [2.0, 1.5];

    gpt_rmsnorm {
        fn of(x: &[f64]) -> f64 {
            let scale = (1e-5 + dot(x, x) / x.len() as f64).powf(-0.5);
            x.iter().map(|x| (x * scale).powi(3)).sum()
        }
    } |x| of(&x); {
        fn generic<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let scale = (dot(x, x) / x.len() as f64 + 1e-5).powf(-0.5);
            x.iter().map(|&x| (x * scale).powi(3)).sum()
        }
    } at [0.5, -1.0, 2.0];
}
