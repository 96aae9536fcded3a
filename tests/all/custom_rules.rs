//! Custom rules, blocks and fused kernels, at every nesting.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use approx::assert_relative_eq;
use dualtape::sparse::SparseJacobian;
use dualtape::{
    Block, Dual, Function, Rule, Scalar, Tape, Var, affine, check, dense, derivative, dot, function, fuse, fuse_map,
    gradient, gradient_array, gradient_forward, hessian, hvp, jacobian, jacobian_array, jacobian_reverse, jvp, lift,
    linearize, log_sum_exp, plain, sum, vjp, weighted_sum,
};

use crate::support::refusals::{FOREIGN, PAUSED, STALE, message};
use crate::support::softmax::Softmax;

/// `x·eʸ`, with partial derivatives that use the rule itself.
struct Growth;

impl Rule<2> for Growth {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        x * y.exp()
    }

    fn partials<S: Scalar<Real = f64>>(&self, [_, y]: [S; 2], value: S) -> [S; 2] {
        [Growth.apply([S::one(), y]), value]
    }
}

/// `Σ xᵢ³` of a constant number of inputs.
struct Cubes;

impl Rule<4, f32> for Cubes {
    fn value(&self, x: [f32; 4]) -> f32 {
        x.iter().map(|x| x.powi(3)).sum()
    }

    fn partials<S: Scalar<Real = f32>>(&self, x: [S; 4], _: S) -> [S; 4] {
        x.map(|x| x * x * 3.0)
    }
}

fn by_rule<S: Scalar<Real = f64>>(x: &[S]) -> S {
    Growth.apply([x[0] * x[1], x[1].sin()]) + Growth.apply([x[0], S::from_real(0.5)])
}

fn by_hand<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x[0] * x[1] * x[1].sin().exp() + x[0] * 0.5_f64.exp()
}

/// Asserts that two functions have the same value, gradient, Hessian and third derivatives, in all modes.
fn assert_same(f: &impl Function<Output = f64>, g: &impl Function<Output = f64>, x: &[f64]) {
    check(f, x).assert_agreement();
    let close = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(&a, &b)| assert_relative_eq!(a, b, epsilon = 1e-12, max_relative = 1e-12));
    };
    close(&[f.eval(x)], &[g.eval(x)]);
    close(&gradient(|x| f.eval(x), x).1, &gradient(|x| g.eval(x), x).1);
    let (_, _, expected) = hessian(|x| g.eval(x), x);
    let expected = expected.into_entries();
    close(&hessian(|x| f.eval(x), x).2.into_entries(), &expected);
    close(&jacobian_reverse(|x| gradient(|x| f.eval(x), x).1, x).1.into_entries(), &expected);
    close(&jacobian(|x| gradient_forward(|x| f.eval(x), x).1, x).1.into_entries(), &expected);
    close(&jacobian_reverse(|x| gradient_forward(|x| f.eval(x), x).1, x).1.into_entries(), &expected);
    let (third, third_expected) = (
        jacobian(|x| hessian(|x| f.eval(x), x).2.into_entries(), x).1.into_entries(),
        jacobian(|x| hessian(|x| g.eval(x), x).2.into_entries(), x).1.into_entries(),
    );
    close(&third, &third_expected);
}

#[test]
fn a_rule_is_right_at_every_nesting() {
    assert_same(&function!(by_rule), &function!(by_hand), &[0.7, -1.3]);
    let (y, g) = gradient(|x| Cubes.apply([x[0], x[1], x[0], Var::constant(2.0)]), &[1.0_f32, -1.0]);
    assert_eq!((y, g), (9.0, vec![6.0, 3.0]));
}

#[test]
fn a_rule_is_one_statement_and_none_at_constants() {
    let tape = Tape::new();
    let x = tape.var(2.0);
    let y = Growth.apply([x, Var::constant(0.0)]);
    assert_eq!((y.value(), tape.len()), (2.0, 2));
    assert_eq!(tape.backward(y)[x], 1.0);
    assert!(Growth.apply([Var::constant(1.0), Var::constant(0.0)]).is_constant());
    assert_eq!(tape.len(), 2);
}

#[test]
fn rules_blocks_and_kernels_refuse_variables_that_do_not_belong() {
    let product = function!(multiplied: [S; 3] -> S);
    let operations: [fn(Var) -> Var; 4] = [
        |x| Growth.apply([x, x]),
        |x| Softmax.apply(&[x, x])[0],
        |x| fuse(&function!(multiplied: [S; 3] -> S), [x, x, x]),
        |x| fuse_map(&function!(cubed: [S; 1] -> [S; 1]), [&[x]]).concat()[0],
    ];
    for operation in operations {
        let stale = Tape::new().var(1.0);
        assert_eq!(message(|| operation(stale)), STALE);
        let tape = Tape::new();
        let x = tape.var(1.0);
        let inner = Tape::<f64>::new();
        assert_eq!(message(|| operation(x)), PAUSED);
        drop(inner);
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(message(|| operation(x)), FOREIGN));
        });
    }
    assert_eq!(message(|| product.eval(&[1.0, 2.0])), "a function of 3 inputs was called with 2");
}

#[test]
fn plain_refuses_what_carries_derivatives() {
    assert_eq!(plain(2.0_f32), 2.0);
    assert_eq!(
        message(|| plain(Dual::<f64>::variable(2.0))),
        "plain: the number is a dualtape::forward::Dual, which carries derivatives, and the rule that uses it knows \
         it as a plain number only: write this part of the rule in the scalar `S` to differentiate it once more"
    );
}

/// Multiplication by a matrix of 2 rows, with a push-forward of its own.
#[derive(Clone)]
struct Multiply(Arc<Vec<f64>>);

impl Multiply {
    fn by_rows<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        self.0.chunks(x.len()).map(|row| row.iter().zip(x).map(|(&a, &x)| x * a).sum()).collect()
    }
}

impl Block for Multiply {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        self.by_rows(x)
    }

    fn push_forward<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], v: &[S]) -> Vec<S> {
        self.by_rows(v)
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
        let n = x.len();
        (0..n).map(|j| u.iter().enumerate().map(|(i, &u)| u * self.0[i * n + j]).sum()).collect()
    }
}

fn by_blocks<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let hidden = Multiply(Arc::new(vec![1.0, -2.0, 0.5, 0.25, 3.0, -1.0])).apply(x);
    let y = Softmax.apply(&[hidden[0], hidden[1] * x[0], S::one()]);
    y[0] * y[2] + y[1].powi(2) + hidden[0]
}

fn without_blocks<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let hidden = [x[0] - x[1] * 2.0 + x[2] * 0.5, x[0] * 0.25 + x[1] * 3.0 - x[2]];
    let y = dualtape::softmax(&[hidden[0], hidden[1] * x[0], S::one()]);
    y[0] * y[2] + y[1].powi(2) + hidden[0]
}

#[test]
fn a_block_is_right_at_every_nesting() {
    assert_same(&function!(by_blocks), &function!(without_blocks), &[0.3, -0.4, 1.1]);
}

#[test]
fn outputs_of_a_block_are_differentiated_together_and_alone() {
    let tape = Tape::new();
    let x = tape.vars(&[0.3, -0.4, 1.1]);
    let y = Softmax.apply(&x);
    assert_eq!(tape.len(), 6);
    let (_, expected) = jacobian(dualtape::softmax, &[0.3, -0.4, 1.1]);
    for (output, row) in y.iter().zip(expected.rows()) {
        for (a, b) in tape.backward(*output).wrt(&x).iter().zip(row) {
            assert_relative_eq!(a, b, max_relative = 1e-14);
        }
    }
    // A block between two others, in lanes.
    let z = Softmax.apply(&[y[2], y[0]]);
    let lanes = tape.backward_lanes(&[(z[0], [1.0, 0.0, 0.0]), (y[1], [0.0, 0.0, 1.0])]);
    for &x in &x {
        assert_eq!(lanes.lanes(x), [tape.backward(z[0])[x], 0.0, tape.backward(y[1])[x]]);
    }
    assert!(Softmax.apply(&[Var::constant(1.0)])[0].is_constant());
}

/// A block whose pull-back takes derivatives itself, with tapes over the same scalar.
#[derive(Clone)]
struct Sine;

impl Block for Sine {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        vec![x[0].sin() * x[1]]
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
        vjp(|x| vec![x[0].sin() * x[1]], x, u).1
    }
}

#[test]
fn a_pull_back_may_record() {
    let outer = Tape::new();
    let a = outer.var(2.0);
    let (y, g) = gradient(|x| Sine.apply(x)[0] * x[0], &[0.5, 2.0]);
    let expected = gradient(|x| x[0].sin() * x[1] * x[0], &[0.5, 2.0]);
    assert_eq!((y, &g), (expected.0, &expected.1));
    assert_eq!(outer.backward(a * a)[a], 4.0);
    let (_, g, hv) = hvp(|x| Sine.apply(x)[0], &[0.5, 2.0], &[1.0, 0.0]);
    assert_eq!((g[0], hv[1]), (2.0 * 0.5_f64.cos(), 0.5_f64.cos()));
}

/// A block whose derivatives have the wrong length.
#[derive(Clone)]
struct Failing;

impl Block for Failing {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        x.to_vec()
    }

    fn push_forward<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], v: &[S]) -> Vec<S> {
        [v, v].concat()
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        u[1..].to_vec()
    }
}

#[test]
fn a_pull_back_that_fails_leaves_the_tape_as_it_was() {
    let tape = Tape::new();
    let x = tape.vars(&[1.0, 2.0]);
    let y = Failing.apply(&x);
    assert_eq!(
        message(|| tape.backward(y[0])),
        "pull_back: a block of 2 inputs returned 1 elements; return one for each"
    );
    assert_eq!(tape.backward(x[0] * x[1])[x[0]], 2.0);
    assert_eq!(tape.len(), 5);
    assert_eq!(
        message(|| jvp(|x| Failing.apply(x), &[1.0, 2.0], &[1.0, 1.0])),
        "push_forward: a block of 2 outputs returned 4 elements; return one for each"
    );
}

fn multiplied<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> S {
    a * b * c
}

fn kernel<S: Scalar<Real = f64>>([a, b, c, d]: [S; 4]) -> [S; 2] {
    let r = (a * a + b * b).sqrt();
    [(r * c).sin() + d, r.atan2(c * d).max(a)]
}

fn with_fuse<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let f = function!(kernel: [S; 4] -> [S; 2]);
    let [y, z] = fuse(&f, [x[0], x[1], x[2], S::from_real(0.3)]);
    let [_, w] = fuse(&f, [y, z, x[0] * x[1], y]);
    w * y + fuse(&function!(square: S -> S), [z])
}

fn without_fuse<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let [y, z] = kernel([x[0], x[1], x[2], S::from_real(0.3)]);
    let [_, w] = kernel([y, z, x[0] * x[1], y]);
    w * y + z * z
}

fn square<S: Scalar>(x: S) -> S {
    x * x
}

/// x − y.
struct Difference;

impl Rule<2> for Difference {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        x - y
    }

    fn partials<S: Scalar<Real = f64>>(&self, _: [S; 2], _: S) -> [S; 2] {
        [S::one(), -S::one()]
    }
}

/// sin x.
struct Wave;

impl Rule<1> for Wave {
    fn value(&self, [x]: [f64; 1]) -> f64 {
        x.sin()
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
        [x.cos()]
    }
}

/// A rule of one variable twice has one argument. Its partials are added before they meet the root's infinite slope.
#[test]
fn partials_of_one_variable_twice_are_added_first() {
    fn root_of_nothing<S: Scalar<Real = f64>>(x: &[S]) -> S {
        Difference.apply([x[0], x[0]]).sqrt()
    }
    assert_eq!(gradient(root_of_nothing, &[2.0]), (0.0, vec![0.0]));
    assert_eq!(jvp(|x| vec![root_of_nothing(x)], &[2.0], &[1.0]), (vec![0.0], vec![0.0]));
    assert_eq!(gradient(|x| Difference.apply([x[0], x[1]]), &[2.0, 1.0]), (1.0, vec![1.0, -1.0]));
}

/// Rules of one and of two operands are nodes as elementary functions are.
#[test]
fn small_rules_take_no_more_memory_than_functions() {
    let bytes = |step: &dyn Fn(Var, Var) -> Var| {
        dualtape::release_memory();
        let tape = Tape::new();
        let (x, mut y) = (tape.var(0.5), tape.var(1.0));
        for _ in 0..10_000 {
            y = step(x, y);
        }
        tape.capacity_bytes()
    };
    assert_eq!(bytes(&|_, y| Wave.apply([y])), bytes(&|_, y| y.sin()));
    assert_eq!(bytes(&|x, y| Difference.apply([x, y])), bytes(&|x, y| x * y));
}

#[test]
fn a_fused_kernel_is_right_at_every_nesting() {
    assert_same(&function!(with_fuse), &function!(without_fuse), &[0.3, -0.4, 1.1]);
    let direction = [1.0, -2.0, 0.5];
    let along = jvp(|x| vec![with_fuse(x)], &[0.3, -0.4, 1.1], &direction).1[0];
    let (_, g) = gradient(with_fuse, &[0.3, -0.4, 1.1]);
    assert_relative_eq!(along, dot(&g, &direction), max_relative = 1e-14);
}

#[test]
fn a_fused_kernel_leaves_a_statement_for_each_output() {
    let tape = Tape::new();
    let x = tape.vars(&[0.3, -0.4, 1.1]);
    fuse(&function!(kernel: [S; 4] -> [S; 2]), [x[0], x[1], x[2], Var::constant(1.0)]);
    assert_eq!(tape.len(), 5);
    fuse(&function!(kernel: [S; 4] -> [S; 2]), [Var::constant(1.0); 4]);
    assert_eq!(tape.len(), 5);
    // A zero partial beats an adjoint that is not finite, as everywhere.
    let y = fuse(&function!(first: [S; 3] -> S), [x[0], x[1], x[2]]) * 0.0;
    assert_eq!(tape.backward(y.sqrt())[x[1]], 0.0);
    let products = fuse(&function!(products: [S; 2] -> Vec<S>), [x[0], x[1]]);
    assert_eq!(tape.backward(products[0]).wrt(&x), [-0.4, 0.3, 0.0]);
    assert_eq!(tape.backward(products[1])[x[0]], 0.6);
}

/// A kernel with branches, a loop, constants, a function of slices, and a rule.
fn winding<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> [S; 3] {
    let mut total = S::zero();
    for k in 0..3 {
        total = if k == 1 { total * b + 0.5 } else { total - a * k as f64 };
    }
    let chosen = if a > b { a * b } else { b.max(c) };
    [total, chosen + sum(&[a, c]), Growth.apply([a, c]) - log_sum_exp(&[b, b * c])]
}

fn arithmetic<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> S {
    a.mul_add(b, c * 3.0) - b / 4.0 - a / c
}

/// A kernel with a derivative inside, at a constant too: √ has an infinite slope at 0, but a zero beats it.
fn with_derivatives<S: Scalar<Real = f64>>([a, b, _]: [S; 3]) -> S {
    let (_, slope) = derivative(|y| y.powi(3) * lift(a), b);
    let (_, two) = derivative(|y| (y * 0.0).sqrt() + y * 2.0, S::one());
    slope + two
}

fn first_share<S: Scalar<Real = f64>>(x: [S; 3]) -> S {
    Softmax.apply(&x)[0]
}

#[test]
fn a_kernel_is_linearized_as_by_dual_numbers() {
    let kernel = function!(winding: [S; 3] -> [S; 3]);
    for x in [[0.3, -0.4, 1.1], [-0.4, 0.3, 1.1], [0.3, 0.3, -2.0]] {
        let (y, j) = jacobian_array(|&x| winding(x), &x);
        let [a, b, c] = x;
        let z = linearize(&function!(arithmetic: [S; 3] -> S), x);
        assert_eq!(z.primal, arithmetic(x));
        assert_eq!(z.partials, [b - c.recip(), a - 0.25, a / c / c + 3.0]);
        let z = linearize(&function!(with_derivatives: [S; 3] -> S), x);
        assert_relative_eq!(z.primal, 3.0 * a * b * b + 2.0, max_relative = 1e-15);
        for (got, wanted) in z.partials.into_iter().zip([3.0 * b * b, 6.0 * a * b, 0.0]) {
            assert_relative_eq!(got, wanted, max_relative = 1e-15);
        }
        let z = linearize(&function!(first_share: [S; 3] -> S), x);
        assert_eq!((z.primal, z.partials), gradient_array(|&x| first_share(x), &x));
        for (dual, (y, row)) in linearize(&kernel, x).iter().zip(y.iter().zip(j)) {
            assert_eq!(dual.primal, *y);
            dual.partials.iter().zip(row).for_each(|(a, b)| assert_relative_eq!(*a, b, max_relative = 1e-15));
        }
    }
    fn joined<S: Scalar<Real = f64>>(x: &[S]) -> S {
        linearize(&function!(winding: [S; 3] -> [S; 3]), [x[0], x[1], x[2]])
            .iter()
            .map(|y| y.primal * y.partials[0] + y.partials[1] * y.partials[2])
            .sum()
    }
    fn by_lanes<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let (y, j) = jacobian_array(|&x| winding(x), &[x[0], x[1], x[2]]);
        y.iter().zip(j).map(|(&y, by)| y * by[0] + by[1] * by[2]).sum()
    }
    assert_same(&function!(joined), &function!(by_lanes), &[0.3, -0.4, 1.1]);
}

#[test]
fn numbers_in_a_kernel_show_themselves_as_dual_numbers() {
    struct Shown(RefCell<String>);

    impl Function for Shown {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            self.0.replace(format!("{} or {:?}", x[0], x[1]));
            x[0]
        }
    }

    let shown = Shown(RefCell::default());
    linearize(&shown, [2.0, 3.0]);
    assert_eq!(shown.0.into_inner(), "2 + [1, 0]ε or 3 + [0, 1]ε");
}

/// Infinite slopes inside a kernel follow the crate's conventions; zero times infinity is not NaN.
#[test]
fn a_zero_in_a_kernel_beats_an_infinite_slope() {
    fn kernel<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> [S; 3] {
        [(a * 0.0 + b * b).sqrt() + c, (a * 0.0).sqrt() * c, (b * b).sqrt() * 0.0 + c]
    }
    let x = [1.0, 0.0, 2.0];
    let (_, expected) = jacobian_array(|&x| kernel(x), &x);
    assert!(expected.concat().iter().all(|partial: &f64| partial.is_finite()), "{expected:?}");
    let linear = linearize(&function!(kernel: [S; 3] -> [S; 3]), x);
    assert_eq!(linear.map(|y| y.partials), expected);
    // One lane of three.
    fn sum_with_root<S: Scalar<Real = f64>>([a, b, c]: [S; 3]) -> S {
        (a * 0.0).sqrt() + b * 3.0 - c
    }
    assert_eq!(linearize(&function!(sum_with_root: [S; 3] -> S), x).partials, [0.0, 3.0, -1.0]);
    let fused = |x: &[Var]| fuse(&function!(kernel: [S; 3] -> [S; 3]), [x[0], x[1], x[2]]).to_vec();
    assert_eq!(jacobian_reverse(fused, &x).1.into_entries(), expected.concat());
    assert_eq!(jacobian_array(|&x| fuse(&function!(kernel: [S; 3] -> [S; 3]), x), &x).1, expected);
}

#[test]
fn kernels_of_any_number_of_inputs_are_linearized() {
    fn norm<S: Scalar<Real = f64>>(x: &[S]) -> S {
        dot(x, x)
    }
    fn with_inputs<const N: usize>() {
        let x: [f64; N] = std::array::from_fn(|i| i as f64 - 1.0);
        let y = linearize(&function!(norm), x);
        assert_eq!((y.primal, y.partials), gradient_array(|x| norm(x), &x));
    }
    with_inputs::<0>();
    with_inputs::<1>();
    with_inputs::<15>();
    with_inputs::<16>();
    with_inputs::<17>();
    with_inputs::<24>();
    let y = linearize(&function!(f32, multiplied_f32: [S; 2] -> S), [2.0, 3.0]);
    assert_eq!((y.primal, y.partials), (6.0_f32, [3.0, 2.0]));
}

fn multiplied_f32<S: Scalar>([a, b]: [S; 2]) -> S {
    a * b
}

fn products<S: Scalar>([a, b]: [S; 2]) -> Vec<S> {
    vec![a * b, a * a]
}

fn first<S: Scalar>([a, _, _]: [S; 3]) -> S {
    a
}

#[test]
fn a_kernel_of_many_inputs_is_fused() {
    fn norm<S: Scalar<Real = f64>>(x: &[S; 24]) -> S {
        dot(x, x).sqrt()
    }
    let fused = |x: &[Var]| fuse(&function!(norm: &[S; 24] -> S), *x.as_array::<24>().expect("24 inputs"));
    let (y, g) = gradient(fused, &[2.0; 24]);
    assert_relative_eq!(y, 96.0_f64.sqrt(), max_relative = 1e-15);
    g.iter().for_each(|&g| assert_relative_eq!(g, 24.0_f64.sqrt().recip(), max_relative = 1e-14));
    let (_, slope) = derivative(|t| fuse(&function!(multiplied: [S; 3] -> S), [t, t, t]), 2.0);
    assert_eq!(slope, 12.0);
}

/// The kernel at four elements: of consecutive variables (twice, shifted by one), of variables and constants in any
/// order, and of constants.
fn with_fuse_map<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mixed = [x[3], S::from_real(0.7), x[0], x[3] * x[1]];
    let [y, z] =
        fuse_map(&function!(kernel: [S; 4] -> [S; 2]), [&x[..4], &x[1..], &mixed, &[0.3; 4].map(S::from_real)]);
    sum(&y) + dot(&z, &mixed)
}

fn without_fuse_map<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mixed = [x[3], S::from_real(0.7), x[0], x[3] * x[1]];
    let mut total = S::zero();
    for i in 0..4 {
        let [y, z] = kernel([x[i], x[i + 1], mixed[i], S::from_real(0.3)]);
        total += y + z * mixed[i];
    }
    total
}

#[test]
fn a_kernel_at_the_elements_of_slices_is_right_at_every_nesting() {
    let x = [0.3, -0.4, 1.1, 0.9, -0.2];
    assert_same(&function!(with_fuse_map), &function!(without_fuse_map), &x);
    let single = |x: &[Var<f32>]| fuse_map(&function!(f32, cubed: [S; 1] -> [S; 1]), [x]).concat()[1];
    assert_eq!(gradient(single, &[2.0_f32, 3.0]), (27.0, vec![0.0, 27.0]));
}

fn multiplied_two<S: Scalar>([a, b]: [S; 2]) -> [S; 1] {
    [a * b]
}

fn cubed<S: Scalar>([x]: [S; 1]) -> [S; 1] {
    [x * x * x]
}

#[test]
fn a_kernel_at_the_elements_of_slices_is_a_block() {
    let tape = Tape::new();
    let x = tape.vars(&[0.3, -0.4, 1.1]);
    let constants = [Var::constant(1.0); 3];
    let f = function!(kernel: [S; 4] -> [S; 2]);
    let [y, z] = fuse_map(&f, [&x, &constants, &x, &constants]);
    assert_eq!(tape.len(), 3 + 6);
    assert!(fuse_map(&f, [&constants; 4]).concat().iter().all(|y| y.is_constant()));
    assert!(fuse_map(&f, [&x[..0]; 4]).concat().is_empty());
    assert_eq!(tape.len(), 3 + 6);
    // Sweeps from variables before and after the block, and from some of its results.
    let w = y[2] * z[0] + x[1];
    let gradients = tape.backward(w);
    assert_eq!(
        (gradients[y[2]], gradients[z[0]], gradients[y[0]], gradients[x[1]]),
        (z[0].value(), y[2].value(), 0.0, 1.0)
    );
    // A zero on one side beats a number on the other that is not finite.
    let roots = fuse_map(&function!(first_root: [S; 2] -> [S; 1]), [&[x[0] * 0.0, x[1] * 0.0], &x[..2]]).concat();
    assert_eq!(tape.backward(roots[0] * 0.0)[x[0]], 0.0);
    assert_eq!(tape.backward((roots[0] * 0.0).sqrt())[x[1]], 0.0);
    // In slices of consecutive variables too.
    let product = function!(multiplied_two: [S; 2] -> [S; 1]);
    for (n, x) in [(1, &[3.0, 0.0][..]), (2, &[3.0, 1.0, 0.0, 1.0])] {
        let root = |x: &[Var]| fuse_map(&product, [&x[..n], &x[n..]])[0][0].sqrt();
        let (_, g) = gradient(root, x);
        assert_eq!((g[0], g[n]), (0.0, f64::INFINITY));
        assert!(n == 1 || (g[1], g[n + 1]) == (0.0, 0.0));
    }
    // A product that underflows is zero.
    let tiny = tape.var(1e-100);
    let cube = fuse_map(&function!(cubed: [S; 1] -> [S; 1]), [&[tiny, tiny]]).concat()[0];
    assert_eq!(tape.backward(cube * 1e-200)[tiny], 0.0);
}

/// There are more statements between the blocks than a chunk holds.
#[test]
fn blocks_chain_with_many_statements() {
    let cube = |x| fuse_map(&function!(cubed: [S; 1] -> [S; 1]), [&[x]]).concat()[0];
    let f = |x: &[Var]| (0..5).fold(x[0], |y, _| (0..200).fold(cube(y), |y, _| y * 1.0));
    assert_eq!(gradient(f, &[1.0]), (1.0, vec![243.0]));
}

fn first_root<S: Scalar<Real = f64>>([a, _]: [S; 2]) -> [S; 1] {
    [a.sqrt()]
}

#[test]
fn an_element_depends_on_its_own_operands() {
    fn neighbours<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        fuse_map(&function!(kernel: [S; 4] -> [S; 2]), [&x[..3], &x[1..4], &x[..3], &x[2..]]).concat()
    }
    let jacobian = SparseJacobian::new(&function!(neighbours: &[S] -> Vec<S>), &[0.3, -0.4, 1.1, 0.5, 0.6]);
    let rows: Vec<&[usize]> = (0..6).map(|i| jacobian.sparsity().row(i)).collect();
    assert_eq!(rows, [[0, 1, 2], [1, 2, 3], [2, 3, 4], [0, 1, 2], [1, 2, 3], [2, 3, 4]]);

    // Where a factor is the constant zero, the product depends on nothing.
    fn products<S: Scalar>([a, b]: [S; 2]) -> [S; 2] {
        [a * b, b * b]
    }
    fn with_zero<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        fuse_map(&function!(products: [S; 2] -> [S; 2]), [&x[..2], &[S::zero(), x[2]]]).concat()
    }
    let jacobian = SparseJacobian::new(&function!(with_zero: &[S] -> Vec<S>), &[0.3, -0.4, 1.1]);
    let rows: Vec<&[usize]> = (0..4).map(|i| jacobian.sparsity().row(i)).collect();
    assert_eq!(rows, [&[][..], &[1, 2], &[], &[2]]);

    // Each output depends on its own inputs: on none of constants, and on variables in any order.
    fn crossed<S: Scalar>([a, b, c]: [S; 3]) -> [S; 3] {
        [b * b, a, a * c]
    }
    fn listed<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        let (mixed, constants) = ([x[2], S::from_real(2.0)], [3.0, 4.0].map(S::from_real));
        fuse_map(&function!(crossed: [S; 3] -> [S; 3]), [&x[..2], &mixed, &constants]).concat()
    }
    let jacobian = SparseJacobian::new(&function!(listed: &[S] -> Vec<S>), &[0.3, -0.4, 1.1]);
    let rows: Vec<&[usize]> = (0..6).map(|i| jacobian.sparsity().row(i)).collect();
    assert_eq!(rows, [&[2][..], &[], &[0], &[1], &[0], &[1]]);
}

#[test]
#[should_panic(expected = "fuse_map: the slices have [2, 3] elements; pass at least one, and all of one length")]
fn slices_of_several_lengths_are_refused() {
    fuse_map(&function!(first_root: [S; 2] -> [S; 1]), [&[1.0, 2.0][..], &[1.0, 2.0, 3.0]]);
}

fn layers<S: Scalar<Real = f64>>(p: &[S]) -> S {
    let rows = [0.5, -1.0, 2.0, 0.3].map(S::from_real);
    let hidden = affine(&p[..9], &rows, 2);
    let hidden: Vec<S> = hidden.iter().map(|h| h.tanh()).collect();
    sum(&dense(&p[9..], &hidden, 2, &function!(wave: S -> S)))
}

fn wave<S: Scalar<Real = f64>>(x: S) -> S {
    x.sin() * x.relu()
}

fn root<S: Scalar>(x: S) -> S {
    x.sqrt()
}

/// A layer written out, which sums in the order of a layer: the bias first.
fn layers_by_operators<S: Scalar<Real = f64>>(p: &[S]) -> S {
    let layer = |neurons: &[S], row: &[S]| -> Vec<S> {
        let sum = |w: &[S]| w.iter().zip(row).fold(w[row.len()], |sum, (&w, &x)| sum + w * x);
        neurons.chunks(row.len() + 1).map(sum).collect()
    };
    let rows = [[0.5, -1.0], [2.0, 0.3]].map(|row| row.map(S::from_real));
    let hidden = rows.map(|row| layer(&p[..9], &row).into_iter().map(|h| h.tanh()).collect::<Vec<S>>());
    hidden.iter().flat_map(|h| layer(&p[9..], h)).map(wave).sum()
}

#[test]
fn a_layer_is_right_at_every_nesting() {
    let p: Vec<f64> = (0..17).map(|i| (f64::from(i) * 0.9).sin()).collect();
    assert_eq!(layers(&p), layers_by_operators(&p));
    assert_same(&function!(layers), &function!(layers_by_operators), &p);
}

#[test]
fn a_kernel_at_elements_is_swept_in_several_lanes() {
    fn at_elements<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        fuse_map(&function!(multiplied_two: [S; 2] -> [S; 1]), [&x[..3], &x[3..]]).concat()
    }
    let x = [0.3, -0.4, 1.1, 0.9, -0.2, 0.5];
    assert_eq!(jacobian_reverse(at_elements, &x), jacobian(at_elements, &x));
}

/// Thirteen neurons of three inputs, and eleven rows.
fn layer_and_rows() -> (Vec<f64>, Vec<f64>) {
    ((0..13 * 4).map(|i| (i as f64).sin()).collect(), (0..11 * 3).map(|i| (i as f64).cos()).collect())
}

#[test]
fn a_layer_at_many_rows_equals_the_layer_at_each() {
    let (neurons, inputs) = layer_and_rows();
    let at_each: Vec<f64> = inputs.chunks(3).flat_map(|row| affine(&neurons, row, 1)).collect();
    assert_eq!(affine(&neurons, &inputs, 11), at_each);
}

#[test]
fn parameters_of_two_layers_get_the_adjoints_of_both() {
    let (neurons, inputs) = layer_and_rows();
    let layer = |p: &[Var], rows: Range<usize>| {
        let x: Vec<Var> = inputs[3 * rows.start..3 * rows.end].iter().map(|&x| Var::constant(x)).collect();
        let y = affine(p, &x, rows.len());
        sum(&y.iter().enumerate().map(|(i, &y)| y * (i as f64).sqrt()).collect::<Vec<Var>>())
    };
    let (_, both) = gradient(|p| layer(p, 0..5) + layer(p, 5..11), &neurons);
    let [(_, first), (_, second)] = [0..5, 5..11].map(|rows| gradient(|p| layer(p, rows), &neurons));
    let difference = |i: usize| (both[i] - (first[i] + second[i])).abs();
    assert!((0..both.len()).all(|i| difference(i) < 1e-12));
}

#[test]
fn products_with_itself_and_with_plain_numbers_equal_dot() {
    const ROW: [f64; 10] = [0.5, -1.0, 0.0, 3.0, 0.1, 0.7, -0.3, 2.0, 1.5, -4.0];
    fn quickly<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let some = [x[3], x[0], x[7]];
        (dot(x, x) + weighted_sum(x, &ROW) * dot(&some, &some)).sin() + dot(x, x)
    }
    fn slowly<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let copy = x.to_vec();
        let some = [x[3], x[0], x[7]];
        let row: Vec<S> = ROW.iter().map(|&weight| S::from_real(weight)).collect();
        (dot(x, &copy) + dot(x, &row) * dot(&some, &some.clone())).sin() + dot(&copy, x)
    }
    let x: Vec<f64> = (0..10).map(|i| (f64::from(i) * 0.7).sin()).collect();
    assert_eq!(quickly(&x), slowly(&x));
    assert_same(&function!(quickly), &function!(slowly), &x);
}

#[test]
fn a_weight_that_is_zero_beats_an_adjoint_that_is_not_finite() {
    // √ at 0 has slope ∞; the inputs, and a weight, are 0.
    let (y, g) = gradient(|p| affine(p, &[Var::constant(0.0), Var::constant(1.0)], 1)[0].sqrt(), &[1.0, 0.0, 0.0]);
    assert_eq!((y, g), (0.0, vec![0.0, f64::INFINITY, f64::INFINITY]));
    let (_, g) = gradient(|x| affine(&[0.0, 1.0, 0.0].map(Var::constant), x, 1)[0].sqrt(), &[5.0, 0.0]);
    assert_eq!(g, [0.0, f64::INFINITY]);
    // Zeros in as many places as not.
    let roots = |p: &[Var]| sum(&affine(p, &[Var::constant(0.0); 2], 2).iter().map(|y| y.sqrt()).collect::<Vec<Var>>());
    assert_eq!(gradient(roots, &[1.0, 0.0]).1, [0.0, f64::INFINITY]);
    assert!(affine(&[0.0, 1.0].map(Var::constant), &[Var::constant(1.0)], 1)[0].is_constant());
    // An unused neuron does not touch the others, whatever its slope.
    let second = |p: &[Var]| dense(p, &[Var::constant(1.0)], 1, &function!(root: S -> S))[1];
    assert_eq!(gradient(second, &[0.0, 0.0, 1.0, 3.0]), (2.0, vec![0.0, 0.0, 0.25, 0.25]));
    for (inputs, rows) in [(1, 0), (3, 2)] {
        assert_eq!(
            message(|| affine(&[1.0; 2], &vec![1.0; inputs], rows)),
            format!("dense: {inputs} inputs do not divide into {rows} rows; pass as many numbers for each row")
        );
    }
    assert_eq!(
        message(|| affine(&[1.0; 3], &[1.0; 2], 2)),
        "dense: 3 parameters are not a multiple of 1 weights + 1 bias; pass these for each neuron"
    );
}
