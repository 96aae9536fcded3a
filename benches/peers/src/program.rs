//! The functions to differentiate, written once for the numbers of all crates.

use std::ops::{Add, Div, Mul, Sub};

use dualtape::Scalar;

use crate::bodies::{MASSES, PAIRS, STEP};
use crate::chain::CHAIN;
use crate::moons::Moons;

/// The operations that the numbers of all crates have.
pub(crate) trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn plus(self, constant: f64) -> Self;
    fn times(self, constant: f64) -> Self;
    fn recip(self) -> Self;
    fn sqrt(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn relu(self) -> Self;
    fn norm_cdf(self) -> Self;

    /// `Σᵢ aᵢ bᵢ`, by the crate's own function where it has one.
    fn dot(a: &[Self], b: &[Self]) -> Self {
        bare_dot(a, b)
    }
}

fn bare_dot<S: Number>(a: &[S], b: &[S]) -> S {
    let mut sum = a[0] * b[0];
    for (&a, &b) in a[1..].iter().zip(&b[1..]) {
        sum = sum + a * b;
    }
    sum
}

/// The normal distribution function and its slope, for crates without one.
pub(crate) fn normal(x: f64) -> (f64, f64) {
    (Scalar::norm_cdf(x), Scalar::norm_pdf(x))
}

/// The normal distribution function at `x`, whose value is `value`, as the straight line that has
/// its value and slope there: for crates whose numbers cannot be made by hand.
pub(crate) fn normal_line<S: Number>(x: S, value: f64) -> S {
    let (y, slope) = normal(value);
    x.plus(-value).times(slope).plus(y)
}

/// A function of a slice.
pub(crate) trait Program: Copy + Send + Sync + 'static {
    /// Whether every point records the same operations.
    const REPLAYS: bool = true;

    fn eval<S: Number>(&self, x: &[S]) -> S;
}

/// A function of N numbers to N numbers.
pub(crate) trait Map<const N: usize>: Copy + Send + Sync + 'static {
    fn eval<S: Number>(&self, x: &[S; N]) -> [S; N];
}

#[derive(Clone, Copy)]
pub(crate) struct Chain;

impl Program for Chain {
    fn eval<S: Number>(&self, x: &[S]) -> S {
        let mut y = x[0];
        for _ in 0..CHAIN / 4 {
            y = y.times(0.5) + (x[0] - y.times(0.25));
        }
        y
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Rosenbrock;

impl Program for Rosenbrock {
    fn eval<S: Number>(&self, x: &[S]) -> S {
        let term = |x: &[S]| {
            let (valley, slope) = (x[1] - x[0] * x[0], x[0].plus(-1.0));
            (valley * valley).times(100.0) + slope * slope
        };
        x.windows(2).map(term).reduce(|a, b| a + b).expect("two inputs or more")
    }
}

#[derive(Clone, Copy)]
pub(crate) struct BlackScholes;

impl Program for BlackScholes {
    /// Not with a [`normal_line`].
    const REPLAYS: bool = false;

    fn eval<S: Number>(&self, x: &[S]) -> S {
        let [spot, strike, rate, volatility, time] = [x[0], x[1], x[2], x[3], x[4]];
        let spread = volatility * time.sqrt();
        let d1 = ((spot / strike).ln() + (rate + (volatility * volatility).times(0.5)) * time) / spread;
        spot * d1.norm_cdf() - strike * (rate.times(-1.0) * time).exp() * (d1 - spread).norm_cdf()
    }
}

/// The network, neuron by neuron: with a dot product for each, or with bare `+` and `*`.
#[derive(Clone, Copy)]
pub(crate) struct Network<const DOTS: bool> {
    pub(crate) data: &'static Moons,
}

impl<const DOTS: bool> Network<DOTS> {
    fn dot<S: Number>(a: &[S], b: &[S]) -> S {
        if DOTS { S::dot(a, b) } else { bare_dot(a, b) }
    }

    /// Sixteen weights and the bias.
    fn neuron<S: Number>(parameters: &[S], inputs: &[S; 16]) -> S {
        Self::dot(&parameters[..16], inputs) + parameters[16]
    }
}

impl<const DOTS: bool> Program for Network<DOTS> {
    fn eval<S: Number>(&self, p: &[S]) -> S {
        let (first, second, last) = (&p[..48], &p[48..320], &p[320..]);
        let loss = |(&[x, y], &label): (&[f64; 2], &f64)| {
            let a = std::array::from_fn(|j| {
                let w = &first[3 * j..3 * j + 3];
                (w[0].times(x) + w[1].times(y) + w[2]).relu()
            });
            let b = std::array::from_fn(|j| Self::neuron(&second[17 * j..17 * j + 17], &a).relu());
            Self::neuron(last, &b).times(-label).plus(1.0).relu()
        };
        let losses = self.data.points.iter().zip(&self.data.labels).map(loss);
        let total = losses.reduce(|a, b| a + b).expect("points");
        total.times(1.0 / self.data.points.len() as f64) + Self::dot(p, p).times(1e-4)
    }
}

/// What lies between two bodies, and the square of their distance.
fn between<S: Number>(places: &[S], (a, b): (usize, usize)) -> ([S; 2], S) {
    let [x, y] = [0, 1].map(|i| places[2 * b + i] - places[2 * a + i]);
    ([x, y], x * x + y * y)
}

/// The potential of three bodies in a plane.
#[derive(Clone, Copy)]
pub(crate) struct Potential;

impl Program for Potential {
    fn eval<S: Number>(&self, x: &[S]) -> S {
        let [p, q, r] = PAIRS.map(|(a, b)| between(x, (a, b)).1.sqrt().recip().times(-MASSES[a] * MASSES[b]));
        p + q + r
    }
}

/// Three bodies after a step of the method of Runge and Kutta.
#[derive(Clone, Copy)]
pub(crate) struct Step;

impl Step {
    /// The velocities and accelerations.
    fn rate<S: Number>(s: &[S; 12]) -> [S; 12] {
        let [p, q, r] = PAIRS.map(|pair| {
            let (apart, square) = between(s, pair);
            let strength = (square * square.sqrt()).recip();
            apart.map(|x| x * strength)
        });
        let [a, b, c] = MASSES;
        let [x, y] = [0, 1]
            .map(|i| [p[i].times(b) + q[i].times(c), r[i].times(c) - p[i].times(a), q[i].times(-a) - r[i].times(b)]);
        [s[6], s[7], s[8], s[9], s[10], s[11], x[0], y[0], x[1], y[1], x[2], y[2]]
    }
}

impl Map<12> for Step {
    fn eval<S: Number>(&self, s: &[S; 12]) -> [S; 12] {
        let moved = |rate: [S; 12], h: f64| std::array::from_fn(|i| s[i] + rate[i].times(h));
        let k1 = Self::rate(s);
        let k2 = Self::rate(&moved(k1, STEP / 2.0));
        let k3 = Self::rate(&moved(k2, STEP / 2.0));
        let k4 = Self::rate(&moved(k3, STEP));
        moved(std::array::from_fn(|i| k1[i] + (k2[i] + k3[i]).times(2.0) + k4[i]), STEP / 6.0)
    }
}
