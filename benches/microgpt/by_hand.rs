//! The loss of the model and its gradient, forward and backward, written by hand for one layer of width 16.

use crate::model::{CONTEXT, HEADS, TOKENS, tokens};

const WIDTH: usize = 16;
const HIDDEN: usize = 4 * WIDTH;
const SIZE: usize = WIDTH / HEADS;

/// The rows and columns of the matrices, in the order of the parameters.
const SHAPES: [(usize, usize); 9] = [
    (TOKENS, WIDTH),
    (CONTEXT, WIDTH),
    (TOKENS, WIDTH),
    (WIDTH, WIDTH),
    (WIDTH, WIDTH),
    (WIDTH, WIDTH),
    (WIDTH, WIDTH),
    (HIDDEN, WIDTH),
    (WIDTH, HIDDEN),
];

/// Returns the loss at a name, and the derivatives with respect to all parameters.
pub(crate) fn gradient(parameters: &[f64], name: &str) -> (f64, Vec<f64>) {
    let mut rest = parameters;
    let [wte, wpe, lm_head, wq, wk, wv, wo, fc1, fc2] = SHAPES.map(|(rows, columns)| {
        let (matrix, others) = rest.split_at(rows * columns);
        rest = others;
        matrix
    });
    let mut gradient = vec![0.0; parameters.len()];
    let mut rest = &mut gradient[..];
    let [dwte, dwpe, dlm_head, dwq, dwk, dwv, dwo, dfc1, dfc2] = SHAPES.map(|(rows, columns)| {
        let (matrix, others) = std::mem::take(&mut rest).split_at_mut(rows * columns);
        rest = others;
        matrix
    });

    let all = tokens(name);
    let places = CONTEXT.min(all.len() - 1);
    let (seen, next) = (&all[..places], &all[1..]);

    // Forward.
    let embeddings: Vec<f64> = seen.iter().flat_map(|token| &wte[token * WIDTH..][..WIDTH]).copied().collect();
    let embeddings = sum(&embeddings, wpe);
    let (start, start_scales) = rmsnorm(&embeddings);
    let (before, before_scales) = rmsnorm(&start);
    let [q, k, v] = [wq, wk, wv].map(|matrix| linear::<WIDTH>(matrix, &before));
    let (attended, weights) = attention(&q, &k, &v, places);
    let middle = sum(&linear::<WIDTH>(wo, &attended), &start);
    let (between, between_scales) = rmsnorm(&middle);
    let hidden: Vec<f64> = linear::<WIDTH>(fc1, &between).into_iter().map(|x| x.max(0.0)).collect();
    let end = sum(&linear::<HIDDEN>(fc2, &hidden), &middle);
    let mut logits = linear::<WIDTH>(lm_head, &end);

    // The loss, and the logits become their adjoints.
    let (mut loss, share) = (0.0, 1.0 / places as f64);
    for (x, &next) in logits.chunks_mut(TOKENS).zip(next) {
        softmax(x);
        loss -= x[next].ln();
        x[next] -= 1.0;
        x.iter_mut().for_each(|x| *x *= share);
    }

    // Backward.
    let dend = pull_back::<WIDTH>(lm_head, &end, &logits, dlm_head);
    let mut dhidden = pull_back::<HIDDEN>(fc2, &hidden, &dend, dfc2);
    dhidden.iter_mut().zip(&hidden).filter(|(_, x)| **x == 0.0).for_each(|(dx, _)| *dx = 0.0);
    let dbetween = pull_back::<WIDTH>(fc1, &between, &dhidden, dfc1);
    let dmiddle = sum(&rmsnorm_pull_back(&between, &between_scales, &dbetween), &dend);
    let dattended = pull_back::<WIDTH>(wo, &attended, &dmiddle, dwo);
    let [dq, dk, dv] = attention_pull_back([&q, &k, &v], &weights, &dattended, places);
    let mut dbefore = pull_back::<WIDTH>(wq, &before, &dq, dwq);
    dbefore = sum(&dbefore, &pull_back::<WIDTH>(wk, &before, &dk, dwk));
    dbefore = sum(&dbefore, &pull_back::<WIDTH>(wv, &before, &dv, dwv));
    let dstart = sum(&rmsnorm_pull_back(&before, &before_scales, &dbefore), &dmiddle);
    let dembeddings = rmsnorm_pull_back(&start, &start_scales, &dstart);
    for (t, dx) in dembeddings.chunks(WIDTH).enumerate() {
        let of_token = &mut dwte[seen[t] * WIDTH..][..WIDTH];
        of_token.iter_mut().zip(dx).for_each(|(sum, dx)| *sum += dx);
        dwpe[t * WIDTH..][..WIDTH].copy_from_slice(dx);
    }
    (loss * share, gradient)
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds `factor · x` to `sums`.
fn add(sums: &mut [f64], factor: f64, x: &[f64]) {
    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
}

fn softmax(x: &mut [f64]) {
    let largest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    x.iter_mut().for_each(|x| *x = (*x - largest).exp());
    let total: f64 = x.iter().sum();
    x.iter_mut().for_each(|x| *x /= total);
}

/// Returns the product of a matrix with every row of `x`.
fn linear<const COLUMNS: usize>(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    let (matrix, x) = (matrix.as_chunks::<COLUMNS>().0, x.as_chunks::<COLUMNS>().0);
    x.iter().flat_map(|x| matrix.iter().map(|row| dot(row, x))).collect()
}

/// Adds to the derivatives of a matrix, and returns the adjoints of `x`.
fn pull_back<const COLUMNS: usize>(matrix: &[f64], x: &[f64], adjoints: &[f64], dmatrix: &mut [f64]) -> Vec<f64> {
    let (matrix, dmatrix) = (matrix.as_chunks::<COLUMNS>().0, dmatrix.as_chunks_mut::<COLUMNS>().0);
    let mut dx = vec![0.0; x.len()];
    let rows = x.as_chunks::<COLUMNS>().0.iter().zip(dx.as_chunks_mut::<COLUMNS>().0);
    for ((x, dx), adjoints) in rows.zip(adjoints.chunks(matrix.len())) {
        for ((row, drow), &adjoint) in matrix.iter().zip(&mut *dmatrix).zip(adjoints) {
            add(drow, adjoint, x);
            add(dx, adjoint, row);
        }
    }
    dx
}

/// Returns every row over the root of its mean square, and the factors.
fn rmsnorm(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let scale = |x: &[f64; WIDTH]| 1.0 / (dot(x, x) / WIDTH as f64 + 1e-5).sqrt();
    let rows = x.as_chunks::<WIDTH>().0;
    let scales: Vec<f64> = rows.iter().map(scale).collect();
    (rows.iter().zip(&scales).flat_map(|(x, scale)| x.map(|x| x * scale)).collect(), scales)
}

/// Returns the adjoints before [`rmsnorm`], of its results and factors.
fn rmsnorm_pull_back(y: &[f64], scales: &[f64], adjoints: &[f64]) -> Vec<f64> {
    let rows = y.as_chunks::<WIDTH>().0.iter().zip(adjoints.as_chunks::<WIDTH>().0);
    let adjoints = rows.zip(scales).flat_map(|((y, dy), scale)| {
        let mean = dot(y, dy) / WIDTH as f64;
        std::array::from_fn::<f64, WIDTH, _>(|i| (dy[i] - y[i] * mean) * scale)
    });
    adjoints.collect()
}

/// Returns what every head at every place sees, and the weights, by places, heads and earlier places.
fn attention(q: &[f64], k: &[f64], v: &[f64], places: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut seen, mut all) = (vec![0.0; q.len()], Vec::new());
    let scale = 1.0 / (SIZE as f64).sqrt();
    for t in 0..places {
        for head in (0..WIDTH).step_by(SIZE) {
            let part = |x: usize| x * WIDTH + head..x * WIDTH + head + SIZE;
            let first = all.len();
            all.extend((0..=t).map(|s| dot(&q[part(t)], &k[part(s)]) * scale));
            softmax(&mut all[first..]);
            for s in 0..=t {
                add(&mut seen[part(t)], all[first + s], &v[part(s)]);
            }
        }
    }
    (seen, all)
}

/// Returns the adjoints of the queries, the keys and the values.
fn attention_pull_back([q, k, v]: [&[f64]; 3], weights: &[f64], adjoints: &[f64], places: usize) -> [Vec<f64>; 3] {
    let [mut dq, mut dk, mut dv] = [q, k, v].map(|x| vec![0.0; x.len()]);
    let (mut rest, scale) = (weights, 1.0 / (SIZE as f64).sqrt());
    for t in 0..places {
        for head in (0..WIDTH).step_by(SIZE) {
            let part = |x: usize| x * WIDTH + head..x * WIDTH + head + SIZE;
            let (weights, others) = rest.split_at(t + 1);
            rest = others;
            let slopes: [f64; CONTEXT] =
                std::array::from_fn(|s| if s <= t { dot(&adjoints[part(t)], &v[part(s)]) } else { 0.0 });
            let mean = dot(weights, &slopes);
            for (s, weight) in weights.iter().enumerate() {
                add(&mut dv[part(s)], *weight, &adjoints[part(t)]);
                let score = weight * (slopes[s] - mean) * scale;
                add(&mut dq[part(t)], score, &k[part(s)]);
                add(&mut dk[part(s)], score, &q[part(t)]);
            }
        }
    }
    [dq, dk, dv]
}
