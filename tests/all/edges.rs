//! Empty, infinite and wrong inputs: a documented result, or a documented panic.

use dualtape::check::check_along;
use dualtape::implicit::{argmin, fixed_point, root, solve};
use dualtape::nn::{Activation, Init, Mlp, Schedule, Sgd, accuracy, hinge, l2, mean_squared_error, squared_error};
use dualtape::sparse::{hessian_sparse, jacobian_sparse};
use dualtape::{
    Block, Checkpointed, Dual, Function, Rule, Scalar, Tape, Terms, Var, affine, check, dense, derivative, dot,
    function, fuse, fuse_map, gradient, gradient_array, gradient_forward, hessian, hvp, jacobian, jacobian_array,
    jacobian_reverse, jvp, lift, log_softmax, log_sum_exp, softmax, sum, taylor, vjp, weighted_sum,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::refusals::message;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Asserts that numbers are equal; NaN equals NaN.
#[track_caller]
fn same(a: &[f64], b: &[f64]) {
    let alike = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    assert!(a.len() == b.len() && a.iter().zip(b).all(alike), "{a:?} instead of {b:?}");
}

/// The values of a list.
fn values<S: Scalar<Real = f64>>(xs: Vec<S>) -> Vec<f64> {
    xs.into_iter().map(S::value).collect()
}

fn pair<S: Scalar<Real = f64>>([x, y, z]: [S; 3]) -> [S; 2] {
    [x.exp() + y * 2.0 + z.sqrt(), x * y]
}

fn root_of<S: Scalar>(x: S) -> S {
    x.sqrt()
}

/// An empty slice in one scalar.
fn empty_slices<S: Scalar<Real = f64>>() {
    assert_eq!(sum::<S>(&[]).value().to_bits(), 0.0_f64.to_bits());
    assert_eq!(dot::<S>(&[], &[]).value().to_bits(), 0.0_f64.to_bits());
    assert_eq!(weighted_sum::<S>(&[], &[]).value().to_bits(), 0.0_f64.to_bits());
    assert_eq!(log_sum_exp::<S>(&[]).value(), -INF);
    assert!(softmax::<S>(&[]).is_empty());
    assert!(log_softmax::<S>(&[]).is_empty());
    assert_eq!(fuse_map::<_, S, 3, 2>(&function!(pair: [S; 3] -> [S; 2]), [&[]; 3]).concat().len(), 0);
    assert!(affine::<S>(&[], &[], 0).is_empty() && affine::<S>(&[], &[], 3).is_empty());
    assert!(dense::<S, _>(&[], &[], 0, &function!(root_of: S -> S)).is_empty());
    let nothing: [S; 0] = [];
    assert_eq!((nothing.iter().sum::<S>().value(), nothing.iter().product::<S>().value()), (0.0, 1.0));
    assert_eq!((squared_error::<S>(&[], &[]).value(), l2::<S>(&[]).value()), (0.0, 0.0));
    let means = [mean_squared_error::<S>(&[], &[]).value(), hinge::<S>(&[], &[]).value(), accuracy::<S>(&[], &[])];
    same(&means, &[NAN; 3]);
}

#[test]
fn empty_slices_have_their_neutral_values_in_every_scalar() {
    empty_slices::<f64>();
    empty_slices::<Dual>();
    empty_slices::<Dual<Dual<f64, 3>, 8>>();
    empty_slices::<Var>();
    empty_slices::<Var<Dual>>();
    let tape = Tape::<f64>::new();
    empty_slices::<Var>();
    assert!(tape.is_empty());
}

struct Seven;

impl Function for Seven {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, _: &[S]) -> S {
        S::from_f64(7.0)
    }
}

#[test]
fn verbs_accept_no_inputs() {
    let none: &[f64] = &[];
    assert_eq!(gradient(|x| Seven.eval(x), none), (7.0, vec![]));
    assert_eq!(gradient_forward(|x| Seven.eval(x), none), (7.0, vec![]));
    assert_eq!(gradient_array(|x| Seven.eval(x), &[0.0; 0]), (7.0, []));
    assert_eq!(jacobian_array(|x| [Seven.eval(x); 2], &[0.0; 0]), ([7.0; 2], [[]; 2]));
    assert_eq!(jvp(|x| vec![Seven.eval(x)], none, none), (vec![7.0], vec![0.0]));
    assert_eq!(vjp(|x| vec![Seven.eval(x)], none, &[2.0]), (vec![7.0], vec![]));
    assert_eq!(hvp(|x| Seven.eval(x), none, none), (7.0, vec![], vec![]));
    let (y, g, h) = hessian(|x| Seven.eval(x), none);
    assert_eq!((y, g, h.shape(), h.rows().count()), (7.0, vec![], (0, 0), 0));
    for (y, j) in [jacobian(|x| vec![Seven.eval(x); 2], none), jacobian_reverse(|x| vec![Seven.eval(x); 2], none)] {
        assert_eq!((y, j.shape(), j.rows().collect::<Vec<_>>()), (vec![7.0; 2], (2, 0), vec![&[] as &[f64]; 2]));
    }
    check(&Seven, none).assert_agreement();
}

impl<const N: usize> Rule<N> for Seven {
    fn value(&self, _: [f64; N]) -> f64 {
        7.0
    }

    fn partials<S: Scalar<Real = f64>>(&self, _: [S; N], _: S) -> [S; N] {
        [S::zero(); N]
    }
}

/// All numbers halved.
#[derive(Clone)]
struct Half;

impl Block for Half {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|x| x / 2.0).collect()
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, _: &[S], _: &[S], u: &[S]) -> Vec<S> {
        u.iter().map(|&u| u / 2.0).collect()
    }
}

fn pass_on<S: Scalar>(x: &[S], _: &[S]) -> Vec<S> {
    x.to_vec()
}

fn seven<S: Scalar>(_: &[S], _: &[S]) -> S {
    S::from_f64(7.0)
}

#[test]
fn tools_accept_no_inputs() {
    let none: &[f64] = &[];
    assert_eq!(Seven.gradient(none), (7.0, vec![]));
    assert_eq!(Seven.hessian(none).2.shape(), (0, 0));
    let (y, j) = Seven.jacobian(none);
    assert_eq!((y, j.shape()), (vec![7.0], (1, 0)));
    check_along(&Seven, none, none).assert_agreement();
    assert_eq!(Terms::all(40).gradient(|_, x| Seven.eval(x), none), (280.0, vec![]));
    assert_eq!(Terms::of(&[]).weighted(none).gradient(|_, _| unreachable!(), none), (0.0, vec![]));
    let (y, j) = jacobian_sparse(&Seven, none);
    assert_eq!((y, j.sparsity().shape(), j.times(none)), (vec![7.0], (1, 0), vec![0.0]));
    let (y, g, h) = hessian_sparse(&Seven, none);
    assert_eq!((y, g, h.to_dense().shape()), (7.0, vec![], (0, 0)));

    let loss = |_: &[Var], _: &[Var]| Var::constant(7.0);
    for steps in [0..0, 3..10] {
        let passing = Checkpointed::new(|_| function!(pass_on: &[S], &[S] -> Vec<S>), steps, 2);
        assert_eq!(passing.gradient(loss, none, none), (7.0, vec![], vec![]));
        assert_eq!(passing.gradient(|x, _| x[0], &[3.0], &[4.0]), (3.0, vec![1.0], vec![0.0]));
        assert_eq!(passing.vjp(none, none, none), (vec![], vec![], vec![]));
    }

    let pass_on = function!(pass_on: &[S], &[S] -> Vec<S>);
    let tape = Tape::new();
    let p = tape.vars(&[1.0]);
    let solutions = [
        root(&pass_on, none, &p),
        fixed_point(&pass_on, none, &p),
        argmin(&function!(seven: &[S], &[S] -> S), none, &p),
        solve(&[], &[]),
    ];
    assert!(solutions.iter().all(Vec::is_empty));
    let (a, b): (Var, Var) = (fuse(&Seven, []), Seven.apply([]));
    assert!(a.is_constant() && b.is_constant() && Half.apply::<Var>(&[]).is_empty());
    assert_eq!((a.value(), b.value(), tape.len()), (7.0, 7.0, 1));
}

#[test]
fn verbs_accept_no_outputs() {
    let x = [1.0, 2.0];
    for (y, j) in [jacobian(|_| vec![], &x), jacobian_reverse(|_| vec![], &x)] {
        assert_eq!((y, j.shape(), j.rows().count()), (vec![], (0, 2), 0));
    }
    assert_eq!(jacobian_array(|_| [], &x), ([], []));
    assert_eq!(jvp(|_| vec![], &x, &x), (vec![], vec![]));
    assert_eq!(vjp(|_| vec![], &x, &[]), (vec![], vec![0.0, 0.0]));
    let tape = Tape::new();
    let x = tape.var(1.0);
    assert_eq!(tape.backward_seeded(&[])[x], 0.0);
    assert_eq!(tape.backward(x).wrt(&[]), [0.0; 0]);
    assert_eq!(tape.vars(&[]).len(), 0);
}

#[test]
fn networks_work_without_layers_neurons_or_inputs() {
    let identity: Mlp = Mlp::zeros(2, &[]);
    assert_eq!(identity.forward(&[1.0, 2.0]), [1.0, 2.0]);
    assert_eq!(identity.forward_all(&[[1.0, 2.0], [3.0, 4.0]]), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((identity.to_string(), identity.parameters().len()), ("MLP of []".to_string(), 0));
    let (y, g) = gradient(|p| identity.with_parameters(p).forward_all(&[[1.0, 2.0]])[1], identity.parameters());
    assert_eq!((y, g), (2.0, vec![]));
    let (_, g) = gradient(|x| identity.lift().forward(x)[1], &[1.0, 2.0]);
    assert_eq!(g, [0.0, 1.0]);

    let layers = [(0, Activation::Relu), (1, Activation::Sigmoid)];
    let cut: Mlp = Mlp::zeros(2, &layers);
    assert_eq!((cut.forward(&[1.0, 2.0]), cut.parameters().len()), (vec![0.5], 1));
    let bias_alone: Mlp = Mlp::new(0, &[(1, Activation::Linear)], &[3.0]);
    assert_eq!(bias_alone.forward(&[]), [3.0]);
    assert_eq!(bias_alone.forward_all(&[[0.0; 0]; 2]), [3.0, 3.0]);
    assert_eq!(cut.forward_all::<[f64; 2]>(&[]), [0.0; 0]);
    for init in [Init::Uniform, Init::He, Init::Xavier] {
        let random: Mlp = Mlp::random(0, &layers, init, &mut StdRng::seed_from_u64(1));
        assert_eq!(random.parameters(), [0.0]);
    }
    let mut sgd = Sgd::new(Schedule::Linear { from: 1.0, to: 0.5, steps: 0 });
    sgd.step::<f64>(&mut [], &[]);
    assert_eq!(sgd.rate(), 0.5);
}

#[test]
fn activations_are_named_and_first_weights_lie_in_their_range() {
    type Plain = fn(f64) -> f64;
    let activations: [(Activation, &str, Plain); 8] = [
        (Activation::Linear, "Linear", |x| x),
        (Activation::Relu, "ReLU", Scalar::relu),
        (Activation::LeakyRelu(0.1), "LeakyReLU[0.1]", |x| x.leaky_relu(0.1)),
        (Activation::Sigmoid, "Sigmoid", Scalar::sigmoid),
        (Activation::Tanh, "Tanh", f64::tanh),
        (Activation::Softplus, "Softplus", Scalar::softplus),
        (Activation::Silu, "SiLU", Scalar::silu),
        (Activation::Gelu, "GELU", Scalar::gelu),
    ];
    for (activation, name, expected) in activations {
        assert_eq!(activation.to_string(), name);
        for x in [-0.5, 0.5] {
            assert_eq!(activation.apply(x), expected(x), "{name}");
        }
    }
    for (init, bound) in [(Init::Uniform, 1.0), (Init::He, 2.0_f64.sqrt()), (Init::Xavier, 0.25_f64.sqrt())] {
        let layers = [(21, Activation::Linear)];
        let mlp: Mlp = Mlp::random(3, &layers, init, &mut StdRng::seed_from_u64(1));
        assert_eq!((mlp.inputs(), mlp.layers()), (3, &layers[..]));
        let largest = mlp.parameters().iter().fold(0.0, |largest: f64, p| largest.max(p.abs()));
        assert!((0.9 * bound..bound).contains(&largest), "{init:?}: {largest}");
    }
}

/// All slice functions of the same three numbers, in one scalar.
fn slice_functions<S: Scalar<Real = f64>>(x: [f64; 3]) -> [Vec<f64>; 4] {
    let x = x.map(S::from_real);
    [vec![sum(&x).value()], vec![dot(&x, &x).value()], vec![log_sum_exp(&x).value()], values(softmax(&x))]
}

#[test]
fn slices_pass_infinite_numbers_and_nan_on() {
    let cases = [
        ([INF, 0.0, 1.0], [vec![INF], vec![INF], vec![INF], vec![1.0, 0.0, 0.0]]),
        ([-INF, 0.0, -INF], [vec![-INF], vec![INF], vec![0.0], vec![0.0, 1.0, 0.0]]),
        ([-INF, -INF, -INF], [vec![-INF], vec![INF], vec![-INF], vec![1.0 / 3.0; 3]]),
        ([INF, INF, -INF], [vec![NAN], vec![INF], vec![INF], vec![0.5, 0.5, 0.0]]),
        ([NAN, INF, 1.0], [vec![NAN], vec![NAN], vec![NAN], vec![NAN; 3]]),
    ];
    for (x, expected) in cases {
        let tape = Tape::new();
        for found in [slice_functions::<f64>(x), slice_functions::<Dual<Dual>>(x), slice_functions::<Var>(x)] {
            found.iter().zip(&expected).for_each(|(found, expected)| same(found, expected));
        }
        let recorded = tape.vars(&x);
        same(&values(softmax(&recorded)), &expected[3]);
        // The slopes of log_sum_exp are the softmax.
        for (y, g) in [gradient(log_sum_exp, &x), gradient_forward(log_sum_exp, &x)] {
            same(&[y], &expected[2]);
            same(&g, &expected[3]);
        }
    }
    // In a weighted sum, infinite numbers do not touch the slopes, which are the weights.
    let weights = [0.0, INF, NAN];
    for (y, g) in
        [gradient(|x| weighted_sum(x, &weights), &[1.0; 3]), gradient_forward(|x| weighted_sum(x, &weights), &[1.0; 3])]
    {
        same(&[y], &[NAN]);
        same(&g, &weights);
    }
    same(&gradient(|x| weighted_sum(x, &[0.0, 2.0]).sqrt(), &[3.0, 0.0]).1, &[0.0, INF]);
    same(&log_softmax(&[-INF, 0.0]), &[-INF, 0.0]);
    same(&log_softmax(&[NAN, 0.0]), &[NAN, NAN]);
}

#[test]
fn verbs_pass_infinite_numbers_and_nan_on() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].exp() + x[1] * 2.0
    }
    for x in [INF, -INF, NAN] {
        let (y, slope) = (x.exp() + 2.0, x.exp());
        for (value, g) in [gradient(f, &[x, 1.0]), gradient_forward(f, &[x, 1.0])] {
            same(&[value], &[y]);
            same(&g, &[slope, 2.0]);
        }
        let (value, g) = gradient_array(|x| f(x), &[x, 1.0]);
        same(&[value, g[0], g[1]], &[y, slope, 2.0]);
        let (_, [of_f, of_last]) = jacobian_array(|x| [f(x), x[1]], &[x, 1.0]);
        same(&[of_f, of_last].concat(), &[slope, 2.0, 0.0, 1.0]);
        let (value, g, h) = hessian(f, &[x, 1.0]);
        same(&[value, g[0], g[1], h[0][0], h[0][1], h[1][1]], &[y, slope, 2.0, slope, 0.0, 0.0]);
        let (_, along) = jvp(|x| vec![f(x)], &[x, 1.0], &[0.0, 1.0]);
        same(&along, &[2.0]);
        let (_, back) = vjp(|x| vec![f(x), x[1]], &[x, 1.0], &[0.0, 1.0]);
        same(&back, &[0.0, 1.0]);
    }
    // Directions and seeds that are not finite reach only the numbers that depend on them.
    same(&jvp(|x| vec![x[0] * 0.0, x[0] * 2.0], &[1.0], &[INF]).1, &[0.0, INF]);
    same(&vjp(|x| vec![x[0], x[1]], &[1.0, 1.0], &[NAN, 1.0]).1, &[NAN, 1.0]);
}

#[test]
fn tools_pass_infinite_numbers_and_nan_on() {
    fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].exp() + x[1] * 2.0 + x[2].sqrt()
    }
    fn step<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
        vec![x[0] * 0.5 + p[0], x[1]]
    }
    let kernel = function!(pair: [S; 3] -> [S; 2]);
    for x in [INF, -INF, NAN] {
        // The last input has an infinite slope, which does not touch the others.
        let point = [x, 1.0, 0.0];
        let expected = [x.exp(), 2.0, INF];
        same(&function!(f).gradient(&point).1, &expected);
        same(&Terms::all(32).gradient(|_, x| f(x) * 0.03125, &point).1, &expected);
        same(&gradient(|x| fuse(&kernel, [x[0], x[1], x[2]])[0], &point).1, &expected);
        // Consecutive elements, and listed ones.
        let run = |x: &[Var]| fuse_map(&kernel, [&x[..1], &x[1..2], &x[2..]])[0][0];
        same(&gradient(run, &point).1, &expected);
        let listed = |x: &[Var]| sum(&fuse_map(&kernel, [&[x[0], x[0]], &[x[1], x[1]], &[x[2], x[2]]])[0]) * 0.5;
        same(&gradient(listed, &point).1, &expected);
        let (_, j) = jacobian(|x| kernel.eval(x).to_vec(), &point);
        let (_, sparse) = jacobian_sparse(&kernel, &point);
        same(sparse.to_dense()[0].as_ref(), &j[0]);
        same(sparse.to_dense()[1].as_ref(), &j[1]);
        let (_, g, h) = hessian_sparse(&function!(f), &point);
        same(&g, &expected);
        same(&[h.get(0, 0), h.get(1, 1), h.get(0, 2), h.get(2, 2)], &[x.exp(), 0.0, 0.0, -INF]);
        let series: Vec<f64> = taylor::<_, 2>(|t| t.exp() + 1.0, x).coefficients().collect();
        same(&series, &[x.exp() + 1.0, x.exp(), x.exp() / 2.0]);

        let halving = Checkpointed::new(|_| function!(step: &[S], &[S] -> Vec<S>), 0..5, 2);
        let (y, by_x, by_p) = halving.gradient(|x, _| x[0], &[x, x], &[1.0]);
        same(&[y, by_x[0], by_x[1], by_p[0]], &[x, 1.0 / 32.0, 0.0, 31.0 / 16.0]);
        same(&gradient(|x| Half.apply(x)[0], &[x, x]).1, &[0.5, 0.0]);
        same(&gradient(|x| Seven.apply([x[0]]) + x[1], &[x, x]).1, &[0.0, 1.0]);
        // A right-hand side may be any number, a matrix may not.
        let (y, g) = gradient(|b| solve(&[Var::constant(2.0)], b)[0], &[x]);
        same(&[y, g[0]], &[x, 0.5]);
        same(&[derivative(|b| derivative(|b| solve(&[lift(lift(2.0))], &[b])[0], b).1, x).0], &[0.5]);
        let refused = message(|| gradient(|a| solve(a, &[Var::constant(1.0)])[0], &[x]));
        assert!(refused.starts_with("the matrix of the linear equations is singular or not finite in column 0"));
    }
}

#[test]
fn networks_pass_infinite_numbers_and_nan_on() {
    let layers = [(2, Activation::Tanh), (1, Activation::Sigmoid)];
    let mlp: Mlp = Mlp::random(1, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1));
    let output = |x: f64| mlp.forward(&[x])[0];
    assert!((0.0..=1.0).contains(&output(INF)) && (0.0..=1.0).contains(&output(-INF)) && output(NAN).is_nan());
    let (_, g) = gradient(|x| mlp.lift().forward(x)[0], &[INF]);
    assert_eq!(g, [0.0]);
    // A score of NaN is on no side, and counts as wrong.
    assert_eq!(accuracy(&[NAN, INF, -INF], &[1.0, 1.0, -1.0]), 2.0 / 3.0);
    same(&[hinge(&[INF, -INF], &[1.0, 1.0]), hinge(&[NAN], &[1.0])], &[INF, NAN]);
}

#[test]
fn functions_at_both_infinities_and_nan_do_not_hang() {
    fn all<S: Scalar<Real = f64>>(x: S) -> S {
        let special = [x.ln_gamma(), x.digamma(), x.polygamma(1), x.polygamma(7), x.erf(), x.gelu(), x.gelu_tanh()];
        let powers = [x.powi(i32::MIN), x.powi(i32::MAX), x.powf(INF), x.powf(-INF), x.pow(x), x.log(x), x % x];
        sum(&special) + sum(&powers) + x.fract() + x.sin() + x.hypot(x) + x.atan2(x)
    }
    for x in [INF, -INF, NAN, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 0.0, -0.0, -1.0, -1e15 - 0.5] {
        let (y, slope) = derivative(all, x);
        same(&[y], &[all(x)]);
        let (z, g) = gradient(|x| all(x[0]), &[x]);
        same(&[z], &[y]);
        assert_eq!(slope.is_nan(), g[0].is_nan(), "at {x}: {slope} and {}", g[0]);
    }
}

#[test]
fn every_refusal_says_what_to_do() {
    let x = [1.0, 2.0, 3.0];
    assert_eq!(message(|| dot(&x[..2], &x)), "dot: the slices have 2 and 3 elements; pass slices of one length");
    assert_eq!(
        message(|| weighted_sum(&x, &x[..2])),
        "weighted_sum: the slices have 3 and 2 elements; pass a weight for each"
    );
    assert_eq!(
        message(|| fuse_map(&function!(pair: [S; 3] -> [S; 2]), [&x[..], &x[..], &x[1..]])),
        "fuse_map: the slices have [3, 3, 2] elements; pass at least one, and all of one length"
    );
    assert_eq!(message(|| jvp(|x| x.to_vec(), &x, &x[..1])), "jvp: x has 3 elements and v has 1; pass one for each");
    assert_eq!(message(|| vjp(|x| vec![x[0]], &x, &x[..2])), "vjp: f(x) has 1 elements and u has 2; pass one for each");
    assert_eq!(message(|| hvp(|x| x[0], &x, &[])), "hvp: x has 3 elements and v has 0; pass one for each");
    let calls = std::cell::Cell::new(0);
    let fickle = |x: &[Dual<f64, 8>]| {
        calls.set(calls.get() + 1);
        vec![x[0]; calls.get()]
    };
    assert_eq!(
        message(|| jacobian(fickle, &[0.0; 9])),
        "jacobian: the function returned 1 outputs at first and 2 now; it must return the same number at every call"
    );
    assert_eq!(message(|| Dual::<f64, 2>::seeded(1.0, 2)), "lane 2 of a dual number with 2 lanes; lanes count from 0");
    assert_eq!(message(|| hinge(&x[..1], &x)), "nn::hinge: 1 outputs and 3 labels; pass one for each");
    assert_eq!(message(|| accuracy(&x[..1], &x)), "nn::accuracy: 1 outputs and 3 labels; pass one for each");
    assert_eq!(
        message(|| mean_squared_error(&x[..1], &x)),
        "nn::squared_error: 1 outputs and 3 targets; pass one for each"
    );
    assert_eq!(
        message(|| Mlp::<f64>::zeros(2, &[]).forward(&x)),
        "Mlp::forward: the point has 3 elements and the network has 2 inputs; pass one for each"
    );
    assert_eq!(
        message(|| num_traits::Float::clamp(Dual::<f64>::variable(1.0), 2.0.into(), 1.0.into())),
        "clamp: the lower bound 2 + 0ε is not below the upper bound 1 + 0ε"
    );
    // f64::clamp has these words.
    let clamps: [fn() -> f64; 3] = [
        || Scalar::clamp(1.0, 2.0, 1.0),
        || derivative(|x| Scalar::clamp(x, 2.0, 1.0), 1.0).1,
        || gradient(|x| Scalar::clamp(x[0], 2.0, NAN), &[1.0]).0,
    ];
    for clamp in clamps {
        assert!(message(clamp).starts_with("min > max, or either was NaN"));
    }
}

/// Drops a tape when the thread ends, after the slots of the thread are gone.
struct Late(Option<Tape>);

impl Drop for Late {
    fn drop(&mut self) {
        if self.0.is_some() {
            let text = message(Tape::<f64>::new);
            assert_eq!(text, "a tape was used while its thread was ending");
            ENDED.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

static ENDED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[test]
fn a_tape_may_outlive_the_memory_of_its_thread() {
    thread_local! {
        static LATE: std::cell::RefCell<Late> = const { std::cell::RefCell::new(Late(None)) };
    }
    std::thread::spawn(|| {
        // A thread-local that is used first is dropped last.
        LATE.with_borrow_mut(|late| late.0 = Some(Tape::new()));
    })
    .join()
    .expect("dropping a tape at the end of a thread is no error");
    assert!(ENDED.load(std::sync::atomic::Ordering::SeqCst));
}
