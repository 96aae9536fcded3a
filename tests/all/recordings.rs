//! Recordings: their sizes, their chunks, and how many at a time stay separate.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;

use dualtape::sparse::jacobian_sparse;
use dualtape::{Block, Dual, Scalar, Tape, Var, affine, derivative, dot, function, fuse_map, gradient, hessian, sum};

use crate::support::refusals::{FOREIGN, STALE, message};

/// The room for nodes of the first chunk, of the first four together, and of the largest ones.
const FIRST: usize = if cfg!(debug_assertions) { 16 } else { 512 };
const FOUR: usize = 15 * FIRST;
const LARGEST: usize = 16384;

/// The bytes of chunks for so many nodes: two partials of 8 bytes and two positions of 4 for each.
fn bytes(nodes: usize) -> usize {
    let (mut room, mut next) = (0, FIRST);
    while room < nodes {
        room += next;
        next = (2 * next).min(LARGEST);
    }
    room * 24
}

#[test]
fn the_capacity_of_a_recording_is_its_bytes() {
    // On a thread of its own, so that no memory is reused.
    thread::spawn(|| {
        let tape = Tape::<f64>::new();
        assert!(tape.is_empty());
        assert_eq!(tape.capacity_bytes(), 0);
        assert!(tape.vars(&[]).is_empty());
        assert_eq!(tape.capacity_bytes(), 0);
        let x = tape.vars(&[0.5; 1000]);
        assert!(!tape.is_empty());
        assert_eq!(tape.len(), 1000);
        // Independent variables are recorded together.
        assert!(tape.capacity_bytes() <= 256, "{} bytes", tape.capacity_bytes());
        x.iter().for_each(|&x| {
            let _ = x * x;
        });
        let statements = tape.capacity_bytes();
        assert!((bytes(1000)..=bytes(1000) + 256).contains(&statements), "{statements} bytes");
        // A long statement refers to a list of operands, without positions where they are consecutive.
        let _ = sum(&x);
        let operands = tape.capacity_bytes() - statements;
        assert!((1000 * 8..=1000 * 8 + 100).contains(&operands), "{operands} bytes");
        let _ = sum(&x.iter().rev().copied().collect::<Vec<Var>>());
        let operands = tape.capacity_bytes() - statements;
        assert!((2000 * 8 + 1000 * 4..=4000 * 8 + 2000 * 4).contains(&operands), "{operands} bytes");
        assert_eq!(format!("{tape:?}"), format!("Tape {{ len: 2002, capacity_bytes: {} }}", statements + operands));
    })
    .join()
    .expect("the sizes are right");
    thread::spawn(|| {
        let tape = Tape::<f64>::new();
        let x = tape.var(0.5);
        for _ in 0..1000 {
            let _ = sum(&[x]);
        }
        // Each has an operand of 8 bytes, 12 bytes for its place, and its end.
        let operands = tape.capacity_bytes() - bytes(1 + 1000);
        assert!((1000 * 24..=2000 * 24).contains(&operands), "{operands} bytes");
    })
    .join()
    .expect("the sizes are right");
}

#[test]
fn a_recording_holds_no_more_than_its_chunks() {
    thread::spawn(|| {
        let tape = Tape::<f64>::new();
        (0..1000).fold(tape.var(0.5), |y, _| y * 1.0);
        assert_eq!(tape.capacity_bytes(), bytes(1 + 1000));
    })
    .join()
    .expect("there is no more room than for the last chunk");
}

/// Clearing keeps the memory of all chunks, and it is used again before more is taken.
#[test]
fn cleared_chunks_are_used_again() {
    thread::spawn(|| {
        let tape = Tape::<f64>::new();
        let record = || (0..5 * LARGEST).fold(tape.var(0.5), |y, _| y * 1.0);
        record();
        let all = bytes(5 * LARGEST + 1);
        assert_eq!(tape.capacity_bytes(), all);
        for _ in 0..3 {
            tape.clear();
            assert_eq!(tape.capacity_bytes(), all);
            record();
            assert_eq!(tape.capacity_bytes(), all);
        }
    })
    .join()
    .expect("the memory is kept");
}

/// The first place of a chunk, and the last.
#[test]
fn variables_at_the_ends_of_chunks_get_their_derivatives() {
    let tape = Tape::new();
    let x: Vec<Var> = (0..2 * FOUR).map(|i| tape.var(i as f64)).collect();
    assert_eq!(tape.len(), 2 * FOUR);
    let y = x.iter().fold(Var::constant(0.0), |y, &x| y + x * x.value());
    assert_eq!(tape.backward(y).wrt(&x), (0..2 * FOUR).map(|i| i as f64).collect::<Vec<_>>());
}

/// A sweep that begins within a chunk finds the partials beside the nodes.
#[test]
fn a_sweep_that_begins_within_a_chunk_finds_the_partials_beside() {
    for before in 0..FOUR {
        let tape = Tape::new();
        let x = tape.var(3.0);
        let y = (0..before).fold(x, |y, _| y + 1.0);
        let block = tape.vars(&[5.0, 7.0]);
        let z = (0..FOUR).fold(block[0] * y, |z, _| z + 1.0) * block[1];
        let gradients = tape.backward(z);
        let at = 3.0 + before as f64;
        assert_eq!(gradients.wrt(&[x, block[0], block[1]]), [35.0, 7.0 * at, 5.0 * at + FOUR as f64], "{before}");
    }
}

#[test]
fn operands_far_apart_get_their_derivatives() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    (0..70_000).fold(x, |y, _| y + 1.0);
    let y = tape.var(3.0);
    assert_eq!(tape.backward(x * y).wrt(&[x, y]), [3.0, 2.0]);
}

/// An independent variable has no arguments, so its adjoint reaches no other variable.
#[test]
fn an_infinite_adjoint_of_a_variable_reaches_no_other() {
    let tape = Tape::new();
    let x = [1.0, 2.0].map(|x| tape.var(x));
    assert_eq!(tape.backward_seeded(&[(x[1], f64::INFINITY)]).wrt(&x), [0.0, f64::INFINITY]);
}

/// A sweep sums the arguments of a statement from the first to the last.
#[test]
fn arguments_are_summed_from_the_first_to_the_last() {
    let x = 0.187_f64;
    let (first, second) = (((0.1 + x) + x) + 1.0, ((0.1 + 1.0) + x) + x);
    assert_ne!(first, second);
    assert_eq!(gradient(|x| x[0].mul_add(x[0], x[0]) + x[0] * 0.1, &[x]).1, [first]);
}

/// An operation on one variable twice has one argument.
#[test]
fn the_partials_of_one_variable_are_added_up_first() {
    let x: f64 = 0.7;
    let (_, by) = gradient(|x| x[0].pow(x[1]), &[x, x]);
    let (first, second) = (0.1 + (by[0] + by[1]), (0.1 + by[0]) + by[1]);
    assert_ne!(first, second);
    assert_eq!(gradient(|x| x[0].pow(x[0]) + x[0] * 0.1, &[x]).1, [first]);
    let tape = Tape::new();
    let x = tape.var(f64::MAX);
    assert_eq!((tape.backward(x / x)[x], tape.backward(x - x)[x]), (0.0, 0.0));
}

#[test]
fn many_variables_fit_after_many_statements() {
    let tape = Tape::new();
    (0..70_000).fold(tape.var(1.0), |y: Var, _| y * 1.0);
    assert_eq!(tape.vars(&vec![0.0; 1 << 17]).len(), 1 << 17);
}

fn product<S: Scalar>([x, y]: [S; 2]) -> [S; 1] {
    [x * y]
}

#[derive(Clone)]
struct Same;

impl Block for Same {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        x.to_vec()
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        u.to_vec()
    }
}

#[test]
fn the_capacity_of_blocks_is_their_bytes() {
    thread::spawn(|| {
        let tape = Tape::<f64>::new();
        let x = [0.5; 3].map(|x| tape.var(x));
        for _ in 0..1024 {
            fuse_map(&function!(product: [S; 2] -> [S; 1]), [&x[..2], &[x[2], x[0]]]);
        }
        // A block has 48 bytes, one of a kernel 48 more, 8 for each partial, 12 for each input, and 4 for a position in no
        // order. Lists double as they grow, so that these fill them.
        let of_kernels = 1024 * (48 + 48 + 4 * 8 + 2 * 12 + 2 * 4) + bytes(3);
        assert_eq!(tape.capacity_bytes(), of_kernels);
        // A layer has 104, of which there is room for 4 at least, and keeps parameters, inputs and slopes.
        affine(&x[..2], &x[2..], 1);
        let of_blocks = of_kernels + 1024 * 48 + 4 * 104;
        assert_eq!(tape.capacity_bytes(), of_blocks + 4 * 8);
        // A custom block keeps its inputs and its results.
        Same.apply(&x);
        assert_eq!(tape.capacity_bytes(), of_blocks + 4 * 8 + 6 * 8);
        // Clearing frees these.
        tape.clear();
        assert_eq!(tape.capacity_bytes(), of_blocks);
    })
    .join()
    .expect("the sizes are right");
}

#[test]
fn each_of_several_paused_tapes_is_found() {
    let first = Tape::new();
    let x = first.var(1.0);
    let second = Tape::new();
    let y = second.vars(&[2.0, 3.0]);
    let third = Tape::new();
    let z = third.vars(&[4.0, 5.0, 6.0]);
    assert_eq!((first.len(), second.len(), third.len()), (1, 2, 3));
    second.clear();
    assert_eq!((first.len(), second.len(), third.len()), (1, 0, 3));
    drop(second);
    assert_eq!((first.len(), third.len()), (1, 3));
    assert!(message(|| y[0] * y[1]).starts_with(STALE));
    assert_eq!(third.backward(z[0] * z[2]).wrt(&z), [6.0, 0.0, 4.0]);
    drop(third);
    assert_eq!(first.backward(x * x)[x], 2.0);
}

/// Every recording of the process has a stamp of its own (I7), on any thread.
#[test]
#[cfg_attr(miri, ignore = "too many recordings")]
fn recordings_of_many_threads_are_not_confused() {
    let mut variables: Vec<Var> = Vec::new();
    let mut gradients = Vec::new();
    for _ in 0..20 {
        let earlier = variables.clone();
        let new = thread::spawn(move || {
            let record = |_| {
                let own = Tape::new();
                let y = own.var(2.0);
                for &x in &earlier {
                    assert!(message(|| x + y).starts_with(FOREIGN));
                    assert!(message(|| sum(&[x])).starts_with(FOREIGN));
                    assert!(message(|| dot(&[y, x], &[y, y])).starts_with(FOREIGN));
                }
                (y, own.backward(y * y))
            };
            [(); 2].map(record)
        });
        for (y, gradient) in new.join().expect("all are refused") {
            variables.push(y);
            gradients.push(gradient);
        }
    }
    for (i, &x) in variables.iter().enumerate() {
        for (j, gradient) in gradients.iter().enumerate() {
            let outcome = catch_unwind(AssertUnwindSafe(|| gradient[x]));
            assert_eq!(outcome.ok(), (i == j).then_some(4.0));
        }
    }
}

/// Threads draw stamps in blocks. A variable from thousands of blocks ago is still refused.
#[test]
#[cfg_attr(miri, ignore = "too many recordings")]
fn recordings_of_thousands_of_threads_are_not_confused() {
    let x: Var = thread::spawn(|| Tape::new().var(3.0)).join().expect("a variable");
    for _ in 0..4200 {
        let refused = thread::spawn(move || {
            let own = Tape::<f64>::new();
            let y = own.var(1.0);
            catch_unwind(AssertUnwindSafe(|| own.backward(y)[x])).is_err()
        });
        assert!(refused.join().expect("no panic but the caught one"));
    }
}

#[test]
#[cfg_attr(miri, ignore = "too many recordings")]
fn a_thread_knows_its_own_recordings_among_many() {
    // More than a block of stamps, of which another thread draws one in between.
    const MANY: usize = 5000;
    let (to_second, inbox) = channel::<()>();
    let (outbox, from_second) = channel::<Var>();
    let second = thread::spawn(move || {
        while inbox.recv().is_ok() {
            outbox.send(Tape::new().var(1.0)).expect("the other thread waits");
        }
    });
    let first = thread::spawn(move || {
        let mut own: Vec<Var> = vec![Tape::new().var(1.0)];
        to_second.send(()).expect("the other thread waits");
        let foreign = from_second.recv().expect("a variable");
        own.extend((1..MANY).map(|_| Tape::new().var(1.0)));
        for (i, &x) in own.iter().enumerate() {
            let text = message(|| x.sin());
            assert!(text.starts_with(STALE), "recording {i}: {text}");
        }
        let text = message(|| foreign.sin());
        assert!(text.starts_with(FOREIGN), "{text}");
    });
    first.join().expect("each is told apart");
    second.join().expect("no panic");
}

/// An infinite slope times a partial that is exactly 0 is 0, in a long statement too.
#[test]
fn a_zero_partial_beats_an_infinite_slope_in_a_long_statement() {
    assert_eq!(gradient(|x| dot(x, x).sqrt(), &[0.0, 0.0]).1, [0.0, 0.0]);
    let weights = [Var::constant(0.0), Var::constant(2.0)];
    assert_eq!(gradient(|x| dot(x, &weights).sqrt(), &[3.0, 0.0]).1, [0.0, f64::INFINITY]);
    assert_eq!(gradient(|x| dot(&[x[1], x[0]], &weights).sqrt(), &[0.0, 3.0]).1, [f64::INFINITY, 0.0]);
}

#[test]
fn a_function_is_called_once_at_its_point() {
    let calls = RefCell::new(Vec::new());
    let outer = |x: Dual| {
        let inner = |y: Dual| {
            calls.borrow_mut().push(y.primal);
            y * y
        };
        x * derivative(inner, 3.0).1
    };
    assert_eq!(derivative(outer, 1.0).1, 6.0);
    assert_eq!(calls.into_inner(), [3.0]);
}

#[test]
fn a_matrix_knows_its_shape() {
    let (_, jacobian) = dualtape::jacobian(|x| vec![x[0] + x[1], x[1], x[0]], &[2.0, 3.0]);
    assert_eq!(jacobian.shape(), (3, 2));
    assert_eq!(hessian(|x| x[0] * x[1] * x[2], &[1.0; 3]).2.shape(), (3, 3));
    assert_eq!(format!("{jacobian:?}"), "[[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]");
}

#[test]
fn a_column_of_a_hessian_is_computed_once() {
    let variables = RefCell::new(Vec::new());
    let (_, g, h) = hessian(
        |x| {
            variables.borrow_mut().push(x.iter().filter(|x| !x.is_constant()).count());
            x.windows(2).map(|x| x[0].powi(2) * x[1]).sum()
        },
        &[1.0; 20],
    );
    assert_eq!(*variables.borrow(), [20, 12, 4]);
    assert_eq!(g, [&[2.0][..], &[3.0; 18], &[1.0]].concat());
    for (i, row) in h.rows().enumerate() {
        for (k, &entry) in row.iter().enumerate() {
            let counts = i.abs_diff(k) < 2 && i.min(k) < 19;
            assert_eq!(entry, if counts { 2.0 } else { 0.0 }, "({i}, {k})");
        }
    }
}

#[test]
fn slices_in_any_order_get_their_derivatives() {
    let tape = Tape::new();
    let x = tape.vars(&[2.0, 3.0, 5.0]);
    assert_eq!(tape.backward(sum(&[x[2], x[0]])).wrt(&x), [1.0, 0.0, 1.0]);
    assert_eq!(tape.backward(dot(&[x[1], x[0]], &[x[0], x[1]])).wrt(&x), [6.0, 4.0, 0.0]);
    assert_eq!(tape.backward(sum(&[x[0], Var::constant(1.0), x[1]])).wrt(&x), [1.0, 1.0, 0.0]);
    assert_eq!(tape.backward(sum(&[Var::constant(1.0), x[0], x[0]])).wrt(&x), [2.0, 0.0, 0.0]);
    // Swapped variables are no run.
    let weights = [1.0, 10.0, 100.0].map(Var::constant);
    assert_eq!(tape.backward(dot(&[x[0], x[2], x[1]], &weights)).wrt(&x), [1.0, 100.0, 10.0]);
}

/// Neurons that were recorded one by one are at equal distances.
#[test]
fn slices_at_equal_distances_get_their_derivatives() {
    const WEIGHTS: [f64; 20] =
        [0.0, 1.0, -2.0, 3.0, 0.0, 5.0, 6.0, -7.0, 8.0, 9.0, 10.0, 0.0, 12.0, 13.0, 14.0, -15.0, 16.0, 17.0, 18.0, 0.0];
    let tape = Tape::new();
    let x = tape.vars(&WEIGHTS);
    for (distance, len) in (1..=5).flat_map(|distance| (0..=20 / distance).map(move |len| (distance, len))) {
        for start in 0..=20 - distance * len {
            let picked: Vec<usize> = (start..).step_by(distance).take(len).collect();
            for shuffled in [false, true] {
                let mut picked = picked.clone();
                if shuffled && len > 2 {
                    picked.swap(1, 2);
                }
                let operands: Vec<Var> = picked.iter().map(|&i| x[i]).collect();
                let weights: Vec<Var> = WEIGHTS[..len].iter().map(|&weight| Var::constant(weight)).collect();
                let y = dot(&operands, &weights);
                let mut expected = [[0.0; 2]; 20];
                for (&i, weight) in picked.iter().zip(WEIGHTS) {
                    expected[i] = if weight == 0.0 { [0.0; 2] } else { [weight, f64::INFINITY.copysign(weight)] };
                }
                let single = tape.backward(y).wrt(&x);
                let infinite = tape.backward_seeded(&[(y, f64::INFINITY)]).wrt(&x);
                let lanes = tape.backward_lanes(&[(y, [1.0, f64::INFINITY])]);
                for (i, expected) in expected.into_iter().enumerate() {
                    assert_eq!([single[i], infinite[i]], expected, "{picked:?}");
                    assert_eq!(lanes.lanes(x[i]), expected, "{picked:?}");
                }
            }
        }
    }
}

fn spaced<S: Scalar>(x: &[S]) -> Vec<S> {
    vec![sum(&[x[0], x[2], x[4]]), dot(&[x[1], x[3]], &[x[0], x[0]]), sum(&[x[4], x[2]])]
}

#[test]
fn slices_at_equal_distances_depend_on_their_elements_alone() {
    let jacobian = jacobian_sparse(&function!(spaced: &[S] -> Vec<S>), &[1.0, 2.0, 3.0, 4.0, 5.0]).1;
    let rows = [0, 1, 2].map(|i| jacobian.row(i).collect::<Vec<_>>());
    assert_eq!(rows[0], [(0, 1.0), (2, 1.0), (4, 1.0)]);
    assert_eq!(rows[1], [(0, 6.0), (1, 1.0), (3, 1.0)]);
    assert_eq!(rows[2], [(2, 1.0), (4, 1.0)]);
}

/// The sweep goes from chunk to chunk of nodes between blocks.
#[test]
fn a_sweep_crosses_chunks_between_blocks() {
    let chain = |x: Var| (0..1000).fold(x, |y, _| y + 1.0);
    let layer = |x: Var| affine(&[x, Var::constant(2.0)], &[chain(x)], 1)[0];
    let (y, g) = gradient(|x| chain(layer(layer(x[0]))), &[3.0]);
    // z = x(x + 1000) + 2, and y = z(z + 1000) + 1002.
    let z = 3.0 * 1003.0 + 2.0;
    assert_eq!((y, g), (z * (z + 1000.0) + 1002.0, vec![(2.0 * z + 1000.0) * 1006.0]));
}

#[test]
fn a_lane_without_influence_stays_zero_beside_an_infinite_slope() {
    let tape = Tape::new();
    let x = tape.var(0.0);
    let (y, z) = (x.sqrt(), x * 3.0);
    let lanes = tape.backward_lanes(&[(y, [1.0, 0.0, -2.0]), (z, [0.0, 1.0, 0.0])]);
    assert_eq!(lanes.lanes(x), [f64::INFINITY, 3.0, f64::NEG_INFINITY]);
}
