//! Sparsity by tracing: which entries of a Jacobian or a Hessian can be anything but zero.
//!
//! The tape drops a partial that is the constant zero. Over a scalar that knows which numbers
//! are constants it drops nothing else, and an entry is in the pattern when the statements
//! lead from the output to the input. What the methods of a block leave out is not dropped:
//! see `from_all` in `scalar/custom.rs`.

use crate::reverse::Tape;
use crate::scalar::Scalar;
use crate::scalar::function::{Function, Outputs};
use crate::tools::noted::{Note, Noted};
use crate::tools::sparse::Sparsity;
use crate::verbs::gradient;

/// The pairs of an output and an input whose derivative may differ from zero.
pub(super) fn jacobian_sparsity<T: Scalar, F: Function<T::Real>>(f: &F, x: &[T]) -> Sparsity {
    let tape = Tape::new();
    let inputs = tape.vars(&inputs_at(x));
    let outputs = f.eval(&inputs);
    Sparsity::from_rows(x.len(), &tape.dependencies(x.len(), F::Output::as_slice(&outputs)))
}

/// The same of the gradient, which is a program as any other, made symmetric: rules write
/// `∂²/∂x∂y` and `∂²/∂y∂x` in two ways.
pub(super) fn hessian_sparsity<T: Scalar>(f: &impl Function<T::Real, Output = T::Real>, x: &[T]) -> Sparsity {
    let tape = Tape::new();
    let inputs = tape.vars(&inputs_at(x));
    let (_, g) = gradient(|x| f.eval(x), &inputs);
    let mut rows = tape.dependencies(x.len(), &g);
    let transposed = Sparsity::from_rows(x.len(), &rows).transpose();
    for (i, row) in rows.iter_mut().enumerate() {
        row.extend(transposed.row(i));
        row.sort_unstable();
        row.dedup();
    }
    Sparsity::from_rows(x.len(), &rows)
}

fn inputs_at<T: Scalar>(x: &[T]) -> Vec<Noted<T::Real, Constancy>> {
    x.iter().map(|x| Noted { value: x.value(), note: Constancy(false) }).collect()
}

/// Whether a number is a constant: computed from constants alone.
#[derive(Clone, Copy)]
struct Constancy(bool);

impl<T: Scalar> Note<T> for Constancy {
    const KNOWS_CONSTANTS: bool = true;
    const CONSTANT: Self = Constancy(true);
    const LOCALLY_CONSTANT: Self = Constancy(false);

    #[inline]
    fn of_result(value: T, arguments: impl IntoIterator<Item = Self>) -> Noted<T, Self> {
        Noted { value, note: Constancy(arguments.into_iter().all(|Constancy(is_constant)| is_constant)) }
    }

    #[inline]
    fn is_zero(self, value: T) -> bool {
        self.0 && value.is_identically_zero()
    }

    fn mark(self) -> &'static str {
        if self.0 { "" } else { "?" }
    }
}
