//! micrograd's network of 337 parameters on 100 points: hinge loss and L2 penalty.

use dualtape::nn::{Activation, Init, Mlp, hinge, l2};
use dualtape::{Real, Scalar, dot};
use rand::SeedableRng;
use rand::rngs::StdRng;

pub(crate) struct Moons<R: Real = f64> {
    pub(crate) network: Mlp<R>,
    pub(crate) points: Vec<[R; 2]>,
    pub(crate) labels: Vec<R>,
}

impl<R: Real> Moons<R> {
    pub(crate) fn new() -> Self {
        let layers = [(16, Activation::Relu), (16, Activation::Relu), (1, Activation::Linear)];
        let network = Mlp::random(2, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
        let angle = |i: usize| std::f64::consts::PI * (i / 2) as f64 / 49.0;
        let points = (0..100)
            .map(|i| {
                let (sin, cos) = angle(i).sin_cos();
                if i % 2 == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] }.map(R::from_f64)
            })
            .collect();
        let labels = (0..100).map(|i| if i % 2 == 0 { -R::one() } else { R::one() }).collect();
        Moons { network, points, labels }
    }

    pub(crate) fn loss<S: Scalar<Real = R>>(&self, parameters: &[S]) -> S {
        let scores = self.network.with_parameters(parameters).forward_all(&self.points);
        hinge(&scores, &self.labels) + l2(parameters) * R::from_f64(1e-4)
    }

    /// The same neuron by neuron, with a dot product for each that has variables for inputs.
    pub(crate) fn loss_by_dots<S: Scalar<Real = R>>(&self, parameters: &[S]) -> S {
        let (first, second, last) = (&parameters[..48], &parameters[48..320], &parameters[320..]);
        let neuron = |p: &[S], x: &[S; 16]| dot(&p[..16], x) + p[16];
        let loss = |(&[x, y], &label): (&[R; 2], &R)| {
            let a = std::array::from_fn(|j| {
                let w = &first[3 * j..3 * j + 3];
                (w[0] * x + w[1] * y + w[2]).relu()
            });
            let b = std::array::from_fn(|j| neuron(&second[17 * j..17 * j + 17], &a).relu());
            (neuron(last, &b) * -label + R::one()).relu()
        };
        let total = self.points.iter().zip(&self.labels).map(loss).fold(S::zero(), |total, loss| total + loss);
        total / R::from_f64(self.points.len() as f64) + dot(parameters, parameters) * R::from_f64(1e-4)
    }
}

impl Moons {
    /// Loss and gradient in plain loops.
    pub(crate) fn by_hand(&self) -> (f64, Vec<f64>) {
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
