//! The functions of files with a formula for each case.

use dualtape::linalg::symmetric_eigen;
use dualtape::{Function, Scalar};

use super::matrix::{matrix, symmetric};
use super::special;

/// A function with the text of its formula, and the constant matrix in it.
pub(crate) struct Formula {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) weights: Vec<f64>,
}

impl Function for Formula {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.at(x).expect("a known function")
    }
}

impl Formula {
    /// The function at `x`, or `None` for an unknown one.
    pub(crate) fn at<S: Scalar<Real = f64>>(&self, x: &[S]) -> Option<S> {
        matrix(self, x).or_else(|| special::evaluate(&self.name, x))
    }

    /// Returns by which factor the problem multiplies rounding errors.
    pub(crate) fn condition(&self, x: &[f64]) -> f64 {
        match &self.name[..] {
            "expm" if x.chunks(x.len().isqrt()).any(|row| row.iter().map(|x| x.abs()).sum::<f64>() >= 20.0) => 100.0,
            "eigenprojectors" => {
                let (values, _) = symmetric_eigen(&symmetric(x).0);
                let gap = values.windows(2).map(|pair| pair[1] - pair[0]).fold(1.0, f64::min);
                gap.recip()
            }
            _ => 1.0,
        }
    }

    /// Whether the function is one of `special.json`, and which tolerances its derivatives have.
    pub(crate) fn special_tolerances(&self, x: &[f64]) -> Option<[f64; 2]> {
        special::evaluate(&self.name, x)?;
        let has_shape = ["gamma_", "beta_", "student"].iter().any(|prefix| self.name.starts_with(prefix));
        Some(if has_shape || self.name.ends_with("quantile") { [1e-10, 1e-9] } else { [1e-13, 1e-11] })
    }
}
