//! Gradients through matrices, relative to the plain functions.

#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::linalg::{cholesky, inverse, solve, solve_lower};
use dualtape::{Scalar, dot, gradient};
use workload::Workload;

fn numbers(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((12.9898 * (i + 1) as f64).sin() * 43758.5).fract()).collect()
}

// The squared length of a solution, with respect to the matrix and the right-hand side.

const UNKNOWNS: usize = 50;

fn solution<S: Scalar>(x: &[S]) -> S {
    let (a, b) = x.split_at(UNKNOWNS * UNKNOWNS);
    let y = solve(a, b);
    dot(&y, &y)
}

fn by_two_solutions(x: &[f64]) -> (f64, Vec<f64>) {
    let (a, b) = x.split_at(UNKNOWNS * UNKNOWNS);
    let y = solve(a, b);
    let across: Vec<f64> = (0..a.len()).map(|k| a[k % UNKNOWNS * UNKNOWNS + k / UNKNOWNS]).collect();
    let of_b = solve(&across, &y.iter().map(|y| 2.0 * y).collect::<Vec<f64>>());
    let of_a = of_b.iter().flat_map(|&of_b| y.iter().map(move |y| -of_b * y));
    (dot(&y, &y), of_a.chain(of_b.iter().copied()).collect())
}

fn solve_workload() -> Workload {
    let [plain, written, reverse] = std::array::from_fn(|_| numbers(UNKNOWNS * (UNKNOWNS + 1)));
    Workload::new("solve, 50 unknowns", move || solution(black_box(&plain)))
        .with("two solutions", move || by_two_solutions(black_box(&written)))
        .with("reverse", move || gradient(solution, black_box(&reverse)))
}

// The logarithm of a normal density, with respect to the mean and the covariance.

const DIMENSIONS: usize = 100;

fn ln_density<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (mean, covariance) = x.split_at(DIMENSIONS);
    let l = cholesky(covariance);
    let z = solve_lower(&l, mean);
    let ln_root: S = l.iter().step_by(DIMENSIONS + 1).map(|pivot| pivot.ln()).sum();
    dot(&z, &z) * -0.5 - ln_root
}

/// By the inverse. Off the diagonal, an entry of the lower triangle stands for two.
fn by_inverse(x: &[f64]) -> (f64, Vec<f64>) {
    let (mean, covariance) = x.split_at(DIMENSIONS);
    let inverse = inverse(covariance);
    let of_mean: Vec<f64> = inverse.chunks(DIMENSIONS).map(|row| -dot(row, mean)).collect();
    let slope = |k: usize| match (k / DIMENSIONS, k % DIMENSIONS) {
        (i, j) if i < j => 0.0,
        (i, j) if i == j => 0.5 * (of_mean[i] * of_mean[i] - inverse[k]),
        (i, j) => of_mean[i] * of_mean[j] - inverse[k],
    };
    let of_covariance: Vec<f64> = (0..covariance.len()).map(slope).collect();
    (ln_density(x), [of_mean, of_covariance].concat())
}

fn density_workload() -> Workload {
    let point = || {
        let root = numbers(DIMENSIONS * DIMENSIONS);
        let row = |i: usize| &root[i * DIMENSIONS..][..DIMENSIONS];
        let entry = |i: usize, j: usize| dot(row(i), row(j)) + if i == j { 1.0 } else { 0.0 };
        let covariance = (0..DIMENSIONS * DIMENSIONS).map(|k| entry(k / DIMENSIONS, k % DIMENSIONS));
        numbers(DIMENSIONS).into_iter().chain(covariance).collect::<Vec<f64>>()
    };
    let [plain, written, reverse] = std::array::from_fn(|_| point());
    Workload::new("normal density, 100 dimensions", move || ln_density(black_box(&plain)))
        .with("by the inverse", move || by_inverse(black_box(&written)))
        .with("reverse", move || gradient(ln_density, black_box(&reverse)))
}

fn main() {
    workload::run(&[solve_workload(), density_workload()]);
}
