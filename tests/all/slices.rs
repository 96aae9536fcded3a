//! Statements over slices of variables recorded in any order, and kernels at their elements.

use std::cell::{Cell, RefCell};

use dualtape::{
    Dual, Function, Scalar, Tape, Var, affine, check, dot, function, fuse, fuse_map, gradient, jacobian_forward,
    jacobian_reverse, jvp, sum, weighted_sum,
};

use crate::support::refusals::{STALE, message};

fn squares<S: Scalar<Real = f64>>([x]: [S; 1]) -> [S; 1] {
    [x * x]
}

fn roots<S: Scalar<Real = f64>>(x: [S; 16]) -> [S; 1] {
    [x[1..].iter().fold(x[0].sqrt(), |sum, x| sum + x.sqrt())]
}

fn root<S: Scalar<Real = f64>>([x]: [S; 1]) -> [S; 1] {
    [x.sqrt()]
}

#[test]
fn blocks_at_every_other_variable_get_their_derivatives() {
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let every_other = |x: &[Var]| -> Vec<Var> { x.iter().step_by(2).copied().collect() };
    let squared = |x: &[Var]| sum(&fuse_map(&function!(squares: [S; 1] -> [S; 1]), [&every_other(x)])[0]);
    assert_eq!(gradient(squared, &x), (35.0, vec![2.0, 0.0, 6.0, 0.0, 10.0, 0.0]));
    let layer = |x: &[Var]| affine(&[1.0, 2.0, 3.0, 4.0].map(Var::constant), &every_other(x), 1)[0];
    assert_eq!(gradient(layer, &x), (26.0, vec![1.0, 0.0, 2.0, 0.0, 3.0, 0.0]));
}

/// The first variable and the last stand where a run would have them.
#[test]
fn a_slice_with_one_variable_out_of_place_gets_its_derivatives() {
    for len in [4, 5, 8, 11, 12] {
        let weights: Vec<f64> = (1..=len).map(f64::from).collect();
        for odd in 2..weights.len() - 1 {
            let with = |x: &[Var], other: Var| {
                let mut x = x.to_vec();
                x[odd] = other;
                weighted_sum(&x, &weights)
            };
            let mut expected = weights.clone();
            expected[0] += expected[odd];
            expected[odd] = 0.0;
            assert_eq!(gradient(|x| with(x, x[0]), &weights).1, expected, "{odd} of {len}");
            expected[0] = 1.0;
            assert_eq!(gradient(|x| with(x, Var::constant(7.0)), &weights).1, expected, "{odd} of {len}");
            let stale: Var = Tape::new().var(1.0);
            assert_eq!(message(|| gradient(|x| with(x, stale), &weights)), STALE, "{odd} of {len}");
        }
    }
}

/// The next tape has the next stamp, so the places of both tapes could pass for one slice.
#[test]
fn a_slice_with_a_variable_of_a_dropped_tape_is_refused() {
    let tape: Tape = Tape::new();
    let x = tape.vars(&[1.0; 6]);
    let stale: Var = Tape::new().var(1.0);
    for first in x {
        assert_eq!(message(|| sum(&[first, stale])), STALE);
    }
}

#[test]
fn a_zero_adjoint_beats_an_infinite_slope_before_finite_ones() {
    let weighted = |x: &[Var]| {
        let y = fuse_map(&function!(root: [S; 1] -> [S; 1]), [x]);
        y[0].iter().zip([0.0, 1.0]).map(|(&y, weight)| y * weight).sum::<Var>()
    };
    assert_eq!(gradient(weighted, &[0.0, 4.0]), (2.0, vec![0.0, 0.25]));
}

/// The zero adjoint beats the infinite slope.
#[test]
fn a_zero_adjoint_beats_one_infinite_slope_of_sixteen() {
    for odd in 0..16 {
        let mut at = vec![4.0; 16];
        at[odd] = 0.0;
        let f = |x: &[Var]| {
            let x: [&[Var]; 16] = std::array::from_fn(|lane| &x[lane..lane + 1]);
            fuse_map(&function!(roots: [S; 16] -> [S; 1]), x)[0][0] * 0.0 + x[0][0]
        };
        assert!(gradient(f, &at).1.iter().all(|g| g.is_finite()), "{odd}");
    }
}

#[test]
fn a_layer_at_many_rows_has_its_biases_in_every_reading() {
    let inputs: Vec<f64> = (0..128).map(|i| f64::from(i).sin()).collect();
    let neurons = [0.5, -0.25, 3.0, 1.5, 2.0, -7.0];
    let duals: Vec<Dual> = inputs.iter().map(|&x| Dual::constant(x)).collect();
    let y = affine(&neurons.map(Dual::constant), &duals, 64);
    assert_eq!(y.iter().map(|y| y.primal).collect::<Vec<_>>(), affine(&neurons, &inputs, 64));
}

/// A zero adjoint beats an infinite weight, and an infinite input.
#[test]
fn a_zero_adjoint_beats_infinite_weights_and_inputs() {
    const INF: f64 = f64::INFINITY;
    let of_input = |x: &[Var]| affine(&[INF, 0.0, 1.0, 0.0].map(Var::constant), x, 1)[1];
    assert_eq!(gradient(of_input, &[2.0]), (2.0, vec![1.0]));
    let of_neurons = |w: &[Var]| affine(w, &[Var::constant(INF)], 1)[1];
    assert_eq!(gradient(of_neurons, &[1.0, 0.0, 1.0, 0.0]), (INF, vec![0.0, 0.0, INF, 1.0]));
}

/// From sixteen terms on sums are vector code.
#[test]
fn sums_over_slices_agree_in_every_reading() {
    for n in [1, 2, 7, 16, 19] {
        let weights: Vec<f64> = (0..n).map(|i| (i as f64).sin() + 2.0).collect();
        let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let sums = function!([weights: &[f64]] |x: &[S]| -> [S; 3] { [sum(x), dot(x, x), weighted_sum(x, weights)] });
        check(&sums, &x).assert_agreement();
    }
}

/// One term has an infinite slope and a factor of zero, among so many that sums run in blocks.
#[test]
fn a_zero_factor_beats_an_infinite_slope_in_every_reading() {
    for n in [1, 2, 8, 11, 40] {
        for place in [0, n / 2, n - 1] {
            let mut factors: Vec<f64> = (0..n).map(|i| i as f64 - 2.5).collect();
            factors[place] = 0.0;
            let roots = function!([factors: &[f64], place: usize] |x: &[S]| -> [S; 2] {
                let mut x = x.to_vec();
                x[place] = x[place].sqrt();
                let constants: Vec<S> = factors.iter().map(|&factor| S::from_real(factor)).collect();
                [dot(&x, &constants), weighted_sum(&x, factors)]
            });
            let mut x = vec![1.0; n];
            x[place] = 0.0;
            for slopes in [
                jacobian_forward(|x| roots.eval(x), &x).1,
                jacobian_reverse(|x| roots.eval(x), &x).1,
                jacobian_forward(|x| jvp(|x| roots.eval(x), x, &vec![Dual::constant(1.0); n]).0, &x).1,
                jacobian_reverse(|x| jacobian_forward(|x| roots.eval(x), x).0, &x).1,
            ] {
                assert_eq!(slopes.rows().collect::<Vec<_>>(), [&factors[..], &factors[..]], "{place} of {n}");
            }
        }
    }
}

#[test]
fn a_kernel_is_called_once() {
    struct Counted(Cell<usize>);

    impl Function for Counted {
        type Output = [f64; 1];

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 1] {
            self.0.set(self.0.get() + 1);
            [x[0] * x[1]]
        }
    }

    let (counted, tape) = (Counted(Cell::default()), Tape::<f64>::new());
    let x = tape.vars(&[0.5, 2.0]);
    fuse(&counted, [x[0], x[1]]);
    assert_eq!(counted.0.replace(0), 1);
    fuse_map(&counted, [&x[..], &x[..]]);
    assert_eq!(counted.0.replace(0), 2);
    gradient(|x| fuse(&counted, [x[0], x[1]])[0], &x);
    assert_eq!(counted.0.replace(0), 1);
}

/// Ends a recording while it is evaluated.
struct Ends<F: Fn()>(F);

impl<F: Fn()> Function for Ends<F> {
    type Output = [f64; 1];

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 1] {
        (self.0)();
        [x[0] * x[0]]
    }
}

#[test]
fn a_kernel_that_ends_its_recording_is_refused() {
    let tape: Tape = Tape::new();
    let x = tape.vars(&[0.5, 2.0]);
    fuse_map(&function!(squares: [S; 1] -> [S; 1]), [&x[..]]);
    assert_eq!(message(|| fuse_map(&Ends(|| tape.clear()), [&x[..]])), STALE);
    // The next recording is not touched by it.
    let x = tape.vars(&[3.0]);
    let [y] = fuse_map(&function!(squares: [S; 1] -> [S; 1]), [&x[..]]);
    assert_eq!(tape.backward(y[0])[x[0]], 6.0);
    drop(tape);

    let tape: Tape = Tape::new();
    let x = tape.vars(&[0.5, 2.0]);
    let tape = RefCell::new(Some(tape));
    assert_eq!(message(|| fuse_map(&Ends(|| drop(tape.take())), [&x[..]])), STALE);
}

/// A kernel whose first slope is infinite where its first input is 0.
fn bent<S: Scalar<Real = f64>>([x, y, z]: [S; 3]) -> [S; 2] {
    [x.sqrt() * y + z, z * z - x * y]
}

#[test]
fn a_kernel_at_many_elements_has_the_derivatives_of_single_kernels() {
    let bent = function!(bent: [S; 3] -> [S; 2]);
    for n in [0, 1, 3, 4, 11, 16] {
        // Everywhere smooth, and with an infinite slope among the elements that are evaluated together, or after them.
        for kink in [None, Some(2), Some(n.max(1) - 1)] {
            let x: Vec<f64> =
                (0..3 * n).map(|i| if Some(i) == kink { 0.0 } else { 1.0 + (i as f64).sin().abs() }).collect();
            let weights: Vec<f64> = (0..2 * n).map(|i| (1.3 * i as f64).cos()).collect();
            let mapped = |x: &[Var]| {
                let [a, b] = fuse_map(&bent, [&x[..n], &x[n..2 * n], &x[2 * n..]]);
                weighted_sum(&[a, b].concat(), &weights)
            };
            let single = |x: &[Var]| {
                let [mut a, mut b] = [Vec::new(), Vec::new()];
                for i in 0..n {
                    let [first, second] = fuse(&bent, [x[i], x[n + i], x[2 * n + i]]);
                    a.push(first);
                    b.push(second);
                }
                weighted_sum(&[a, b].concat(), &weights)
            };
            let (mapped, single) = (gradient(mapped, &x), gradient(single, &x));
            assert_eq!(format!("{mapped:?}"), format!("{single:?}"), "{n} elements, a kink at {kink:?}");
        }
    }
}
