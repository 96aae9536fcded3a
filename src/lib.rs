//! Automatic differentiation by generic scalars.

mod check;
mod derivatives;
mod dual;
mod ecosystem;
mod function;
pub mod nn;
mod operators;
mod rules;
mod scalar;
mod slices;
mod special;
mod tape;

pub use check::{Disagreement, Entry, Report, check};
pub use derivatives::{
    LANES, Matrix, derivative, gradient, gradient_forward, hessian, hvp, jacobian, jacobian_reverse, jvp, vjp,
};
pub use dual::{Dual, lift};
pub use function::Function;
pub use scalar::{Arithmetic, Real, Scalar};
pub use slices::{dot, log_softmax, log_sum_exp, softmax, sum};
pub use tape::{Gradients, Tape, Var};
