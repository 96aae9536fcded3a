//! Sparsity by tracing: which entries of a Jacobian or a Hessian can be anything but zero.
//!
//! The tape drops a partial that is the constant zero. Over a scalar that knows which numbers
//! are constants it drops nothing else, and an entry is in the pattern when the statements
//! lead from the output to the input.

use std::fmt;

use crate::reverse::Tape;
use crate::scalar::Scalar;
use crate::scalar::custom::{Block, Rule};
use crate::scalar::engine::Engine;
use crate::scalar::function::{Function, Outputs};
use crate::scalar::operators::{Mode, chained_functions, impl_scalar};
use crate::scalar::rules::elementary_functions;
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

fn inputs_at<T: Scalar>(x: &[T]) -> Vec<Structural<T::Real>> {
    x.iter().map(|x| Structural::input(x.value())).collect()
}

/// A number that knows whether it is a constant: computed from constants alone.
#[derive(Clone, Copy)]
pub(super) struct Structural<T> {
    value: T,
    is_constant: bool,
}

impl<T: Scalar> Structural<T> {
    fn input(value: T) -> Self {
        Structural { value, is_constant: false }
    }
}

impl<T: Scalar> Mode for Structural<T> {
    type Inner = T;

    #[inline]
    fn inner(self) -> T {
        self.value
    }

    #[inline]
    fn chain(self, value: T, _: T) -> Self {
        Structural { value, ..self }
    }

    #[inline]
    fn chain_real(self, value: T, _: T::Real) -> Self {
        Structural { value, ..self }
    }

    #[inline]
    fn chain2(self, other: Self, value: T, _: [T; 2]) -> Self {
        Structural { value, is_constant: self.is_constant && other.is_constant }
    }

    #[inline]
    fn chain3(self, b: Self, c: Self, value: T, _: [T; 3]) -> Self {
        Structural { value, is_constant: self.is_constant && b.is_constant && c.is_constant }
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.chain2(other, self.value + other.value, [T::one(), T::one()])
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.chain2(other, self.value - other.value, [T::one(), -T::one()])
    }
}

impl<T: Scalar> Scalar for Structural<T> {
    type Real = T::Real;

    #[inline]
    fn from_real(x: T::Real) -> Self {
        Structural { value: T::from_real(x), is_constant: true }
    }

    #[inline]
    fn value(self) -> T::Real {
        self.value.value()
    }

    #[inline]
    fn is_identically_zero(self) -> bool {
        self.is_constant && self.value.is_identically_zero()
    }

    #[inline]
    fn is_finite_throughout(self) -> bool {
        self.value.is_finite_throughout()
    }

    elementary_functions!(chained_functions inline);
}

impl<T: Scalar> Engine<T::Real> for Structural<T> {
    const RECORDS: bool = true;

    /// One order more than carried, so that a number refined to this order is no longer constant.
    const ORDER: usize = T::ORDER + 1;

    #[inline]
    fn locally_constant(slope: T::Real) -> Self {
        Structural::input(T::from_real(slope))
    }

    fn log_sum_exp_slice(xs: &[Self]) -> Self {
        let inner: Vec<T> = xs.iter().map(|x| x.value).collect();
        Structural { value: T::log_sum_exp_slice(&inner), is_constant: xs.iter().all(|x| x.is_constant) }
    }

    fn apply_rule<const N: usize>(rule: &impl Rule<N, T::Real>, x: [Self; N]) -> Self {
        Structural { value: T::apply_rule(rule, x.map(|x| x.value)), is_constant: x.iter().all(|x| x.is_constant) }
    }

    fn apply_block(block: &impl Block<T::Real>, x: &[Self]) -> Vec<Self> {
        let inner: Vec<T> = x.iter().map(|x| x.value).collect();
        let is_constant = x.iter().all(|x| x.is_constant);
        T::apply_block(block, &inner).into_iter().map(|value| Structural { value, is_constant }).collect()
    }
}

impl_scalar!([] Structural<T>);

impl<T: Scalar> From<T> for Structural<T> {
    fn from(value: T) -> Self {
        Structural { value, is_constant: true }
    }
}

/// The value, with a mark when it is no constant.
impl<T: Scalar> fmt::Display for Structural<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)?;
        f.write_str(if self.is_constant { "" } else { "?" })
    }
}

impl<T: Scalar> fmt::LowerExp for Structural<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerExp::fmt(&self.value, f)?;
        f.write_str(if self.is_constant { "" } else { "?" })
    }
}

impl<T: Scalar> fmt::Debug for Structural<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
