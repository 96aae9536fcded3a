//! Can a network solve a differential equation?
//!
//! `u″ + u = 0` with `u(0) = 0` and `u(4) = sin 4` has the solution sin x. A network u learns it from the equation
//! alone: the loss is the residual of `u″ + u` at some points, and of the two conditions at the ends (Raissi,
//! Perdikaris & Karniadakis, *Physics-informed neural networks*, 2019). Each u″ is the second coefficient of a series
//! in x. Reverse mode differentiates through it with respect to the parameters, and forward mode confirms the
//! gradient.
//!
//! ```text
//! cargo run --release --example physics_informed
//! ```

use dualtape::nn::{Activation, Init, Lbfgs, Mlp, l2};
use dualtape::{Scalar, Taylor, gradient, gradient_forward, taylor};
use rand::SeedableRng;
use rand::rngs::StdRng;

const END: f64 = 4.0;

/// The number of points where the equation is evaluated.
const POINTS: usize = 24;

/// Returns how wrong the equation and the conditions are, in any scalar of the parameters.
fn loss<S: Scalar<Real = f64>>(network: &Mlp<S>) -> S {
    let parameters: Vec<Taylor<S, 2>> = network.parameters().iter().map(|&p| Taylor::constant(p)).collect();
    let in_series = network.with_parameters(&parameters);
    let residual = |i: usize| {
        let x = END * i as f64 / (POINTS - 1) as f64;
        let u = taylor(|x| in_series.forward(&[x])[0], S::from_real(x));
        u.derivative(2) + u[0]
    };
    let residuals: Vec<S> = (0..POINTS).map(residual).collect();
    let ends = network.forward_all(&[[0.0], [END]]);
    l2(&residuals) / POINTS as f64 + l2(&[ends[0], ends[1] - END.sin()])
}

/// Returns the largest error on a fine grid.
fn error(network: &Mlp) -> f64 {
    let x: Vec<[f64; 1]> = (0..=1000).map(|i| [END * f64::from(i) / 1000.0]).collect();
    network.forward_all(&x).iter().zip(&x).map(|(u, [x])| (u - x.sin()).abs()).fold(0.0, f64::max)
}

fn main() {
    let layers = [(16, Activation::Tanh), (16, Activation::Tanh), (1, Activation::Linear)];
    let mut network: Mlp = Mlp::random(1, &layers, Init::Xavier, &mut StdRng::seed_from_u64(1));
    print!("{}", network.summary());

    let (_, reverse) = gradient(|p| loss(&network.with_parameters(p)), network.parameters());
    let (_, forward) = gradient_forward(|p| loss(&network.with_parameters(p)), network.parameters());
    let difference = reverse.iter().zip(&forward).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("\nThe gradient in reverse and in forward mode: largest difference {difference:.1e}\n");
    assert!(difference < 1e-12);

    let (mut lbfgs, shape) = (Lbfgs::new(20), network.clone());
    for step in 0..=300 {
        if step % 50 == 0 {
            println!("step {step:3}  loss {:8.1e}  largest error {:.1e}", loss(&network), error(&network));
        }
        lbfgs.step(network.parameters_mut(), |p| gradient(|p| loss(&shape.with_parameters(p)), p));
    }
    let error = error(&network);
    println!("\nThe network is sin x between 0 and {END} to {error:.1e}.");
    assert!(error < 1e-3);
}
