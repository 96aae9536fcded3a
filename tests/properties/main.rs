//! Properties of every expression: the readings agree, and the theorems about derivatives hold.
//!
//! Expressions are random and shrink to a small one when they fail. The environment
//! variables `DUALTAPE_EXPRESSIONS` and `DUALTAPE_SEED` set how many each property is
//! tried on and from which seed; a failure prints both. `.ci/properties` tries many.

mod casts;
mod expression;
mod levels;
mod lower_orders;
mod optimum;
mod sparse;
mod strategy;
mod wide;

use std::cell::Cell;
use std::fmt::Debug;

use casts::assert_casts_keep_derivatives;
use dualtape::{
    Dual, Function, Scalar, Var, gradient, gradient_forward, hessian, hvp, jacobian, jacobian_reverse, jvp, vjp,
};
use expression::{Binary, Condition, Expression, Op, Step, Unary};
use levels::assert_levels_hold;
use lower_orders::assert_lower_orders;
use optimum::assert_check_is_fair;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use strategy::{chains, directions, expressions, points};

/// Tries a property on random inputs.
fn hold<S: Strategy>(strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let setting = |name: &str, default: u64| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; make it a whole number")),
        Err(_) => default,
    };
    let cases = setting("DUALTAPE_EXPRESSIONS", if cfg!(miri) { 2 } else { 300 }) as u32;
    let seed = setting("DUALTAPE_SEED", 1);
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };
    match TestRunner::new(config).run(&strategy, property) {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("gave up: {reason}"),
        Err(TestError::Fail(reason, smallest)) => panic!(
            "{reason}\nfor {smallest:#?}\nof {cases} expressions from seed {seed}; once more: DUALTAPE_SEED={seed} \
             DUALTAPE_EXPRESSIONS={cases} cargo test -p dualtape-properties"
        ),
    }
}

/// Compares derivatives within the tolerance of their condition.
fn close(what: &str, a: &[f64], b: &[f64], conditions: &[f64], bounds: &Condition) -> Result<(), TestCaseError> {
    prop_assert_eq!((a.len(), b.len()), (conditions.len(), conditions.len()), "{}", what);
    for (i, (&a, &b)) in a.iter().zip(b).enumerate() {
        let tolerance = bounds.tolerance(conditions[i]);
        prop_assert!(
            (a - b).abs() <= tolerance,
            "{what}, entry {i}: {a:e} and {b:e} differ by more than {tolerance:e}"
        );
    }
    Ok(())
}

/// Compares numbers bit for bit.
fn same_bits(what: &str, a: &[f64], b: &[f64]) -> Result<(), TestCaseError> {
    let bits = |x: &[f64]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    prop_assert_eq!(bits(a), bits(b), "{}: {:?} and {:?}", what, a, b);
    Ok(())
}

fn columns(rows: &[Dual]) -> (Vec<f64>, Vec<f64>) {
    rows.iter().map(|x| (x.primal, x.partials[0])).unzip()
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The inner product of absolute values.
fn inner_size(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a * b).abs()).sum()
}

#[test]
fn every_elementary_function_is_tried() {
    let known: Vec<String> = Unary::ALL
        .iter()
        .map(|function| format!("{function:?}"))
        .chain(Binary::ALL.iter().map(|function| format!("{function:?}")))
        .collect();
    let listed = include_str!("../../src/scalar/rules.rs").lines().filter_map(|line| {
        let (head, domain) = line.trim().split_once(" in (")?;
        (domain.ends_with(";") && (head.ends_with(" std") || head.ends_with(" special")))
            .then_some(head.split_once('(')?.0)
    });
    let mut listed: Vec<&str> = listed.collect();
    assert!(listed.len() > 50, "the list in rules.rs was not found: {listed:?}");
    listed.retain(|name| !known.iter().any(|known| known == name));
    assert!(listed.is_empty(), "add these to tests/properties/expression.rs: {listed:?}");
    let numbers = (0..Op::COUNT).map(Op::numbered).filter(|op| matches!(op, Op::Unary(_) | Op::Binary(_))).count();
    assert_eq!(numbers, known.len());
}

#[test]
fn values_equal_plain_numbers_bit_for_bit() {
    hold(expressions(), |(f, x)| {
        let plain = f.results(&x);
        prop_assert!(plain.iter().all(|value| value.is_finite()), "a value is not finite: {plain:?}");
        fn values<S: Scalar<Real = f64>>(results: Vec<S>) -> Vec<f64> {
            results.into_iter().map(S::value).collect()
        }
        let lanes: Vec<Dual<f64, 3>> = x.iter().map(|&x| Dual::seeded(x, 1)).collect();
        same_bits("forward", &values(f.results(&lanes)), &plain)?;
        let nested: Vec<Dual<Dual<f64, 2>>> = lanes.iter().map(|x| Dual::variable(Dual::seeded(x.primal, 0))).collect();
        same_bits("forward over forward", &values(f.results(&nested)), &plain)?;

        let tape = dualtape::Tape::new();
        let variables = tape.vars(&x);
        same_bits("reverse", &values(f.results(&variables)), &plain)?;
        let over_variables: Vec<Dual<Var, 2>> = variables.iter().map(|&x| Dual::seeded(x, 1)).collect();
        same_bits("forward over reverse", &values(f.results(&over_variables)), &plain)?;
        let tape = dualtape::Tape::new();
        same_bits("reverse over forward", &values(f.results(&tape.vars(&lanes))), &plain)?;
        let tape = dualtape::Tape::new();
        same_bits("reverse over reverse", &values(f.results(&tape.vars(&variables))), &plain)
    });
}

#[test]
fn gradients_agree_in_every_reading() {
    hold(expressions(), |(f, x)| {
        let bounds = f.condition(&x, f.outputs() - 1);
        let agrees = |reading: &str, a: &[f64], b: &[f64]| close(reading, a, b, &bounds.gradient, &bounds);
        let plain = f.last(&x);
        let (y, forward) = gradient_forward(|x| f.last(x), &x);
        let (z, reverse) = gradient(|x| f.last(x), &x);
        same_bits("value", &[y, z], &[plain, plain])?;
        agrees("reverse", &forward, &reverse)?;
        prop_assert!(forward.iter().all(|slope| slope.is_finite()), "a slope is not finite: {forward:?}");

        // Bare first, the zeros have other signs.
        let positive = |g: &[f64]| g.iter().map(|x| x + 0.0).collect::<Vec<_>>();
        same_bits("bare first", &positive(&f.gradient_forward(&x).1), &positive(&forward))?;

        if let Some((y, kernel)) = f.linearized(&x) {
            same_bits("value", &[y], &[plain])?;
            agrees("kernel", &forward, &kernel)?;
        }

        // One direction after the other, and reverse mode once more: the same bits.
        let unit = |i: usize| (0..x.len()).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
        let single: Vec<f64> = (0..x.len()).map(|i| jvp(|x| vec![f.last(x)], &x, &unit(i)).1[0]).collect();
        same_bits("single lanes", &single, &forward)?;
        same_bits("reverse again", &gradient(|x| f.last(x), &x).1, &reverse)?;

        // The first derivatives inside the second ones.
        let constants: Vec<Dual> = x.iter().map(|&x| Dual::variable(x)).collect();
        let (nested, _) = columns(&gradient_forward(|x| f.last(x), &constants).1);
        agrees("forward over forward", &forward, &nested)?;
        let (nested, _) = columns(&gradient(|x| f.last(x), &constants).1);
        agrees("reverse over forward", &forward, &nested)?;
        let (nested, _) = jacobian_reverse(|x| gradient_forward(|x| f.last(x), x).1, &x);
        agrees("forward over reverse", &forward, &nested)?;
        let (nested, _) = jacobian_reverse(|x| gradient(|x| f.last(x), x).1, &x);
        agrees("reverse over reverse", &forward, &nested)
    });
}

#[test]
fn hessians_agree_in_every_reading_and_are_symmetric() {
    hold((expressions(), directions()), |((f, x), v)| {
        let n = x.len();
        let bounds = f.condition(&x, f.outputs() - 1);
        let agrees = |reading: &str, a: &[f64], b: &[f64]| close(reading, a, b, &bounds.hessian, &bounds);
        let h = hessian(|x| f.last(x), &x).2.into_entries();
        prop_assert!(h.iter().all(|entry| entry.is_finite()), "a curvature is not finite: {h:?}");
        let others = [
            ("forward over forward", jacobian(|x| gradient_forward(|x| f.last(x), x).1, &x)),
            ("forward over reverse", jacobian_reverse(|x| gradient_forward(|x| f.last(x), x).1, &x)),
            ("reverse over reverse", jacobian_reverse(|x| gradient(|x| f.last(x), x).1, &x)),
        ];
        for (reading, (_, other)) in others {
            agrees(reading, &h, &other.into_entries())?;
        }
        let transposed: Vec<f64> = (0..n * n).map(|i| h[i % n * n + i / n]).collect();
        agrees("transposed", &h, &transposed)?;

        let v = &v[..n];
        let (_, _, along) = hvp(|x| f.last(x), &x, v);
        let expected: Vec<f64> = h.chunks_exact(n).map(|row| inner(row, v)).collect();
        let size: Vec<f64> = bounds.hessian.chunks_exact(n).map(|row| inner_size(row, v)).collect();
        close("H·v", &along, &expected, &size, &bounds)
    });
}

#[test]
fn forward_and_reverse_are_adjoint() {
    hold((expressions(), directions(), directions()), |((f, x), v, u)| {
        // The last three results are the outputs.
        let outputs: Vec<usize> = (f.outputs().saturating_sub(3)..f.outputs()).collect();
        let (u, v) = (&u[..outputs.len()], &v[..x.len()]);
        let (y, along) = jvp(|x| f.several(x, &outputs), &x, v);
        let (z, back) = vjp(|x| f.several(x, &outputs), &x, u);
        same_bits("values", &y, &z)?;
        let bounds: Vec<Condition> = outputs.iter().map(|&output| f.condition(&x, output)).collect();
        let size: f64 = bounds.iter().zip(u).map(|(b, u)| (u * inner_size(&b.gradient, v)).abs()).sum();
        close("⟨J·v, u⟩ and ⟨v, Jᵀ·u⟩", &[inner(&along, u)], &[inner(v, &back)], &[size], &bounds[0])?;

        let (_, forward) = jacobian(|x| f.several(x, &outputs), &x);
        let (_, reverse) = jacobian_reverse(|x| f.several(x, &outputs), &x);
        for (row, bounds) in bounds.iter().enumerate() {
            close("a row of the Jacobian", &forward[row], &reverse[row], &bounds.gradient, bounds)?;
            let size = inner_size(&bounds.gradient, v);
            close("J·v", &[along[row]], &[inner(&forward[row], v)], &[size], bounds)?;
        }
        Ok(())
    });
}

#[test]
fn derivatives_are_linear() {
    let weights = (-2.0..2.0_f64, -2.0..2.0_f64);
    hold((expressions(), directions(), directions(), weights), |((f, x), v, w, (a, b))| {
        // In the direction ...
        let bounds = f.condition(&x, f.outputs() - 1);
        let (v, w) = (&v[..x.len()], &w[..x.len()]);
        let along = |v: &[f64]| jvp(|x| vec![f.last(x)], &x, v).1[0];
        let mixed: Vec<f64> = v.iter().zip(w).map(|(v, w)| a * v + b * w).collect();
        let size = (a * inner_size(&bounds.gradient, v)).abs() + (b * inner_size(&bounds.gradient, w)).abs();
        close("J·(a·v + b·w)", &[along(&mixed)], &[a * along(v) + b * along(w)], &[size], &bounds)?;

        // ... and in the function, here two of its results.
        let pair = [f.outputs() - 1, f.outputs() / 2];
        let sizes: Vec<Condition> = pair.iter().map(|&output| f.condition(&x, output)).collect();
        let sum = gradient(|x| f.several(x, &pair)[0] * a + f.several(x, &pair)[1] * b, &x).1;
        let (_, rows) = jacobian_reverse(|x| f.several(x, &pair), &x);
        let expected: Vec<f64> = rows[0].iter().zip(&rows[1]).map(|(f, g)| a * f + b * g).collect();
        let both = sizes[0].gradient.iter().zip(&sizes[1].gradient);
        let size: Vec<f64> = both.map(|(f, g)| (a * f).abs() + (b * g).abs()).collect();
        close("∇(a·f + b·g)", &sum, &expected, &size, &bounds)
    });
}

/// `‖x‖ᵈ·f(x/‖x‖)` is homogeneous of degree d for any f.
fn homogeneous(f: &Expression, degree: i32) -> Expression {
    let n = f.inputs;
    let step = |op, c: f64, arguments: &[usize]| Step { op, c, arguments: arguments.to_vec(), guarded: false };
    let mut steps = vec![step(Op::Unary(Unary::abs), 0.0, &[0])];
    for i in 1..n {
        steps.push(step(Op::Binary(Binary::hypot), 0.0, &[n + i - 1, i]));
    }
    let norm = 2 * n - 1;
    for i in 0..n {
        steps.push(step(Op::Div, 0.0, &[i, norm]));
    }
    steps.extend(f.steps.iter().cloned().map(|mut step| {
        step.arguments.iter_mut().for_each(|argument| *argument += 2 * n);
        step
    }));
    let last = n + steps.len() - 1;
    steps.push(step(Op::Unary(Unary::powi), f64::from(degree) / 3.0, &[norm]));
    steps.push(step(Op::Mul, 0.0, &[last, last + 1]));
    Expression { inputs: n, steps }
}

#[test]
fn homogeneous_functions_obey_euler() {
    hold((expressions(), points(), -3..4), |((f, _), x, degree)| {
        let (f, x) = (homogeneous(&f, degree), &x[..f.inputs]);
        let bounds = f.condition(x, f.outputs() - 1);
        for (y, slopes) in [gradient(|x| f.last(x), x), gradient_forward(|x| f.last(x), x)] {
            let size = inner_size(x, &bounds.gradient);
            close("⟨x, ∇f⟩ and d·f", &[inner(x, &slopes)], &[f64::from(degree) * y], &[size], &bounds)?;
        }
        Ok(())
    });
}

#[test]
fn lower_orders_equal_the_lower_verbs() {
    hold(expressions(), |(f, x)| {
        assert_lower_orders(&f, &x);
        Ok(())
    });
}

#[test]
fn derivatives_nest_on_every_thread() {
    hold((expressions(), any::<[u8; 2]>()), |((f, x), places)| {
        assert_levels_hold(&f, &x, places.map(|place| usize::from(place) % x.len()));
        Ok(())
    });
}

#[test]
fn casts_keep_derivatives() {
    hold(expressions(), |(f, x)| {
        assert_casts_keep_derivatives(&f, &x);
        Ok(())
    });
}

/// A check costs some hundred evaluations for each input.
#[test]
fn a_check_at_an_optimum_raises_no_false_alarm_and_finds_a_wrong_slope() {
    hold(expressions(), |(f, x)| {
        if x.len() <= 2 {
            assert_check_is_fair(&f, &x);
        }
        Ok(())
    });
}

/// Slopes of softmax of equal numbers are rounding, and so is the sum that they are multiplied by.
#[test]
fn a_check_where_every_slope_is_a_product_of_roundings_raises_no_false_alarm() {
    let step = |op, c, arguments: &[usize]| Step { op, c, arguments: arguments.to_vec(), guarded: true };
    let steps = vec![
        step(Op::Softmax, 3.0, &[0; 10]),
        step(Op::Unary(Unary::ln_1p), 3.0, &[1]),
        step(Op::Unary(Unary::ln_1p), 3.0, &[2]),
        step(Op::Mapped, -3.0, &[1, 1, 2, 2, 2, 2, 3, 3, 3]),
        step(Op::Unary(Unary::polygamma), -1.0, &[4]),
    ];
    let f = Expression { inputs: 1, steps };
    for x in [-3.796142578125, 0.3, 5.1, 11.0] {
        assert_check_is_fair(&f, &[x]);
    }
}

/// The second and third derivatives of functions of tiny and huge numbers equal the series.
#[test]
fn derivatives_of_tiny_and_huge_numbers_agree_to_the_third_order() {
    let compared = Cell::new(0);
    hold(chains(), |chain| {
        compared.set(compared.get() + chain.assert_agreement());
        Ok(())
    });
    assert!(compared.get() > 100, "{compared:?}");
}
