//! The modes against each other and against differences.
//!
//! Forward mode, reverse mode and their nestings are independent ways to the
//! same derivatives, and finite differences need no rule at all. A function on
//! which they agree is differentiated right.

use std::fmt;

use num_traits::Float;

use crate::derivatives::hessian_forward;
use crate::{Function, Real, gradient, gradient_forward, hessian};

/// Evaluates `f` at `x` as a plain function, in forward mode, in reverse mode,
/// forward over reverse and nested forward, and by finite differences, and reports
/// where they disagree.
///
/// Modes must agree to 4096 units of rounding relative to the largest
/// entry; differences (Ridders 1982) to ε^0.4 (5·10⁻⁷ in `f64`) relative to the
/// entry, and to ten times their own estimated error. It costs 16n plain evaluations,
/// and a gradient and Hessian in each mode.
///
/// ```
/// use dualtape::{Scalar, check, function};
///
/// fn wave<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     (x[0] * x[1]).sin() + x[1].exp()
/// }
///
/// let report = check(&function!(wave), &[0.5, 1.5]);
/// assert!(report.agrees());
/// assert_eq!(report.to_string(), "16 derivatives agree in all modes");
/// ```
pub fn check<R: Real>(f: &impl Function<R, Output = R>, x: &[R]) -> Report {
    let mut report = Report { comparisons: 0, disagreements: Vec::new() };
    let plain = f.eval(x);
    let (forward_value, forward) = gradient_forward(|x| f.eval(x), x);
    let (reverse_value, reverse) = gradient(|x| f.eval(x), x);
    let (nested_reverse_value, nested_reverse, curvature) = hessian(|x| f.eval(x), x);
    let (nested_value, nested, nested_curvature) = hessian_forward(|x| f.eval(x), x);

    let values = [
        ("forward", forward_value),
        ("reverse", reverse_value),
        ("forward over reverse", nested_reverse_value),
        ("nested forward", nested_value),
    ];
    for (reading, value) in values {
        report.compare(Entry::Value, [("plain", plain), (reading, value)], R::zero());
    }
    for (reading, other) in
        [("reverse", &reverse), ("forward over reverse", &nested_reverse), ("nested forward", &nested)]
    {
        report.compare_modes(Entry::Gradient, ("forward", &forward), (reading, other));
    }
    report.compare_modes(
        |i| Entry::Hessian(i / x.len(), i % x.len()),
        ("nested forward", &nested_curvature.into_entries()),
        ("forward over reverse", &curvature.into_entries()),
    );
    for (i, &slope) in forward.iter().enumerate() {
        let (difference, error) = difference_quotient(f, x, i);
        if Float::is_finite(error) {
            let ten = R::from_f64(10.0);
            let relative = Float::powf(R::epsilon(), R::from_f64(0.4));
            let tolerance = relative * Float::max(Float::abs(slope), Float::abs(difference)) + ten * error;
            report.compare(Entry::Gradient(i), [("differences", difference), ("forward", slope)], tolerance);
        }
    }
    report
}

/// `∂f/∂xᵢ` by central differences extrapolated to step 0, and an estimate of its
/// error; the error is NaN where f is not finite around x (Ridders 1982; *Numerical
/// Recipes*, 5.7).
fn difference_quotient<R: Real>(f: &impl Function<R, Output = R>, x: &[R], i: usize) -> (R, R) {
    const LEVELS: usize = 8;
    let real = R::from_f64;
    let at = |step: R| {
        let mut x = x.to_vec();
        x[i] += step;
        f.eval(&x)
    };
    let (mut best, mut error) = (R::nan(), R::nan());
    let mut step = real(0.02) * Float::max(Float::abs(x[i]), real(0.1));
    let mut previous: Vec<R> = Vec::new();
    for _ in 0..LEVELS {
        let mut row = vec![(at(step) - at(-step)) / (step + step)];
        let mut factor = real(1.0);
        for k in 0..previous.len() {
            factor *= real(4.0);
            let next = (row[k] * factor - previous[k]) / (factor - real(1.0));
            let change = Float::max(Float::abs(next - row[k]), Float::abs(next - previous[k]));
            if Float::is_nan(error) || change < error {
                (best, error) = (next, change);
            }
            row.push(next);
        }
        previous = row;
        step /= real(2.0);
    }
    (best, error)
}

/// What [`check`] found.
#[derive(Clone, Debug)]
pub struct Report {
    comparisons: usize,
    disagreements: Vec<Disagreement>,
}

impl Report {
    /// Whether all readings agreed.
    ///
    /// ```
    /// # use dualtape::{Scalar, check, function};
    /// fn square<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0] * x[0]
    /// }
    /// assert!(check(&function!(square), &[3.0]).agrees());
    /// ```
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty()
    }

    /// Each disagreement, values first.
    ///
    /// ```
    /// # use dualtape::{Scalar, check, function};
    /// // A function that hides a part of its dependence on x from differentiation.
    /// fn hidden<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0] * x[0].value()
    /// }
    /// let report = check(&function!(hidden), &[3.0]);
    /// assert_eq!(
    ///     report.disagreements()[0].to_string(),
    ///     "∂f/∂x[0]: differences 6, forward 3 (relative difference 5.0e-1)"
    /// );
    /// ```
    pub fn disagreements(&self) -> &[Disagreement] {
        &self.disagreements
    }

    /// # Panics
    ///
    /// With the report, when readings disagree. For tests.
    ///
    /// ```
    /// # use dualtape::{Scalar, check, function};
    /// fn cube<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0].powi(3)
    /// }
    /// check(&function!(cube), &[3.0]).assert_agreement();
    /// ```
    #[track_caller]
    pub fn assert_agreement(&self) {
        assert!(self.agrees(), "{self}");
    }

    fn compare_modes<R: Real>(
        &mut self,
        entry: impl Fn(usize) -> Entry,
        (first_reading, first): (&'static str, &[R]),
        (second_reading, second): (&'static str, &[R]),
    ) {
        let units = R::from_f64(4096.0) * R::epsilon();
        let largest = first.iter().fold(R::zero(), |largest, &x| {
            if Float::is_finite(x) { Float::max(largest, Float::abs(x)) } else { largest }
        });
        for (i, (&a, &b)) in first.iter().zip(second).enumerate() {
            self.compare(entry(i), [(first_reading, a), (second_reading, b)], units * largest);
        }
    }

    /// Notes a disagreement when two results differ by more than the tolerance.
    /// Two NaN agree, as do equal infinities.
    fn compare<R: Real>(&mut self, entry: Entry, [(first, a), (second, b)]: [(&'static str, R); 2], tolerance: R) {
        self.comparisons += 1;
        let both_nan = Float::is_nan(a) && Float::is_nan(b);
        if a == b || both_nan || Float::abs(a - b) <= tolerance {
            return;
        }
        let number = |x: R| x.to_f64().unwrap_or(f64::NAN);
        self.disagreements.push(Disagreement { entry, readings: [first, second], results: [number(a), number(b)] });
    }
}

/// `16 derivatives agree in all modes`, or one line for each disagreement.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agrees() {
            return write!(f, "{} derivatives agree in all modes", self.comparisons);
        }
        write!(f, "{} of {} derivatives disagree", self.disagreements.len(), self.comparisons)?;
        self.disagreements.iter().try_for_each(|disagreement| write!(f, "\n  {disagreement}"))
    }
}

/// Two readings of one function that give different results.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// What was computed.
    pub entry: Entry,
    /// The names of the two readings.
    pub readings: [&'static str; 2],
    /// Their results.
    pub results: [f64; 2],
}

impl Disagreement {
    /// `|a − b|/max(|a|, |b|)`.
    ///
    /// ```
    /// use dualtape::{Disagreement, Entry};
    ///
    /// let d = Disagreement { entry: Entry::Value, readings: ["plain", "forward"], results: [2.0, 1.0] };
    /// assert_eq!(d.relative(), 0.5);
    /// ```
    pub fn relative(&self) -> f64 {
        let [a, b] = self.results;
        (a - b).abs() / a.abs().max(b.abs())
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entry, [first, second], [a, b]) = (self.entry, self.readings, self.results);
        write!(
            f,
            "{entry}: {first} {}, {second} {} (relative difference {:.1e})",
            Digits(a),
            Digits(b),
            self.relative()
        )
    }
}

/// A number to at most twelve digits.
struct Digits(f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format!("{:.11e}", self.0).parse::<f64>() {
            Ok(rounded) => write!(f, "{rounded}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

/// An entry of a value, a gradient or a Hessian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `f`.
    Value,
    /// `∂f/∂xᵢ`.
    Gradient(usize),
    /// `∂²f/∂xᵢ∂xⱼ`.
    Hessian(usize, usize),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Value => write!(f, "f"),
            Entry::Gradient(i) => write!(f, "∂f/∂x[{i}]"),
            Entry::Hessian(i, j) => write!(f, "∂²f/∂x[{i}]∂x[{j}]"),
        }
    }
}
