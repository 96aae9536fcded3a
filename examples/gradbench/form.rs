//! The two forms in which the derivatives are written.

use dualtape::{Function, Scalar, fuse_map, sum, weighted_sum};

/// How a derivative is written.
///
/// The methods are the operations in which the forms of an objective differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// The objective by bare operations, in one call of a verb. The evaluation has this form too.
    Plain,
    /// The objective by the tools of the crate.
    Tuned,
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Plain => "plain",
            Form::Tuned => "tuned",
        }
    }

    /// Returns the results of a kernel at each element of slices.
    #[inline(always)]
    pub(crate) fn map<F, S, const N: usize, const M: usize>(self, f: &F, x: [&[S]; N]) -> [Vec<S>; M]
    where
        F: Function<Output = [f64; M]>,
        S: Scalar<Real = f64>,
    {
        match self {
            Form::Plain => {
                let n = x[0].len();
                let x = x.map(|x| &x[..n]);
                let mut results = [(); M].map(|()| vec![S::zero(); n]);
                let mut slices = results.each_mut().map(|results| &mut results[..n]);
                for i in 0..n {
                    let inputs: [S; N] = std::array::from_fn(|lane| x[lane][i]);
                    let y = f.eval(&inputs);
                    slices.iter_mut().zip(y).for_each(|(results, y)| results[i] = y);
                }
                results
            }
            Form::Tuned => fuse_map(f, x),
        }
    }

    #[inline(always)]
    pub(crate) fn sum<S: Scalar<Real = f64>>(self, x: &[S]) -> S {
        match self {
            Form::Plain => x.iter().copied().sum(),
            Form::Tuned => sum(x),
        }
    }

    #[inline(always)]
    pub(crate) fn weighted_sum<S: Scalar<Real = f64>>(self, x: &[S], weights: &[f64]) -> S {
        match self {
            Form::Plain => x.iter().zip(weights).map(|(&x, &weight)| x * weight).sum(),
            Form::Tuned => weighted_sum(x, weights),
        }
    }
}
