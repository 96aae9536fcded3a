//! How is a nonlinear equation of 10,000 unknowns solved?
//!
//! Bratu's problem, `−u″ = λ·eᵘ` with u = 0 at both ends of [0, 1], by differences on a grid and Newton's method. Its
//! Jacobian has 100 million elements, and only 29,998 are not zero.
//!
//! ```text
//! cargo run --release --example sparse
//! ```

use std::time::Instant;

use dualtape::sparse::{Csr, SparseHessian, SparseJacobian};
use dualtape::{Scalar, function};

const UNKNOWNS: usize = 10_000;
const LAMBDA: f64 = 1.0;

/// The distance of two grid points.
const H: f64 = 1.0 / (UNKNOWNS + 1) as f64;

/// Returns `2u[i] − u[i−1] − u[i+1] − h²·λ·exp(u[i])` at every grid point.
pub(crate) fn bratu<S: Scalar<Real = f64>>(u: &[S]) -> Vec<S> {
    let at = |i: usize| u.get(i).copied().unwrap_or(S::zero());
    (0..u.len()).map(|i| at(i) * 2.0 - at(i.wrapping_sub(1)) - at(i + 1) - at(i).exp() * (H * H * LAMBDA)).collect()
}

/// Returns the energy with the gradient [`bratu`]: its Hessian is the Jacobian above.
fn energy<S: Scalar<Real = f64>>(u: &[S]) -> S {
    let ends = u[0].powi(2) + u[u.len() - 1].powi(2);
    let stretch: S = u.windows(2).map(|u| (u[1] - u[0]).powi(2)).sum();
    (ends + stretch) * 0.5 - u.iter().map(|u| u.exp()).sum::<S>() * (H * H * LAMBDA)
}

/// Returns the solution of `A·x = b` for a tridiagonal A without pivoting (Thomas's algorithm).
fn solve(a: &Csr, b: &[f64]) -> Vec<f64> {
    let (mut pivots, mut x) = (vec![a.get(0, 0)], vec![b[0]]);
    for i in 1..b.len() {
        let factor = a.get(i, i - 1) / pivots[i - 1];
        pivots.push(a.get(i, i) - factor * a.get(i - 1, i));
        x.push(b[i] - factor * x[i - 1]);
    }
    for i in (0..b.len()).rev() {
        let beyond = if i + 1 < b.len() { a.get(i, i + 1) * x[i + 1] } else { 0.0 };
        x[i] = (x[i] - beyond) / pivots[i];
    }
    x
}

/// Returns the solution in closed form, `−2·ln(cosh((x − ½)·θ/2)/cosh(θ/4))` where `θ = √(2λ)·cosh(θ/4)`.
fn exact(i: usize) -> f64 {
    let theta = (0..100).fold(0.0, |theta: f64, _| (2.0 * LAMBDA).sqrt() * (theta / 4.0).cosh());
    let x = (i + 1) as f64 * H;
    -2.0 * (((x - 0.5) * theta / 2.0).cosh() / (theta / 4.0).cosh()).ln()
}

fn largest(x: impl IntoIterator<Item = f64>) -> f64 {
    x.into_iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// Returns the result of `act`, and the shortest of five times in milliseconds.
fn timed<T>(act: impl Fn() -> T) -> (T, f64) {
    let run = || {
        let start = Instant::now();
        let result = act();
        (result, start.elapsed().as_secs_f64() * 1e3)
    };
    (0..5).map(|_| run()).min_by(|a, b| a.1.total_cmp(&b.1)).expect("five runs")
}

fn main() {
    let f = function!(bratu: &[S] -> Vec<S>);
    let mut u = vec![0.0; UNKNOWNS];
    let (jacobian, finding) = timed(|| SparseJacobian::new(&f, &u));
    println!("{jacobian:?}\n");

    for step in 0.. {
        let (residual, j) = jacobian.at(&f, &u);
        let correction = solve(&j, &residual);
        u.iter_mut().zip(&correction).for_each(|(u, correction)| *u -= correction);
        let size = largest(correction);
        println!("Newton step {step}: correction {size:.1e}");
        if size < 1e-9 {
            break;
        }
        assert!(step < 10, "Newton's method did not converge");
    }
    let error = largest((0..UNKNOWNS).map(|i| u[i] - exact(i)));
    println!("error of the grid and of rounding: {error:.1e}\n");
    assert!(error < 1e-8);

    let (_, plain) = timed(|| bratu(&u));
    let ((_, j), one) = timed(|| jacobian.at(&f, &u));
    println!("f                        {plain:8.3} ms");
    println!("sparsity and {} colors    {finding:8.3} ms", jacobian.colors());
    println!("one Jacobian             {one:8.3} ms, {:.1} times f\n", one / plain);

    let f = function!(energy);
    let (hessian, finding) = timed(|| SparseHessian::new(&f, &u));
    let (_, plain) = timed(|| energy(&u));
    let ((_, _, h), one) = timed(|| hessian.at(&f, &u));
    println!("energy                   {plain:8.3} ms");
    println!("sparsity and {} colors    {finding:8.3} ms", hessian.colors());
    println!("one Hessian              {one:8.3} ms, {:.1} times the energy", one / plain);
    assert_eq!(h.sparsity(), j.sparsity());
    assert!(largest(h.values().iter().zip(j.values()).map(|(h, j)| h - j)) < 1e-15);
}
