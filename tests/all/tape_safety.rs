//! A tape refuses stale variables, and survives panics and any order of drops.

use std::panic::catch_unwind;
use std::thread;

use dualtape::{Dual, Scalar, Tape, Var, affine, dot, function, fuse_map, gradient, sum, weighted_sum};
use num_traits::Zero;

use crate::support::refusals::{FOREIGN, PAUSED, STALE, message};

#[test]
fn a_variable_is_small_and_free_to_move() {
    fn free<T: Copy + Send + Sync + 'static>() {}
    free::<Var>();
    free::<Var<Dual<f64, 4>>>();
    assert_eq!(size_of::<Var>(), 16);
    assert_eq!(size_of::<Dual<f64, 3>>(), 40); // with its level
}

fn product<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
    [x * y]
}

fn mapped(x: &[Var], y: &[Var]) -> Var {
    sum(&fuse_map(&function!(product: [S; 2] -> [S; 1]), [x, y]).concat())
}

/// `6·x·y`. The 6 comes from a tape over the same numbers, with a kernel at slices.
fn with_a_tape_inside<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
    [x * y * S::from_f64(gradient(|z| mapped(z, z), &[3.0]).1[0])]
}

fn refusing<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
    assert!(y.value() != S::Real::zero(), "y is zero");
    [x / y]
}

#[test]
fn a_kernel_may_start_a_tape_of_its_own() {
    let tape = Tape::new();
    let x = tape.vars(&[2.0, 3.0]);
    let squares = mapped(&x, &x);
    let products = sum(&fuse_map(&function!(with_a_tape_inside: [S; 2] -> [S; 1]), [&x, &x]).concat());
    let again = mapped(&x, &x);
    assert_eq!((squares.value(), products.value()), (13.0, 6.0 * 13.0));
    assert_eq!(tape.backward(squares + products - again).wrt(&x), [24.0, 36.0]);
    assert_eq!(tape.backward(squares).wrt(&x), [4.0, 6.0]);
}

#[test]
fn a_kernel_that_panics_leaves_the_tape_as_it_was() {
    let tape = Tape::new();
    let x = tape.vars(&[2.0, 0.0]);
    let squares = mapped(&x, &x);
    let quotients = || fuse_map(&function!(refusing: [S; 2] -> [S; 1]), [&x, &x]);
    assert_eq!(message(quotients), "y is zero");
    let constants = mapped(&[Var::constant(3.0)], &[Var::constant(5.0)]);
    let later = mapped(&x[..1], &x[1..]);
    assert_eq!(tape.backward(squares + constants + later).wrt(&x), [4.0, 2.0]);
}

#[test]
fn a_variable_of_a_cleared_tape_is_refused() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    tape.clear();
    let fresh = tape.var(1.0);
    let operations: [fn(Var, Var) -> Var; 11] = [
        |x, _| x + 1.0,
        |x, y| x * y,
        |x, y| y * x,
        |x, y| y + x,
        |x, y| y - x,
        |x, y| x - y,
        |x, _| x.sin(),
        |x, y| dot(&[y, x], &[y, y]),
        |x, y| weighted_sum(&[y, x], &[1.0, 0.0]),
        |x, y| affine(&[y, y], &[x], 1)[0],
        |x, y| mapped(&[y, y], &[y, x]),
    ];
    for operation in operations {
        assert_eq!(message(|| operation(x, fresh)), STALE);
    }
    assert_eq!(message(|| tape.backward(x)), STALE);
    // The refusals left nothing on the tape.
    assert_eq!(tape.len(), 1);
    assert_eq!(tape.backward(fresh * fresh)[fresh], 2.0);
}

/// With a tape, without one, and where a tape left its memory.
#[test]
fn constants_are_not_recorded() {
    let [two, three] = [2.0, 3.0].map(Var::constant);
    let results = || [two + three, three + two, two - three, two * three, two * two, two + two, two + 1.0, -two];
    let tape = Tape::new();
    let x = tape.var(1.0);
    assert!(results().iter().all(|y| y.is_constant()));
    assert_eq!(tape.len(), 1);
    assert!(![x + two, two + x, two - x, x * two, two * x].iter().any(|y| y.is_constant()));
    assert_eq!(tape.len(), 6);
    drop(tape);
    assert!(results().iter().all(|y| y.is_constant()));
    assert!(Tape::<f64>::new().is_empty());
}

#[test]
fn a_variable_of_a_dropped_tape_is_refused() {
    let x = Tape::new().var(1.0);
    assert_eq!(message(|| x + 1.0), STALE);
    let tape = Tape::new();
    let y = tape.var(1.0);
    assert_eq!(message(|| x + y), STALE);
    assert_eq!(message(|| gradient(|_| x, &[1.0])), STALE);
}

#[test]
fn a_variable_of_another_thread_is_refused() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    thread::spawn(move || {
        assert_eq!(message(|| x.exp()), FOREIGN);
        let own = Tape::new();
        let y = own.var(2.0);
        assert_eq!(message(|| x * y), FOREIGN);
        assert_eq!(own.backward(y * y)[y], 4.0);
    })
    .join()
    .unwrap();
    assert_eq!(tape.backward(x * x)[x], 2.0);
}

#[test]
fn a_variable_of_a_paused_tape_is_refused() {
    let outer = Tape::new();
    let x = outer.var(1.0);
    let inner = Tape::new();
    let y = inner.var(2.0);
    assert_eq!(message(|| x + y), PAUSED);
    assert_eq!(message(|| outer.var(3.0)), PAUSED);
    drop(inner);
    assert_eq!(outer.backward(x * x)[x], 2.0);
}

#[test]
fn gradients_of_another_recording_are_refused() {
    let tape = Tape::new();
    let x = tape.var(1.0);
    let gradients = tape.backward(x * 2.0);
    tape.clear();
    assert_eq!(gradients[x], 2.0);
    let y = tape.var(1.0);
    assert_eq!(
        message(|| gradients[y]),
        "these gradients are of another recording than the variable 1.0 (variable 0): index them by variables that the \
         output was computed from"
    );
}

#[test]
fn tapes_may_be_dropped_in_any_order() {
    let first = Tape::new();
    let x = first.var(2.0);
    let second = Tape::new();
    let third = Tape::new();
    let z = third.var(3.0);
    drop(first);
    assert_eq!(third.backward(z * z)[z], 6.0);
    drop(third);
    let y = second.var(5.0);
    assert_eq!(second.backward(y * y)[y], 10.0);
    assert_eq!(message(|| x + 1.0), STALE);
}

#[test]
fn a_gradient_may_be_taken_inside_a_differentiated_function() {
    // The inner gradient's result is a plain number for the outer tape.
    let inner = |at: f64| gradient(|y| y[0] * y[0], &[at]).1[0];
    let (y, g) = gradient(|x| x[0] * inner(x[0].value()) + inner(1.0), &[3.0]);
    assert_eq!((y, g), (20.0, vec![6.0]));
    // Taken at the variable itself, the inner derivative is differentiated.
    let (_, g) = gradient(|x| gradient(|y| y[0].powi(3), x).1[0], &[2.0]);
    assert_eq!(g, [12.0]);
}

#[test]
fn a_panic_inside_the_function_leaves_the_thread_clean() {
    let outer = Tape::new();
    let x = outer.var(3.0);
    for _ in 0..3 {
        let failed = catch_unwind(|| gradient(|x| if x[0] > 0.0 { panic!("no") } else { x[0] }, &[1.0]));
        assert!(failed.is_err());
        assert_eq!(gradient(|x| x[0] * x[0], &[4.0]), (16.0, vec![8.0]));
    }
    assert_eq!(outer.backward(x * x * 2.0)[x], 12.0);
}

#[test]
fn a_million_operations_fit_a_small_stack() {
    let pairs = if cfg!(miri) { 500 } else { 500_000 };
    let work = move || {
        let tape = Tape::new();
        let x = tape.var(1.0);
        let mut y = x;
        for _ in 0..pairs {
            y = y * 0.999_999 + x;
        }
        let slope = tape.backward(y)[x];
        drop(tape);
        (y.value(), slope)
    };
    let (y, slope) = thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
    approx::assert_relative_eq!(y, slope, max_relative = 1e-12);
}

#[test]
fn any_number_of_passes_give_the_same_bits() {
    let tape = Tape::new();
    let x = tape.vars(&[0.3, 1.7, -2.1]);
    let y = (x[0] * x[1]).sin() / x[2] + (x[1] - x[2]).tanh();
    let z = x[0].exp() * x[0];
    let first = tape.backward(y).wrt(&x);
    assert_eq!(tape.backward(z).wrt(&x), [1.3 * 0.3_f64.exp(), 0.0, 0.0]);
    assert_eq!(tape.backward(y).wrt(&x), first);
    assert_eq!(tape.len(), 11);
}

#[test]
fn clearing_keeps_the_memory() {
    let rounds = if cfg!(miri) { 5 } else { 1000 };
    let tape = Tape::new();
    let mut capacity = None;
    for _ in 0..rounds {
        let (x, constant) = (tape.vars(&[1.5])[0], Var::constant(0.5));
        let y = (0..100).fold(x, |y, _| y.sin() * x + dot(&[x, y], &[y, x]) + mapped(&[x, constant], &[y, x]));
        assert_ne!(tape.backward(y)[x], 0.0);
        assert_eq!(*capacity.get_or_insert(tape.capacity_bytes()), tape.capacity_bytes());
        tape.clear();
        assert!(tape.is_empty());
    }
}

#[test]
fn constants_cost_nothing_on_a_tape() {
    let tape = Tape::new();
    let c = Var::constant(2.0);
    let d = (c * c + 1.0).sin() * dot(&[c, c], &[c, c]);
    assert!(d.is_constant() && tape.is_empty());
    let x = tape.var(3.0);
    assert_eq!(tape.backward(d)[x], 0.0);
    assert_eq!(tape.backward(x * d)[c], 0.0);
}

#[test]
fn a_variable_without_influence_has_derivative_zero() {
    // Even beside an infinite slope, and in both modes.
    let (_, g) = gradient(|x| x[0].sqrt() + x[1] + x[2] * 0.0, &[0.0, 1.0, 2.0]);
    assert_eq!(g, [f64::INFINITY, 1.0, 0.0]);
    let (_, g) = dualtape::gradient_forward(|x| x[0].sqrt() + x[1] + x[2] * 0.0, &[0.0, 1.0, 2.0]);
    assert_eq!(g, [f64::INFINITY, 1.0, 0.0]);
    // The side that was not chosen does not matter.
    assert_eq!(gradient(|x| x[0].sqrt().max(Var::constant(1.0)), &[0.0]).1, [0.0]);
    assert_eq!(dualtape::derivative(|x| x.sqrt().max(Dual::constant(1.0)), 0.0), (1.0, 0.0));
}

#[test]
fn constants_and_inputs_may_be_outputs() {
    assert_eq!(gradient(|_| Var::constant(7.0), &[1.0, 2.0]), (7.0, vec![0.0, 0.0]));
    assert_eq!(gradient(|x| x[1], &[1.0, 2.0]), (2.0, vec![0.0, 1.0]));
    assert_eq!(gradient(|_| Var::constant(7.0), &[]), (7.0, vec![]));
    assert_eq!(dualtape::gradient_forward(|_| Dual::constant(7.0), &[]), (7.0, vec![]));
    assert_eq!(gradient(|x| x[0] * x[0], &[3.0_f32]), (9.0_f32, vec![6.0_f32]));
}

#[test]
fn tapes_on_eight_threads_do_not_meet() {
    let gradients = if cfg!(miri) { 5 } else { 200 };
    let work = |seed: usize| {
        (0..gradients).fold(0.0, |total, i| {
            let (_, g) = gradient(|x| (x[0] * x[1]).sin(), &[seed as f64, i as f64 / 50.0]);
            total + g[0] + g[1]
        })
    };
    let alone: Vec<f64> = (0..8).map(work).collect();
    let together: Vec<f64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || work(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}
