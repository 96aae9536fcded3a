//! Programs that run for long: their memory stays constant after the first steps.
//!
//! Optimized, this is 10,000 steps of training, 10⁸ recorded operations, a loop of 10⁶
//! steps and 1000 threads; unoptimized, a hundredth to a quarter of that.

use std::{fs, thread};

use dualtape::nn::{Activation, Init, Mlp, Schedule, Sgd, l2, mean_squared_error};
use dualtape::{Checkpointed, Dual, Scalar, Tape, Var, dot, function, gradient};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// The resident memory of this process in pages, on systems that tell.
fn resident_pages() -> Option<usize> {
    fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()
}

/// Runs steps, and checks that neither the tape nor the process grows after a tenth of them.
fn grows_no_more(steps: usize, mut step: impl FnMut(usize) -> usize) {
    let mut settled = None;
    for index in 0..steps {
        let capacity = step(index);
        if index < steps / 10 {
            continue;
        }
        let (capacity_then, pages_then) = *settled.get_or_insert_with(|| (capacity, resident_pages()));
        assert_eq!(capacity, capacity_then, "the tape grew in step {index}");
        if let (Some(then), Some(now)) = (pages_then, resident_pages().filter(|_| index % 100 == 0)) {
            // The test harness and the other test have some pages of their own.
            assert!(now <= then + 512, "the process grew from {then} to {now} pages by step {index}");
        }
    }
}

/// Steps, fewer of them when the program is not optimized.
fn steps(optimized: usize, part: usize) -> usize {
    if cfg!(debug_assertions) { optimized / part } else { optimized }
}

/// One after the other: they measure the memory of one process.
#[test]
fn memory_is_constant() {
    training();
    training_with_a_tape();
    operations_in_pieces();
    nested_recordings();
    a_loop_with_checkpoints();
    threads_that_end();
}

const LAYERS: [(usize, Activation); 3] = [(8, Activation::Tanh), (8, Activation::Relu), (1, Activation::Linear)];

fn data() -> (Vec<[f64; 2]>, Vec<f64>) {
    let points: Vec<[f64; 2]> = (0..8).map(|i| [f64::from(i).sin(), f64::from(i).cos()]).collect();
    let targets = points.iter().map(|[x, y]| x * y).collect();
    (points, targets)
}

fn loss<S: Scalar<Real = f64>>(mlp: &Mlp<S>, (points, targets): &(Vec<[f64; 2]>, Vec<f64>)) -> S {
    mean_squared_error(&mlp.forward_all(points), targets) + l2(mlp.parameters()) * 1e-6
}

fn training() {
    let data = data();
    let mut mlp: Mlp = Mlp::random(2, &LAYERS, Init::Xavier, &mut StdRng::seed_from_u64(1));
    let mut sgd = Sgd::new(Schedule::Constant(0.1));
    let before = loss(&mlp, &data);
    grows_no_more(steps(10_000, 10), |_| {
        let (_, g) = gradient(|p| loss(&mlp.with_parameters(p), &data), mlp.parameters());
        sgd.step(mlp.parameters_mut(), &g);
        // The memory that the next tape of this thread will use.
        Tape::<f64>::new().capacity_bytes()
    });
    assert!(loss(&mlp, &data) < 0.1 * before, "nothing was learned");
}

fn training_with_a_tape() {
    let data = data();
    let mut mlp: Mlp = Mlp::random(2, &LAYERS, Init::Xavier, &mut StdRng::seed_from_u64(1));
    let mut sgd = Sgd::new(Schedule::Constant(0.1));
    let tape = Tape::new();
    grows_no_more(steps(10_000, 10), |_| {
        let p = tape.vars(mlp.parameters());
        let g = tape.backward(loss(&mlp.with_parameters(&p), &data)).wrt(&p);
        sgd.step(mlp.parameters_mut(), &g);
        tape.clear();
        tape.capacity_bytes()
    });
}

/// The pieces of a long computation: each begins at the value where the last one ended,
/// and the slopes of the pieces multiply.
fn operations_in_pieces() {
    const PIECE: usize = 100_000;
    let tape = Tape::new();
    let (mut value, mut slope, mut operations) = (0.3_f64, 1.0_f64, 0);
    grows_no_more(steps(1000, 100), |_| {
        let x = tape.var(value);
        let mut y = x;
        for _ in 0..PIECE / 4 {
            y = (y + 1.0).sqrt() * y.cos() + y; // more than four
            y *= 0.5;
        }
        slope *= tape.backward(y)[x];
        value = y.value();
        operations += tape.len() - 1;
        tape.clear();
        tape.capacity_bytes()
    });
    assert!(operations >= steps(100_000_000, 100), "{operations} operations");
    assert!(value.is_finite() && slope.is_finite());
}

fn nested_recordings() {
    let third = |y: f64| gradient(|y| gradient(|y| y[0].powi(4).exp(), y).1[0], &[Dual::variable(y)]).1[0].partials[0];
    let expected = third(0.5);
    grows_no_more(steps(10_000, 10), |_| {
        assert_eq!(third(0.5).to_bits(), expected.to_bits());
        Tape::<Dual>::new().capacity_bytes()
    });
}

/// The largest resident memory so far, in bytes, on systems that tell.
fn peak() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

/// A driven pendulum, of 13 operations a step: 41 MB on one tape for 100,000 steps.
fn a_loop_with_checkpoints() {
    fn pendulum<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> [S; 3] {
        let speed = x[1] - (x[0].sin() + p[0] * x[1] - p[1] * x[2].cos()) * 1e-3;
        [x[0] + speed * 1e-3, speed, x[2] + p[2] * 1e-3]
    }

    let swing = Checkpointed::new(|_| function!(pendulum: &[S], &[S] -> [S; 3]), 0..steps(1_000_000, 10), 50);
    let (x, p) = ([0.5, 0.0, 0.0], [0.1, 0.4, 0.7]);
    let before = peak();
    let (angle, _, by_p) = swing.gradient(|x, _| x[0], &x, &p);
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < 4 << 20, "the peak grew by {} bytes", after - before);
    }

    let p = [0, 1, 2].map(|lane| Dual::<f64, 3>::seeded(p[lane], lane));
    let forward = swing.run(&x.map(Dual::constant), &p)[0];
    assert_eq!(angle, forward.primal);
    for (reverse, forward) in by_p.iter().zip(forward.partials) {
        assert!((reverse - forward).abs() < 1e-9 * forward.abs(), "{reverse} in reverse, {forward} forward");
    }
}

/// A thread that ends frees the memory it kept for its next recording: nodes, operands, adjoints, variables.
fn threads_that_end() {
    fn differentiate() {
        let x = [0.5; 2000];
        let products = |x: &[_]| x.iter().fold(dot(x, x), |sum, &x: &Var| sum + (x * 2.0).sin() * x);
        let (_, g) = gradient(products, &x);
        let tape = Tape::new();
        let x = tape.vars(&x);
        assert_eq!(tape.backward(products(&x)).wrt(&x), g);
        let nested = Tape::new();
        let x = nested.vars(&[Dual::<f64>::variable(0.5); 2000]);
        assert_eq!(nested.backward(dot(&x, &x))[x[0]].primal, 1.0);
    }
    grows_no_more(steps(1000, 4), |_| {
        thread::spawn(differentiate).join().expect("no thread panics");
        0
    });
}
