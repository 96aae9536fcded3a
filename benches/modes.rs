//! The cost of a derivative in each mode, relative to the plain function and a hand-written
//! gradient.
//!
//! Every answer is compared with the hand-written one before anything is timed. Criterion
//! reports each time; the table of ratios at the end comes from runs in turn, so that it
//! holds on a machine whose speed drifts.

#[path = "support/black_scholes.rs"]
mod black_scholes;
#[path = "support/chain.rs"]
mod chain;
#[path = "support/fused.rs"]
mod fused;
#[path = "support/moons.rs"]
mod moons;
#[path = "support/rosenbrock.rs"]
#[expect(dead_code, reason = "the sparse Hessian is not used")]
mod rosenbrock;
#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use black_scholes::{AT, black_scholes, black_scholes_greeks};
use chain::{CHAIN, chain, chain_slope};
use dualtape::{Scalar, derivative, function, fuse, gradient, gradient_array, gradient_forward, hessian, linearize};
use fused::{Term, fused_rosenbrock};
use moons::Moons;
use rosenbrock::{point, rosenbrock, rosenbrock_gradient, rosenbrock_hessian};
use workload::Workload;

fn rosenbrock_workload(name: &'static str, n: usize) -> Workload {
    let [plain, hand, reverse, forward] = std::array::from_fn(|_| point(n));
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("by hand", move || rosenbrock_gradient(black_box(&hand)))
        .with("reverse", move || gradient(rosenbrock, black_box(&reverse)))
        .with("forward", move || gradient_forward(rosenbrock, black_box(&forward)))
}

fn hessian_workload(name: &'static str, n: usize) -> Workload {
    let [plain, hand, mixed, fused] = std::array::from_fn(|_| point(n));
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("by hand", move || (rosenbrock(&hand), rosenbrock_hessian(black_box(&hand))))
        .with("forward over reverse", move || {
            let (y, _, h) = hessian(rosenbrock, black_box(&mixed));
            (y, h.into_entries())
        })
        .with("fused", move || {
            let (y, _, h) = hessian(fused_rosenbrock, black_box(&fused));
            (y, h.into_entries())
        })
}

fn black_scholes_workload() -> Workload {
    Workload::new("Black-Scholes, 5 greeks", || black_scholes(black_box(&AT)))
        .with("by hand", || black_scholes_greeks(black_box(&AT)))
        .with("reverse", || gradient(black_scholes, black_box(&AT)))
        .with("forward", || gradient_forward(black_scholes, black_box(&AT)))
        .with("of an array", || gradient_array(|x| black_scholes(x), black_box(&AT)))
        .with("linearized", || linearize(&function!(black_scholes), *black_box(&AT)))
}

fn chain_workload() -> Workload {
    Workload::new("chain of 1e6 operations", || chain(black_box(0.7), CHAIN))
        .with("by hand", || chain_slope(black_box(0.7), CHAIN))
        .with("reverse", || gradient(|x| chain(x[0], CHAIN), &[black_box(0.7)]))
        .with("forward", || {
            let (y, slope) = derivative(|x| chain(x, CHAIN), black_box(0.7));
            (y, vec![slope])
        })
}

/// Rosenbrock's function term by term, for numbers that are on no tape.
fn summed_terms<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mut total = S::zero();
    for x in x.windows(2) {
        total += fuse(&Term, [x[0], x[1]]);
    }
    total
}

fn moons_workload() -> Workload {
    let [plain, hand, reverse, dots, forward] = std::array::from_fn(|_| Moons::new());
    Workload::new("network, 337 parameters, 100 points", move || plain.loss(black_box(plain.network.parameters())))
        .with("by hand", move || black_box(&hand).by_hand())
        .with("reverse", move || gradient(|p| reverse.loss(p), black_box(reverse.network.parameters())))
        .with("reverse by dots", move || gradient(|p| dots.loss_by_dots(p), black_box(dots.network.parameters())))
        .with("forward", move || gradient_forward(|p| forward.loss(p), black_box(forward.network.parameters())))
}

fn main() {
    let thousand = point(1000);
    let ten: [f64; 10] = point(10).try_into().expect("ten numbers");
    let workloads = [
        moons_workload(),
        rosenbrock_workload("Rosenbrock 2", 2),
        rosenbrock_workload("Rosenbrock 10", 10)
            .with("of an array", move || gradient_array(|x| rosenbrock(x), black_box(&ten)))
            .with("fused array", move || gradient_array(|x| summed_terms(x), black_box(&ten))),
        rosenbrock_workload("Rosenbrock 100", 100),
        rosenbrock_workload("Rosenbrock 1000", 1000)
            .with("fused", move || gradient(fused_rosenbrock, black_box(&thousand))),
        black_scholes_workload(),
        hessian_workload("Hessian of Rosenbrock 10", 10),
        hessian_workload("Hessian of Rosenbrock 50", 50),
        chain_workload(),
    ];
    workload::run(&workloads);
}
