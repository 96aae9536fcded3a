//! Tapes on several threads, started and dropped in any order.

use std::sync::Barrier;
use std::thread;

use dualtape::{
    Dual, Scalar, Tape, Var, affine, dot, gradient, gradient_forward, hessian, log_sum_exp, sum, weighted_sum,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::refusals::{FOREIGN, PAUSED, STALE, message};

const THREADS: usize = 8;

/// Runs `work(0)`, ..., `work(7)` on threads that start together.
fn together<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    let (work, barrier) = (&work, &barrier);
    thread::scope(|scope| {
        let start = |seed| {
            scope.spawn(move || {
                barrier.wait();
                work(seed)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    })
}

/// A function of every kind of statement.
fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let waves: Vec<S> = x.windows(2).map(|x| (x[0] * x[1]).sin() / (x[0].powi(2) + 1.0)).collect();
    dot(&waves, &waves) + log_sum_exp(x) * sum(&waves) - x[0].hypot(x[1])
}

/// All bits of the derivatives of f at a point that the seed determines.
fn derivatives(seed: usize) -> Vec<u64> {
    let mut rng = SmallRng::seed_from_u64(seed as u64);
    let mut bits = Vec::new();
    for _ in 0..if cfg!(miri) { 1 } else { 50 } {
        let x: Vec<f64> = (0..12).map(|_| rng.random_range(-2.0..2.0)).collect();
        let (y, reverse) = gradient(f, &x);
        let (_, forward) = gradient_forward(f, &x);
        let (_, _, h) = hessian(f, &x);
        bits.extend([vec![y], reverse, forward, h.into_entries()].concat().into_iter().map(f64::to_bits));
    }
    bits
}

#[test]
fn eight_threads_at_once_give_the_bits_of_one() {
    let alone: Vec<_> = (0..THREADS).map(derivatives).collect();
    assert_eq!(together(derivatives), alone);
}

#[test]
fn threads_record_at_the_same_time() {
    let barrier = Barrier::new(THREADS);
    let slopes = together(|seed| {
        let tape = Tape::new();
        let x = tape.var(seed as f64);
        let mut y = x;
        for _ in 0..100 {
            barrier.wait();
            y = y * 0.5 + x;
        }
        assert_eq!(tape.len(), 201);
        tape.backward(y)[x]
    });
    assert!(slopes.iter().all(|&slope| slope == slopes[0] && (slope - 2.0).abs() < 1e-15));
}

#[test]
fn variables_sent_to_other_threads_are_refused() {
    let tape = Tape::new();
    let nested = Tape::<Dual>::new();
    let (x, c) = (tape.var(3.0), Var::constant(5.0));
    let z = nested.var(Dual::variable(3.0));
    together(|seed| {
        // With and without a tape that the thread itself records.
        let own = (seed % 2 == 0).then(Tape::new);
        let y = own.as_ref().map_or(c, |own| own.var(2.0));
        let uses: [fn(Var, Var) -> Var; 10] = [
            |x, _| -x,
            |x, _| x * 2.0,
            |x, y| x + y,
            |x, y| y / x,
            |x, _| x.exp(),
            |x, y| y.mul_add(y, x),
            |x, y| sum(&[y, x]),
            |x, y| dot(&[y, y], &[y, x]),
            |x, y| weighted_sum(&[y, x], &[1.0, 0.0]),
            |x, y| affine(&[y, x], &[y], 1)[0],
        ];
        for operation in uses {
            assert_eq!(message(|| operation(x, y)), FOREIGN);
        }
        assert_eq!(message(|| z.exp()), FOREIGN);
        assert_eq!(message(|| gradient(|y| y[0] * x, &[1.0])), FOREIGN);
        if let Some(own) = &own {
            assert_eq!(message(|| own.backward(x)), FOREIGN);
            assert_eq!(own.len(), 1);
        }
        // The value, and constants, may move.
        assert_eq!((x.value(), (c * c).value()), (3.0, 25.0));
        assert_eq!(derivatives(1).len() % 169, 0);
    });
    assert_eq!(tape.backward(x * x)[x], 6.0);
    assert_eq!(nested.backward(z * z)[z].partials, [2.0]);
}

#[test]
fn a_variable_that_comes_back_to_its_thread_is_usable() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let back = thread::spawn(move || x).join().expect("moving is no use");
    assert_eq!(tape.backward(back * x)[x], 6.0);
}

#[test]
fn gradients_are_readable_on_another_thread() {
    let tape = Tape::new();
    let x = tape.var(3.0);
    let gradients = tape.backward(x * x);
    assert_eq!(thread::spawn(move || gradients[x]).join().expect("indexing is no use of the tape"), 6.0);
}

/// Starts, clears and drops tapes in random order, and checks what each use of a variable
/// does.
fn random_lives(seed: usize) -> Vec<u64> {
    struct Life {
        tape: Tape,
        x: Var,
        y: Var,
    }
    let begin = |tape: Tape, value: f64| {
        let x = tape.var(value);
        Life { y: x * x * x, tape, x }
    };
    let mut rng = SmallRng::seed_from_u64(seed as u64);
    let (mut lives, mut ended, mut bits) = (Vec::<Life>::new(), Vec::<Var>::new(), Vec::new());
    for _ in 0..if cfg!(miri) { 60 } else { 2000 } {
        let value: f64 = rng.random_range(0.5..2.0);
        match rng.random_range(0..6) {
            0 | 1 if lives.len() < 20 => lives.push(begin(Tape::new(), value)),
            2 if !lives.is_empty() => {
                let any = rng.random_range(0..lives.len());
                ended.push(lives.remove(any).x);
            }
            3 => {
                if let Some(Life { tape, x, .. }) = lives.pop() {
                    tape.clear();
                    ended.push(x);
                    lives.push(begin(tape, value));
                }
            }
            4 => {
                assert_eq!(gradient(|x| x[0] * x[0], &[value]).1, [2.0 * value]);
            }
            _ => {}
        }
        for (age, Life { tape, x, y }) in lives.iter().rev().enumerate() {
            // A paused tape may be swept, but not recorded on.
            let slope = tape.backward(*y)[*x];
            assert!((slope - 3.0 * x.value().powi(2)).abs() < 1e-14);
            bits.push(slope.to_bits());
            if age > 0 && rng.random_range(0..500) == 0 {
                assert_eq!(message(|| *x * *y), PAUSED);
            }
        }
        if let (Some(x), 0) = (ended.last(), rng.random_range(0..100)) {
            assert_eq!(message(|| *x * 2.0), STALE);
        }
    }
    bits
}

#[test]
fn tapes_that_start_and_end_in_random_order_refuse_stale_variables() {
    let together = together(random_lives);
    let alone: Vec<_> = (0..THREADS).map(random_lives).collect();
    assert_eq!(together, alone);
    assert!(Tape::<f64>::new().is_empty());
}
