//! Rosenbrock's valley.

use dualtape::{Real, Scalar};

pub(crate) fn rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    let mut total = S::zero();
    for w in x.windows(2) {
        let (valley, slope) = (w[1] - w[0] * w[0], -w[0] + R::one());
        total += valley * valley * R::from_f64(100.0) + slope * slope;
    }
    total
}

pub(crate) fn rosenbrock_gradient(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut total, mut g) = (0.0, vec![0.0; x.len()]);
    for i in 0..x.len() - 1 {
        let (valley, slope) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
        total += 100.0 * valley * valley + slope * slope;
        g[i] += -400.0 * valley * x[i] - 2.0 * slope;
        g[i + 1] += 200.0 * valley;
    }
    (total, g)
}

pub(crate) fn rosenbrock_hessian(x: &[f64]) -> Vec<f64> {
    let n = x.len();
    let mut h = vec![0.0; n * n];
    for i in 0..n - 1 {
        h[i * n + i] += -400.0 * (x[i + 1] - 3.0 * x[i] * x[i]) + 2.0;
        h[i * n + i + 1] -= 400.0 * x[i];
        h[(i + 1) * n + i] -= 400.0 * x[i];
        h[(i + 1) * n + i + 1] += 200.0;
    }
    h
}

/// The entries of its three diagonals, row by row.
pub(crate) fn rosenbrock_band(x: &[f64]) -> Vec<f64> {
    let beside = |i: usize| -400.0 * x[i];
    let middle = |i: usize| {
        let right = x.get(i + 1).map_or(0.0, |next| 1200.0 * x[i] * x[i] - 400.0 * next + 2.0);
        if i > 0 { right + 200.0 } else { right }
    };
    let row = |i: usize| [(i > 0).then(|| beside(i - 1)), Some(middle(i)), (i + 1 < x.len()).then(|| beside(i))];
    (0..x.len()).flat_map(row).flatten().collect()
}

pub(crate) fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect()
}
