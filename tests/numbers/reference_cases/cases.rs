//! The stored cases, and their comparison with every reading.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use dualtape::{Function, Real, Scalar};
use num_traits::Float;
use serde_json::Value;

use super::composite::{Composite, composite};
use super::elementary::{Elementary, Params, elementary};
use super::formula::Formula;
use super::readings::{Outcome, outcomes};

/// A case of any format. Numbers stay text until it is known whether they
/// are read as `f64` or `f32`.
pub(crate) struct Case {
    name: String,
    params: Params,
    arguments: Vec<String>,
    format: Format,
    /// The wanted value, unless the plain function itself is known to be wrong there.
    value: Option<Answers>,
    gradient: Answers,
    /// Row by row, where there is a second derivative.
    hessian: Option<Answers>,
}

enum Format {
    Elementary,
    Composite,
    /// A function of matrices, rotations or statistics, with a constant matrix.
    Formula(Formula),
}

/// The right answers, the best one first, and the tolerance around them.
struct Answers {
    accepted: Vec<Vec<String>>,
    tolerance: Tolerance,
    /// What each number is multiplied by before it is compared.
    units: Vec<f64>,
}

/// The tolerated errors, each sufficient, in units of `f64`.
#[derive(Clone, Copy, Default)]
struct Tolerance {
    ulps: f64,
    relative: f64,
    absolute: f64,
}

/// One thing that is wrong in one reading of a case.
pub(crate) struct Fault {
    pub(crate) what: &'static str,
    pub(crate) got: String,
    pub(crate) wanted: String,
}

impl Case {
    /// A case from its JSON object, of the format that has its keys.
    pub(crate) fn new(case: &Value) -> Case {
        let name = [&case["fn"], &case["name"]].iter().find_map(|name| name.as_str()).expect("a name").to_owned();
        let format = match (&case["fn"], &case["formula"]) {
            (Value::String(_), Value::String(text)) => Format::Formula(Formula {
                name: name.clone(),
                text: text.clone(),
                weights: parsed(&texts(&case["weights"])),
            }),
            (Value::String(_), _) => Format::Elementary,
            _ => Format::Composite,
        };
        let params: Params = case["params"]
            .as_object()
            .map(|params| params.iter().map(|(key, value)| (key.clone(), text(value))).collect())
            .unwrap_or_default();
        let [of_value, of_gradient, of_hessian] = match &format {
            Format::Formula(formula) => formula_tolerances(case, &format, formula),
            Format::Elementary => elementary_tolerances(case, &name, &params),
            Format::Composite => ["value_abs", "grad_abs", "hess_abs"].map(|key| {
                let absolute = case["tol"][key].as_f64().expect("a tolerance");
                Tolerance { absolute, ..Tolerance::default() }
            }),
        };
        let [unit, gradient_units, hessian_units] = units(case, &format);
        let answers = |key: &str, tolerance, units| Answers {
            accepted: std::iter::once(&case[key])
                .chain(case[format!("accept_{key}")].as_array().into_iter().flatten())
                .chain(case.get(format!("std_1_95_{key}")))
                .map(texts)
                .collect(),
            tolerance,
            units,
        };
        let is_wrong_in_std = case["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == "std_wrong"));
        Case {
            arguments: texts(&case["args"]),
            value: (!is_wrong_in_std).then(|| answers("value", of_value, unit)),
            gradient: answers("grad", of_gradient, gradient_units),
            hessian: (!case["hess"].is_null()).then(|| answers("hess", of_hessian, hessian_units)),
            name,
            params,
            format,
        }
    }

    /// `name(arguments; parameters)`.
    pub(crate) fn label(&self) -> String {
        let arguments = self.arguments.join(", ");
        let params: String = self.params.iter().map(|(key, value)| format!("; {key} = {value}")).collect();
        format!("{}({arguments}{params})", self.name)
    }

    /// Whether there is a function of this name and number of arguments.
    pub(crate) fn is_known(&self) -> bool {
        let x: Vec<f64> = parsed(&self.arguments);
        match &self.format {
            Format::Elementary => elementary(&self.name, &self.params, &x).is_some(),
            Format::Formula(formula) => formula.at(&x).is_some(),
            Format::Composite => composite(&self.name, &x).is_some(),
        }
    }

    /// Returns the faults of each reading, at each precision that can represent the case.
    pub(crate) fn faults(&self) -> BTreeMap<String, Vec<Fault>> {
        match &self.format {
            Format::Elementary => {
                let function = Elementary { name: &self.name, params: &self.params };
                let mut faults = self.faults_of::<f64>("f64", &function);
                if self.arguments.iter().chain(self.params.values()).all(|text| is_exact_in_f32(text)) {
                    faults.extend(self.faults_of::<f32>("f32", &function));
                }
                faults
            }
            Format::Composite => self.faults_of::<f64>("f64", &Composite { name: &self.name }),
            Format::Formula(formula) => self.faults_of::<f64>("f64", formula),
        }
    }

    fn faults_of<R: Real + FromStr<Err: Debug>>(
        &self,
        precision: &str,
        f: &impl Function<R, Output = R>,
    ) -> BTreeMap<String, Vec<Fault>> {
        let outcomes = outcomes(f, &parsed(&self.arguments));
        let plain = outcomes[0].value;
        outcomes
            .into_iter()
            .map(|outcome| (format!("{precision} {}", outcome.reading), self.faults_in(outcome, plain)))
            .collect()
    }

    fn faults_in<R: Real + FromStr<Err: Debug>>(&self, outcome: Outcome<R>, plain: R) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |what, got: String, wanted: String| faults.push(Fault { what, got, wanted });
        if !is_same(outcome.value, plain) {
            fault("value, against that of the plain number,", format!("{:?}", outcome.value), format!("{plain:?}"));
        }
        let mut compare = |what, got: &[R], answers: &Answers| {
            if !answers.include(got) {
                fault(what, format!("{got:?}"), format!("{:?}", parsed::<R>(&answers.accepted[0])));
            }
        };
        if let Some(answers) = &self.value {
            compare("value", &[outcome.value], answers);
        }
        for gradient in &outcome.gradients {
            compare("gradient", gradient, &self.gradient);
        }
        if let (Some(hessian), Some(answers)) = (&outcome.hessian, &self.hessian) {
            compare("second derivative", hessian, answers);
        }
        faults
    }
}

impl Answers {
    fn include<R: Real + FromStr<Err: Debug>>(&self, got: &[R]) -> bool {
        self.accepted.iter().any(|accepted| {
            let accepted: Vec<R> = parsed(accepted);
            let in_units = |numbers: &[R]| -> Vec<R> {
                numbers.iter().zip(&self.units).map(|(&x, &unit)| x * R::from_f64(unit)).collect()
            };
            accepted.len() == got.len()
                && in_units(got)
                    .into_iter()
                    .zip(in_units(&accepted))
                    .all(|(got, wanted)| self.tolerance.admits(got, wanted))
        })
    }
}

impl Tolerance {
    /// Besides the tolerances proper, a few of the smallest subnormals.
    fn admits<R: Real>(self, got: R, wanted: R) -> bool {
        let coarseness = R::epsilon() / R::from_f64(f64::EPSILON);
        let ulp = Float::exp2(Float::floor(Float::log2(Float::abs(wanted)))) * R::epsilon();
        let smallest = R::min_positive_value() * R::epsilon();
        let real = <R as Scalar>::from_f64;
        let tolerated = real(self.ulps) * ulp
            + real(self.relative) * coarseness * Float::abs(wanted)
            + real(self.absolute) * coarseness
            + real(4.0) * smallest;
        is_equal(got, wanted) || (Float::is_finite(wanted) && Float::abs(got - wanted) <= tolerated)
    }
}

/// The units of the value, the gradient and the Hessian: for special functions, those of derivatives with respect to logarithms
/// of tiny and huge arguments, which can be compared with each other.
fn units(case: &Value, format: &Format) -> [Vec<f64>; 3] {
    let x: Vec<f64> = parsed(&texts(&case["args"]));
    let is_special = matches!(format, Format::Formula(formula) if formula.special_tolerances(&x).is_some());
    let is_far = |x: f64| x.is_normal() && !(1.0..1e3).contains(&x.abs());
    let units: Vec<f64> = x.iter().map(|&x| if is_special && is_far(x) { x.abs() } else { 1.0 }).collect();
    let of_hessian = units.iter().flat_map(|a| units.iter().map(move |b| a * b)).collect();
    [vec![1.0], units, of_hessian]
}

fn elementary_tolerances(case: &Value, name: &str, params: &Params) -> [Tolerance; 3] {
    let power = params.get("n").filter(|_| name == "powi").map_or(0.0, |n| n.parse::<f64>().expect("a number").abs());
    let of_power = if power > 100.0 { power * f64::EPSILON } else { 0.0 };
    let absolute = match &case["atol"] {
        Value::Null => 0.0,
        atol => text(atol).parse().expect("a tolerance"),
    };
    [
        Tolerance { ulps: 4.0, relative: of_power, absolute },
        Tolerance { ulps: 0.0, relative: of_power.max(1e-14), absolute },
        Tolerance { ulps: 0.0, relative: of_power.max(1e-13), absolute },
    ]
}

/// Of the value, relative to it and to how far rounding the arguments moves it. Derivatives of functions of matrices have
/// tolerances relative to the largest entry; derivatives of special functions relative to themselves, and less to the
/// largest [in units of the arguments](units), as central differences lose what is far below the lower derivative.
fn formula_tolerances(case: &Value, format: &Format, formula: &Formula) -> [Tolerance; 3] {
    let numbers = |key: &str| -> Vec<f64> { if case[key].is_null() { Vec::new() } else { parsed(&texts(&case[key])) } };
    let [one, of_gradient, of_hessian] = units(case, format);
    let largest = |key: &str| {
        let units = if key == "grad" {
            &of_gradient
        } else if key == "hess" {
            &of_hessian
        } else {
            &one
        };
        numbers(key).iter().zip(units).fold(0.0_f64, |largest, (x, unit)| largest.max((x * unit).abs()))
    };
    let finite = |absolute: f64| if absolute.is_finite() { absolute } else { 0.0 };
    let (arguments, gradient) = (numbers("args"), numbers("grad"));
    let by_arguments: f64 = arguments.iter().zip(&gradient).map(|(x, slope)| (x * slope).abs()).sum();
    let tolerance =
        |relative: f64, absolute: f64| Tolerance { relative, absolute: finite(absolute), ..Tolerance::default() };
    match formula.special_tolerances(&arguments) {
        Some([of_gradient, of_hessian]) => {
            let beside_largest = |key: &str| 1e-13 * largest(key) + finite(1e-25 * largest("grad"));
            [
                tolerance(1e-13, 1e-13 * by_arguments),
                tolerance(of_gradient, beside_largest("grad")),
                tolerance(of_hessian, beside_largest("hess")),
            ]
        }
        None => {
            let factor = formula.condition(&arguments);
            [
                tolerance(0.0, 1e-13 * factor * largest("value").max(by_arguments)),
                tolerance(0.0, 1e-12 * factor * largest("grad")),
                tolerance(0.0, 1e-11 * factor * largest("hess")),
            ]
        }
    }
}

/// Equal, NaN included.
fn is_equal<R: Real>(a: R, b: R) -> bool {
    a == b || (Float::is_nan(a) && Float::is_nan(b))
}

/// Equal bit for bit, but for the kind of a NaN.
fn is_same<R: Real>(a: R, b: R) -> bool {
    is_equal(a, b) && (Float::is_nan(a) || Float::is_sign_negative(a) == Float::is_sign_negative(b))
}

fn is_exact_in_f32(number: &str) -> bool {
    let number: f64 = number.parse().expect("a number");
    is_equal(f64::from(number as f32), number)
}

fn parsed<R: FromStr<Err: Debug>>(numbers: &[String]) -> Vec<R> {
    numbers.iter().map(|number| number.parse().expect("a number")).collect()
}

fn text(number: &Value) -> String {
    number.as_str().map_or_else(|| number.to_string(), str::to_owned)
}

/// The numbers of a number, a vector or a matrix, row by row.
fn texts(numbers: &Value) -> Vec<String> {
    match numbers {
        Value::Null => vec![],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        number => vec![text(number)],
    }
}
