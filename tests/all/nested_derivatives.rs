//! Derivatives of derivatives, and levels that must not be confused.

use dualtape::implicit::{root, solve};
use dualtape::{
    Block, Dual, Rule, Scalar, Tape, Taylor, Var, dense, derivative, dot, function, fuse, fuse_map, gradient,
    gradient_array, gradient_forward, hessian, hvp, jacobian, jacobian_array, jacobian_reverse, jvp, lift, log_sum_exp,
    softmax, sum, taylor, vjp, weighted_sum,
};

use crate::support::compare::assert_all_relative_eq;
use crate::support::refusals::message;

#[test]
fn the_inner_infinitesimal_is_not_the_outer_one() {
    // D(x -> x·D(y -> x + y)) = 1 (Siskind & Pearlmutter 2005)
    assert_eq!(derivative(|x| x * derivative(|y| lift(x) + y, lift(1.0)).1, 1.0).1, 1.0);
    // D(x -> x·D(y -> x·y)) = 2x
    assert_eq!(derivative(|x| x * derivative(|y| lift(x) * y, lift(2.0)).1, 3.0).1, 6.0);
    // D(x -> D(y -> x·y²)(x)) = D(2x²) = 4x
    assert_eq!(derivative(|x| derivative(|y| lift(x) * y * y, x).1, 3.0).1, 12.0);
    // The same with reverse inside forward, and with reverse inside reverse.
    let reverse_inside_forward = |x: Dual| x * gradient(|y| Var::constant(x) + y[0], &[lift(1.0)]).1[0];
    assert_eq!(derivative(reverse_inside_forward, 1.0).1, 1.0);
    let reverse_inside_reverse =
        |x: &[Var]| x[0] * gradient(|y| Var::constant(x[0]) * y[0], &[Var::constant(2.0)]).1[0];
    assert_eq!(gradient(reverse_inside_reverse, &[3.0]).1, [6.0]);
}

#[test]
fn confusion_of_levels_is_refused() {
    type Program = (&'static str, fn() -> f64);
    let confused: [Program; 10] = [
        ("derivative", || derivative(|x| x * derivative(|y| x + y, 1.0).1, 1.0).1),
        ("jvp", || derivative(|x| x * jvp(|y| vec![x * y[0]], &[1.0], &[1.0]).1[0], 1.0).1),
        ("jacobian", || gradient_forward(|x| x[0] * jacobian(|y| vec![x[1] * y[0]], &[1.0]).1[0][0], &[1.0, 2.0]).0),
        ("gradient_forward", || gradient_forward(|x| x[0] * gradient_forward(|y| x[0] + y[0], &[1.0]).1[0], &[1.0]).0),
        // The outer derivative is 0 at 0, and still has influence on the inner one.
        ("derivative", || derivative(|x| x * derivative(|y| x * y, 0.0).1, 1.0).1),
        ("hvp", || derivative(|x| x * hvp(|y| Var::constant(x) * y[0], &[0.0], &[1.0]).1[0], 1.0).1),
        ("gradient_array", || gradient_array(|&[x]| x * gradient_array(|&[y]| x * y, &[0.0]).1[0], &[1.0]).0),
        ("jacobian_array", || gradient_array(|&[x]| x * jacobian_array(|&[y]| [y, x * y], &[1.0]).1[1][0], &[1.0]).0),
        // With an independent derivative between the two.
        ("derivative", || derivative(|x| x * derivative(|y| y * derivative(|z| x * z, 1.0).1, 1.0).1, 1.0).1),
        ("hessian", || gradient_forward(|x| x[0] * hessian(|y| Var::constant(x[0]) * y[0], &[0.0]).1[0], &[1.0]).0),
    ];
    for (verb, program) in confused {
        assert_eq!(
            message(program),
            format!(
                "{verb}: the function uses a dual number of an enclosing derivative, or one made by hand, whose infinitesimal would be \
                 confused with this one's: take the inner derivative at a lifted point, `lift(1.0)`, and lift what \
                 comes from outside, `lift(x)`; or use `x.value()` as a constant"
            )
        );
    }
    // A refusal leaves nothing behind, and an independent inner derivative is accepted.
    assert_eq!(derivative(|x| x * derivative(|y| y * y, 3.0).1, 1.0).1, 6.0);
    assert_eq!(derivative(|x| x * derivative(|y| y * x.value(), 3.0).1, 2.0).1, 2.0);
}

/// The product of two numbers, with derivatives of its own.
#[derive(Clone)]
struct Area;

impl Rule<2> for Area {
    fn value(&self, [x, y]: [f64; 2]) -> f64 {
        x * y
    }

    fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
        [y, x]
    }
}

impl Block for Area {
    fn value(&self, x: &[f64]) -> Vec<f64> {
        vec![x[0] * x[1]]
    }

    fn pull_back<S: Scalar<Real = f64>>(&self, x: &[S], _: &[S], u: &[S]) -> Vec<S> {
        vec![u[0] * x[1], u[0] * x[0]]
    }
}

#[test]
fn a_number_of_another_level_is_refused_through_every_function() {
    fn area<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> S {
        x * y
    }
    fn areas<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 1] {
        [x * y]
    }
    fn wave<S: Scalar<Real = f64>>(x: S) -> S {
        x.sin()
    }
    type Program = fn(Dual, Dual) -> Dual;
    let programs: [(&str, Program); 15] = [
        ("mul_add", |x, y| y.mul_add(y, x)),
        ("hypot", |x, y| x.hypot(y)),
        ("sum", |x, y| sum(&[y, x])),
        ("dot", |x, y| dot(&[y, y, x], &[y, y, y])),
        ("weighted_sum", |x, y| weighted_sum(&[y, x], &[1.0, 0.0])),
        ("a long weighted_sum", |x, y| weighted_sum(&[[y; 39].as_slice(), &[x]].concat(), &[1.0; 40])),
        ("product", |x, y| [y, y, x].into_iter().product()),
        ("log_sum_exp", |x, y| log_sum_exp(&[y, x])),
        ("softmax", |x, y| softmax(&[y, x])[0]),
        ("dense", |x, y| dense(&[y, y, x], &[y, y], 1, &function!(wave: S -> S))[0]),
        ("dense of many rows", |x, y| {
            dense(&[y, y], &[[y; 39].as_slice(), &[x]].concat(), 40, &function!(wave: S -> S))[39]
        }),
        ("fuse", |x, y| fuse(&function!(area: [S; 2] -> S), [y, x])),
        ("fuse_map", |x, y| fuse_map(&function!(areas: [S; 2] -> [S; 1]), [&[y], &[x]])[0][0]),
        ("a rule", |x, y| Rule::apply(&Area, [y, x])),
        ("a block", |x, y| Block::apply(&Area, &[y, x])[0]),
    ];
    for (name, program) in programs {
        let refusal = message(|| derivative(|x| x * derivative(|y| program(x, y), 1.5).1, 0.5).1);
        assert!(refusal.contains(REFUSAL), "{name}: {refusal}");
        assert!(derivative(|y| program(Dual::constant(0.5), y), 1.5).1.is_finite(), "{name}");
    }
}

/// Returns what `f` returns on another thread; its panic is a panic here.
fn elsewhere<Y: Send>(f: impl FnOnce() -> Y + Send) -> Y {
    let result = std::thread::scope(|scope| scope.spawn(f).join());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

const REFUSAL: &str = "of an enclosing derivative, or one made by hand";

#[test]
fn confusion_of_levels_on_other_threads_is_refused() {
    let confused: [fn() -> f64; 6] = [
        || derivative(|x: Dual| x * elsewhere(|| derivative(|y: Dual| x + y, 1.0).1), 1.0).1,
        || derivative(|x: Dual| x + elsewhere(|| derivative(|y: Dual| x * y, 0.0).0), 1.0).0,
        || derivative(|x: Dual| x * elsewhere(|| gradient_array(|[y]| [x * *y][0], &[1.0]).1[0]), 1.0).1,
        || gradient_forward(|x| x[0] * elsewhere(|| jacobian(|y| vec![x[0] * y[0]], &[1.0]).1[0][0]), &[1.0]).0,
        || taylor::<f64, 2>(|x| x * elsewhere(|| taylor::<f64, 2>(|y| x + y, 1.0)[1]), 1.0)[1],
        || {
            derivative(
                |x: Dual| x * elsewhere(|| elsewhere(|| hvp(|y| y[0] * Var::constant(x), &[1.0], &[1.0]).1[0])),
                1.0,
            )
            .1
        },
    ];
    for program in confused {
        assert!(message(program).contains(REFUSAL));
    }
    assert_eq!(derivative(|x: Dual| x * elsewhere(|| derivative(|y| lift(x) + y, lift(1.0)).1), 1.0).1, 1.0);
    assert_eq!(derivative(|x: Dual| x * elsewhere(|| derivative(|y| y * y, 3.0).1), 1.0).1, 6.0);
    // A number may travel where no derivative is taken inside.
    assert_eq!(derivative(|x: Dual| x * elsewhere(|| x * x), 2.0).1, 12.0);
}

#[cfg(feature = "parallel")]
#[test]
fn confusion_of_levels_in_a_pool_is_refused() {
    use dualtape::Terms;
    use rayon::prelude::*;
    let in_pool = || {
        derivative(|x: Dual| (0..64).into_par_iter().map(|_| derivative(|y: Dual| x * y, 1.0).1).sum::<f64>() * x, 1.0)
            .1
    };
    assert!(message(in_pool).contains(REFUSAL));
    let terms = |x: Dual| {
        let term = |_: usize, p: &[Var]| p[0] * derivative(|y: Dual| x * y, 1.0).1;
        x * Terms::all(64).par_gradient(term, &[1.0]).0
    };
    assert!(message(|| derivative(terms, 1.0).1).contains(REFUSAL));
    let right =
        |x: Dual| (0..64).into_par_iter().map(|k| x * derivative(|y: Dual| y * y, f64::from(k)).1).collect::<Vec<_>>();
    assert_eq!(derivative(|x| right(x).into_iter().sum(), 1.0).1, 4032.0);
}

#[test]
fn numbers_made_by_hand_are_refused_inside_a_verb() {
    let by_hand = Dual::variable(1.0);
    let series = Taylor::<f64, 2>::variable(1.0);
    let lanes = Dual::<f64, 8>::seeded(1.0, 3);
    assert!(message(|| derivative(|x| x * by_hand, 2.0)).contains(REFUSAL));
    assert!(message(|| taylor(|x| x * series, 2.0)).contains(REFUSAL));
    assert!(message(|| gradient_forward(|x| x[0] + lanes, &[2.0])).contains(REFUSAL));
    assert!(message(|| hessian(|x| x[0] * Var::constant(lanes), &[2.0])).contains(REFUSAL));
    // Constants are of no level, and numbers made by hand go together.
    assert_eq!(derivative(|x| x * Dual::constant(3.0), 2.0), (6.0, 3.0));
    assert_eq!((by_hand * by_hand).partials, [2.0]);
    assert_eq!(derivative(|x: Dual<Dual>| x * lift(by_hand), by_hand).0.partials, [2.0]);
}

#[test]
fn a_number_that_outlives_its_derivative_is_refused_by_the_next() {
    let kept = std::cell::Cell::new(Dual::constant(0.0));
    derivative(
        |x| {
            kept.set(x);
            x
        },
        1.0,
    );
    assert!(message(|| derivative(|x| x * kept.get(), 2.0)).contains(REFUSAL));
}

/// x³y + sin(xy), whose derivatives are all known.
fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
    x[0].powi(3) * x[1] + (x[0] * x[1]).sin()
}

const AT: [f64; 2] = [0.7, -1.3];

fn value() -> f64 {
    let [x, y] = AT;
    x.powi(3) * y + (x * y).sin()
}

fn slopes() -> [f64; 2] {
    let [x, y] = AT;
    [3.0 * x * x * y + y * (x * y).cos(), x.powi(3) + x * (x * y).cos()]
}

fn curvatures() -> [[f64; 2]; 2] {
    let [x, y] = AT;
    let mixed = 3.0 * x * x + (x * y).cos() - x * y * (x * y).sin();
    [[6.0 * x * y - y * y * (x * y).sin(), mixed], [mixed, -x * x * (x * y).sin()]]
}

#[track_caller]
fn close(a: &[f64], b: &[f64]) {
    assert_all_relative_eq(a, b, f64::EPSILON, 1e-14);
}

#[test]
fn every_way_to_a_gradient_agrees() {
    for (y, g) in [gradient(f, &AT), gradient_forward(f, &AT)] {
        assert_eq!(y, value());
        close(&g, &slopes());
    }
    for (y, j) in [jacobian(|x| vec![f(x), x[0]], &AT), jacobian_reverse(|x| vec![f(x), x[0]], &AT)] {
        assert_eq!(y, [value(), 0.7]);
        close(&j[0], &slopes());
        assert_eq!(j[1], [1.0, 0.0]);
    }
    let (_, along) = jvp(|x| vec![f(x)], &AT, &[1.0, 10.0]);
    close(&along, &[slopes()[0] + 10.0 * slopes()[1]]);
    let (_, back) = vjp(|x| vec![f(x), f(x)], &AT, &[1.0, 2.0]);
    close(&back, &slopes().map(|slope| 3.0 * slope));
    let (y, g) = gradient_array(|x| f(x), &AT);
    let (z, j) = jacobian_array(|x| [x[1], f(x)], &AT);
    assert_eq!((y, z, j[0]), (value(), [AT[1], value()], [0.0, 1.0]));
    assert_eq!(g, j[1]);
    close(&g, &slopes());
}

#[test]
fn every_way_to_a_hessian_agrees() {
    let expected: Vec<f64> = curvatures().concat();
    close(&hessian(f, &AT).2.into_entries(), &expected);
    close(&jacobian(|x| gradient(f, x).1, &AT).1.into_entries(), &expected);
    close(&jacobian(|x| gradient_forward(f, x).1, &AT).1.into_entries(), &expected);
    close(&jacobian_reverse(|x| gradient(f, x).1, &AT).1.into_entries(), &expected);
    close(&jacobian_reverse(|x| gradient_forward(f, x).1, &AT).1.into_entries(), &expected);
    close(&jacobian_array(|x| gradient_array(|x| f(x), x).1, &AT).1.concat(), &expected);
    let reverse = |x: &[Dual<f64, 2>; 2]| <[Dual<f64, 2>; 2]>::try_from(gradient(f, x).1).expect("two slopes");
    close(&jacobian_array(reverse, &AT).1.concat(), &expected);
    close(
        &jacobian_reverse(|x| gradient_array::<_, 2>(|x| f(x), x.try_into().unwrap()).1.to_vec(), &AT).1.into_entries(),
        &expected,
    );
    let (y, g, hv) = hvp(f, &AT, &[1.0, 10.0]);
    assert_eq!(y, value());
    close(&g, &slopes());
    close(&hv, &curvatures().map(|row| row[0] + 10.0 * row[1]));
}

#[test]
fn every_nesting_is_a_scalar() {
    fn at<S: Scalar<Real = f64>>() -> f64 {
        f(&AT.map(S::from_real)).value()
    }
    let values = [
        at::<f64>(),
        at::<Dual<f64, 3>>(),
        at::<Var>(),
        at::<Dual<Dual<f64, 3>, 2>>(),
        at::<Var<Dual<f64, 4>>>(),
        at::<Dual<Var>>(),
        at::<Var<Var>>(),
        at::<Dual<Var<Dual<f64, 2>>, 5>>(),
    ];
    assert_eq!(values, [value(); 8]);
}

#[test]
fn third_derivatives_by_three_levels() {
    let third = |x: f64| derivative(|x| derivative(|x| derivative(|x| x.powi(4), x).1, x).1, x).1;
    assert_eq!(third(2.0), 48.0);
    let mixed = |x: f64| gradient(|x| hessian(|y| y[0].powi(5), x).2[0][0], &[x]).1[0];
    assert_eq!(mixed(2.0), 240.0);
}

#[test]
fn lanes_equal_single_runs_bit_for_bit() {
    let x: Vec<f64> = (0..21).map(|i| (f64::from(i) * 0.37).sin() + 1.5).collect();
    fn g<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x.windows(3).map(|w| (w[0] / w[1]).tanh() * w[2].ln() - (w[0] * w[2]).hypot(w[1])).sum()
    }
    let (y, together) = gradient_forward(g, &x);
    assert_eq!(y, g(&x));
    for i in 0..x.len() {
        let mut direction = vec![0.0; x.len()];
        direction[i] = 1.0;
        let (_, alone) = jvp(|x| vec![g(x)], &x, &direction);
        assert_eq!(alone[0].to_bits(), together[i].to_bits());
    }
}

#[test]
fn a_recording_over_variables_is_itself_recorded() {
    let outer = Tape::new();
    let inner = Tape::<Var>::new();
    let x = outer.var(2.0);
    let y = inner.var(x);
    let slope = inner.backward(y.powi(3))[y];
    assert_eq!(slope.value(), 12.0);
    assert_eq!(outer.backward(slope)[x], 12.0);
}

/// Where slopes are recorded, a number independent of the direction still records no derivative.
#[test]
fn a_constant_stays_one_beside_recorded_slopes() {
    let tape = Tape::new();
    let y = Dual::<Var>::constant(tape.var(0.0)).sinh().sqrt();
    assert_eq!((y.partials[0].value(), y.partials[0].is_constant()), (0.0, true));
}

/// The cube root of each parameter.
fn cubes<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    x.iter().zip(p).map(|(x, &p)| x.powi(3) - p).collect()
}

fn squash<S: Scalar<Real = f64>>(x: S) -> S {
    x.tanh()
}

#[inline(always)]
fn polar<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
    [x.hypot(y), y.atan2(x)]
}

/// Every tool, each at neighbours, so that inputs of earlier columns, which are constants, meet variables in all tools.
fn tools<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let squash = function!(squash: S -> S);
    let polar = function!(polar: [S; 2] -> [S; 2]);
    let outputs = dense(&x[3..18], &x[17..21], 2, &squash);
    let roots = root(&function!(cubes: &[S], &[S] -> Vec<S>), &[x[7].value().cbrt(), x[8].value().cbrt()], &x[7..9]);
    let unknowns = solve(&[x[0], x[9], x[16], x[23] + 3.0], &[x[8], x[15]]);
    let of_pairs = [fuse(&polar, [x[7], x[8]]), fuse(&polar, [x[8], x[7]]), fuse(&polar, [x[2], x[3]])];
    let of_slices = fuse_map(&polar, [&x[..20], &x[4..]]);
    let sums = [dot(&x[..12], &x[12..]), dot(&x[4..], &x[4..]), weighted_sum(&x[2..6], &[1.0, 2.0, 3.0, 4.0])];
    [outputs, roots, unknowns, of_pairs.concat(), of_slices.concat(), sums.map(|x| x.sin()).to_vec()]
        .iter()
        .map(|values| log_sum_exp(values) * sum(values))
        .sum()
}

#[test]
fn a_hessian_of_more_inputs_than_lanes_equals_the_jacobian_of_the_gradient() {
    let x: Vec<f64> = (0..24).map(|i| 0.125 + 0.03 * f64::from(i * i % 29)).collect();
    let (_, _, h) = hessian(tools, &x);
    let (_, whole) = jacobian(|x| gradient(tools, x).1, &x);
    for (i, row) in h.rows().enumerate() {
        for (k, &entry) in row.iter().enumerate() {
            assert_eq!(entry, h[k][i], "({i}, {k})");
            approx::assert_relative_eq!(entry, whole[i][k], epsilon = 1e-13, max_relative = 1e-12);
        }
    }
    assert!(h.rows().flatten().filter(|&&entry| entry != 0.0).count() > 300);
}
