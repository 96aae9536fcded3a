//! Derivatives of roots, fixed points, minima and linear systems against closed forms.

use dualtape::implicit::{argmin, argmin_within, fixed_point, root, solve};
use dualtape::{Function, Scalar, Tape, Var, check, function, gradient, hessian, jacobian, jacobian_reverse};

use crate::support::compare::assert_all_relative_eq;
use crate::support::refusals::message;

/// x₀² = p₀ and x₀·x₁ = p₁, so x = (√p₀, p₁/√p₀).
fn system<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    vec![x[0] * x[0] - p[0], x[0] * x[1] - p[1]]
}

fn closed<S: Scalar<Real = f64>>(p: &[S]) -> S {
    let x = p[0].sqrt();
    x.sin() + (p[1] / x).powi(3)
}

/// The same through a solver in plain numbers.
struct Solved;

impl Function for Solved {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, p: &[S]) -> S {
        let (a, b) = (p[0].value(), p[1].value());
        let x = root(&function!(system: &[S], &[S] -> Vec<S>), &[a.sqrt(), b / a.sqrt()], p);
        x[0].sin() + x[1].powi(3)
    }
}

#[track_caller]
fn assert_close(a: &[f64], b: &[f64]) {
    assert_all_relative_eq(a, b, 1e-13, 1e-12);
}

#[test]
fn a_root_has_the_derivatives_of_the_closed_form_to_third_order() {
    let p = [2.0, -0.7];
    check(&Solved, &p).assert_agreement();
    let (_, g, h) = hessian(|p| Solved.eval(p), &p);
    let (_, expected_g, expected_h) = hessian(closed, &p);
    assert_close(&g, &expected_g);
    assert_close(&h.into_entries(), &expected_h.into_entries());
    let third = jacobian(|p| hessian(|p| Solved.eval(p), p).2.into_entries(), &p).1;
    let expected = jacobian(|p| hessian(closed, p).2.into_entries(), &p).1;
    assert_close(&third.into_entries(), &expected.into_entries());
}

#[test]
fn the_value_of_a_root_is_the_solution_that_was_given() {
    let x = [2.0_f64.sqrt() + 1e-10, -0.7 / 2.0_f64.sqrt()];
    let tape = Tape::new();
    let p = tape.vars(&[2.0, -0.7]);
    let found = root(&function!(system: &[S], &[S] -> Vec<S>), &x, &p);
    assert_eq!([found[0].value(), found[1].value()], x);
}

#[test]
fn a_reverse_pass_through_a_root_is_one_block() {
    let tape = Tape::new();
    let p = tape.vars(&[2.0, -0.7]);
    let before = tape.len();
    root(&function!(system: &[S], &[S] -> Vec<S>), &[2.0_f64.sqrt(), -0.7 / 2.0_f64.sqrt()], &p);
    // Two residuals (subtraction of p, and of the value), the block, and two results.
    assert_eq!(tape.len() - before, 2 * 2 + 2 + 2);
}

#[test]
fn a_fixed_point_has_the_derivatives_of_the_closed_form() {
    /// x = cos(p·x).
    fn cosine<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> [S; 1] {
        [(p[0] * x[0]).cos()]
    }
    let phi = function!(cosine: &[S], &[S] -> [S; 1]);
    let p = 0.8;
    let x = (0..200).fold(1.0_f64, |x, _| (p * x).cos());
    let slope = -(p * x).sin() * x / (1.0 + p * (p * x).sin());
    let (value, g) = gradient(|p| fixed_point(&phi, &[x], p)[0], &[p]);
    assert_eq!(value, x);
    assert_close(&g, &[slope]);
    let (_, forward) = jacobian(|p| fixed_point(&phi, &[x], p), &[p]);
    assert_close(&forward[0], &[slope]);
}

#[test]
fn a_minimum_has_the_derivatives_of_the_closed_form() {
    /// Its minimum is at x = (p₀, p₁ + p₀²) for every p₂ > 0.
    fn valley<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
        (x[0] - p[0]).powi(2) + p[2] * (x[1] - x[0].powi(2) - p[1]).powi(2)
    }
    let f = function!(valley: &[S], &[S] -> S);
    let p = [0.7, -0.2, 10.0];
    let minimum = [0.7, -0.2 + 0.7 * 0.7];
    let expected = [[1.0, 0.0, 0.0], [1.4, 1.0, 0.0]].concat();
    let (_, forward) = jacobian(|p| argmin(&f, &minimum, p), &p);
    let (_, reverse) = jacobian_reverse(|p| argmin(&f, &minimum, p), &p);
    assert_close(&forward.into_entries(), &expected);
    assert_close(&reverse.into_entries(), &expected);
    // d²x₁/dp₀² = 2.
    let (_, _, h) = hessian(|p| argmin(&f, &minimum, p)[1], &p);
    assert_close(&h[0], &[2.0, 0.0, 0.0]);
}

/// A·x = b for a full matrix, by Cramer's rule.
fn cramer<S: Scalar<Real = f64>>(m: &[S]) -> S {
    let det = |a: S, b: S, c: S, d: S| a * d - b * c;
    let all = det(m[0], m[1], m[2], m[3]);
    det(m[4], m[1], m[5], m[3]) / all * det(m[0], m[4], m[2], m[5]) / all
}

fn by_solve<S: Scalar<Real = f64>>(m: &[S]) -> S {
    let x = solve(&m[..4], &m[4..]);
    x[0] * x[1]
}

#[test]
fn a_linear_system_has_the_derivatives_of_the_closed_form() {
    // The first pivot is zero.
    for m in [[2.0, 1.0, -0.5, 3.0, 1.5, 0.7], [0.0, 1.0, -0.5, 3.0, 1.5, 0.7]] {
        check(&function!(by_solve), &m).assert_agreement();
        let (y, g, h) = hessian(by_solve, &m);
        let (expected, expected_g, expected_h) = hessian(cramer, &m);
        assert_close(&[y], &[expected]);
        assert_close(&g, &expected_g);
        assert_close(&h.into_entries(), &expected_h.into_entries());
    }
    let (y, g) = gradient(|m| solve(&m[..1], &m[1..])[0], &[4.0_f32, 2.0]);
    assert_eq!((y, g), (0.5, vec![-0.125, 0.25]));
    assert!(solve::<f64>(&[], &[]).is_empty());
}

#[test]
fn a_solution_without_a_derivative_is_refused() {
    fn g<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
        vec![x[0] * x[0] - p[0]]
    }
    let g = function!(g: &[S], &[S] -> Vec<S>);
    let at = |x: &'static [f64], p: f64| message(|| gradient(|p| root(&g, x, p)[0], &[p]));
    assert_eq!(
        at(&[1.001], 1.0),
        "root: x is not a solution: Newton's method goes 1.0e-3 from it; pass a solution to about full \
         precision"
    );
    assert_eq!(
        at(&[0.0], 0.0),
        "the matrix of the linear equations is singular or not finite in column 0: the solution has no derivative there"
    );
    assert_eq!(
        at(&[1.0, 2.0], 1.0),
        "root: the function has 1 outputs for 2 unknowns; it needs as many equations as unknowns"
    );
    assert_eq!(
        message(|| solve(&[1.0, 2.0], &[1.0])),
        "solve: the matrix has 2 entries for a right-hand side of 1; pass n·n, row by row"
    );
    assert_eq!(
        message(|| fixed_point(&g, &[1.0, 1.0], &[Var::constant(1.0)])),
        "fixed_point: the map has 1 outputs for 2 unknowns; it must return a point of the same space"
    );
}

/// The function to minimize: (x₀ − p₀)² + (x₁ − p₁)⁴ + (x₁ − p₁)² + x₀·x₁ with x₀ ≤ 1.
fn coupled<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    let d = [x[0] - p[0], x[1] - p[1]];
    d[0].powi(2) + d[1].powi(4) + d[1].powi(2) + x[0] * x[1]
}

#[test]
fn an_unknown_at_a_bound_stays_there_and_the_others_move() {
    struct Least;
    impl Function for Least {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, p: &[S]) -> S {
            // 4d³ + 2d + 1 = 0 with d = x₁ − p₁ by Newton's method.
            let d = (0..50).fold(-0.4_f64, |d, _| d - (4.0 * d.powi(3) + 2.0 * d + 1.0) / (12.0 * d * d + 2.0));
            let bounds = [-5.0..=1.0, f64::NEG_INFINITY..=f64::INFINITY];
            let f = function!(coupled: &[S], &[S] -> S);
            let x = argmin_within(&f, &[1.0, p[1].value() + d], &bounds, p);
            x[0] * x[1].powi(2)
        }
    }
    // x₁ = p₁ + d, and nothing else depends on p.
    check(&Least, &[3.0, 2.0]).assert_agreement();
    let (y, g, h) = hessian(|p| Least.eval(p), &[3.0, 2.0]);
    assert_close(&g, &[0.0, 2.0 * y.sqrt()]);
    assert_close(&h.into_entries(), &[0.0, 0.0, 0.0, 2.0]);
}

/// (x − p)².
fn squared<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> S {
    (x[0] - p[0]).powi(2)
}

#[test]
fn the_minimum_within_bounds_is_a_clamp() {
    let f = function!(squared: &[S], &[S] -> S);
    let slope = |x: f64, p: f64| gradient(|p| argmin_within(&f, &[x], &[-1.0..=1.0], p)[0], &[p]);
    assert_eq!(slope(1.0, 2.0), (1.0, vec![0.0]));
    assert_eq!(slope(-1.0, -2.0), (-1.0, vec![0.0]));
    assert_eq!(slope(0.5, 0.5), (0.5, vec![1.0]));
    // About to leave the bound, and beyond it by rounding.
    assert_eq!(slope(1.0, 1.0), (1.0, vec![0.0]));
    assert_eq!(slope(1.0, 1.0 - 1e-12), (1.0, vec![0.0]));
    // Held from both sides.
    assert_eq!(gradient(|p| argmin_within(&f, &[3.0], &[3.0..=3.0], p)[0], &[2.0]), (3.0, vec![0.0]));
    // In plain numbers it is the solution.
    assert_eq!(argmin_within(&f, &[1.0], &[-1.0..=1.0], &[2.0]), [1.0]);
}

#[test]
fn a_point_that_is_not_a_minimum_within_bounds_is_refused() {
    let f = function!(squared: &[S], &[S] -> S);
    let at = |x: &[f64], bounds: &[std::ops::RangeInclusive<f64>]| {
        let (x, bounds) = (x.to_vec(), bounds.to_vec());
        message(|| gradient(|p| argmin_within(&f, &x, &bounds, p)[0], &[2.0]))
    };
    let no_solution =
        "root: x is not a solution: Newton's method goes 1.0e0 from it; pass a solution to about full precision";
    assert_eq!(at(&[1.0], &[1.0..=5.0]), no_solution); // f falls from the lower bound inward
    assert_eq!(at(&[1.0], &[0.0..=5.0]), no_solution);
    assert_eq!(
        at(&[2.0], &[3.0..=4.0]),
        "argmin_within: x[0] is 2, outside of 3 ..= 4; pass a minimum within the bounds"
    );
    assert_eq!(at(&[2.0], &[]), "argmin_within: 0 ranges for 1 unknowns; pass one for each");
}
