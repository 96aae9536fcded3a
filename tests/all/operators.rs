//! All ways to write an operation, and to show a number.

use dualtape::{
    Dual, Function, Scalar, Tape, Taylor, Var, check, function, gradient, gradient_forward, hessian, taylor,
};

/// Every operator in every combination of owned, borrowed and plain operands.
macro_rules! all_forms {
    ($x:expr, $y:expr, $op:tt, $assign:tt) => {{
        let (x, y, c) = ($x, $y, 4.0);
        let reference = (x $op y).value();
        for z in [x $op &y, &x $op y, &x $op &y] {
            assert_eq!(z.value(), reference);
        }
        for z in [x $op c, x $op &c, &x $op c, &x $op &c] {
            assert_eq!(z.value(), x.value() $op c);
        }
        for z in [c $op x, c $op &x, &c $op x, &c $op &x] {
            assert_eq!(z.value(), c $op x.value());
        }
        let mut z = x;
        z $assign y;
        assert_eq!(z.value(), reference);
        z $assign &y;
        z $assign c;
        z $assign &c;
        assert_eq!(z.value(), (((reference $op y.value()) $op c) $op c));
    }};
}

#[test]
fn every_combination_of_operands_compiles_and_agrees() {
    macro_rules! run {
        ($x:expr, $y:expr) => {{
            all_forms!($x, $y, +, +=);
            all_forms!($x, $y, -, -=);
            all_forms!($x, $y, *, *=);
            all_forms!($x, $y, /, /=);
            all_forms!($x, $y, %, %=);
            assert_eq!(((-$x).value(), (-&$x).value()), (-($x.value()), -($x.value())));
        }};
    }
    let tape = Tape::new();
    run!(Dual::<f64, 2>::seeded(7.5, 0), Dual::<f64, 2>::seeded(2.0, 1));
    run!(Taylor::<f64, 3>::variable(7.5), Taylor::<f64, 3>::variable(2.0));
    run!(tape.var(7.5_f64), tape.var(2.0));
    run!(Dual::variable(tape.var(7.5)), Dual::constant(tape.var(2.0)));
    let single = Tape::<f32>::new();
    let x = single.var(7.5);
    assert_eq!((x * 2.0_f32 + 1.0 - x).value(), 8.5);
}

/// The slopes of every operator with plain numbers on either side.
fn mixed<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let mut y = x[0] * 2.0 + 1.0;
    y -= 0.5;
    y *= x[1];
    y /= 3.0;
    y += x[0] / x[1] - x[1] % 2.0;
    -y
}

#[test]
fn operators_have_their_slopes() {
    let (x, y) = (1.5, 3.25);
    let expected = [-(2.0 * y / 3.0 + 1.0 / y), -((2.0 * x + 0.5) / 3.0 - x / (y * y) - 1.0)];
    for (value, g) in [gradient(mixed, &[x, y]), gradient_forward(mixed, &[x, y])] {
        assert_eq!(value, mixed(&[x, y]));
        approx::assert_relative_eq!(g[0], expected[0], max_relative = 1e-15);
        approx::assert_relative_eq!(g[1], expected[1], max_relative = 1e-15);
    }
    assert_eq!(gradient(|x| 2.0 - x[0] + 6.0 / x[0] + 7.0 % x[0], &[2.0]).1, [-1.0 - 1.5 - 3.0]);
}

#[test]
fn literals_need_no_types() {
    assert_eq!(gradient(|x| (2.0 * x[0] * x[1]).powi(2), &[1.0, 3.0]).1, [72.0, 24.0]);
    assert_eq!(dualtape::derivative(|x| (2.0 * x).powi(2) + (1.0 - x).abs(), 3.0).1, 25.0);
    let tape = Tape::new();
    let x = tape.var(3.0);
    assert_eq!(tape.backward((0.5 * x).powi(2))[x], 1.5);
}

#[test]
fn iterators_are_summed_and_multiplied() {
    let x = [2.0, 3.0, 5.0];
    assert_eq!(gradient(|x| x.iter().sum::<Var>() + x.iter().copied().sum::<Var>(), &x), (20.0, vec![2.0; 3]));
    assert_eq!(gradient(|x| x.iter().product(), &x), (30.0, vec![15.0, 10.0, 6.0]));
    assert_eq!(gradient_forward(|x| x.iter().copied().product(), &x), (30.0, vec![15.0, 10.0, 6.0]));
    assert_eq!(([].iter().sum::<Var>().value(), [].iter().product::<Var>().value()), (0.0, 1.0));
}

#[test]
fn control_flow_follows_the_values() {
    let x = Dual::new(1.0, [2.0]);
    assert!(x == Dual::new(1.0, [3.0]) && x == 1.0 && x < 1.5 && x > Dual::constant(0.5));
    assert!(x.partial_cmp(&f64::NAN).is_none());
    let tape = Tape::new();
    assert!(tape.var(1.0) == tape.var(1.0) && tape.var(1.0) < 2.0);
}

#[test]
fn numbers_read_well() {
    let x: Dual = Dual::variable(5.0);
    assert_eq!((x * x * x).to_string(), "125 + 75ε");
    assert_eq!((-x * x).to_string(), "-25 - 10ε");
    assert_eq!(format!("{:.2} {:?}", x / 3.0, x), "1.67 + 0.33ε 5 + 1ε");
    assert_eq!(format!("{x:e} {:.1e}", Dual::new(150.0, [2.0, -3.0])), "5e0 + 1e0ε 1.5e2 + [2.0e0, -3.0e0]ε");
    assert_eq!(Dual::new(1.5, [2.0, -3.0]).to_string(), "1.5 + [2, -3]ε");
    assert_eq!(Dual::variable(Dual::<f64>::variable(2.0)).to_string(), "(2 + 1ε) + (1 + 0ε)ε");
    let tape = Tape::new();
    let (a, b) = (tape.var(2.0), tape.var(3.5));
    assert_eq!(format!("{a:?} {:?} {:.1}", a * b, b), "2.0 (variable 0) 7.0 (variable 2) 3.5");
    let series = Taylor::<f64, 2>::variable(2.0);
    assert_eq!(format!("{series} {series:.1} {series:e}"), "2 + 1t + 0t² 2.0 + 1.0t + 0.0t² 2e0 + 1e0t + 0e0t²");
    assert_eq!((Var::constant(2.5).to_string(), format!("{b:e}")), ("2.5".to_owned(), "3.5e0".to_owned()));
    assert_eq!(format!("{:?}", tape.backward(a * b)), "[3.5, 2.0, 0.0, 1.0]");
    let lanes = tape.backward_lanes(&[(a, [1.0, 0.0]), (b, [0.0, 3.0])]);
    assert_eq!(format!("{lanes:?}"), "[[1.0, 0.0], [0.0, 3.0]]");
}

#[test]
fn conversions_lose_nothing() {
    assert_eq!(Dual::<f64, 2>::from(3.0).partials, [0.0, 0.0]);
    let nested: Dual<Dual<f64>> = Dual::variable(3.0).into();
    assert_eq!((nested.primal.partials, nested.partials[0].primal), ([1.0], 0.0));
    assert!(Var::from(3.0).is_constant());
}

#[test]
fn a_label_changes_no_number_in_any_reading() {
    fn plain<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0] * x[1]).sin() * x[0]
    }
    fn labelled<S: Scalar<Real = f64>>(x: &[S]) -> S {
        S::group("product", || (x[0] * x[1]).label("x·y")).sin().label("sine") * x[0]
    }
    let x = [0.5, 1.5];
    assert_eq!(labelled(&x), plain(&x));
    assert_eq!(gradient(labelled, &x), gradient(plain, &x));
    assert_eq!(gradient_forward(labelled, &x), gradient_forward(plain, &x));
    assert_eq!(function!(labelled).gradient_forward(&x), function!(plain).gradient_forward(&x));
    assert_eq!(hessian(labelled, &x), hessian(plain, &x));
    let along = |f: fn(&[Taylor<f64, 3>]) -> Taylor<f64, 3>| taylor(|t| f(&[t * 2.0 + 0.5, t + 1.5]), 0.0);
    assert_eq!(along(labelled), along(plain));
    check(&function!(labelled), &x).assert_agreement();
}
