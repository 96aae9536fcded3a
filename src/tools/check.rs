//! Forward mode, reverse mode and finite differences, compared.
//!
//! Forward mode, reverse mode and their nestings are independent ways to the
//! same derivatives, and finite differences need no rule at all. Where all of them agree on a
//! function, its derivatives are right.

use std::fmt;

use num_traits::Float;

use crate::forward::{Dual, LANES};
use crate::scalar::function::Function;
use crate::scalar::function::slice_of;
use crate::scalar::{Real, Scalar};
pub use crate::tools::difference::difference;
use crate::tools::difference::{Estimate, differences};
use crate::verbs::assert_directions;
use crate::verbs::{Matrix, jacobian, jacobian_reverse, jvp};

/// Evaluates `f` at `x` as a plain function, in forward mode, in reverse mode,
/// forward over reverse and nested forward, and by finite differences, and reports
/// where they disagree: in the value, the gradient and the Hessian of each output.
///
/// Values must be equal, and modes must agree to 4096 units of rounding relative to the
/// largest entry of the output; differences ([`difference`](crate::check::difference()), of the
/// plain function and of its [Jacobian](Function::jacobian)) to ε^0.4 (5·10⁻⁷ in `f64`)
/// relative to the entry, and to ten times their own estimated error. For n inputs it costs
/// 17n plain evaluations and Jacobians, up to 113n of them where f is not smooth, and a
/// Jacobian and Hessians in each mode.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | 16n evaluations, 16n Jacobians, and every mode once | a smooth function around the point | third derivatives: [`check_along`]; a plain closure: [`difference`](crate::check::difference()) |
///
/// # Panics
///
/// When `f` returns different numbers of outputs in different modes.
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
///
/// fn polar<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> [S; 2] {
///     [x.hypot(y), y.atan2(x)]
/// }
///
/// check(&function!(polar: [S; 2] -> [S; 2]), &[0.5, 1.5]).assert_agreement();
/// ```
#[doc(alias = "gradcheck")]
#[track_caller]
pub fn check<R: Real>(f: &impl Function<R>, x: &[R]) -> Report {
    compare(f, x, false)
}

/// Makes the [`check`] for the derivative of `f` along `v`: compares `∂f/∂v`, its gradients, and
/// its Hessians, which are third derivatives of `f`.
///
/// The costs are those of [`check`], in products of the Jacobian with `v`.
///
/// # Panics
///
/// When `x` and `v` differ in length, or `f` returns different numbers of outputs in different
/// modes.
///
/// ```
/// use dualtape::check::check_along;
/// use dualtape::{Scalar, check, function};
///
/// // x³, from its expansion up to the second order.
/// fn cube<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     let a = x[0].value();
///     let d = x[0] - a;
///     d * d * (3.0 * a) + d * (3.0 * a * a) + a * a * a
/// }
///
/// check(&function!(cube), &[2.0]).assert_agreement();
/// let report = check_along(&function!(cube), &[2.0], &[1.0]);
/// assert_eq!(
///     report.to_string(),
///     "1 of 10 derivatives disagree, the largest relative difference 1.0e0 at ∂³f/∂x[0]∂x[0]∂v:\n  \
///      ∂³f/∂x[0]∂x[0]∂v  differences 6  nested forward 0  1.0e0"
/// );
/// ```
#[track_caller]
pub fn check_along<R: Real>(f: &impl Function<R>, x: &[R], v: &[R]) -> Report {
    assert_directions("check_along", "x", x.len(), "v", v.len());
    compare(&Along { f, v }, x, true)
}

/// The derivative of a function along a direction.
struct Along<'a, F, R> {
    f: &'a F,
    v: &'a [R],
}

impl<R: Real, F: Function<R>> Function<R> for Along<'_, F, R> {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> Vec<S> {
        let v: Vec<S> = self.v.iter().map(|&v| S::from_real(v)).collect();
        jvp(|x| outputs(self.f, x), x, &v).1
    }
}

fn outputs<R: Real, F: Function<R>, S: Scalar<Real = R>>(f: &F, x: &[S]) -> Vec<S> {
    slice_of::<F::Output, R, S>(f.eval(x))
}

#[track_caller]
fn compare<R: Real, F: Function<R>>(f: &F, x: &[R], along: bool) -> Report {
    let plain = outputs(f, x);
    let (n, m) = (x.len(), plain.len());
    let (forward_values, forward) = jacobian(|x| outputs(f, x), x);
    let (reverse_values, reverse) = jacobian_reverse(|x| outputs(f, x), x);
    let over_reverse = second_order(|x| jacobian_reverse(|x| outputs(f, x), x), x);
    let nested = second_order(|x| jacobian(|x| outputs(f, x), x), x);

    let mut report = Report { values: 0, derivatives: 0, disagreements: Vec::new() };
    let entry =
        |output: usize, inputs: &[usize]| Entry { output: (m > 1).then_some(output), inputs: inputs.to_vec(), along };
    for (reading, values) in [
        ("forward", &forward_values),
        ("reverse", &reverse_values),
        ("forward over reverse", &over_reverse.values),
        ("nested forward", &nested.values),
    ] {
        assert_eq!(
            m,
            values.len(),
            "check: the function returned {m} outputs at plain numbers and {} in the reading {reading}; it must return \
             the same number in all",
            values.len()
        );
        for (output, (&a, &b)) in plain.iter().zip(values).enumerate() {
            // A value is the same in every reading; a derivative along v is one of the modes.
            let tolerance = if along { units_of(a) } else { R::zero() };
            report.compare(entry(output, &[]), [("plain", a), (reading, b)], tolerance);
        }
    }
    let forward = forward.into_entries();
    for (reading, jacobian) in [
        ("reverse", &reverse.into_entries()),
        ("forward over reverse", &over_reverse.jacobian),
        ("nested forward", &nested.jacobian),
    ] {
        report.compare_modes(|output, i| entry(output, &[i]), ("forward", &forward), (reading, jacobian), m);
    }
    report.compare_modes(
        |output, k| entry(output, &[k / n, k % n]),
        ("nested forward", &nested.hessians),
        ("forward over reverse", &over_reverse.hessians),
        m,
    );
    for i in 0..n {
        let at = |xi: R| {
            let mut x = x.to_vec();
            x[i] = xi;
            [outputs(f, &x), f.jacobian(&x).1.into_entries()].concat()
        };
        for (k, &difference) in differences(at, x[i]).iter().enumerate() {
            match k.checked_sub(m) {
                None => report.compare_difference(entry(k, &[i]), difference, ("forward", forward[k * n + i])),
                Some(k) => report.compare_difference(
                    entry(k / n, &[k % n, i]),
                    difference,
                    ("nested forward", nested.hessians[k * n + i]),
                ),
            }
        }
    }
    report
}

/// The outputs of a function with their first and second derivatives, output by output.
struct SecondOrder<R> {
    values: Vec<R>,
    jacobian: Vec<R>,
    hessians: Vec<R>,
}

/// Forward mode over another one.
#[track_caller]
fn second_order<R: Real>(
    inner: impl Fn(&[Dual<R, LANES>]) -> (Vec<Dual<R, LANES>>, Matrix<Dual<R, LANES>>),
    x: &[R],
) -> SecondOrder<R> {
    let values_and_slopes = |x: &[Dual<R, LANES>]| {
        let (values, slopes) = inner(x);
        [values, slopes.into_entries()].concat()
    };
    let (mut values, slopes) = jacobian(values_and_slopes, x);
    let m = values.len() / (1 + x.len());
    let jacobian = values.split_off(m);
    let hessians = slopes.into_entries().split_off(m * x.len());
    SecondOrder { values, jacobian, hessians }
}

/// How much two modes may differ.
fn units_of<R: Real>(largest: R) -> R {
    R::from_f64(4096.0) * R::epsilon() * Float::abs(largest)
}

/// The report of a [`check`].
#[derive(Clone, Debug)]
pub struct Report {
    values: usize,
    derivatives: usize,
    disagreements: Vec<Disagreement>,
}

impl Report {
    /// Returns whether all readings agree.
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

    /// Returns all disagreements, values first.
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

    /// Panics with the report when readings disagree, for tests.
    ///
    /// # Panics
    ///
    /// When readings disagree.
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

    /// Compares the derivatives of m outputs in two modes.
    fn compare_modes<R: Real>(
        &mut self,
        entry: impl Fn(usize, usize) -> Entry,
        (first_reading, first): (&'static str, &[R]),
        (second_reading, second): (&'static str, &[R]),
        m: usize,
    ) {
        let length = first.len() / m.max(1);
        for output in 0..m {
            let own = output * length..(output + 1) * length;
            let finite = first[own.clone()].iter().map(|&x| Float::abs(x)).filter(|&x| Float::is_finite(x));
            let largest = finite.fold(R::zero(), Float::max);
            for (k, (&a, &b)) in first[own.clone()].iter().zip(&second[own]).enumerate() {
                self.compare(entry(output, k), [(first_reading, a), (second_reading, b)], units_of(largest));
            }
        }
    }

    /// Compares a derivative with differences, where these have converged: elsewhere NaN is not
    /// wrong.
    fn compare_difference<R: Real>(
        &mut self,
        entry: Entry,
        difference: Estimate<R>,
        (reading, slope): (&'static str, R),
    ) {
        if !Float::is_finite(difference.error) || (Float::is_nan(slope) && !difference.is_settled()) {
            return;
        }
        let relative = Float::powf(R::epsilon(), R::from_f64(0.4));
        let size = Float::max(Float::abs(slope), Float::abs(difference.slope));
        self.compare(
            entry,
            [("differences", difference.slope), (reading, slope)],
            relative * size + R::from_f64(10.0) * difference.error,
        );
    }

    /// Notes a disagreement when two results differ by more than the tolerance.
    /// Two NaN agree, as do equal infinities.
    fn compare<R: Real>(&mut self, entry: Entry, [(first, a), (second, b)]: [(&'static str, R); 2], tolerance: R) {
        *(if entry.order() == 0 { &mut self.values } else { &mut self.derivatives }) += 1;
        let both_nan = Float::is_nan(a) && Float::is_nan(b);
        if a == b || both_nan || Float::abs(a - b) <= tolerance {
            return;
        }
        let number = |x: R| x.to_f64().unwrap_or(f64::NAN);
        self.disagreements.push(Disagreement { entry, readings: [first, second], results: [number(a), number(b)] });
    }
}

/// `16 derivatives agree in all modes`, or how many disagree and a table of the ten worst:
/// what was computed, each of two readings with its result, and the relative difference.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ROWS: usize = 10;
        let mut worst: Vec<&Disagreement> = self.disagreements.iter().collect();
        worst.sort_by(|a, b| b.relative().total_cmp(&a.relative()));
        let Some(first) = worst.first() else {
            return write!(f, "{} derivatives agree in all modes", self.derivatives);
        };

        let values = worst.iter().filter(|disagreement| disagreement.entry.order() == 0).count();
        if values > 0 {
            write!(f, "{values} of {} values and ", self.values)?;
        }
        write!(
            f,
            "{} of {} derivatives disagree, the largest relative difference {:.1e} at {}:",
            worst.len() - values,
            self.derivatives,
            first.relative(),
            first.entry
        )?;
        let rows: Vec<[String; 6]> = worst.iter().take(ROWS).map(|disagreement| disagreement.cells()).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for [entry, first, a, second, b, relative] in &rows {
            let [w, v, p, u, q, _] = widths;
            write!(f, "\n  {entry:w$}  {first:v$} {a:p$}  {second:u$} {b:q$}  {relative}")?;
        }
        if worst.len() > ROWS {
            write!(f, "\n  ... and {} more", worst.len() - ROWS)?;
        }
        Ok(())
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
    /// `|a − b|/max(|a|, |b|)`; infinite when one of them is infinite or NaN.
    ///
    /// ```
    /// use dualtape::check::{Disagreement, Entry};
    ///
    /// let entry = Entry { output: None, inputs: vec![0], along: false };
    /// let d = Disagreement { entry, readings: ["plain", "forward"], results: [2.0, 1.0] };
    /// assert_eq!(d.relative(), 0.5);
    /// ```
    pub fn relative(&self) -> f64 {
        let [a, b] = self.results;
        let relative = (a - b).abs() / a.abs().max(b.abs());
        if relative.is_nan() { f64::INFINITY } else { relative }
    }

    /// The cells of a table.
    fn cells(&self) -> [String; 6] {
        let ([first, second], [a, b]) = (self.readings, self.results.map(|x| Digits(x).to_string()));
        [self.entry.to_string(), first.to_string(), a, second.to_string(), b, format!("{:.1e}", self.relative())]
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [entry, first, a, second, b, relative] = self.cells();
        write!(f, "{entry}: {first} {a}, {second} {b} (relative difference {relative})")
    }
}

/// A number to at most twelve digits.
struct Digits(f64);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{:.11e}", self.0).parse().unwrap_or(self.0);
        if rounded == 0.0 || (1e-5..1e15).contains(&rounded.abs()) {
            write!(f, "{rounded}")
        } else {
            write!(f, "{rounded:e}")
        }
    }
}

/// A value or a derivative of a function: `f`, `∂f/∂x[0]`, `∂²f[2]/∂x[0]∂x[1]`.
///
/// ```
/// use dualtape::check::Entry;
///
/// assert_eq!(Entry { output: None, inputs: vec![], along: false }.to_string(), "f");
/// assert_eq!(Entry { output: Some(2), inputs: vec![0, 1], along: false }.to_string(), "∂²f[2]/∂x[0]∂x[1]");
/// assert_eq!(Entry { output: None, inputs: vec![0], along: true }.to_string(), "∂²f/∂x[0]∂v");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which output, of a function with several.
    pub output: Option<usize>,
    /// The inputs with respect to which it is differentiated, in order; none for the value.
    pub inputs: Vec<usize>,
    /// Whether it is differentiated along the direction of [`check_along`] before.
    pub along: bool,
}

impl Entry {
    fn order(&self) -> usize {
        self.inputs.len() + usize::from(self.along)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["", "∂", "∂²", "∂³"].get(self.order()).copied().unwrap_or("∂ⁿ"))?;
        f.write_str("f")?;
        if let Some(output) = self.output {
            write!(f, "[{output}]")?;
        }
        if self.order() > 0 {
            f.write_str("/")?;
        }
        self.inputs.iter().try_for_each(|i| write!(f, "∂x[{i}]"))?;
        f.write_str(if self.along { "∂v" } else { "" })
    }
}
