//! Forward mode, reverse mode and finite differences, compared.
//!
//! Forward mode, reverse mode and their nestings are independent ways to the
//! same derivatives, and finite differences need no rule at all. Where all of them agree on a
//! function, its derivatives are right.

use std::cell::LazyCell;
use std::fmt;

use num_traits::Float;

use crate::forward::{Dual, LANES};
use crate::reverse::Var;
use crate::scalar::function::{Function, Reading, constants, slice_of};
use crate::scalar::{Real, Scalar};
pub use crate::tools::difference::difference;
use crate::tools::difference::{Estimate, differences};
use crate::tools::noise::movements;
use crate::verbs::assert_directions;
use crate::verbs::{Matrix, jacobian, jacobian_reverse, jvp};

/// Evaluates `f` at `x` as a plain function, in forward mode, in reverse mode,
/// forward over reverse and nested forward, and by finite differences, and reports
/// where they disagree: in the value, the gradient and the Hessian of each output.
///
/// Values must be equal, and modes must agree to 4096 units of rounding relative to the entry; differences
/// ([`difference`](crate::check::difference()), of the plain function and of its [Jacobian](Function::jacobian)) to ε^0.4
/// (5·10⁻⁷ in `f64`) relative to the entry, and to ten times their own estimated error; ∂²f/∂xᵢ² also to second differences
/// of the values. Where an entry is what cancellation leaves of larger terms, as the gradient at an optimum, rounding is
/// larger than the entry: what differs by more is computed four times over with every operation changed by up to two units
/// of rounding at random (a sum by those of its terms), and may differ by 256 times what this moves the result at most; a
/// derivative, also by ε times what this moves the function, over the sizes of the inputs or 1. A difference may also
/// differ by what this moves the function, over its step. For n inputs it costs 17n plain evaluations and Jacobians, up to
/// 113n of them where f is not smooth, and a Jacobian and Hessians in each mode.
///
/// A value that is not finite is reported, and is no agreement: nothing can be compared with differences there. An infinite
/// derivative of a finite value may be right, as that of √x at 0 is; the report mentions it.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | 16n evaluations, 16n Jacobians, and every mode once | a smooth function around the point | third derivatives: [`check_along`]; a plain closure: [`difference`](crate::check::difference()) |
///
/// # Panics
///
/// When `f` returns different numbers of outputs in different modes. The differences evaluate `f` beside `x` too, so an
/// assertion in it may fail there.
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
    compare(f, x, &outputs(f, x), false)
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
    compare(&Along { f, v }, x, &outputs(f, x), true)
}

/// The derivative of a function along a direction.
struct Along<'a, F, R> {
    f: &'a F,
    v: &'a [R],
}

impl<R: Real, F: Function<R>> Function<R> for Along<'_, F, R> {
    type Output = Vec<R>;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> Vec<S> {
        let f: &Reading<'_, Dual<S>> = &|x| outputs(self.f, x);
        jvp(f, x, &constants(self.v)).1
    }
}

fn outputs<R: Real, F: Function<R>, S: Scalar<Real = R>>(f: &F, x: &[S]) -> Vec<S> {
    slice_of::<F::Output, R, S>(f.eval(x))
}

/// The values of the outputs, and their slopes.
type Jacobian<S> = (Vec<S>, Matrix<S>);

/// The readings of one function, whatever its type is. What calls them is compiled once.
trait Readings<R> {
    fn plain(&self, x: &[R]) -> Vec<R>;

    /// Returns the values and the [Jacobian](Function::jacobian), bare where a function goes bare.
    fn values_and_slopes(&self, x: &[R]) -> Vec<R>;

    fn forward(&self, x: &[R]) -> Jacobian<R>;

    fn reverse(&self, x: &[R]) -> Jacobian<R>;

    fn nested_forward(&self, x: &[R]) -> SecondOrder<R>;

    fn forward_over_reverse(&self, x: &[R]) -> SecondOrder<R>;

    /// Returns how far rounding moves the values.
    fn movements(&self, x: &[R]) -> Vec<R>;

    /// Returns how far rounding moves the derivatives along `v`.
    fn movements_along(&self, v: &[R], x: &[R]) -> Vec<R>;

    /// Returns how far rounding moves the derivatives along `v` and `w`.
    fn movements_along_both(&self, v: &[R], w: &[R], x: &[R]) -> Vec<R>;
}

impl<R: Real, F: Function<R>> Readings<R> for F {
    fn plain(&self, x: &[R]) -> Vec<R> {
        outputs(self, x)
    }

    fn values_and_slopes(&self, x: &[R]) -> Vec<R> {
        [outputs(self, x), self.jacobian(x).1.into_entries()].concat()
    }

    fn forward(&self, x: &[R]) -> Jacobian<R> {
        forward(&|x| outputs(self, x), x)
    }

    fn reverse(&self, x: &[R]) -> Jacobian<R> {
        reverse(&|x| outputs(self, x), x)
    }

    fn nested_forward(&self, x: &[R]) -> SecondOrder<R> {
        second_order(&|x| forward(&|x| outputs(self, x), x), x)
    }

    fn forward_over_reverse(&self, x: &[R]) -> SecondOrder<R> {
        second_order(&|x| reverse(&|x| outputs(self, x), x), x)
    }

    fn movements(&self, x: &[R]) -> Vec<R> {
        movements(x, &|x| outputs(self, x))
    }

    fn movements_along(&self, v: &[R], x: &[R]) -> Vec<R> {
        movements(x, &|x| Along { f: self, v }.eval(x))
    }

    fn movements_along_both(&self, v: &[R], w: &[R], x: &[R]) -> Vec<R> {
        movements(x, &|x| Along { f: &Along { f: self, v }, v: w }.eval(x))
    }
}

fn forward<T: Scalar>(f: &Reading<'_, Dual<T, LANES>>, x: &[T]) -> Jacobian<T> {
    jacobian(f, x)
}

fn reverse<T: Scalar>(f: &Reading<'_, Var<T>>, x: &[T]) -> Jacobian<T> {
    jacobian_reverse(f, x)
}

/// Compares the readings of `f`, which is the derivative along v of the function whose values are `of_f`, or that function.
#[track_caller]
fn compare<R: Real>(f: &dyn Readings<R>, x: &[R], of_f: &[R], along: bool) -> Report {
    let plain = f.plain(x);
    let (n, m) = (x.len(), plain.len());
    let (forward_values, forward) = f.forward(x);
    let (reverse_values, reverse) = f.reverse(x);
    let over_reverse = f.forward_over_reverse(x);
    let nested = f.nested_forward(x);

    // Input by input: lanes of numbers that move would need much room on the stack.
    let movements = LazyCell::new(|| {
        let axis = |i: usize| (0..n).map(|j| if i == j { R::one() } else { R::zero() }).collect();
        let axes: Vec<Vec<R>> = (0..n).map(axis).collect();
        let slopes = axes.iter().map(|v| f.movements_along(v, x));
        let curvatures = axes.iter().flat_map(|v| axes.iter().map(move |w| f.movements_along_both(v, w, x)));
        let by_output = |columns: Vec<Vec<R>>| -> Vec<R> {
            (0..m).flat_map(|output| columns.iter().map(move |column| column[output])).collect()
        };
        let values = f.movements(x);
        let mut jacobian = by_output(slopes.collect());
        let mut hessians = by_output(curvatures.collect());
        // A slope that is the product of two roundings is not moved by either. Along it, a change of the input by its own
        // size moves the function by ε of what rounding moves it; and the slope likewise.
        let by_size = |movement: R, i: usize| movement / Float::max(Float::abs(x[i]), R::one());
        for (k, movement) in jacobian.iter_mut().enumerate() {
            *movement += R::epsilon() * by_size(values[k / n], k % n);
        }
        for (k, movement) in hessians.iter_mut().enumerate() {
            let (slope, i) = (k / n, k % n);
            *movement += R::epsilon() * by_size(jacobian[slope] + by_size(values[slope / n], slope % n), i);
        }
        SecondOrder { values, jacobian, hessians }
    });

    let mut report = Report { values: 0, derivatives: 0, disagreements: Vec::new(), not_finite: Vec::new() };
    let entry =
        |output: usize, inputs: &[usize]| Entry { output: (m > 1).then_some(output), inputs: inputs.to_vec(), along };
    for (output, &y) in of_f.iter().enumerate() {
        report.note(Entry { along: false, ..entry(output, &[]) }, y);
    }
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
            let readings = [("plain", a), (reading, b)];
            if along {
                report
                    .compare(entry(output, &[]), readings, tolerance([a, b]), &|| tolerated(movements.values[output]));
            } else {
                report.compare(entry(output, &[]), readings, R::zero(), &R::zero);
            }
        }
    }
    let forward = forward.into_entries();
    for (reading, jacobian) in [
        ("reverse", &reverse.into_entries()),
        ("forward over reverse", &over_reverse.jacobian),
        ("nested forward", &nested.jacobian),
    ] {
        for (k, (&a, &b)) in forward.iter().zip(jacobian).enumerate() {
            let readings = [("forward", a), (reading, b)];
            report.compare(entry(k / n, &[k % n]), readings, tolerance([a, b]), &|| tolerated(movements.jacobian[k]));
        }
    }
    for (k, (&a, &b)) in nested.hessians.iter().zip(&over_reverse.hessians).enumerate() {
        let readings = [("nested forward", a), ("forward over reverse", b)];
        let entry = entry(k / (n * n), &[k / n % n, k % n]);
        report.compare(entry, readings, tolerance([a, b]), &|| tolerated(movements.hessians[k]));
    }
    for i in 0..n {
        let at = |xi: R| {
            let mut x = x.to_vec();
            x[i] = xi;
            f.values_and_slopes(&x)
        };
        let differences = differences(&at, x[i]);
        for (k, &difference) in differences.iter().enumerate() {
            match k.checked_sub(m) {
                None => {
                    let k = k * n + i;
                    let movement = |step| movements.jacobian[k] + movements.values[k / n] / step;
                    report.compare_difference(entry(k / n, &[i]), difference, ("forward", forward[k]), &movement);
                }
                Some(k) => {
                    let (entry, k) = (entry(k / n, &[k % n, i]), k * n + i);
                    let movement = |step| movements.hessians[k] + movements.jacobian[k / n] / step;
                    report.compare_difference(entry, difference, ("nested forward", nested.hessians[k]), &movement);
                }
            }
        }
        // Slopes that are wrong by a factor agree among themselves, and at an optimum with the values. Curvatures do not.
        for (output, of_values) in differences[..m].iter().enumerate() {
            let slope = output * n + i;
            let (k, curvature) = (slope * n + i, of_values.curvature(differences[m + slope]));
            let movement = |step| movements.hessians[k] + movements.values[output] / step / step;
            let entry = entry(output, &[i, i]);
            if report.disagreements.iter().all(|disagreement| disagreement.entry != entry) {
                let compared = report.derivatives;
                report.compare_difference(entry, curvature, ("nested forward", nested.hessians[k]), &movement);
                report.derivatives = compared; // It is no other derivative.
            }
        }
    }
    let values = if along { &plain[..] } else { &[] };
    let values = values.iter().enumerate().map(|(output, &y)| (entry(output, &[]), y));
    let slopes = forward.iter().enumerate().map(|(k, &slope)| (entry(k / n, &[k % n]), slope));
    let hessians = nested.hessians.iter().enumerate();
    let hessians = hessians.map(|(k, &slope)| (entry(k / (n * n), &[k / n % n, k % n]), slope));
    values.chain(slopes).chain(hessians).for_each(|(entry, result)| report.note(entry, result));
    report
}

/// The outputs of a function with their first and second derivatives, output by output.
struct SecondOrder<R> {
    values: Vec<R>,
    jacobian: Vec<R>,
    hessians: Vec<R>,
}

/// Forward mode over another one.
fn second_order<T: Scalar>(inner: &Reading<'_, Dual<T, LANES>, Jacobian<Dual<T, LANES>>>, x: &[T]) -> SecondOrder<T> {
    let values_and_slopes = |x: &[Dual<T, LANES>]| {
        let (values, slopes) = inner(x);
        [values, slopes.into_entries()].concat()
    };
    let (mut values, slopes) = jacobian(values_and_slopes, x);
    let m = values.len() / (1 + x.len());
    let jacobian = values.split_off(m);
    let hessians = slopes.into_entries().split_off(m * x.len());
    SecondOrder { values, jacobian, hessians }
}

/// How much two modes may differ in a result, by its size alone.
fn tolerance<R: Real>([a, b]: [R; 2]) -> R {
    let relative = R::from_f64(4096.0) * R::epsilon() * Float::max(Float::abs(a), Float::abs(b));
    // An infinite one agrees with itself only.
    let relative = if Float::is_finite(relative) { relative } else { R::zero() };
    or_least(relative)
}

/// How much two results may differ that rounding moves by `movement`.
fn tolerated<R: Real>(movement: R) -> R {
    or_least(R::from_f64(256.0) * movement)
}

/// Below the normal numbers rounding is absolute.
fn or_least<R: Real>(tolerance: R) -> R {
    Float::max(tolerance, R::min_positive_value())
}

/// The report of a [`check`].
#[derive(Clone, Debug)]
pub struct Report {
    values: usize,
    derivatives: usize,
    disagreements: Vec<Disagreement>,
    not_finite: Vec<NotFinite>,
}

impl Report {
    /// Returns whether all readings agree, at finite values.
    ///
    /// ```
    /// # use dualtape::{Scalar, check, function};
    /// fn square<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0] * x[0]
    /// }
    /// assert!(check(&function!(square), &[3.0]).agrees());
    /// ```
    pub fn agrees(&self) -> bool {
        self.disagreements.is_empty() && self.values_not_finite().next().is_none()
    }

    /// Returns the infinities and NaN: values, and then derivatives in forward mode.
    ///
    /// ```
    /// # use dualtape::{Scalar, check, function};
    /// // ln(1 + eˣ), which overflows; `softplus` does not.
    /// fn naive<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     (x[0].exp() + 1.0).ln()
    /// }
    /// let report = check(&function!(naive), &[800.0]);
    /// assert!(!report.agrees() && report.disagreements().is_empty());
    /// assert_eq!(report.not_finite()[0].to_string(), "f = inf");
    ///
    /// // An infinite slope of a finite value.
    /// fn root<S: Scalar<Real = f64>>(x: &[S]) -> S {
    ///     x[0].sqrt()
    /// }
    /// let report = check(&function!(root), &[0.0]);
    /// assert!(report.agrees());
    /// assert_eq!(
    ///     report.to_string(),
    ///     "4 derivatives agree in all modes; not finite are ∂f/∂x[0] = inf, ∂²f/∂x[0]∂x[0] = -inf"
    /// );
    /// ```
    pub fn not_finite(&self) -> &[NotFinite] {
        &self.not_finite
    }

    fn values_not_finite(&self) -> impl Iterator<Item = &NotFinite> {
        self.not_finite.iter().filter(|result| result.entry.order() == 0)
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

    /// Panics with the report when readings disagree or a value is not finite, for tests.
    ///
    /// # Panics
    ///
    /// When readings disagree or a value is not finite.
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

    /// Notes a result that is not finite.
    fn note<R: Real>(&mut self, entry: Entry, result: R) {
        if !Float::is_finite(result) {
            self.not_finite.push(NotFinite { entry, result: result.to_f64().unwrap_or(f64::NAN) });
        }
    }

    /// Compares a derivative with differences, where these have converged: elsewhere NaN is not
    /// wrong. Rounding at the step of the differences moves them, and the derivative, by `movement` together.
    fn compare_difference<R: Real>(
        &mut self,
        entry: Entry,
        difference: Estimate<R>,
        (reading, slope): (&'static str, R),
        movement: &dyn Fn(R) -> R,
    ) {
        if !Float::is_finite(difference.error) || (Float::is_nan(slope) && !difference.is_settled()) {
            return;
        }
        let relative = Float::powf(R::epsilon(), R::from_f64(0.4));
        let size = Float::max(Float::abs(slope), Float::abs(difference.slope));
        let own = relative * size + R::from_f64(10.0) * difference.error;
        let readings = [("differences", difference.slope), (reading, slope)];
        self.compare(entry, readings, own, &|| own + tolerated(movement(difference.step)));
    }

    /// Notes a disagreement when two results differ by more than the tolerance, and by more than what rounding makes of it,
    /// `tolerated`, which costs most. Two NaN agree, as do equal infinities.
    fn compare<R: Real>(
        &mut self,
        entry: Entry,
        [(first, a), (second, b)]: [(&'static str, R); 2],
        tolerance: R,
        tolerated: &dyn Fn() -> R,
    ) {
        *(if entry.order() == 0 { &mut self.values } else { &mut self.derivatives }) += 1;
        let both_nan = Float::is_nan(a) && Float::is_nan(b);
        let difference = Float::abs(a - b);
        if a == b || both_nan || difference <= tolerance || difference <= tolerated() {
            return;
        }
        let number = |x: R| x.to_f64().unwrap_or(f64::NAN);
        self.disagreements.push(Disagreement { entry, readings: [first, second], results: [number(a), number(b)] });
    }
}

/// `16 derivatives agree in all modes`, or how many disagree and a table of the ten worst:
/// what was computed, each of two readings with its result, and the relative difference. What is not finite comes first
/// when it is a value, and last when it is a derivative.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ROWS: usize = 10;
        let mut worst: Vec<&Disagreement> = self.disagreements.iter().collect();
        worst.sort_by(|a, b| b.relative().total_cmp(&a.relative()));
        let list = |results: Vec<&NotFinite>| {
            let shown: Vec<String> = results.iter().take(ROWS).map(|result| result.to_string()).collect();
            let more = results.len().saturating_sub(ROWS);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        let (values, derivatives): (Vec<_>, Vec<_>) =
            self.not_finite.iter().partition(|result| result.entry.order() == 0);
        if !values.is_empty() {
            writeln!(
                f,
                "{}: the value is not finite, and differences say nothing of its derivatives; check the function at a \
                 point where it is finite, or write it so that nothing overflows",
                list(values)
            )?;
        }
        let Some(first) = worst.first() else {
            write!(f, "{} derivatives agree in all modes", self.derivatives)?;
            return if derivatives.is_empty() { Ok(()) } else { write!(f, "; not finite are {}", list(derivatives)) };
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

/// A value or a derivative that is infinite or NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    /// What was computed.
    pub entry: Entry,
    /// What it is.
    pub result: f64,
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.entry, self.result)
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
