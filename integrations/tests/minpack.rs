//! MINPACK's 18 problems: Jacobians against the formulas of its test program, and its solutions by levenberg-marquardt.

use dualtape::{Function, jacobian_reverse};
use dualtape_integrations::least_squares::least_squares;
use dualtape_integrations::minpack::{PROBLEMS, Problem};

#[test]
fn jacobians_are_those_of_minpack_at_the_start_and_far_from_it() {
    for (number, (name, start, _)) in PROBLEMS.iter().enumerate() {
        for factor in [1.0, 10.0, 100.0] {
            // The zero start becomes the factor, as in MINPACK.
            let scaled = |&x: &f64| if start.iter().all(|&x| x == 0.0) && factor > 1.0 { factor } else { x * factor };
            let x: Vec<f64> = start.iter().map(scaled).collect();
            let problem = Problem(number);
            let expected = problem.jacobian_by_hand(&x);
            let (_, forward) = problem.jacobian(&x);
            let (_, reverse) = jacobian_reverse(|x| problem.eval(x), &x);
            for (row, expected) in expected.iter().enumerate() {
                let scale = expected.iter().fold(f64::MIN_POSITIVE, |scale, x| scale.max(x.abs()));
                for found in [&forward[row], &reverse[row]] {
                    let near = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-12 * scale;
                    assert!(found.iter().zip(expected).all(near), "{name}, {factor}: {found:?}, {expected:?}");
                }
            }
        }
    }
}

#[test]
fn solutions_are_those_of_minpack() {
    for (number, (name, start, norm)) in PROBLEMS.iter().enumerate() {
        let problem = Problem(number);
        let residuals = problem.eval(&least_squares(&problem, start));
        let found = residuals.iter().map(|x| x * x).sum::<f64>().sqrt();
        println!("{name}: {found}");
        assert!((found - norm).abs() <= 1e-7 * norm.max(1.0), "{name}: found {found}, published {norm}");
    }
}
