//! The checker passes right derivatives and catches slightly wrong ones.

use dualtape::check::{Disagreement, Entry, Report, check_along};
use dualtape::{Dual, Function, Real, Rule, Scalar, Var, check, function};

use crate::support::refusals::message;

fn rosenbrock<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
    x.windows(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * R::from_f64(100.0) + (x[0] - R::from_f64(1.0)).powi(2)).sum()
}

fn black_scholes<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let [spot, strike, rate, volatility, time] = x else { panic!("five inputs") };
    let spread = *volatility * time.sqrt();
    let d1 = ((*spot / strike).ln() + (*rate + volatility.powi(2) / 2.0) * time) / spread;
    *spot * d1.norm_cdf() - *strike * (-*rate * time).exp() * (d1 - spread).norm_cdf()
}

/// Outputs of very different size.
fn spherical<S: Scalar<Real = f64>>([r, azimuth, polar]: [S; 3]) -> [S; 4] {
    let flat = r * polar.sin();
    [flat * azimuth.cos(), flat * azimuth.sin() * 1e-9, r * polar.cos() * 1e9, S::from_f64(2.0)]
}

fn powers<R: Real, S: Scalar<Real = R>>(x: &[S]) -> Vec<S> {
    (0..5).map(|n| x[0].powi(n) * x[1]).collect()
}

#[test]
fn right_functions_pass() {
    let twelve: Vec<f64> = (0..12).map(|i| (f64::from(i)).cos()).collect();
    check(&function!(rosenbrock), &twelve).assert_agreement();
    check_along(&function!(rosenbrock), &twelve, &twelve).assert_agreement();
    check(&function!(f32, rosenbrock), &[0.3_f32, -0.2, 1.1]).assert_agreement();
    check_along(&function!(f32, rosenbrock), &[0.3_f32, -0.2, 1.1], &[1.0, 2.0, 3.0]).assert_agreement();
    let option = [100.0, 95.0, 0.05, 0.2, 1.5];
    check(&function!(black_scholes), &option).assert_agreement();
    check_along(&function!(black_scholes), &option, &[1.0, 1.0, 0.01, 0.01, 0.1]).assert_agreement();
}

#[test]
fn functions_of_many_outputs_pass() {
    let spherical = function!(spherical: [S; 3] -> [S; 4]);
    let report = check(&spherical, &[2.0, 0.3, 1.2]);
    assert_eq!(report.to_string(), "120 derivatives agree in all modes");
    check_along(&spherical, &[2.0, 0.3, 1.2], &[1.0, -1.0, 0.5]).assert_agreement();
    check(&function!(powers: &[S] -> Vec<S>), &[-0.7, 3.0]).assert_agreement();
    check(&function!(f32, powers: &[S] -> Vec<S>), &[-0.7_f32, 3.0]).assert_agreement();
    // Without inputs, and without outputs.
    fn nothing<S: Scalar>(_: &[S]) -> Vec<S> {
        vec![]
    }
    fn one<S: Scalar>(_: &[S]) -> S {
        S::one()
    }
    assert_eq!(check(&function!(nothing: &[S] -> Vec<S>), &[1.0]).to_string(), "0 derivatives agree in all modes");
    assert_eq!(check(&function!(one), &[]).to_string(), "0 derivatives agree in all modes");
}

/// exp(x)·y, with a derivative with respect to x that is wrong by `error`, the same in all modes.
struct Wrong {
    error: f64,
}

impl Function for Wrong {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let y = x[0].exp() * x[1];
        y + (x[0] - x[0].value()) * (y.value() * self.error)
    }
}

#[test]
fn a_rule_that_is_wrong_by_half_a_thousandth_is_caught() {
    check(&Wrong { error: 0.0 }, &[0.5, 2.0]).assert_agreement();
    for error in [5e-4, -5e-4, 5e-6] {
        let report = check(&Wrong { error }, &[0.5, 2.0]);
        let first = &report.disagreements()[0];
        assert_eq!((first.entry.to_string(), first.readings), ("∂f/∂x[0]".to_string(), ["differences", "forward"]));
        assert!((first.relative() - error.abs()).abs() < 1e-3 * error.abs());
    }
}

/// What rounding moves a slope by is small beside the slope, whatever the size of the input.
#[test]
fn a_wrong_slope_is_caught_at_inputs_of_all_sizes() {
    /// √x³, with 0.05 % of the slope hidden from differentiation.
    fn hidden<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0] * 0.9995 + x[0].value() * 0.0005).powf(1.5)
    }
    fn whole<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].powf(1.5)
    }
    for size in [1e-90, 1e-30, 1e-15, 1e-5, 1e5, 1e15, 1e30, 1e90] {
        check(&function!(whole), &[size]).assert_agreement();
        let report = check(&function!(hidden), &[size]);
        assert!(report.disagreements().iter().any(|d| d.entry.inputs == [0]), "{size:e}: {report}");
    }
}

/// (x·y, x/y), wrong by a term d^order/order! in one output, where d is the distance of an input from its value. The
/// term changes derivatives of that order only.
struct WrongTerm {
    order: i32,
    output: usize,
    input: usize,
    /// The wrong readings, by the sizes of their scalars.
    readings: &'static [usize],
}

impl Function for WrongTerm {
    type Output = [f64; 2];

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 2] {
        let mut outputs = [x[0] * x[1], x[0] / x[1]];
        if self.readings.contains(&size_of::<S>()) {
            let distance = x[self.input] - x[self.input].value();
            let factorial: i32 = (1..=self.order).product();
            outputs[self.output] += distance.powi(self.order) * (1e-3 / f64::from(factorial));
        }
        outputs
    }
}

const PLAIN: usize = size_of::<f64>();
const FORWARD: usize = size_of::<Dual<f64, 8>>();
const REVERSE: usize = size_of::<Var>();
const FORWARD_OVER_REVERSE: usize = size_of::<Var<Dual<f64, 8>>>();
const NESTED_FORWARD: usize = size_of::<Dual<Dual<f64, 8>, 8>>();
const ALL: &[usize] = &[PLAIN, FORWARD, REVERSE, FORWARD_OVER_REVERSE, NESTED_FORWARD];

/// Each disagreement as `entry: reading, reading`.
fn found(report: &Report) -> Vec<String> {
    let line = |d: &Disagreement| format!("{}: {}, {}", d.entry, d.readings[0], d.readings[1]);
    report.disagreements().iter().map(line).collect()
}

#[test]
fn every_kind_of_wrong_derivative_is_named() {
    let cases: [(WrongTerm, &[&str]); 9] = [
        // A value, in one reading and in the plain one.
        (WrongTerm { order: 0, output: 1, input: 0, readings: &[REVERSE] }, &["f[1]: plain, reverse"]),
        (
            WrongTerm { order: 0, output: 0, input: 0, readings: &[PLAIN] },
            &[
                "f[0]: plain, forward",
                "f[0]: plain, reverse",
                "f[0]: plain, forward over reverse",
                "f[0]: plain, nested forward",
            ],
        ),
        // One entry of the Jacobian, in one mode and in all.
        (WrongTerm { order: 1, output: 0, input: 1, readings: &[REVERSE] }, &["∂f[0]/∂x[1]: forward, reverse"]),
        (
            WrongTerm { order: 1, output: 1, input: 0, readings: &[FORWARD] },
            &[
                "∂f[1]/∂x[0]: forward, reverse",
                "∂f[1]/∂x[0]: forward, forward over reverse",
                "∂f[1]/∂x[0]: forward, nested forward",
                "∂f[1]/∂x[0]: differences, forward",
            ],
        ),
        (WrongTerm { order: 1, output: 1, input: 1, readings: ALL }, &["∂f[1]/∂x[1]: differences, forward"]),
        (
            WrongTerm { order: 1, output: 1, input: 1, readings: &[NESTED_FORWARD] },
            &["∂f[1]/∂x[1]: forward, nested forward"],
        ),
        // One second derivative, in one nesting and in all.
        (
            WrongTerm { order: 2, output: 1, input: 0, readings: &[FORWARD_OVER_REVERSE] },
            &["∂²f[1]/∂x[0]∂x[0]: nested forward, forward over reverse"],
        ),
        (
            WrongTerm { order: 2, output: 0, input: 1, readings: &[NESTED_FORWARD] },
            &[
                "∂²f[0]/∂x[1]∂x[1]: nested forward, forward over reverse",
                "∂²f[0]/∂x[1]∂x[1]: differences, nested forward",
            ],
        ),
        (
            WrongTerm { order: 2, output: 0, input: 0, readings: ALL },
            &["∂²f[0]/∂x[0]∂x[0]: differences, nested forward"],
        ),
    ];
    for (function, expected) in cases {
        assert_eq!(found(&check(&function, &[0.5, 2.0])), expected);
    }
}

#[test]
fn second_derivatives_of_three_inputs_have_their_own_names() {
    /// `(x·y, y + z·√z)`, with a wrong second derivative of the last output by the last two inputs in one reading.
    struct Three;
    impl Function for Three {
        type Output = [f64; 2];

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 2] {
            let away = |i: usize| x[i] - x[i].value();
            let wrong = if size_of::<S>() == FORWARD_OVER_REVERSE { away(1) * away(2) } else { S::zero() };
            [x[0] * x[1], x[1] + x[2] * x[2].sqrt() + wrong]
        }
    }
    let nested = |a, b| format!("∂²f[1]/∂x[{a}]∂x[{b}]: nested forward, forward over reverse");
    assert_eq!(found(&check(&Three, &[0.5, 2.0, 3.0])), [nested(1, 2), nested(2, 1)]);
    let names = |f: &dyn Fn(&[f64]) -> Report| -> Vec<String> {
        let report = f(&[0.5, 2.0, 0.0]);
        assert!(report.agrees(), "{report}");
        report.not_finite().iter().map(ToString::to_string).collect()
    };
    let power = function!(|x: &[S]| -> [S; 2] { [x[0] * x[1], x[1] + x[2].pow(1.5)] });
    assert_eq!(names(&|x| check(&power, x)), ["∂²f[1]/∂x[2]∂x[2] = inf"]);
    let root = function!(|x: &[S]| -> [S; 2] { [x[0] * x[1], x[1] * x[2].sqrt()] });
    assert_eq!(
        names(&|x| check(&root, x)),
        ["∂f[1]/∂x[2] = inf", "∂²f[1]/∂x[1]∂x[2] = inf", "∂²f[1]/∂x[2]∂x[1] = inf", "∂²f[1]/∂x[2]∂x[2] = -inf"]
    );
}

#[test]
fn a_slope_in_one_reading_is_compared_at_its_own_size() {
    /// `offset + slope·x`, whose slope is another one in reverse mode.
    struct Line {
        offset: f64,
        slope: f64,
        in_reverse: f64,
    }
    impl Function for Line {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let distance = x[0] - x[0].value();
            let slope = if size_of::<S>() == REVERSE { self.in_reverse } else { self.slope };
            // √d − √d is zero, and its slope NaN.
            let none = if slope.is_nan() { distance.sqrt() - distance.sqrt() } else { distance * slope };
            none + (x[0].value() * self.slope + self.offset)
        }
    }
    // Small slopes, alone and beside a large value, and one that is NaN.
    for (offset, slope, in_reverse) in [(0.0, 1e-6, 1e-6 * 1.0005), (1e6, 1e-5, 1e-5 * 1.0005), (0.0, 2.0, f64::NAN)] {
        let report = check(&Line { offset, slope, in_reverse }, &[1.0]);
        assert_eq!(found(&report), ["∂f/∂x[0]: forward, reverse"], "{offset} + {slope}·x");
        check(&Line { offset, slope, in_reverse: slope }, &[1.0]).assert_agreement();
    }
}

#[test]
fn a_wrong_third_derivative_is_named() {
    /// sin(x·y) by its expansion to the second order.
    fn expanded<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let t = x[0] * x[1];
        let (a, d) = (t.value(), t - t.value());
        d * a.cos() - d * d * (a.sin() / 2.0) + a.sin()
    }
    let at = [0.5, 2.0];
    check(&function!(expanded), &at).assert_agreement();
    let report = check_along(&function!(expanded), &at, &[1.0, 0.0]);
    assert_eq!(
        found(&report),
        [
            "∂³f/∂x[0]∂x[0]∂v: differences, nested forward",
            "∂³f/∂x[1]∂x[0]∂v: differences, nested forward",
            "∂³f/∂x[0]∂x[1]∂v: differences, nested forward",
            "∂³f/∂x[1]∂x[1]∂v: differences, nested forward"
        ]
    );
    // ∂³ sin(xy)/∂x³ = −y³ cos(xy)
    let [by_hand, of_expansion] = report.disagreements()[0].results;
    assert!((by_hand + 8.0 * 1.0_f64.cos()).abs() < 1e-8 && of_expansion.abs() < 1e-12, "{report}");

    // Where a gradient is wrong, the derivative along v comes first in the report.
    let report = check_along(&Wrong { error: 5e-4 }, &at, &[1.0, 0.0]);
    assert!(report.disagreements().iter().all(|d| d.entry.along), "{report}");
}

#[test]
fn the_report_is_a_table_of_the_worst() {
    let report = check(&WrongTerm { order: 1, output: 0, input: 0, readings: &[REVERSE] }, &[0.5, 2.0]);
    assert_eq!(
        report.to_string(),
        "1 of 32 derivatives disagree, the largest relative difference 5.0e-4 at ∂f[0]/∂x[0]:\n  \
         ∂f[0]/∂x[0]  forward 2  reverse 2.001  5.0e-4"
    );
    let report = check(&WrongTerm { order: 0, output: 0, input: 0, readings: &[REVERSE] }, &[0.5, 2.0]);
    assert_eq!(
        report.to_string(),
        "1 of 8 values and 0 of 32 derivatives disagree, the largest relative difference 1.0e-3 at f[0]:\n  \
         f[0]  plain 1  reverse 1.001  1.0e-3"
    );

    /// Σ i·xᵢ, with i % of the slope i hidden from differentiation.
    fn hidden<S: Scalar<Real = f64>>(x: &[S]) -> S {
        let term = |(x, i): (&S, i32)| {
            let (slope, share) = (f64::from(i), f64::from(i) / 100.0);
            *x * (slope - slope * share) + x.value() * slope * share
        };
        x.iter().zip(0..).map(term).sum()
    }
    let report = check(&function!(hidden), &[1.0; 13]);
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12);
    assert_eq!(lines[0], "12 of 390 derivatives disagree, the largest relative difference 1.2e-1 at ∂f/∂x[12]:");
    assert_eq!(lines[1], "  ∂f/∂x[12]  differences 12  forward 10.56  1.2e-1");
    assert_eq!(lines[10], "  ∂f/∂x[3]   differences 3   forward 2.91   3.0e-2");
    assert_eq!(lines[11], "  ... and 2 more");
    assert_eq!(report.disagreements().len(), 12);
    let ten = check(&function!(hidden), &[1.0; 11]);
    assert_eq!((ten.disagreements().len(), ten.to_string().lines().count()), (10, 11), "{ten}");
}

#[test]
fn a_derivative_that_is_not_finite_counts_most() {
    let differ = |a, b| {
        let entry = Entry { output: None, inputs: vec![], along: false };
        Disagreement { entry, readings: ["plain", "forward"], results: [a, b] }.relative()
    };
    assert_eq!(differ(1.0, f64::NAN), f64::INFINITY);
    assert_eq!(differ(f64::INFINITY, 1.0), f64::INFINITY);
    assert_eq!(differ(f64::INFINITY, f64::NEG_INFINITY), f64::INFINITY);
    assert_eq!(differ(-1.0, 1.0), 2.0);
    assert_eq!(differ(0.0, 1e-300), 1.0);
}

#[test]
fn a_disagreement_names_both_readings() {
    let entry = Entry { output: None, inputs: vec![0], along: false };
    let disagreement = Disagreement { entry, readings: ["plain", "forward"], results: [2.5e-9, -1e20] };
    assert_eq!(disagreement.to_string(), "∂f/∂x[0]: plain 2.5e-9, forward -1e20 (relative difference 1.0e0)");
}

#[test]
#[should_panic(expected = "1 of 32 derivatives disagree, the largest relative difference 5.0e-4 at ∂f[0]/∂x[0]:\n  ∂f")]
fn the_assertion_shows_the_report() {
    check(&WrongTerm { order: 1, output: 0, input: 0, readings: &[REVERSE] }, &[0.5, 2.0]).assert_agreement();
}

#[test]
fn misuse_is_refused() {
    assert_eq!(
        message(|| check_along(&function!(rosenbrock), &[1.0, 2.0], &[1.0])),
        "check_along: x has 2 elements and v has 1; pass one for each"
    );
    /// Returns one output more in reverse mode.
    struct Changing;
    impl Function for Changing {
        type Output = Vec<f64>;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
            vec![x[0]; if size_of::<S>() == REVERSE { 2 } else { 1 }]
        }
    }
    assert_eq!(
        message(|| check(&Changing, &[1.0])),
        "check: the function returned 1 outputs at plain numbers and 2 in the reading reverse; it must return the same \
         number in all"
    );
}

#[test]
fn equal_infinities_and_nan_agree() {
    fn root<S: Scalar<Real = f64>>(x: &[S]) -> S {
        x[0].sqrt() + x[1].ln()
    }
    let report = check(&function!(root), &[0.0, -1.0]);
    assert!(report.disagreements().is_empty() && !report.agrees());
}

#[test]
fn ends_of_domains_agree_to_the_third_order() {
    const INF: f64 = f64::INFINITY;
    macro_rules! agree {
        ($($f:expr, $points:expr;)*) => {$({
            fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
                let f: fn(S) -> S = $f;
                f(x[0])
            }
            for point in $points {
                let report = check_along(&function!(f), &[point], &[1.0]);
                assert!(report.disagreements().is_empty(), "{} at {point}: {report}", stringify!($f));
            }
        })*};
    }
    agree! {
        |x| x.sqrt(), [0.0, INF];
        |x| x.cbrt(), [0.0, -0.0, INF];
        |x| x.recip(), [0.0, -0.0, INF];
        |x| x.ln() + (x + 1.0).ln_1p(), [0.0, INF];
        |x| x.powf(0.5) + x.powf(1.5), [0.0];
        |x| x.powf(-0.5) + x.powi(-2), [0.0];
        |x| x.asin() + x.atanh(), [1.0, -1.0];
        |x| x.acos(), [1.0, -1.0];
        |x| x.acosh(), [1.0, INF];
    }
}

#[test]
fn a_value_that_is_not_finite_is_no_agreement() {
    fn naive<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        vec![x[1] * 2.0, (x[0].exp() + 1.0).ln(), x[1].sqrt()]
    }
    let naive = function!(naive: &[S] -> Vec<S>);
    check(&naive, &[8.0, 1.0]).assert_agreement();
    let wanted = "f[1] = inf: the value is not finite, and differences say nothing of its derivatives; check the function \
                  at a point where it is finite, or write it so that nothing overflows\n18 derivatives agree in all modes";
    let refusal = message(|| check(&naive, &[800.0, 1.0]).assert_agreement());
    assert!(refusal.starts_with(&wanted[..170]), "{refusal}");
    let refusal = message(|| check_along(&naive, &[800.0, 1.0], &[1.0, 0.0]).assert_agreement());
    assert!(refusal.starts_with(&wanted[..170]), "{refusal}");
    // Neither do a NaN, nor a right value beside a wrong one.
    let report = check(&naive, &[8.0, -1.0]);
    assert_eq!(report.not_finite()[0].to_string(), "f[2] = NaN");
    assert!(report.disagreements().is_empty() && !report.agrees());
    // An infinite slope of a finite value is a convention, and mentioned.
    let report = check(&naive, &[8.0, 0.0]);
    assert!(report.agrees() && report.to_string().contains("; not finite are ∂f[2]/∂x[1] = inf, ∂²f"), "{report}");
}

/// The minima of sums of squares, where a gradient is rounding alone.
mod at_minima {
    use super::*;
    use dualtape::Rule;
    use dualtape::implicit::solve;
    use dualtape::{dot, fuse_map, log_softmax};

    /// Numbers between −1 and 1 without a pattern.
    fn noise(seed: usize, k: usize) -> f64 {
        ((seed * 1000 + k) as f64 * 12.9898 + 78.233).sin() * 43758.5453 % 1.0
    }

    /// Σᵢ (Σⱼ aᵢⱼ xⱼ − bᵢ)²
    struct LeastSquares {
        rows: Vec<Vec<f64>>,
        targets: Vec<f64>,
        /// An error in the derivative with respect to the first input, relative to the derivative of the first term,
        /// and the size of the scalar that has it.
        flaw: Option<(f64, usize)>,
    }

    impl LeastSquares {
        fn new(seed: usize, points: usize, inputs: usize) -> Self {
            let scale = 10.0_f64.powi(seed as i32 % 9 - 4);
            let row = |i: usize| (0..inputs).map(|j| noise(seed, i * 7 + j) * scale + f64::from(j == 0)).collect();
            let targets = (0..points).map(|i| noise(seed + 100, i) + (seed % 3) as f64 * 1e3).collect();
            LeastSquares { rows: (0..points).map(row).collect(), targets, flaw: None }
        }

        fn minimum(&self) -> Vec<f64> {
            let n = self.rows[0].len();
            let column = |j: usize| self.rows.iter().map(move |row| row[j]);
            let dots = |j| (0..n).map(move |k| column(j).zip(column(k)).map(|(a, b)| a * b).sum::<f64>());
            let products = (0..n).map(|j| column(j).zip(&self.targets).map(|(a, b)| a * b).sum()).collect::<Vec<f64>>();
            solve(&(0..n).flat_map(dots).collect::<Vec<_>>(), &products)
        }
    }

    impl Function for LeastSquares {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let residual = |row: &[f64], target: f64| row.iter().zip(x).map(|(&a, &x)| x * a).sum::<S>() - target;
            let squares: S = self.rows.iter().zip(&self.targets).map(|(row, &b)| residual(row, b).powi(2)).sum();
            let first = 2.0 * self.rows[0][0] * residual(&self.rows[0], self.targets[0]).value();
            match self.flaw {
                Some((error, size)) if size == size_of::<S>() => squares + (x[0] - x[0].value()) * (error * first),
                _ => squares,
            }
        }
    }

    #[test]
    fn twenty_sums_of_squares_raise_no_false_alarm() {
        for seed in 0..20 {
            let f = LeastSquares::new(seed, [3, 30, 300][seed % 3], 1 + seed % 3);
            let x = f.minimum();
            let report = check(&f, &x);
            assert!(report.agrees(), "{seed}: {report}");
            let few = LeastSquares::new(seed, 10, x.len());
            let report = check_along(&few, &few.minimum(), &vec![0.7; x.len()]);
            assert!(report.agrees(), "{seed}, along: {report}");
        }
    }

    #[test]
    fn a_sum_that_is_split_raises_no_false_alarm() {
        fn split<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
            let d = |i: usize| R::from_f64((i as f64 * 0.7).sin());
            (0..1000).map(|i| (x[0] - d(i)).powi(2) + (x[1] + d(i)).powi(2)).sum()
        }
        let mean = (0..1000).map(|i| (f64::from(i) * 0.7).sin()).sum::<f64>() / 1000.0;
        check(&function!(split), &[mean, -mean]).assert_agreement();
        check_along(&function!(split), &[mean, -mean], &[1.0, 2.0]).assert_agreement();
        check(&function!(f32, split), &[mean as f32, -mean as f32]).assert_agreement();
    }

    /// Slopes of linear pieces are computed from constants alone.
    #[test]
    fn linear_pieces_raise_no_false_alarm() {
        /// Pieces through x whose slopes are nearly opposite in sum.
        fn pieces<R: Real, S: Scalar<Real = R>>(x: &[S]) -> Vec<S> {
            let piece = |seed: usize, k: usize| {
                let (slope, y) = (R::from_f64(noise(seed, k)), x[k % 2]);
                match k % 3 {
                    0 => (y.abs() * slope, slope),
                    1 => (y.leaky_relu(slope), R::from_f64(1.0)),
                    _ => (y.max(-y) / R::from_f64(3.0) * slope, slope / R::from_f64(3.0)),
                }
            };
            let flat = |seed: usize| {
                let sum: S = (0..12).map(|k| piece(seed, k).0).sum();
                let slope = |i: usize| (i..12).step_by(2).fold(R::from_f64(0.0), |sum, k| sum + piece(seed, k).1);
                sum - x[0] * slope(0) - x[1] * slope(1)
            };
            (0..40).map(flat).collect()
        }
        check(&function!(pieces: &[S] -> Vec<S>), &[0.7, 2.0]).assert_agreement();
        check_along(&function!(pieces: &[S] -> Vec<S>), &[0.7, 2.0], &[0.3, -1.1]).assert_agreement();
        check(&function!(f32, pieces: &[S] -> Vec<S>), &[0.7, 2.0]).assert_agreement();
    }

    /// Forward mode adds large slopes that cancel to the bit, and reverse mode adds a small one between them.
    #[test]
    fn large_terms_that_cancel_in_one_mode_raise_no_false_alarm() {
        fn small<R: Real, S: Scalar<Real = R>>(x: &[S]) -> S {
            let large = R::from_f64(1e6);
            (x[0] * large - x[0] * large) + x[0] * R::from_f64(1e-3) + x[1]
        }
        check(&function!(small), &[0.7, 1.0]).assert_agreement();
        check(&function!(f32, small), &[0.7, 1.0]).assert_agreement();
    }

    /// Rounding absorbs a small term before a larger one cancels. Differences then see nothing of its slope, at any step.
    #[test]
    fn terms_that_rounding_absorbs_raise_no_false_alarm() {
        fn absorbed<S: Scalar<Real = f64>>(x: &[S], size: f64) -> [S; 2] {
            [x[0] * size + 1.0 - 1.0, x[1] + x[1] * x[0] * size - x[1]]
        }
        for exponent in [-300, -104, -40, -20] {
            let size = 10.0_f64.powi(exponent);
            let f = function!([size: f64] |x: &[S]| -> [S; 2] { absorbed(x, size) });
            check(&f, &[0.7, 1.3]).assert_agreement();
            check(&f, &[0.0, 1.3]).assert_agreement();
        }
        // 0, but for rounding.
        fn flat<S: Scalar<Real = f64>>(x: &[S]) -> S {
            let y = x[0] + 1e12;
            y * y - x[0] * 2e12 - 1e24 - x[0] * x[0]
        }
        for x in [0.7, 0.0, -100.0] {
            check(&function!(flat), &[x]).assert_agreement();
        }
    }

    /// The slopes of `log_softmax` of equal numbers cancel to rounding, and its iterates have products of such slopes.
    #[test]
    fn products_of_roundings_raise_no_false_alarm() {
        fn even<R: Real, S: Scalar<Real = R>>(x: &[S]) -> [S; 3] {
            let even = |y: S| log_softmax(&[y, y, y])[1];
            [even(even(x[0])), even(even(even(x[0] * x[1]))), even(even(x[0]) * even(x[1]))]
        }
        for x in [[0.75, 0.3], [-2.0, 0.1], [1e-3, 1e3], [0.0, 0.0]] {
            check(&function!(even: &[S] -> [S; 3]), &x).assert_agreement();
            check(&function!(f32, even: &[S] -> [S; 3]), &x.map(|x| x as f32)).assert_agreement();
        }
    }

    /// The slope of x − y is 1 − 1 in forward mode. In reverse mode the adjoints of all x are added first, and those of all y
    /// subtracted one by one.
    #[test]
    fn terms_that_cancel_exactly_in_one_mode_raise_no_false_alarm() {
        fn turn<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
            [x.sin() * y, x - y]
        }
        fn nothing<S: Scalar<Real = f64>>(x: &[S]) -> [S; 4] {
            [3, 4, 5, 7].map(|n| {
                let x = vec![x[0]; n];
                let [a, b] = fuse_map(&function!(turn: [S; 2] -> [S; 2]), [&x, &x]);
                dot(&a, &b)
            })
        }
        for x in [1.0, 0.7, -2.7, 0.3, 5.1] {
            check(&function!(nothing: &[S] -> [S; 4]), &[x]).assert_agreement();
        }
    }

    #[test]
    fn an_error_of_half_a_thousandth_is_caught() {
        for seed in 0..8 {
            for size in [FORWARD, REVERSE, FORWARD_OVER_REVERSE, NESTED_FORWARD] {
                let mut f = LeastSquares::new(seed, [3, 30, 200][seed % 3], 2);
                f.flaw = Some((5e-4, size));
                assert!(!check(&f, &f.minimum()).agrees(), "{seed}, {size}");
            }
        }
    }

    /// The exponential with a slope that is wrong by 0.05 %. In a gradient that vanishes this is no error, but in the
    /// derivative of the other slope it is one.
    #[test]
    fn a_wrong_rule_is_caught() {
        struct Exp;
        impl Rule<1> for Exp {
            fn value(&self, [x]: [f64; 1]) -> f64 {
                x.exp()
            }
            fn partials<S: Scalar<Real = f64>>(&self, [x]: [S; 1], _: S) -> [S; 1] {
                [x.exp() * 1.0005]
            }
        }
        /// 2·exp(t/2) by a curve a·exp(bt).
        fn fit<S: Scalar<Real = f64>>(x: &[S], exp: impl Fn(S) -> S) -> S {
            let square = |t: f64| (x[0] * exp(x[1] * t) - (0.5 * t).exp() * 2.0).powi(2);
            (0..50).map(|i| square(f64::from(i) / 50.0)).sum()
        }
        fn right<S: Scalar<Real = f64>>(x: &[S]) -> S {
            fit(x, S::exp)
        }
        fn wrong<S: Scalar<Real = f64>>(x: &[S]) -> S {
            fit(x, |x| Exp.apply([x]))
        }
        check(&function!(right), &[2.0, 0.5]).assert_agreement();
        let report = check(&function!(wrong), &[2.0, 0.5]);
        assert!(found(&report).contains(&"∂²f/∂x[0]∂x[1]: differences, nested forward".to_string()), "{report}");
    }

    /// A slope that is wrong by a factor vanishes at the optimum as the right one does, and so agrees with the values there,
    /// and in its own derivatives with itself.
    #[test]
    fn a_gradient_that_is_wrong_by_a_factor_is_caught() {
        struct Square(f64);
        impl Rule<1> for Square {
            fn value(&self, [r]: [f64; 1]) -> f64 {
                r * r
            }
            fn partials<S: Scalar<Real = f64>>(&self, [r]: [S; 1], _: S) -> [S; 1] {
                [r * (2.0 * self.0)]
            }
        }
        /// ln(1 + eˣ) − yx
        struct Logistic(f64);
        impl Rule<2> for Logistic {
            fn value(&self, [x, y]: [f64; 2]) -> f64 {
                Scalar::softplus(x) - y * x
            }
            fn partials<S: Scalar<Real = f64>>(&self, [x, y]: [S; 2], _: S) -> [S; 2] {
                [(x.sigmoid() - y) * self.0, -x * self.0]
            }
        }
        /// The sum over distances of squares, or of logistic losses with three quarters of the labels 1.
        struct Sum {
            factor: f64,
            of_squares: bool,
            terms: i32,
        }
        impl Function for Sum {
            type Output = f64;

            fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
                let term = |i: i32| {
                    if self.of_squares {
                        let (square, d) = (Square(self.factor), f64::from(i) * 0.01);
                        square.apply([x[0] - d]) + square.apply([x[0] + d])
                    } else {
                        Logistic(self.factor).apply([x[0], S::from_f64(if i % 4 == 0 { 0.0 } else { 1.0 })])
                    }
                };
                (0..self.terms).map(term).sum()
            }
        }
        for (of_squares, optimum) in [(true, 0.0), (false, f64::ln(3.0))] {
            for terms in [4, 100, 1000] {
                let report = |factor| check(&Sum { factor, of_squares, terms }, &[optimum]);
                report(1.0).assert_agreement();
                for factor in [1.0005, 0.9995, 1.5, 0.0, -1.0] {
                    let found = found(&report(factor));
                    assert_eq!(found, ["∂²f/∂x[0]∂x[0]: differences, nested forward"], "{terms} terms, {factor}");
                }
            }
        }
    }
}

#[test]
fn a_small_entry_beside_a_large_one_is_compared_for_itself() {
    struct Beside;
    impl Function for Beside {
        type Output = f64;

        fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
            let small = if size_of::<S>() == NESTED_FORWARD { 3.003 } else { 3.0 };
            x[0] * x[0] * 1e13 + (x[0] - x[0].value()) * (x[1] - x[1].value()) * small
        }
    }
    let report = check(&Beside, &[1.0, 1.0]);
    assert!(found(&report).contains(&"∂²f/∂x[0]∂x[1]: nested forward, forward over reverse".to_string()), "{report}");
}

#[test]
fn a_slope_that_is_nan_where_there_is_one_is_found() {
    fn distance<S: Scalar<Real = f64>>(x: &[S]) -> S {
        (x[0].powi(4) + x[1].powi(4)).sqrt()
    }
    let report = check(&function!(distance), &[0.0, 0.0]);
    assert!(!report.agrees());
}

#[test]
fn right_functions_at_awkward_points_are_not_accused() {
    let mut accused = Vec::new();
    macro_rules! agree {
        ($($f:expr, $points:expr;)*) => {$({
            fn f<S: Scalar<Real = f64>>(x: &[S]) -> S {
                let f: fn(S, S) -> S = $f;
                f(x[0], x[1])
            }
            for point in $points {
                let point: [f64; 2] = point;
                let report = check(&function!(f), &point);
                if !report.disagreements().is_empty() {
                    accused.push(format!("{} at {point:?}: {report}", stringify!($f)));
                }
            }
        })*};
    }
    agree! {
        // Kinks, at the point, near it, and a little farther off.
        |x, y| x.abs() + y.relu(), [[0.0, 0.0], [1e-6, -1e-6], [1e-3, -1e-3], [-1e-12, 1e-12], [0.05, 1e-2]];
        |x, y| x.max(y) * 3.0, [[2.0, 2.0], [2.0, 2.0 + 1e-9], [0.0, 0.0], [1e5, 1e5]];
        |x, y| x.hypot(y), [[0.0, 0.0], [1e-8, 0.0], [1e-160, 1e-160], [1e160, 1e150]];
        |x, y| x.relu().powi(2) + (y - 1.0).abs() * (y - 1.0), [[0.0, 1.0], [1e-7, 1.0 + 1e-7]];
        |x, y| x.elu(1.5) + y.leaky_relu(0.1), [[0.0, 0.0], [1e-4, 1e-4]];
        |x, y| x.atan2(y), [[0.0, 0.0], [0.0, -1.0], [1e-9, -1.0], [1e-300, 1e-300]];
        // Stairs and remainders.
        |x, y| x.floor() + y.round(), [[0.0, 0.5], [1.0 - 1e-6, 0.5 + 1e-6], [3.3, 4.4], [12345.5, 1e5]];
        |x, y| x.fract() + y.trunc(), [[0.25, 1.5], [1e5 + 0.25, 1e5 + 0.5], [1.0, 1.0]];
        |x, y| x % y, [[5.0, 3.0], [6.0, 3.0], [5.9999, 3.0], [1.0, 0.1]];
        // Ends of domains.
        |x, y| x.ln() * y.sqrt(), [[1e-9, 1e-9], [1e-300, 1e-300], [1e-3, 0.0], [1.0, 1e-3]];
        |x, y| x.asin() + y.acosh(), [[1.0, 1.0], [1.0 - 1e-9, 1.0 + 1e-9], [-1.0 + 1e-14, 1.0 + 1e-3]];
        |x, y| x.atanh() + (y + 1.0).ln(), [[1.0 - 1e-6, -1.0 + 1e-6], [1.0, -1.0]];
        |x, y| x.recip() + y.powf(-0.5), [[1e-8, 1e-8], [-1e-3, 1e-3], [0.0, 0.0], [1e8, 1e-100]];
        |x, y| x.cbrt() + y.powf(1.5), [[0.0, 0.0], [1e-9, 1e-9], [-8.0, 4.0]];
        |x, y| x * x.ln() + y.powi(-3), [[1e-9, 1e-3], [1e-150, -1e-2]];
        // Poles beside the point, and oscillations.
        |x, y| x.tan() + y.sin(), [[std::f64::consts::FRAC_PI_2 - 1e-6, 1e6], [1.57, 1e-12]];
        |x, y| (x * 1e4).sin() * (y * 1e-4).cos(), [[0.3, 0.3], [0.0, 1e4], [100.0, 1e6]];
        |x, y| (x * 1e3).exp() + (y * 1e9).tanh(), [[0.0, 0.0], [-0.5, 1e-9], [0.1, 1.0]];
        // Large, tiny, flat, and cancelling.
        |x, y| x.powi(2) * y, [[1e100, 1e-100], [1e-100, 1e100], [1e-200, 1.0], [0.0, 0.0]];
        |x, y| (x + 1e8) - 1e8 + y * 1e-8, [[0.5, 1.0], [0.0, 0.0]];
        |x, y| x.sigmoid() + y.erfc(), [[40.0, 6.0], [-700.0, -6.0], [1e3, 26.0]];
        |x, y| (-x * x).exp() * y.cos(), [[30.0, 0.0], [6.0, 1e-20], [0.0, 0.0]];
        |x, y| x.cosh() - y.cosh(), [[1e-5, 0.0], [700.0, 0.0], [20.0, 20.0]];
        |x, y| x * x * 8e-323 + y * 1e-310, [[1.0, 1.0], [0.3, 0.7]];
        |_, y| y * 0.0 + 5.0, [[1.0, 1.0], [0.0, f64::MAX]];
    }
    assert!(accused.is_empty(), "{}", accused.join("\n"));
}

#[test]
fn single_precision_passes_at_awkward_points() {
    fn f<S: Scalar<Real = f32>>(x: &[S]) -> S {
        x[0].abs() + x[1].sqrt() * x[0].sin() + (x[1] * 50.0).cos()
    }
    for point in [[0.0_f32, 1e-3], [1e-4, 1e-6], [1e4, 30.0], [-0.3, 1.0], [0.02, 0.0]] {
        let report = check(&function!(f32, f), &point);
        assert!(report.agrees(), "{point:?}: {report}");
    }
}

#[test]
fn a_slope_that_is_nan_where_differences_have_one_is_reported() {
    struct Hole;
    impl Rule<1> for Hole {
        fn value(&self, [x]: [f64; 1]) -> f64 {
            x * x
        }

        fn partials<S: Scalar<Real = f64>>(&self, _: [S; 1], _: S) -> [S; 1] {
            [S::from_real(f64::NAN)]
        }
    }
    fn hole<S: Scalar<Real = f64>>(x: &[S]) -> S {
        Hole.apply([x[0]])
    }
    let report = check(&function!(hole), &[3.0]);
    assert!(!report.agrees());
    let first = report.disagreements()[0].to_string();
    assert_eq!(first, "∂f/∂x[0]: differences 6, forward NaN (relative difference inf)");
}

#[test]
fn a_long_list_of_values_that_are_not_finite_is_cut() {
    fn poles<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
        x.iter().map(|x| x.recip()).collect()
    }
    let report = |poles_at: &[f64]| check(&function!(poles: &[S] -> Vec<S>), poles_at).to_string();
    let [ten, twelve] = [report(&[0.0; 10]), report(&[0.0; 12])];
    assert!(twelve.starts_with("f[0] = inf, f[1] = inf") && twelve.contains("f[9] = inf and 2 more: "), "{twelve}");
    assert!(ten.contains("f[9] = inf: "), "{ten}");
}

#[test]
fn entries_have_the_names_of_mathematics() {
    let entry = |output, inputs: &[usize], along| Entry { output, inputs: inputs.to_vec(), along }.to_string();
    assert_eq!(entry(None, &[], false), "f");
    assert_eq!(entry(Some(1), &[], true), "∂f[1]/∂v");
    assert_eq!(entry(None, &[2], false), "∂f/∂x[2]");
    assert_eq!(entry(Some(0), &[2, 1], true), "∂³f[0]/∂x[2]∂x[1]∂v");
}
