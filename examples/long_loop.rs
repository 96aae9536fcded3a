//! What does the gradient through 1,000,000 steps cost, and how much memory?
//!
//! A damped pendulum is driven for 1000 seconds in steps of a millisecond, by the classical Runge-Kutta method.
//! Reverse mode with 180 stored states computes how its last angle depends on the start, the friction and the drive,
//! and dual numbers confirm it.
//!
//! ```text
//! cargo run --release --example long_loop
//! ```

use std::fs;
use std::time::{Duration, Instant};

use dualtape::{Checkpointed, Dual, Scalar, Tape, function};

/// Returns how the angle, the speed and the phase of the drive change, with friction, drive and frequency.
fn change<S: Scalar<Real = f64>>(x: [S; 3], p: &[S]) -> [S; 3] {
    let [angle, speed, phase] = x;
    [speed, -angle.sin() - p[0] * speed + p[1] * phase.cos(), p[2]]
}

/// One step of Runge-Kutta.
fn step<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> [S; 3] {
    let x = [x[0], x[1], x[2]];
    let moved = |by: [S; 3], time: f64| std::array::from_fn(|i| x[i] + by[i] * time);
    let a = change(x, p);
    let b = change(moved(a, STEP / 2.0), p);
    let c = change(moved(b, STEP / 2.0), p);
    let d = change(moved(c, STEP), p);
    std::array::from_fn(|i| x[i] + (a[i] + (b[i] + c[i]) * 2.0 + d[i]) * (STEP / 6.0))
}

const STEPS: usize = 1_000_000;
const STORED: usize = 180;
const STEP: f64 = 1e-3;
const START: [f64; 3] = [0.5, 0.0, 0.0];
const PARAMETERS: [f64; 3] = [0.01, 0.2, 0.7];

fn main() {
    let swing = Checkpointed::new(|_| function!(step: &[S], &[S] -> [S; 3]), 0..STEPS, STORED);

    let (plain_time, end) = timed(|| swing.run(&START, &PARAMETERS));
    let peak_before = peak_memory();
    let (time, (angle, by_start, by_parameters)) = timed(|| swing.gradient(|x, _| x[0], &START, &PARAMETERS));
    let peak_after = peak_memory();
    assert_eq!(angle, end[0]);

    println!("steps             {STEPS}");
    println!("stored states     {STORED}");
    println!("evaluations       {} of the step, of which {STEPS} are recorded", swing.evaluations());
    println!("plain loop        {:.3} s", plain_time.as_secs_f64());
    let ratio = time.as_secs_f64() / plain_time.as_secs_f64();
    println!("gradient          {:.3} s, {ratio:.1} plain loops", time.as_secs_f64());
    if let (Some(before), Some(after)) = (peak_before, peak_after) {
        println!("peak memory       {after} kB, of which the gradient took {} kB", after - before);
    }
    println!("one recording     would take {} kB", STEPS / 1000 * recorded_bytes());

    // Forward mode needs no memory, and one pass of dual numbers with a lane for each slope.
    let inputs: [f64; 6] = [START, PARAMETERS].concat().try_into().expect("six inputs");
    let lanes: [Dual<f64, 6>; 6] = std::array::from_fn(|i| Dual::seeded(inputs[i], i));
    let (forward_time, forward) = timed(|| swing.run(&lanes[..3], &lanes[3..])[0]);
    let ratio = forward_time.as_secs_f64() / plain_time.as_secs_f64();
    println!("forward mode      {:.3} s, {ratio:.1} plain loops", forward_time.as_secs_f64());
    assert_eq!(forward.primal, angle);

    println!("\nlast angle {angle}, and its slopes");
    let names = ["first angle", "first speed", "first phase", "friction", "drive", "frequency"];
    for ((name, reverse), forward) in names.into_iter().zip([by_start, by_parameters].concat()).zip(forward.partials) {
        println!("  {name:12} {reverse:>26e} reverse {forward:>26e} forward");
        assert!((reverse - forward).abs() <= 1e-9 * forward.abs().max(1e-12), "the modes disagree");
    }
}

/// Returns the memory of one recorded step, with its adjoints.
fn recorded_bytes() -> usize {
    let tape = Tape::new();
    let _ = step(&tape.vars(&START), &tape.vars(&PARAMETERS));
    tape.len() * (24 + 8)
}

fn timed<T>(act: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = act();
    (start.elapsed(), result)
}

/// Returns the largest resident memory so far, in kB, on systems that report it.
fn peak_memory() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
