//! Where does heat come from?
//!
//! The heat equation on a grid of 32 by 32 points over 200 steps, differentiated in reverse with checkpoints. Which
//! 1024 temperatures at the start led to the measured ones at the end? The program keeps 20 of the 200 states at a
//! time, and records one step at a time.
//!
//! ```text
//! cargo run --release --example heat
//! ```

use dualtape::{Checkpointed, Scalar, Var, dot, function};

const SIDE: usize = 32;
const STEPS: usize = 200;

/// One explicit step: every point moves towards the mean of its neighbours; the edge is kept at 0.
fn step<S: Scalar<Real = f64>>(u: &[S], _: &[S]) -> Vec<S> {
    let at = |i: usize, j: usize| if i < SIDE && j < SIDE { u[i * SIDE + j] } else { S::zero() };
    let point = |k: usize| {
        let (i, j) = (k / SIDE, k % SIDE);
        let neighbours = at(i.wrapping_sub(1), j) + at(i + 1, j) + at(i, j.wrapping_sub(1)) + at(i, j + 1);
        at(i, j) + (neighbours - at(i, j) * 4.0) * 0.2
    };
    (0..SIDE * SIDE).map(point).collect()
}

fn main() {
    let truth: Vec<f64> =
        (0..SIDE * SIDE).map(|k| f64::from((k / SIDE).abs_diff(10) < 4 && (k % SIDE).abs_diff(20) < 3)).collect();
    let diffusion = Checkpointed::new(|_| function!(step: &[S], &[S] -> Vec<S>), 0..STEPS, 20);
    let measured = diffusion.run(&truth, &[]);

    // Conjugate gradients for the quadratic misfit; one gradient for each step.
    let misfit = |end: &[Var], _: &[Var]| {
        let errors: Vec<Var> = end.iter().zip(&measured).map(|(u, m)| u - m).collect();
        dot(&errors, &errors)
    };
    let gradient = |start: &[f64]| {
        let (value, by_start, _) = diffusion.gradient(misfit, start, &[]);
        (value, by_start)
    };
    let mut start = vec![0.0; SIDE * SIDE];
    let (first, mut g) = gradient(&start);
    let mut direction: Vec<f64> = g.iter().map(|g| -g).collect();
    for iteration in 0..30 {
        // Along the direction the misfit is a parabola with the curvature ‖end(direction)‖².
        let along = diffusion.run(&direction, &[]);
        let length = -dot(&g, &direction) / (2.0 * dot(&along, &along));
        start.iter_mut().zip(&direction).for_each(|(u, d)| *u += length * d);
        let (value, next) = gradient(&start);
        let beta = dot(&next, &next) / dot(&g, &g);
        direction.iter_mut().zip(&next).for_each(|(d, g)| *d = beta * *d - g);
        g = next;
        if iteration % 10 == 9 {
            println!("after {:2} gradients the misfit is {value:.2e}, from {first:.2e}", iteration + 1);
        }
    }
    let hottest = (0..SIDE * SIDE).max_by(|&a, &b| start[a].total_cmp(&start[b])).unwrap_or(0);
    println!(
        "the hottest point of the start is ({}, {}); the source was around (10, 20)",
        hottest / SIDE,
        hottest % SIDE
    );
    assert!((hottest / SIDE).abs_diff(10) < 4 && (hottest % SIDE).abs_diff(20) < 3);
    assert!(gradient(&start).0 < 1e-6 * first);
}
