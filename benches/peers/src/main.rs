//! dualtape beside other crates for automatic differentiation in Rust, in one run.
//!
//! ```sh
//! taskset -c 1 cargo run --release --ignore-rust-version --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! All crates run the same source, written over one trait of numbers (`program.rs`), each in the
//! fastest way that it documents (`peers/`). Every answer is compared with the hand-written one before it is timed;
//! a wrong one gets no time. The ways of a row are timed in turn, so that their ratios hold on a
//! machine whose speed drifts.

#[path = "../../support/arm.rs"]
mod arm;
#[path = "../../support/black_scholes.rs"]
#[expect(dead_code, reason = "the function is in `program.rs`")]
mod black_scholes;
mod bodies;
#[path = "../../support/chain.rs"]
#[expect(dead_code, reason = "the function is in `program.rs`")]
mod chain;
#[path = "../../support/fused.rs"]
mod fused;
#[path = "../../support/heap.rs"]
mod heap;
#[path = "../../support/moons.rs"]
#[expect(dead_code, reason = "the network of dot products is in `program.rs`")]
mod moons;
mod peers;
mod program;
#[path = "../../support/rosenbrock.rs"]
mod rosenbrock;
mod table;
#[path = "../../support/turns.rs"]
mod turns;

use std::hint::black_box;

use arm::{ANGLES, by_axes, hand_by_isometries, hand_by_matrices};
use black_scholes::{AT, black_scholes_greeks};
use bodies::{PLACES, START, potential_and_hessian, step_and_slopes};
use chain::{CHAIN, chain_slope};
use moons::Moons;
use nalgebra::Matrix4;
use num_dual::DualSVec64;
use peers::ad_trait::AdTrait;
use peers::echidna::{Echidna, Replayed};
use peers::num_dual::NumDual;
use peers::ours::{self, ByIsometries, ByMatrices, Ours};
use peers::rust_quant::RustQuant;
use peers::xad::Xad;
use peers::{Answer, Peer, arm_answer, arm_way, fresh, jacobian_answer};
use program::{BlackScholes, Chain, Map, Network, Potential, Program, Rosenbrock, Step};
use rosenbrock::{point, rosenbrock_band, rosenbrock_gradient, rosenbrock_hessian};
use table::{Measure, Row};

type Double = Ours<f64>;
type Single = Ours<f32>;

/// A row with the plain program and the hand-written answer.
fn row<P: Program>(
    title: impl Into<String>,
    measure: Measure,
    program: P,
    x: &[f64],
    by_hand: impl Fn(&[f64]) -> Answer + 'static,
) -> Row {
    let [plain, hand] = [x.to_vec(), x.to_vec()];
    Row::new(title, measure, move || program.eval(black_box(&plain)), move || by_hand(black_box(&hand)))
}

/// The row with a way of every peer.
macro_rules! with_every_peer {
    ($row:expr, |$peer:ident| $way:expr) => {
        with_every_peer!(@ $row, $peer, $way, Double, Single, NumDual, Xad, Echidna, Replayed, RustQuant, AdTrait)
    };
    (@ $row:expr, $peer:ident, $way:expr, $($name:ident),*) => {{
        let row = $row;
        $(let row = {
            type $peer = $name;
            row.with::<$peer>($way)
        };)*
        row
    }};
}

/// The gradient in reverse mode.
fn reverse<P: Program>(row: Row, program: P, x: &[f64]) -> Row {
    with_every_peer!(row, |This| This::reverse(program, x.to_vec()))
}

/// The same with nothing kept from before.
fn reverse_fresh<P: Program>(row: Row, program: P, x: &[f64]) -> Row {
    with_every_peer!(row, |This| fresh(This::reverse, program, x.to_vec()))
}

/// The gradient in forward mode, N directions at once.
fn forward<P: Program, const N: usize>(row: Row, program: P, x: &[f64]) -> Row {
    with_every_peer!(row, |This| This::forward::<P, N>(program, x.to_vec()))
}

/// The Hessian by N inputs.
fn hessian<P: Program, const N: usize>(row: Row, program: P, x: &[f64]) -> Row {
    with_every_peer!(row, |This| This::hessian::<P, N>(program, x.to_vec()))
}

/// The Hessian by numbers that carry second derivatives.
fn second_order<P: Program, const N: usize>(row: Row, program: P, x: [f64; N]) -> Row {
    with_every_peer!(row, |This| This::second_order::<P, N>(program, x))
}

/// The Hessian by the crates that have forward over reverse mode.
fn forward_over_reverse<P: Program, const N: usize>(row: Row, program: P, x: [f64; N]) -> Row {
    row.with::<Double>(Double::hessian::<P, N>(program, x.to_vec()))
        .with::<Single>(Single::hessian::<P, N>(program, x.to_vec()))
        .with::<Xad>(Xad::hessian::<P, N>(program, x.to_vec()))
        .with::<Echidna>(Echidna::hessian::<P, N>(program, x.to_vec()))
        .with::<Replayed>(Replayed::hessian::<P, N>(program, x.to_vec()))
}

fn network_rows() -> [Row; 5] {
    let data: &'static Moons = Box::leak(Box::new(Moons::new()));
    let p = data.network.parameters();
    let by_hand = move |_: &[f64]| black_box(data).by_hand();
    let (dots, bare) = (Network::<true> { data }, Network::<false> { data });

    let layers = row("network, a layer at a time", Measure::Time, bare, p, by_hand);
    let with_dots = row("network, a dot product for each neuron", Measure::Time, dots, p, by_hand);
    let operations = row("network, bare `+` and `*`", Measure::Time, bare, p, by_hand);
    let forward_layers = row("network, a layer at a time, forward in 8 lanes", Measure::Time, bare, p, by_hand);
    let forward_bare = row("network, bare `+` and `*`, forward in 8 lanes", Measure::Time, bare, p, by_hand);
    [
        layers.with::<Double>(Double::layers()).with::<Single>(Single::layers()),
        with_dots
            .with::<Double>(Double::reverse(dots, p.to_vec()))
            .with::<Single>(Single::reverse(dots, p.to_vec()))
            .with::<Xad>(Xad::reverse(dots, p.to_vec())),
        reverse(operations, bare, p),
        forward_layers
            .with::<Double>(Double::forward_layers())
            .with::<Single>(Single::forward_layers())
            .with::<NumDual>(NumDual::forward::<_, 8>(bare, p.to_vec())),
        forward::<_, 8>(forward_bare, bare, p),
    ]
}

fn chain_rows() -> [Row; 3] {
    let x = &[0.7];
    let row = |title, measure| row(title, measure, Chain, x, |x| chain_slope(x[0], CHAIN));
    let kept = row("chain of 1e6 operations, tape kept: ns for each", Measure::TimePerOperation(CHAIN));
    let new = row("chain, tape new: ns for each operation", Measure::TimePerOperation(CHAIN));
    let heap = row("chain: bytes for each operation, with adjoints", Measure::HeapPerOperation(CHAIN));
    [reverse(kept, Chain, x), reverse_fresh(new, Chain, x), reverse_fresh(heap, Chain, x)]
}

fn rosenbrock_rows() -> [Row; 5] {
    let [few, many] = [10, 1000].map(point);
    let row = |title, x: &[f64]| row(title, Measure::Time, Rosenbrock, x, rosenbrock_gradient);
    let lanes = row("Rosenbrock, 10 inputs, forward in 10 lanes", &few);
    let verb = row("Rosenbrock, 10 inputs, `gradient_forward` in 8 lanes", &few);
    let fused = row("Rosenbrock, 1000 inputs, terms fused", &many);
    [
        forward::<_, 10>(lanes, Rosenbrock, &few),
        verb.with::<Double>(Double::gradient_forward(Rosenbrock, few.clone()))
            .with::<Single>(Single::gradient_forward(Rosenbrock, few.clone())),
        reverse(row("Rosenbrock, 10 inputs, reverse", &few), Rosenbrock, &few),
        reverse(row("Rosenbrock, 1000 inputs, reverse", &many), Rosenbrock, &many).with::<NumDual>(NumDual::forward::<
            _,
            8,
        >(
            Rosenbrock,
            many.clone(),
        )),
        fused
            .with::<Double>(Double::fused_rosenbrock(many.clone()))
            .with::<Single>(Single::fused_rosenbrock(many.clone())),
    ]
}

fn black_scholes_rows() -> [Row; 2] {
    let row = |title| row(title, Measure::Time, BlackScholes, &AT, black_scholes_greeks);
    [
        forward::<_, 5>(row("Black-Scholes and 5 greeks, forward in 5 lanes"), BlackScholes, &AT),
        reverse(row("Black-Scholes and 5 greeks, reverse"), BlackScholes, &AT),
    ]
}

fn bodies_row() -> Row {
    let plain = || Step.eval(black_box(&START)).iter().sum();
    let by_hand = || jacobian_answer(step_and_slopes(black_box(&START)));
    let row = Row::new("Runge-Kutta step of three bodies, Jacobian, 12 lanes", Measure::Time, plain, by_hand);
    with_every_peer!(row, |This| This::jacobian::<Step, 12>(Step, START))
}

fn small_hessian_rows() -> [Row; 4] {
    let valley: [f64; 6] = point(6).try_into().expect("six numbers");
    let potential = |title| row(title, Measure::Time, Potential, &PLACES, potential_and_hessian);
    let rosenbrock =
        |title| row(title, Measure::Time, Rosenbrock, &valley, |x| (Rosenbrock.eval(x), rosenbrock_hessian(x)));
    let bodies = potential("Hessian of the potential of three bodies, 6 inputs, second-order numbers");
    let bodies_in_reverse = potential("Hessian of the potential of three bodies, 6 inputs, forward over reverse");
    let few = rosenbrock("Hessian of Rosenbrock, 6 inputs, second-order numbers");
    let few_in_reverse = rosenbrock("Hessian of Rosenbrock, 6 inputs, forward over reverse");
    [
        second_order(bodies, Potential, PLACES),
        forward_over_reverse(bodies_in_reverse, Potential, PLACES),
        second_order(few, Rosenbrock, valley),
        forward_over_reverse(few_in_reverse, Rosenbrock, valley),
    ]
}

fn hessian_rows() -> [Row; 2] {
    const N: usize = 50;
    let x = point(N);
    let row = |title, by_hand: fn(&[f64]) -> Answer| row(title, Measure::Time, Rosenbrock, &x, by_hand);
    let dense = row("Hessian of Rosenbrock, 50 inputs", |x| (Rosenbrock.eval(x), rosenbrock_hessian(x)));
    let sparse = row("the same, sparse, its places found before", |x| (Rosenbrock.eval(x), rosenbrock_band(x)));
    [
        hessian::<_, N>(dense, Rosenbrock, &x),
        sparse
            .with::<Double>(Double::sparse_rosenbrock(x.clone()))
            .with::<Single>(Single::sparse_rosenbrock(x.clone()))
            .with::<Replayed>(Replayed::sparse_rosenbrock(x.clone())),
    ]
}

fn arm_rows() -> [Row; 2] {
    let row = |title: &str, hand: fn(&[f64; 7]) -> Matrix4<f64>| {
        let plain = move || black_box(hand(black_box(&ANGLES))).sum();
        Row::new(title, Measure::Time, plain, || arm_answer(by_axes(black_box(&ANGLES))))
    };
    [
        row("arm of 7 joints by `Matrix4`, pose and Jacobian, 7 lanes", hand_by_matrices)
            .with::<Double>(ours::arm(ByMatrices))
            .with::<NumDual>(arm_way::<DualSVec64<7>>(hand_by_matrices)),
        row("arm of 7 joints by `Isometry3`, pose and Jacobian, 7 lanes", hand_by_isometries)
            .with::<Double>(ours::arm(ByIsometries))
            .with::<NumDual>(arm_way::<DualSVec64<7>>(hand_by_isometries)),
    ]
}

const NOTES: &str = "
Microseconds, and in brackets the ratio to the plain evaluation, where nothing else is said; medians of 31 runs in
turn. `-` is what a crate does not have, `wrong` an answer that is not the one by hand.

- num-dual has forward mode alone: its 1000 inputs are in passes of 8 lanes. It and echidna leave such passes to the
  caller. It has no layers: beside them stands its bare network.
- dualtape's forward rows are methods of `Function`, which leave the rule of zeros out at first; but for
  `gradient_forward`, which takes a closure.
- RustQuant_autodiff has reverse mode alone, and no second derivatives.
- num-dual, echidna and ad_trait have no normal distribution function: its value and slope are set by hand, which
  echidna's recordings cannot replay at another point.
- echidna, replayed: recorded before, and only replayed; with a new tape it is recorded too.
- xad-rs computes the Hessian without value and gradient in forward over reverse mode.
- Second-order numbers: num-dual and ad_trait have a type for them, dualtape, xad-rs and echidna nest their dual
  numbers. Of echidna's only the outer ones have lanes, so it takes a pass for each input.
- A new tape is one of a new thread, as some crates keep theirs for the thread.
";

fn main() {
    let rows = network_rows().into_iter().chain(chain_rows()).chain(rosenbrock_rows());
    let rows = rows.chain(black_scholes_rows()).chain(arm_rows()).chain([bodies_row()]);
    let rows = rows.chain(small_hessian_rows()).chain(hessian_rows());
    table::print(
        rows,
        &[
            Double::NAME,
            Single::NAME,
            NumDual::NAME,
            Xad::NAME,
            Echidna::NAME,
            Replayed::NAME,
            RustQuant::NAME,
            AdTrait::NAME,
        ],
    );
    println!("{NOTES}\nVersions:\n");
    let versions = include_str!("../Cargo.toml").lines().filter(|line| line.contains("\"="));
    versions.for_each(|line| println!("    {line}"));
}
