//! The nonlinear regressions of the NIST Statistical Reference Datasets: models, data and certified results.

use std::fs;
use std::path::Path;

use dualtape::{Function, Scalar};

/// One regression: its residuals are a [`Function`] of the parameters.
pub struct Regression {
    pub name: String,
    /// Both starting points.
    pub starts: [Vec<f64>; 2],
    /// The certified parameters and their standard deviations.
    pub parameters: Vec<f64>,
    pub deviations: Vec<f64>,
    pub residual_deviation: f64,
    /// The response and the predictors of each observation.
    observations: Vec<Vec<f64>>,
}

impl Regression {
    /// Reads all regressions, by name.
    pub fn all() -> Vec<Regression> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let mut files: Vec<_> = fs::read_dir(folder).expect("the data").map(|file| file.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "dat"));
        files.sort();
        files.iter().map(|path| Regression::read(path)).collect()
    }

    fn read(path: &Path) -> Regression {
        let text = fs::read_to_string(path).expect("a data file");
        let numbers = |line: &str| line.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<f64>>();
        let lines: Vec<&str> = text.lines().collect();
        // `b1 =  start 1  start 2  parameter  deviation`
        let rows: Vec<Vec<f64>> = lines[40..60]
            .iter()
            .filter_map(|line| line.trim_start().strip_prefix('b')?.split_once('='))
            .map(|(_, row)| numbers(row))
            .collect();
        let column = |index: usize| rows.iter().map(|row| row[index]).collect::<Vec<f64>>();
        let deviation = lines.iter().find_map(|line| line.strip_prefix("Residual Standard Deviation:"));
        Regression {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            starts: [column(0), column(1)],
            parameters: column(2),
            deviations: column(3),
            residual_deviation: deviation.expect("the residual standard deviation").trim().parse().unwrap(),
            observations: lines[60..].iter().map(|line| numbers(line)).filter(|row| row.len() > 1).collect(),
        }
    }

    /// Returns the response that the model predicts.
    fn model<S: Scalar<Real = f64>>(&self, b: &[S], predictors: &[f64]) -> S {
        let x = predictors[0];
        let decay = |i: usize, rate: usize| b[i] * (-b[rate] * x).exp();
        let peak = |i: usize| b[i] * (-((-b[i + 1] + x) / b[i + 2]).powi(2)).exp();
        let polynomial = |terms: &[S]| terms.iter().rev().fold(S::zero(), |sum, &term| sum * x + term);
        let rational = |above: usize| polynomial(&b[..above]) / (polynomial(&b[above..]) * x + 1.0);
        let cycle = |i: usize, period: S| {
            let angle = S::tau() * x / period;
            b[i] * angle.cos() + b[i + 1] * angle.sin()
        };
        match self.name.as_str() {
            "Bennett5" => b[0] * (b[1] + x).pow(-b[2].recip()),
            "BoxBOD" | "Misra1a" => -b[0] * (-b[1] * x).exp_m1(),
            "Chwirut1" | "Chwirut2" => (-b[0] * x).exp() / (b[1] + b[2] * x),
            "DanWood" => b[0] * S::from_f64(x).pow(b[1]),
            "ENSO" => b[0] + cycle(1, S::from_f64(12.0)) + cycle(4, b[3]) + cycle(7, b[6]),
            "Eckerle4" => b[0] / b[1] * (((-b[2] + x) / b[1]).powi(2) * -0.5).exp(),
            "Gauss1" | "Gauss2" | "Gauss3" => decay(0, 1) + peak(2) + peak(5),
            "Hahn1" | "Thurber" => rational(4),
            "Kirby2" => rational(3),
            "Lanczos1" | "Lanczos2" | "Lanczos3" => decay(0, 1) + decay(2, 3) + decay(4, 5),
            "MGH09" => b[0] * (b[1] * x + x * x) / (b[2] * x + b[3] + x * x),
            "MGH10" => b[0] * (b[1] / (b[2] + x)).exp(),
            "MGH17" => b[0] + decay(1, 3) + decay(2, 4),
            "Misra1b" => b[0] * (-(b[1] * (x / 2.0) + 1.0).powi(-2) + 1.0),
            "Misra1c" => b[0] * (-(b[1] * (2.0 * x) + 1.0).powf(-0.5) + 1.0),
            "Misra1d" => b[0] * b[1] * x / (b[1] * x + 1.0),
            "Nelson" => b[0] - b[1] * x * (-b[2] * predictors[1]).exp(),
            "Rat42" => b[0] / ((b[1] - b[2] * x).exp() + 1.0),
            "Rat43" => b[0] / ((b[1] - b[2] * x).exp() + 1.0).pow(b[3].recip()),
            "Roszman1" => b[0] - b[1] * x - (b[2] / (-b[3] + x)).atan() / S::pi(),
            name => panic!("no model of the name {name}"),
        }
    }
}

/// The residuals, observed minus predicted.
impl Function for Regression {
    type Output = Vec<f64>;

    fn eval<S: Scalar<Real = f64>>(&self, b: &[S]) -> Vec<S> {
        let residual = |row: &Vec<f64>| {
            let response = if self.name == "Nelson" { row[0].ln() } else { row[0] };
            -self.model(b, &row[1..]) + response
        };
        self.observations.iter().map(residual).collect()
    }
}

/// Half the sum of squares of a regression in parameters relative to `scales`.
pub struct SumOfSquares<'a> {
    pub of: &'a Regression,
    pub scales: &'a [f64],
}

impl Function for SumOfSquares<'_> {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, q: &[S]) -> S {
        let b: Vec<S> = q.iter().zip(self.scales).map(|(&q, &scale)| q * scale).collect();
        let residuals = self.of.eval(&b);
        dualtape::dot(&residuals, &residuals) * 0.5
    }
}

/// Returns the number of digits in which all of `found` agree with `certified`, at most 11.
pub fn digits(found: &[f64], certified: &[f64]) -> f64 {
    let error = |(x, y): (&f64, &f64)| ((x - y) / y).abs().max(1e-11);
    -found.iter().zip(certified).map(error).fold(1e-11, f64::max).log10()
}
