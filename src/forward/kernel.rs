//! Kernels of a few inputs with their slopes: by bare dual numbers, and where a slope is not finite by the rule of zeros.

use crate::forward::Dual;
use crate::forward::bare::{BareDual, Marked, eval_if_finite, for_each_lane};
use crate::scalar::Scalar;
use crate::scalar::function::{Function, Outputs};

/// The outputs of a kernel of N inputs with their partial derivatives.
pub(crate) type Linearized<F, T, const N: usize> =
    <<F as Function<<T as Scalar>::Real>>::Output as Outputs<<T as Scalar>::Real>>::Of<Dual<T, N>>;

/// Returns the outputs of a kernel with their partial derivatives with respect to the inputs that count, and whether
/// all of these are finite.
#[inline(always)]
pub(crate) fn linearized<F, T, const N: usize>(
    f: &F,
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> (Linearized<F, T, N>, bool)
where
    F: Function<T::Real>,
    T: Scalar,
{
    if let Some(y) = linearized_if_finite(f, x, &counts) {
        return (y, true);
    }
    // NOTE(perf): a copy. The result of the call is in memory, and the processor would read small partials back
    // wider than the call wrote them.
    let y = F::Output::map(eval_out_of_line(f, dual_inputs(x, counts)), |y| Dual::new(y.primal, y.partials));
    let are_finite = F::Output::as_slice(&y).iter().flat_map(|y| &y.partials).all(|p| p.is_finite_throughout());
    (y, are_finite)
}

/// Fast path of [`linearized`]: the inputs are few and all partial derivatives finite. Otherwise returns `None`.
#[inline(always)]
pub(crate) fn linearized_if_finite<F, T, const N: usize>(
    f: &F,
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> Option<Linearized<F, T, N>>
where
    F: Function<T::Real>,
    T: Scalar,
{
    if BareDual::<T, N, Marked>::IS_SMALL { eval_if_finite(f, &marked_inputs(x, counts)) } else { None }
}

/// Returns the inputs of a kernel, each that counts along a lane of its own.
#[inline(always)]
pub(crate) fn marked_inputs<T: Scalar, const N: usize>(
    x: &[T; N],
    counts: impl Fn(usize) -> bool,
) -> [BareDual<T, N, Marked>; N] {
    let mut inputs = [BareDual::constant(T::zero()); N];
    for_each_lane!(lane < N => {
        inputs[lane] = if counts(lane) { BareDual::marked(x[lane], lane) } else { BareDual::constant(x[lane]) };
    });
    inputs
}

/// Returns the inputs of a kernel as dual numbers, each that counts along a lane of its own.
#[inline(always)]
pub(crate) fn dual_inputs<T: Scalar, const N: usize>(x: &[T; N], counts: impl Fn(usize) -> bool) -> [Dual<T, N>; N] {
    std::array::from_fn(|lane| if counts(lane) { Dual::seeded(x[lane], lane) } else { Dual::constant(x[lane]) })
}

/// Returns the outputs of a function with their partial derivatives by the rule.
#[cold]
#[inline(never)]
pub(crate) fn eval_out_of_line<F, T, const N: usize>(f: &F, x: [Dual<T, N>; N]) -> Linearized<F, T, N>
where
    F: Function<T::Real>,
    T: Scalar,
{
    f.eval(&x)
}
