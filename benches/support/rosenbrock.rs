//! Rosenbrock's valley.

use dualtape::Scalar;

pub(crate) fn rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mut total = S::zero();
    for w in x.windows(2) {
        let (valley, slope) = (w[1] - w[0] * w[0], -w[0] + 1.0);
        total += valley * valley * 100.0 + slope * slope;
    }
    total
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

pub(crate) fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect()
}
