//! What a derivative costs in each mode, against the plain function and a gradient
//! written by hand.
//!
//! Every answer is compared with the one by hand before anything is timed. Criterion
//! reports each time; the table of ratios at the end comes from runs in turn, so that it
//! holds on a machine whose speed drifts.

#[path = "support/rosenbrock.rs"]
mod rosenbrock;
#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::nn::{Activation, Init, Mlp, hinge, l2};
use dualtape::{Scalar, derivative, function, fuse, gradient, gradient_array, gradient_forward, hessian, sum};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rosenbrock::{point, rosenbrock, rosenbrock_hessian};
use workload::{Answer, Workload, answer};

// Rosenbrock's valley.

fn rosenbrock_gradient(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut total, mut g) = (0.0, vec![0.0; x.len()]);
    for i in 0..x.len() - 1 {
        let (valley, slope) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
        total += 100.0 * valley * valley + slope * slope;
        g[i] += -400.0 * valley * x[i] - 2.0 * slope;
        g[i + 1] += 200.0 * valley;
    }
    (total, g)
}

fn rosenbrock_workload(name: &'static str, n: usize) -> Workload {
    let [plain, hand, reverse, forward] = std::array::from_fn(|_| point(n));
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("by hand", move || answer(rosenbrock_gradient(black_box(&hand))))
        .with("reverse", move || answer(gradient(rosenbrock, black_box(&reverse))))
        .with("forward", move || answer(gradient_forward(rosenbrock, black_box(&forward))))
}

/// A term of the sum, for which a recording has one statement.
#[inline(always)]
fn valley<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> S {
    let (valley, slope) = (y - x * x, -x + 1.0);
    valley * valley * 100.0 + slope * slope
}

fn fused_rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let term = function!(valley: [S; 2] -> S);
    sum(&x.windows(2).map(|x| fuse(&term, [x[0], x[1]])).collect::<Vec<S>>())
}

fn hessian_workload(name: &'static str, n: usize) -> Workload {
    let [plain, hand, mixed] = std::array::from_fn(|_| point(n));
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("by hand", move || answer((rosenbrock(&hand), rosenbrock_hessian(black_box(&hand)))))
        .with("forward over reverse", move || {
            let (y, _, h) = hessian(rosenbrock, black_box(&mixed));
            answer((y, h.into_entries()))
        })
}

// The price of a European call, and its five greeks.

fn black_scholes<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let [spot, strike, rate, volatility, time] = [x[0], x[1], x[2], x[3], x[4]];
    let spread = volatility * time.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility * 0.5) * time) / spread;
    spot * d1.norm_cdf() - strike * (-rate * time).exp() * (d1 - spread).norm_cdf()
}

fn black_scholes_greeks(x: &[f64]) -> (f64, Vec<f64>) {
    let [spot, strike, rate, volatility, time] = [x[0], x[1], x[2], x[3], x[4]];
    let root = time.sqrt();
    let spread = volatility * root;
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility * 0.5) * time) / spread;
    let (above, below) = (Scalar::norm_cdf(d1), Scalar::norm_cdf(d1 - spread));
    let discounted = strike * (-rate * time).exp();
    let vega = spot * Scalar::norm_pdf(d1) * root;
    let greeks = vec![
        above,
        -discounted / strike * below,
        discounted * time * below,
        vega,
        vega * volatility / (2.0 * time) + rate * discounted * below,
    ];
    (spot * above - discounted * below, greeks)
}

fn black_scholes_workload() -> Workload {
    const AT: [f64; 5] = [100.0, 95.0, 0.03, 0.25, 1.5];
    Workload::new("Black-Scholes, 5 greeks", || black_scholes(black_box(&AT)))
        .with("by hand", || answer(black_scholes_greeks(black_box(&AT))))
        .with("reverse", || answer(gradient(black_scholes, black_box(&AT))))
        .with("forward", || answer(gradient_forward(black_scholes, black_box(&AT))))
        .with("of an array", || in_array(gradient_array(|x| black_scholes(x), black_box(&AT))))
}

fn in_array<const N: usize>((y, g): (f64, [f64; N])) -> Answer {
    answer((y, g.to_vec()))
}

// A long chain of operations on one variable.

const CHAIN: usize = 1_000_000;

fn chain<S: Scalar<Real = f64>>(x: S) -> S {
    let mut y = x;
    for _ in 0..CHAIN / 4 {
        y = y * 0.5 + (x - y * 0.25);
    }
    y
}

fn chain_workload() -> Workload {
    Workload::new("chain of 1e6 operations", || chain(black_box(0.7)))
        .with("by hand", || {
            let x = black_box(0.7);
            let (mut y, mut slope) = (x, 1.0);
            for _ in 0..CHAIN / 4 {
                slope = slope * 0.5 + (1.0 - slope * 0.25);
                y = y * 0.5 + (x - y * 0.25);
            }
            answer((y, vec![slope]))
        })
        .with("reverse", || answer(gradient(|x| chain(x[0]), &[black_box(0.7)])))
        .with("forward", || {
            let (y, slope) = derivative(chain, black_box(0.7));
            answer((y, vec![slope]))
        })
}

// micrograd's network of 337 parameters on 100 points: hinge loss and L2 penalty.

struct Moons {
    network: Mlp,
    points: Vec<[f64; 2]>,
    labels: Vec<f64>,
}

impl Moons {
    fn new() -> Self {
        let layers = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];
        let network = Mlp::random(2, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
        let angle = |i: usize| std::f64::consts::PI * (i / 2) as f64 / 49.0;
        let points = (0..100)
            .map(|i| {
                let (sin, cos) = angle(i).sin_cos();
                if i % 2 == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }
            })
            .collect();
        Moons { network, points, labels: (0..100).map(|i| if i % 2 == 0 { -1.0 } else { 1.0 }).collect() }
    }

    fn loss<S: Scalar<Real = f64>>(&self, parameters: &[S]) -> S {
        let scores = self.network.with_parameters(parameters).forward_all(&self.points);
        hinge(&scores, &self.labels) + l2(parameters) * 1e-4
    }

    /// Loss and gradient in plain loops.
    fn by_hand(&self) -> (f64, Vec<f64>) {
        let p = self.network.parameters();
        let (first, second, last) = (&p[..48], &p[48..320], &p[320..]);
        let mut g: Vec<f64> = p.iter().map(|p| 2e-4 * p).collect();
        let mut loss: f64 = 1e-4 * p.iter().map(|p| p * p).sum::<f64>();
        let weight = 1.0 / self.points.len() as f64;
        for (x, label) in self.points.iter().zip(&self.labels) {
            let (mut a, mut b) = ([0.0; 16], [0.0; 16]);
            for (a, w) in a.iter_mut().zip(first.chunks_exact(3)) {
                *a = (w[0] * x[0] + w[1] * x[1] + w[2]).max(0.0);
            }
            for (b, w) in b.iter_mut().zip(second.chunks_exact(17)) {
                *b = (w[..16].iter().zip(&a).map(|(w, a)| w * a).sum::<f64>() + w[16]).max(0.0);
            }
            let score = last[..16].iter().zip(&b).map(|(w, b)| w * b).sum::<f64>() + last[16];
            let margin = 1.0 - label * score;
            if margin <= 0.0 {
                continue;
            }
            loss += weight * margin;
            let by_score = -weight * label;
            let mut by_a = [0.0; 16];
            for (j, &b) in b.iter().enumerate() {
                g[320 + j] += by_score * b;
                if b > 0.0 {
                    let by_b = by_score * last[j];
                    let (row, w) = (&mut g[48 + 17 * j..48 + 17 * (j + 1)], &second[17 * j..17 * (j + 1)]);
                    for i in 0..16 {
                        row[i] += by_b * a[i];
                        by_a[i] += by_b * w[i];
                    }
                    row[16] += by_b;
                }
            }
            g[336] += by_score;
            for (i, (&a, by_a)) in a.iter().zip(by_a).enumerate() {
                if a > 0.0 {
                    g[3 * i] += by_a * x[0];
                    g[3 * i + 1] += by_a * x[1];
                    g[3 * i + 2] += by_a;
                }
            }
        }
        (loss, g)
    }
}

fn moons_workload() -> Workload {
    let [plain, hand, reverse, forward] = std::array::from_fn(|_| Moons::new());
    Workload::new("network, 337 parameters, 100 points", move || plain.loss(black_box(plain.network.parameters())))
        .with("by hand", move || answer(black_box(&hand).by_hand()))
        .with("reverse", move || answer(gradient(|p| reverse.loss(p), black_box(reverse.network.parameters()))))
        .with("forward", move || answer(gradient_forward(|p| forward.loss(p), black_box(forward.network.parameters()))))
}

fn main() {
    let thousand = point(1000);
    let ten: [f64; 10] = point(10).try_into().expect("ten numbers");
    let workloads = [
        moons_workload(),
        rosenbrock_workload("Rosenbrock 2", 2),
        rosenbrock_workload("Rosenbrock 10", 10)
            .with("of an array", move || in_array(gradient_array(|x| rosenbrock(x), black_box(&ten)))),
        rosenbrock_workload("Rosenbrock 100", 100),
        rosenbrock_workload("Rosenbrock 1000", 1000)
            .with("fused", move || answer(gradient(fused_rosenbrock, black_box(&thousand)))),
        black_scholes_workload(),
        hessian_workload("Hessian of Rosenbrock 10", 10),
        hessian_workload("Hessian of Rosenbrock 50", 50),
        chain_workload(),
    ];
    workload::run(&workloads);
}
