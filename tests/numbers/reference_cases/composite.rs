//! The functions of `composite.json`, written once.

use std::f64::consts::{PI, SQRT_2};

use dualtape::{Function, Scalar, log_sum_exp};

/// A known function.
pub(crate) struct Composite<'a> {
    pub(crate) name: &'a str,
}

impl Function for Composite<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        composite(self.name, x).expect("a known function")
    }
}

/// The function called `name` at `x`, or `None` for an unknown one.
#[expect(clippy::eq_op, reason = "x/x is a case")]
pub(crate) fn composite<S: Scalar<Real = f64>>(name: &str, x: &[S]) -> Option<S> {
    Some(match (name, x) {
        ("double_add", &[x]) => x + x,
        ("self_div", &[x]) => x / x,
        ("diamond", &[x, y]) => {
            let a = x * y;
            let b = a.sin();
            let c = a * a;
            b + c * b
        }
        ("fan_out_1000", &[x]) => {
            let s: S = (1..=1000).map(|k| x * f64::from(k)).sum();
            s * s / 1e6
        }
        ("unused_input", &[x, _]) => x * x,
        ("constant_output", _) => S::from_f64(7.0),
        ("identity_output", &[x, _]) => x,
        ("speelpenning_5", x) => x.iter().product(),

        ("beale", &[x, y]) => {
            [(1.5, 1), (2.25, 2), (2.625, 3)].map(|(c, n)| (x * y.powi(n) - x + c).powi(2)).iter().sum()
        }
        ("himmelblau", &[x, y]) => (x.powi(2) + y - 11.0).powi(2) + (x + y.powi(2) - 7.0).powi(2),
        ("booth", &[x, y]) => (x + y * 2.0 - 7.0).powi(2) + (x * 2.0 + y - 5.0).powi(2),
        ("goldstein_price", &[x, y]) => {
            let a = x * -14.0 + x.powi(2) * 3.0 - y * 14.0 + x * y * 6.0 + y.powi(2) * 3.0 + 19.0;
            let b = x * -32.0 + x.powi(2) * 12.0 + y * 48.0 - x * y * 36.0 + y.powi(2) * 27.0 + 18.0;
            ((x + y + 1.0).powi(2) * a + 1.0) * ((x * 2.0 - y * 3.0).powi(2) * b + 30.0)
        }
        ("rastrigin_3", x) => x.iter().map(|&x| x.powi(2) - (x * (2.0 * PI)).cos() * 10.0).sum::<S>() + 30.0,
        ("helmholtz_3", x) => helmholtz(x),
        ("powell_singular", &[a, b, c, d]) => {
            (a + b * 10.0).powi(2) + (c - d).powi(2) * 5.0 + (b - c * 2.0).powi(4) + (a - d).powi(4) * 10.0
        }
        ("brown_almost_linear", x @ &[a, b, c, d, _]) => {
            let total: S = x.iter().sum();
            let product: S = x.iter().product();
            let linear: S = [a, b, c, d].map(|x| (x + total - 6.0).powi(2)).iter().sum();
            linear + (product - 1.0).powi(2)
        }
        ("wood", &[a, b, c, d]) => {
            (b - a.powi(2)).powi(2) * 100.0
                + (a - 1.0).powi(2)
                + (d - c.powi(2)).powi(2) * 90.0
                + (c - 1.0).powi(2)
                + ((b - 1.0).powi(2) + (d - 1.0).powi(2)) * 10.1
                + (b - 1.0) * (d - 1.0) * 19.8
        }

        ("logdet3", &[a, b, c, d, e, f, g, h, i]) => {
            (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)).abs().ln()
        }
        ("gauss_loglik_chol3", &[s00, s10, s11, s20, s21, s22]) => {
            let l00 = s00.sqrt();
            let (l10, l20) = (s10 / l00, s20 / l00);
            let l11 = (s11 - l10 * l10).sqrt();
            let l21 = (s21 - l20 * l10) / l11;
            let l22 = (s22 - l20 * l20 - l21 * l21).sqrt();
            let z0 = S::one() / l00;
            let z1 = -(l10 * z0 + 0.5) / l11;
            let z2 = -(l20 * z0 + l21 * z1 - 0.25) / l22;
            -(l00.ln() + l11.ln() + l22.ln()) - (z0 * z0 + z1 * z1 + z2 * z2) / 2.0
        }
        ("expm2_entry01", &[a, b, c, d]) => {
            let mut term = [S::one(), S::zero(), S::zero(), S::one()];
            let mut entry = S::zero();
            for k in 1..=30 {
                let [p, q, r, s] = term;
                term = [p * a + q * c, p * b + q * d, r * a + s * c, r * b + s * d].map(|t| t / f64::from(k));
                entry += term[1];
            }
            entry
        }

        ("black_scholes_call", &[spot, strike, rate, sigma, time]) => {
            let normal = |q: S| ((q / SQRT_2).erf() + 1.0) / 2.0;
            let spread = sigma * time.sqrt();
            let d1 = ((spot / strike).ln() + (rate + sigma.powi(2) / 2.0) * time) / spread;
            spot * normal(d1) - strike * (-(rate * time)).exp() * normal(d1 - spread)
        }
        ("lennard_jones_3", &[x0, y0, x1, y1, x2, y2]) => [(x0 - x1, y0 - y1), (x0 - x2, y0 - y2), (x1 - x2, y1 - y2)]
            .map(|(dx, dy)| {
                let r2 = dx * dx + dy * dy;
                (r2.powi(-6) - r2.powi(-3)) * 4.0
            })
            .iter()
            .sum(),
        ("kepler_newton", &[mean, e]) => (0..12)
            .fold(mean, |anomaly, _| anomaly - (anomaly - e * anomaly.sin() - mean) / (S::one() - e * anomaly.cos())),
        ("double_pendulum_T", &[a1, a2, w1, w2]) => {
            let (l1, l2) = (1.0, 0.5);
            let upper = w1 * w1 * (0.5 * l1 * l1);
            upper + w1 * w1 * (l1 * l1) + w2 * w2 * (l2 * l2) + w1 * w2 * (a1 - a2).cos() * (2.0 * l1 * l2)
        }
        ("haversine", &[p1, l1, p2, l2]) => {
            let half_sine = |a: S, b: S| ((b - a) / 2.0).sin().powi(2);
            (half_sine(p1, p2) + p1.cos() * p2.cos() * half_sine(l1, l2)).sqrt().asin() * 2.0
        }
        ("lorenz_euler", &[mut x, mut y, mut z]) => {
            let h = 0.01;
            for _ in 0..100 {
                (x, y, z) = (x + (y - x) * 10.0 * h, y + (x * (-z + 28.0) - y) * h, z + (x * y - z * (8.0 / 3.0)) * h);
            }
            x * x + y * y + z * z
        }

        ("softmax_xent", x) => log_sum_exp(x) - x[1],
        ("gmm_loglik", &[w, m1, m2, s1, s2]) => {
            let p = w.sigmoid();
            let density = |y: f64, m: S, s: S| (-(((-m + y) / s.exp()).powi(2) / 2.0) - s).exp();
            [-1.2, 0.3, 2.5, 0.9]
                .map(|y| (p * density(y, m1, s1) + (S::one() - p) * density(y, m2, s2)).ln())
                .iter()
                .sum()
        }
        ("student_t_loglik", &[mu, s, nu]) => -((nu + 1.0) / 2.0 * (((-mu + 1.7) / s).powi(2) / nu).ln_1p()) - s.ln(),
        ("kl_normal", &[m1, s1, m2, s2]) => {
            (s2 / s1).ln() + (s1.powi(2) + (m1 - m2).powi(2)) / (s2.powi(2) * 2.0) - 0.5
        }
        ("layer_norm_first", x) => {
            let n = x.len() as f64;
            let mean = x.iter().sum::<S>() / n;
            let variance = x.iter().map(|&x| (x - mean).powi(2)).sum::<S>() / n;
            (x[0] - mean) / (variance + 1e-5).sqrt()
        }
        ("smooth_norm", x) => (x.iter().map(|x| x.powi(2)).sum::<S>() + 1e-12).sqrt(),

        ("newton_sqrt_loop", &[x]) => (0..12).fold(newton_start(x), |y, _| newton_step(x, y)),
        ("newton_sqrt_while", &[x]) => newton_while(x),
        ("newton_sqrt_while_and_step", &[x]) => newton_step(x, newton_while(x)),
        ("piecewise", &[x]) => {
            if x < 0.0 {
                x.powi(2)
            } else {
                x.powi(3) + x
            }
        }
        ("huber", &[x]) => {
            if x.abs() <= 1.0 {
                x.powi(2) / 2.0
            } else {
                x.abs() - 0.5
            }
        }
        ("deep_chain_10000", &[x]) => deep_chain(x, 2500),
        ("deep_chain_1000000", &[x]) => deep_chain(x, 250_000),
        ("logistic_map_100", &[r, y]) => (0..100).fold(y, |y, _| r * y * (S::one() - y)),
        ("logistic_map_chaotic_20", &[r, y]) => (0..20).fold(y, |y, _| r * y * (S::one() - y)),
        ("continued_fraction_30", &[x]) => (0..30).fold(x, |t, _| x / t + 1.0),
        ("bessel_j0_series", &[x]) => {
            let square = -(x * x) / 4.0;
            let mut term = S::one();
            let mut sum = term;
            for k in 1..=25 {
                term = term * square / f64::from(k * k);
                sum += term;
            }
            sum
        }
        ("cobb_douglas", &[k, l, a, b, c]) => k.pow(a) * l.pow(b) * c.exp(),
        ("power_tower_3", &[x, y, z]) => x.pow(y.pow(z)),
        ("sum_sin_1000", &[x]) => (1..=1000).map(f64::from).map(|k| (x * k).sin() / k).sum(),
        ("trapz_gauss", &[a, b]) => {
            let f = |t: f64| (a * -(t * t)).exp() * (b * t).cos();
            let inside: S = (1..100).map(|i| f(f64::from(i) / 100.0)).sum();
            (inside + (f(0.0) + f(1.0)) / 2.0) / 100.0
        }
        ("bratu_residual", u) => {
            let at = |i: usize| u.get(i).copied().unwrap_or(S::zero());
            // From −1 on, u is 0 outside.
            (0..u.len()).map(|i| (at(i.wrapping_sub(1)) - u[i] * 2.0 + at(i + 1) + u[i].exp() / 16.0).powi(2)).sum()
        }
        _ => return None,
    })
}

/// Griewank's energy function of Helmholtz, of three components.
fn helmholtz<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let root_of_8 = 8.0_f64.sqrt();
    let bx: S = x.iter().zip([0.1, 0.2, 0.15]).map(|(&x, b)| x * b).sum();
    let mixing: S = x.iter().map(|&x| x * (x / (S::one() - bx)).ln()).sum();
    let quadratic: S = (0..x.len()).flat_map(|i| (0..x.len()).map(move |j| x[i] * x[j] / (i + j + 1) as f64)).sum();
    mixing - quadratic / (bx * root_of_8) * ((bx * (1.0 + SQRT_2) + 1.0) / (bx * (1.0 - SQRT_2) + 1.0)).ln()
}

fn newton_start<S: Scalar<Real = f64>>(x: S) -> S {
    if x > 1.0 { x } else { S::one() }
}

fn newton_step<S: Scalar<Real = f64>>(x: S, y: S) -> S {
    (y + x / y) / 2.0
}

/// √x by Newton's method, as long as the value is wrong.
fn newton_while<S: Scalar<Real = f64>>(x: S) -> S {
    let mut y = newton_start(x);
    while (y * y - x).abs() > x * 1e-12 {
        y = newton_step(x, y);
    }
    y
}

fn deep_chain<S: Scalar<Real = f64>>(x: S, steps: usize) -> S {
    (0..steps).fold(x, |y, _| y * 0.9999 + y.sin() * 0.0001)
}
