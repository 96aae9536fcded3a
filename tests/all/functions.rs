//! Functions as values: their signatures, and the same results in every mode.

use std::cell::RefCell;

use approx::assert_relative_eq;
use dualtape::{
    Dual, Function, LANES, Outputs, Parametric, Real, Scalar, Var, dot, function, gradient, gradient_forward, hessian,
    jacobian, jacobian_reverse, sum,
};

use crate::support::refusals::message;

fn slice<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    x[0] * x[1]
}

fn single<S: Scalar>(x: S) -> S {
    x * x
}

fn array_to_vec<S: Scalar>([a, b]: [S; 2]) -> Vec<S> {
    vec![a + b, a * b, a - b]
}

fn reference_to_array<S: Scalar>(x: &[S; 2]) -> [S; 2] {
    [x[1], x[0] * x[0]]
}

fn slice_into<S: Scalar>(x: &[S], y: &mut [S]) {
    y[0] = x[0] * x[1];
    y[2] = x[1];
}

fn outputs<F: Function>(f: &F, x: &[f64]) -> Vec<f64> {
    F::Output::as_slice(&f.eval(x)).to_vec()
}

#[test]
fn every_signature_makes_a_function() {
    let x = [2.0, 3.0];
    assert_eq!(outputs(&function!(slice), &x), [6.0]);
    assert_eq!(outputs(&function!(slice: &[S] -> S), &x), [6.0]);
    assert_eq!(outputs(&function!(single: S -> S), &x[..1]), [4.0]);
    assert_eq!(outputs(&function!(array_to_vec: [S; 2] -> Vec<S>), &x), [5.0, 6.0, -1.0]);
    assert_eq!(outputs(&function!(reference_to_array: &[S; 2] -> [S; 2]), &x), [3.0, 4.0]);
    assert_eq!(outputs(&function!(slice_into: &[S] -> &mut [S; 3]), &x), [6.0, 0.0, 3.0]);
    assert_eq!(function!(f32, slice: &[S] -> S).gradient(&[2.0_f32, 3.0]), (6.0, vec![3.0, 2.0]));
    let (y, j) = function!(slice_into: &[S] -> &mut [S; 3]).jacobian(&x);
    assert_eq!(y, [6.0, 0.0, 3.0]);
    assert_eq!(j.into_entries(), [3.0, 2.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn a_function_of_two_slices_has_parameters() {
    fn scaled<S: Scalar>(x: &[S], p: &[S]) -> [S; 1] {
        [dot(x, p)]
    }
    assert_eq!(function!(scaled: &[S], &[S] -> [S; 1]).eval(&[1.0, 2.0], &[3.0, 4.0]), [11.0]);
}

#[test]
fn a_wrong_number_of_inputs_is_refused() {
    let wanted = "a function of 2 inputs was called with 3";
    assert_eq!(message(|| function!(array_to_vec: [S; 2] -> Vec<S>).jacobian(&[1.0; 3])), wanted);
    assert_eq!(message(|| function!(reference_to_array: &[S; 2] -> [S; 2]).eval(&[1.0; 3])), wanted);
    assert_eq!(message(|| function!(single: S -> S).eval(&[1.0; 2])), "a function of 1 inputs was called with 2");
}

/// A sum of products of neighbours.
fn chain<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x.windows(2).map(|x| (x[0] * x[1]).sin()).sum()
}

/// The products of neighbours, every `every`-th of them.
struct Products {
    every: usize,
}

impl Function for Products {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        x.windows(2).step_by(self.every).map(|x| x[0] * x[1]).collect()
    }
}

#[test]
fn the_choice_of_the_mode_does_not_show() {
    for n in [2, 16, 17, 32, 33, 70] {
        let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let (y, g) = function!(chain).gradient(&x);
        for (other, other_g) in [gradient(chain, &x), gradient_forward(chain, &x)] {
            assert_eq!(y, other);
            g.iter().zip(&other_g).for_each(|(a, b)| assert_relative_eq!(a, b, max_relative = 1e-15));
        }
        assert_eq!(function!(chain).hessian(&x), hessian(chain, &x));
        for every in [1, 4, 1000] {
            let f = Products { every };
            let expected = jacobian(|x| f.eval(x), &x);
            assert_eq!(f.jacobian(&x), expected);
            assert_eq!(jacobian_reverse(|x| f.eval(x), &x), expected);
        }
    }
}

/// The sum of the inputs. It notes the size of each scalar that evaluates it.
struct Watched<'a>(&'a RefCell<Vec<usize>>);

impl Function for Watched<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.0.borrow_mut().push(size_of::<S>());
        sum(x)
    }
}

/// The same as several outputs.
struct Repeated<'a> {
    of: Watched<'a>,
    times: usize,
}

impl Function for Repeated<'_> {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        vec![self.of.eval(x); self.times]
    }
}

#[test]
fn the_mode_follows_the_shape() {
    const PLAIN: usize = size_of::<f64>();
    // Bare numbers have no level.
    const FORWARD: usize = size_of::<Dual<f64, LANES>>() - size_of::<u64>();
    const REVERSE: usize = size_of::<Var>();

    let sizes = RefCell::default();
    let gradient_of = |inputs: usize| {
        Watched(&sizes).gradient(&vec![1.0; inputs]);
        sizes.take()
    };
    assert_eq!(gradient_of(16), [FORWARD; 2]);
    assert_eq!(gradient_of(17), [REVERSE]);
    let jacobian_of = |inputs: usize, times: usize| {
        Repeated { of: Watched(&sizes), times }.jacobian(&vec![1.0; inputs]);
        sizes.take()
    };
    assert_eq!(jacobian_of(32, 1), [FORWARD; 4]);
    assert_eq!(jacobian_of(33, 1), [PLAIN, REVERSE]);
    assert_eq!(jacobian_of(40, 20), [PLAIN, FORWARD, FORWARD, FORWARD, FORWARD, FORWARD]);
    assert_eq!(jacobian_of(41, 20), [PLAIN, REVERSE]);
}

#[test]
fn functions_without_inputs_or_outputs_are_differentiated() {
    assert_eq!(Products { every: 1 }.jacobian::<f64>(&[]).0, [0.0; 0]);
    assert_eq!(Products { every: 1 }.jacobian(&[1.0]).1.shape(), (0, 1));
    assert_eq!(Products { every: 1 }.jacobian(&[1.0; 40]).1.shape(), (39, 40));
    assert_eq!(function!(chain).gradient::<f64>(&[]), (0.0, vec![]));
}

#[test]
fn methods_nest() {
    let x: Vec<f64> = (0..20).map(|i| (f64::from(i) * 0.3).sin()).collect();
    let (_, _, expected) = hessian(chain, &x);
    let (_, forward) = jacobian(|x: &[Dual<f64, 8>]| function!(chain).gradient(x).1, &x);
    let (_, reverse) = jacobian_reverse(|x: &[Var]| function!(chain).gradient(x).1, &x);
    for nested in [forward, reverse] {
        for (a, b) in nested.into_entries().iter().zip(expected.clone().into_entries()) {
            assert_relative_eq!(*a, b, epsilon = 1e-15, max_relative = 1e-14);
        }
    }
}
