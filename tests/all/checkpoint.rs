//! Loops with checkpoints have the bits of one recording.

use approx::assert_relative_eq;
use dualtape::{
    Checkpointed, Dual, Parametric, Real, Scalar, Tape, Var, derivative, dot, function, gradient, hessian, jacobian,
    jacobian_reverse, log_sum_exp,
};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::support::refusals::message;

/// A random program over registers, which hold the state, the parameters, and a result for each instruction. The last
/// results are the next state.
struct Program {
    width: usize,
    code: Vec<(u8, usize, usize)>,
}

impl Program {
    fn random(width: usize, parameters: usize, rng: &mut SmallRng) -> Program {
        let first = width + parameters;
        let code = (first..first + width + rng.random_range(0..10))
            .map(|next| (rng.random_range(0..9), rng.random_range(0..next), rng.random_range(0..next)))
            .collect();
        Program { width, code }
    }
}

impl<R: Real> Parametric<R> for &Program {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S], p: &[S]) -> Vec<S> {
        let mut registers = [x, p].concat();
        for &(operation, a, b) in &self.code {
            let (low, high) = (a.min(b), a.max(b) + 1);
            let slice = &registers[low..high];
            let (a, b) = (registers[a], registers[b]);
            registers.push(match operation {
                0 => a + b,
                1 => a - b,
                2 => (a * b).tanh(),
                3 => a / (b * b + R::one()),
                4 => a.sin(),
                5 => (a.abs() + R::one()).ln(),
                6 => a.max(b) * R::from_f64(0.75),
                7 => dot(slice, slice).atan(),
                _ => log_sum_exp(slice).tanh(),
            });
        }
        registers.split_off(registers.len() - self.width)
    }
}

const LENGTHS: [usize; 9] = [0, 1, 2, 3, 4, 7, 20, 61, 150];
const STORED: [usize; 6] = [1, 2, 3, 5, 13, 200];

/// The loss of the random loops.
fn loss<S: Scalar>(x: &[S], p: &[S]) -> S {
    x.iter().chain(p).enumerate().map(|(i, &x)| (x + S::from_f64(i as f64)).sin()).sum()
}

/// Compares all derivatives of random loops with one recording, by `to_bits`.
fn has_the_bits_of_one_recording<T: Scalar, B: PartialEq + std::fmt::Debug>(
    number: impl Fn(&mut SmallRng) -> T,
    bits: impl Fn(T) -> B + Copy,
) where
    for<'a> &'a Program: Parametric<T::Real, Output = Vec<T::Real>>,
{
    let mut rng = SmallRng::seed_from_u64(1);
    for steps in LENGTHS {
        for _ in 0..4 {
            let (width, parameters) = (rng.random_range(1..5), rng.random_range(0..4));
            let programs: Vec<Program> = (0..3).map(|_| Program::random(width, parameters, &mut rng)).collect();
            let mut numbers = |count| (0..count).map(|_| number(&mut rng)).collect::<Vec<T>>();
            let (x, p, u) = (numbers(width), numbers(parameters), numbers(width));

            let tape = Tape::new();
            let (first, parameters) = (tape.vars(&x), tape.vars(&p));
            let end = (10..10 + steps).fold(first.clone(), |x, t| (&programs[t % 3]).eval(&x, &parameters));
            let value = loss(&end, &parameters);
            let gradients = tape.backward(value);
            let seeds: Vec<_> = end.iter().copied().zip(u.iter().copied()).collect();
            let pulled = tape.backward_seeded(&seeds);
            let expected = [vec![value.primal()], gradients.wrt(&first), gradients.wrt(&parameters)];
            let expected_of_u = [end.iter().map(|y| y.primal()).collect(), pulled.wrt(&first), pulled.wrt(&parameters)];
            drop(tape);

            let all_bits = |parts: [Vec<T>; 3]| parts.map(|part| part.into_iter().map(bits).collect::<Vec<B>>());
            let (expected, expected_of_u) = (all_bits(expected), all_bits(expected_of_u));
            for stored in STORED {
                let checkpointed = Checkpointed::new(|t| &programs[t % 3], 10..10 + steps, stored);
                let (value, by_x, by_p) = checkpointed.gradient(loss, &x, &p);
                assert_eq!(all_bits([vec![value], by_x, by_p]), expected, "{steps} steps, {stored} stored");
                let (end, by_x, by_p) = checkpointed.vjp(&x, &p, &u);
                assert_eq!(all_bits([checkpointed.run(&x, &p), vec![], vec![]])[0], expected_of_u[0]);
                assert_eq!(all_bits([end, by_x, by_p]), expected_of_u, "{steps} steps, {stored} stored");
            }
        }
    }
}

#[test]
fn random_loops_have_the_bits_of_one_recording() {
    has_the_bits_of_one_recording(|rng| rng.random_range(-2.0..2.0), f64::to_bits);
    has_the_bits_of_one_recording(|rng| rng.random_range(-2.0..2.0), f32::to_bits);
}

#[test]
fn every_nesting_has_the_bits_of_one_recording() {
    has_the_bits_of_one_recording(
        |rng| Dual::new(rng.random_range(-2.0..2.0), [rng.random(), rng.random()]),
        |x: Dual<f64, 2>| [x.primal, x.partials[0], x.partials[1]].map(f64::to_bits),
    );
    has_the_bits_of_one_recording(
        |rng| Var::constant(Dual::new(rng.random_range(-2.0..2.0), [rng.random()])),
        |x: Var<Dual>| [x.primal().primal, x.primal().partials[0]].map(f64::to_bits),
    );
}

/// The logistic map, whose derivatives by the product rule are plain loops.
fn logistic<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    vec![p[0] * x[0] * (-x[0] + 1.0)]
}

#[test]
fn the_logistic_map_agrees_with_hand_written_derivatives() {
    let (mut x, mut by_x, mut by_p) = (0.3, 1.0, 0.0);
    let p = 3.2;
    for _ in 0..100 {
        (x, by_x, by_p) = (p * x * (1.0 - x), p * (1.0 - 2.0 * x) * by_x, x * (1.0 - x) + p * (1.0 - 2.0 * x) * by_p);
    }
    let map = Checkpointed::new(|_| function!(logistic: &[S], &[S] -> Vec<S>), 0..100, 4);
    let (y, slope_x, slope_p) = map.vjp(&[0.3], &[p], &[1.0]);
    assert_relative_eq!(y[0], x, max_relative = 1e-13);
    assert_relative_eq!(slope_x[0], by_x, max_relative = 1e-12);
    assert_relative_eq!(slope_p[0], by_p, max_relative = 1e-12);
}

/// exp(a·n/1000) after n steps of exact growth.
fn growth<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    vec![x[0] * (p[0] * 1e-3).exp()]
}

#[test]
fn second_derivatives_agree_in_every_order_of_modes() {
    let grow = Checkpointed::new(|_| function!(growth: &[S], &[S] -> Vec<S>), 0..500, 6);
    let by_hand = 0.25 * 2.0 * (0.5_f64 * 0.7).exp();
    // d²/da² of 2·exp(a/2) at a = 0.7: forward over reverse, reverse over reverse, and as an inner function.
    let forward = derivative(|a| grow.vjp(&[2.0.into()], &[a], &[1.0.into()]).2[0], 0.7).1;
    let reverse = gradient(|a| grow.vjp(&[2.0.into()], a, &[1.0.into()]).2[0], &[0.7]).1[0];
    let plain = hessian(|a| grow.run(&[Var::from_real(2.0)], a)[0], &[0.7]).2[0][0];
    for second in [forward, reverse, plain] {
        assert_relative_eq!(second, by_hand, max_relative = 1e-12);
    }
    // The mixed derivative d²/dx da is exp(a/2)/2, in both modes.
    let at = [2.0, 0.7];
    let slopes = |v: &[Dual<f64, 8>]| grow.gradient(|x, _| x[0], &v[..1], &v[1..]);
    let mixed = jacobian(|v| [slopes(v).1, slopes(v).2].concat(), &at).1;
    let of_variables = |v: &[Var]| grow.gradient(|x, _| x[0], &v[..1], &v[1..]);
    let mixed_reverse = jacobian_reverse(|v| [of_variables(v).1, of_variables(v).2].concat(), &at).1;
    for h in [mixed, mixed_reverse] {
        assert_eq!(h[0][0], 0.0);
        assert_relative_eq!(h[0][1], 0.5 * (0.5_f64 * 0.7).exp(), max_relative = 1e-12);
        assert_relative_eq!(h[1][0], 0.5 * (0.5_f64 * 0.7).exp(), max_relative = 1e-12);
        assert_relative_eq!(h[1][1], by_hand, max_relative = 1e-12);
    }
}

#[test]
fn states_that_are_passed_on_get_their_derivatives() {
    // A delay line keeps the bits. If one recording sums in another order, the results differ by rounding.
    fn delay<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
        vec![(x[0] * x[2] + p[0]).sin(), x[0], x[1]]
    }
    fn twice<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
        let y = (x[0] * x[1] + x[2] * p[0]).sin();
        vec![y, y, p[0]]
    }
    let at = [0.3, -0.2, 0.9, 1.1];
    let whole = |v: &[Var]| (0..40).fold(v[..3].to_vec(), |x, _| delay(&x, &v[3..]))[0];
    let pieces = Checkpointed::new(|_| function!(delay: &[S], &[S] -> Vec<S>), 0..40, 3);
    let (y, by_x, by_p) = pieces.gradient(|x, _| x[0], &at[..3], &at[3..]);
    assert_eq!(gradient(whole, &at), (y, [by_x, by_p].concat()));

    let whole = |v: &[Var]| (0..40).fold(v[..3].to_vec(), |x, _| twice(&x, &v[3..]))[0];
    let pieces = Checkpointed::new(|_| function!(twice: &[S], &[S] -> Vec<S>), 0..40, 3);
    let (y, by_x, by_p) = pieces.gradient(|x, _| x[0], &at[..3], &at[3..]);
    let (expected_y, expected) = gradient(whole, &at);
    assert_eq!(y, expected_y);
    for (slope, expected) in [by_x, by_p].concat().into_iter().zip(expected) {
        assert_relative_eq!(slope, expected, max_relative = 1e-12);
    }
}

#[test]
fn misuse_is_refused() {
    fn shorter<S: Scalar>(x: &[S], _: &[S]) -> Vec<S> {
        x[1..].to_vec()
    }
    let step = |_| function!(shorter: &[S], &[S] -> Vec<S>);
    assert_eq!(
        message(|| Checkpointed::new(step, 0..10, 0)),
        "a loop of 10 steps cannot be swept with 0 stored states: store at least 1, the initial one"
    );
    let shrinking = Checkpointed::new(step, 3..10, 2);
    let sentence = "step 3 made 1 elements of a state of 2; a step returns the next state";
    assert_eq!(message(|| shrinking.run(&[1.0, 2.0], &[])), sentence);
    assert_eq!(message(|| shrinking.gradient(|x, _| x[0], &[1.0, 2.0], &[])), sentence);
    assert_eq!(
        message(|| shrinking.vjp(&[1.0, 2.0], &[], &[1.0])),
        "vjp: the state has 2 elements and u has 1; pass one for each"
    );
    // A refusal leaves no recording behind.
    assert_eq!(gradient(|x| x[0] * x[0], &[3.0]).1, [6.0]);
}
