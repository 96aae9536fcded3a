//! The verbs: value and derivative together, of a function at a point.
//!
//! | verb | of | mode | cost in evaluations of f |
//! |---|---|---|---|
//! | [`derivative`] | `f: T → T` | forward | about 2 |
//! | [`gradient`] | `f: Tⁿ → T` | reverse | a small constant, whatever n |
//! | [`gradient_forward`] | `f: Tⁿ → T` | forward | n/8 passes of 8 lanes |
//! | [`gradient_array`] | `f: [T; N] → T` | forward | one pass of N lanes |
//! | [`jacobian`] | `f: Tⁿ → Tᵐ` | forward | n/8 passes of 8 lanes |
//! | [`jacobian_array`] | `f: [T; N] → [T; M]` | forward | one pass of N lanes |
//! | [`jacobian_reverse`] | `f: Tⁿ → Tᵐ` | reverse | one recording, m/8 sweeps in 8 lanes |
//! | [`jvp`] | `J·v` | forward | about 2 |
//! | [`vjp`] | `uᵀ·J` | reverse | a small constant |
//! | [`hvp`] | `H·v` | forward over reverse | a small constant |
//! | [`hessian`] | `f: Tⁿ → T` | forward over reverse | at most n/8 times [`gradient`] in 8 lanes |
//!
//! All are generic in the scalar `T` of the point, so a verb inside a verb gives a derivative of a derivative.
//!
//! A function of several outputs returns [`IntoNumbers`]: an array, a vector or a tuple. An iterator is collected by
//! name, `collect::<Vec<_>>()`: the verb cannot tell the compiler which collection is meant.
//!
//! ```compile_fail,E0283
//! # use dualtape::jacobian;
//! let (y, j) = jacobian(|x| x.iter().map(|x| x * x).collect(), &[2.0, 3.0]);
//! ```

mod matrix;
mod numbers;

use std::ops::Range;

use crate::forward::bare::{self, BareDual, eval_if_finite};
use crate::forward::kernel::{Linearized, eval_out_of_line};
use crate::forward::level::at_level;
use crate::forward::{Dual, LANES, Seeded};
use crate::memory::pool::Scratch;
use crate::reverse::{Tape, Var};
use crate::scalar::Scalar;
use crate::scalar::function::{Function, slice_of};
pub use matrix::Matrix;
pub use numbers::IntoNumbers;

/// Returns `(f(x), f′(x))`, in forward mode.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 2 evaluations | nothing | several inputs: [`gradient`]; many orders: [`taylor`](crate::taylor()) |
///
/// # Panics
///
/// When the result of `f` depends on a dual number of another derivative, on this thread or on another one, or on one
/// made by hand; [`lift`](crate::lift) makes it a constant.
///
/// ```
/// use dualtape::{Scalar, derivative};
///
/// let (y, slope) = derivative(|x| x.sin() * x, 2.0);
/// assert_eq!(y, 2.0_f64.sin() * 2.0);
/// assert_eq!(slope, 2.0_f64.cos() * 2.0 + 2.0_f64.sin());
///
/// // The second derivative: the derivative of the derivative.
/// let (_, curvature) = derivative(|x| derivative(|x| x.powi(3), x).1, 5.0);
/// assert_eq!(curvature, 30.0);
/// ```
#[doc(alias = "grad")]
#[track_caller]
pub fn derivative<T: Scalar>(f: impl FnOnce(Dual<T>) -> Dual<T>, x: T) -> (T, T) {
    let [y] = at_level("derivative", &mut [Dual::variable(x)], |x| [f(x[0])]);
    (y.primal, y.partials[0])
}

/// Returns `(f(x), ∇f(x))`, in reverse mode.
///
/// It costs a small multiple of `f`, however long `x` is.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | 2 to 4 evaluations of sines, dot products and the like, about 40 of bare arithmetic, whatever the number of inputs | 32 bytes for every operation | up to about 16 inputs: [`gradient_forward`]; a sum of terms: [`Terms`](crate::Terms); a long loop: [`Checkpointed`](crate::Checkpointed) |
///
/// # Panics
///
/// When `f` uses variables of another recording.
///
/// ```
/// use dualtape::{Scalar, gradient};
///
/// fn rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     x.windows(2).map(|x| (x[1] - x[0].powi(2)).powi(2) * 100.0 + (x[0] - 1.0).powi(2)).sum()
/// }
///
/// let (y, g) = gradient(rosenbrock, &[-1.0, 2.0]);
/// assert_eq!((y, g), (104.0, vec![396.0, 200.0]));
/// ```
#[doc(alias = "grad")]
#[doc(alias = "value_and_grad")]
#[doc(alias = "gradient_reverse")]
#[doc(alias = "backprop")]
#[track_caller]
pub fn gradient<T: Scalar>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T]) -> (T, Vec<T>) {
    let mut g = vec![T::zero(); x.len()];
    let y = gradient_into(f, x, &mut g);
    (y, g)
}

/// Returns `f(x)` and writes `∇f(x)` into `g`, in reverse mode: [`gradient`] for a caller that owns the memory.
///
/// From the second call on only `f` may allocate.
///
/// # Panics
///
/// When `g` and `x` differ in length, or `f` uses variables of another recording.
///
/// ```
/// use dualtape::gradient_into;
///
/// let mut g = [0.0; 2];
/// let y = gradient_into(|x| x[0] * x[1], &[2.0, 3.0], &mut g);
/// assert_eq!((y, g), (6.0, [3.0, 2.0]));
/// ```
#[track_caller]
pub fn gradient_into<T: Scalar>(f: impl FnOnce(&[Var<T>]) -> Var<T>, x: &[T], g: &mut [T]) -> T {
    assert_directions("gradient_into", "x", x.len(), "g", g.len());
    partial_gradient_into(f, &[], x, g)
}

/// [`gradient_into`] with respect to `x` alone, for a function whose first inputs are constants.
#[inline]
#[track_caller]
fn partial_gradient_into<T: Scalar>(f: impl FnOnce(&[Var<T>]) -> Var<T>, constants: &[T], x: &[T], g: &mut [T]) -> T {
    let tape = Tape::new();
    let y = tape.with_variables(constants, x, f);
    tape.gradient_into(y, g);
    y.primal()
}

/// Returns `(f(x), ∇f(x))`, in forward mode with [`LANES`] directions at once.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | ⌈n/8⌉ evaluations in 8 lanes, each 2 to 13 plain ones | no tape | many inputs: [`gradient`]; a [`Function`]: [`Function::gradient_forward`], which is quicker |
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::gradient_forward;
///
/// let (y, g) = gradient_forward(|x| x[0] * x[1] + x[2], &[2.0, 3.0, 4.0]);
/// assert_eq!((y, g), (10.0, vec![3.0, 2.0, 1.0]));
/// ```
#[track_caller]
pub fn gradient_forward<T: Scalar>(f: impl Fn(&[Dual<T, LANES>]) -> Dual<T, LANES>, x: &[T]) -> (T, Vec<T>) {
    let gradient = gradient_in_lanes(x, |inputs| {
        let [y] = at_level("gradient_forward", inputs, |x| [f(x)]);
        Some(y)
    });
    gradient.expect("every pass has a result")
}

/// Returns `(f(x), ∇f(x))` of a [`Function`], in forward mode, bare first.
#[track_caller]
pub(crate) fn forward_gradient<F, T>(f: &F, x: &[T]) -> (T, Vec<T>)
where
    F: Function<T::Real, Output = T::Real> + ?Sized,
    T: Scalar,
{
    let bare = if const { bare::is_first::<T>() } {
        gradient_in_lanes(x, |inputs: &mut [BareDual<T, LANES>]| eval_if_finite(f, inputs))
    } else {
        None
    };
    bare.unwrap_or_else(|| gradient_forward(|x| f.eval(x), x))
}

/// Returns the value and the gradient from passes of [`LANES`] inputs, or `None` where a pass has none.
fn gradient_in_lanes<T: Scalar, D: Seeded<T>>(
    x: &[T],
    pass: impl Fn(&mut [D]) -> Option<Dual<T, LANES>>,
) -> Option<(T, Vec<T>)> {
    let mut value = None;
    let mut g = vec![T::zero(); x.len()];
    for_lanes(x, |inputs, lanes| {
        let y = pass(inputs)?;
        g[lanes.clone()].copy_from_slice(&y.partials[..lanes.len()]);
        value = Some(y.primal);
        Some(())
    })?;
    Some((value.expect("f was called at least once"), g))
}

/// Returns `(f(x), ∇f(x))` of a function of N numbers, in forward mode with a lane for each and without a heap
/// allocation.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation in N lanes | no tape and no heap | more than about 16 inputs: [`gradient`]; a [`Function`]: [`Function::gradient_array`], which is quicker |
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::gradient_array;
///
/// let (y, g) = gradient_array(|&[x, y, z]| x * y + z, &[2.0, 3.0, 4.0]);
/// assert_eq!((y, g), (10.0, [3.0, 2.0, 1.0]));
/// ```
#[inline]
#[track_caller]
pub fn gradient_array<T: Scalar, const N: usize>(
    f: impl FnOnce(&[Dual<T, N>; N]) -> Dual<T, N>,
    x: &[T; N],
) -> (T, [T; N]) {
    let [y] = at_level("gradient_array", &mut seeded_each(x), |x| [f(as_array(x))]);
    (y.primal, y.partials)
}

/// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ` of a function from N numbers to M, in forward mode with a lane for each
/// input and without a heap allocation.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one evaluation in N lanes | no tape and no heap | more than about 32 inputs: [`jacobian`] or [`jacobian_reverse`]; a [`Function`]: [`Function::jacobian_array`], which is quicker |
///
/// # Panics
///
/// When `f` uses a dual number of another derivative.
///
/// ```
/// use dualtape::jacobian_array;
///
/// let (y, j) = jacobian_array(|&[x, y]| [x * y, x], &[2.0, 3.0]);
/// assert_eq!((y, j), ([6.0, 2.0], [[3.0, 2.0], [1.0, 0.0]]));
/// ```
#[inline]
#[track_caller]
pub fn jacobian_array<T: Scalar, const N: usize, const M: usize>(
    f: impl FnOnce(&[Dual<T, N>; N]) -> [Dual<T, N>; M],
    x: &[T; N],
) -> ([T; M], [[T; N]; M]) {
    let outputs = at_level("jacobian_array", &mut seeded_each(x), |x| f(as_array(x)));
    (outputs.map(|y| y.primal), outputs.map(|y| y.partials))
}

/// Returns the outputs of a [`Function`] of N numbers with their partial derivatives, in forward mode, bare first.
#[inline(always)]
pub(crate) fn forward_array<F, T, const N: usize>(f: &F, x: &[T; N]) -> Linearized<F, T, N>
where
    F: Function<T::Real>,
    T: Scalar,
{
    let bare =
        if const { bare::is_first::<T>() } { eval_if_finite(f, &seeded_each::<T, BareDual<T, N>, N>(x)) } else { None };
    bare.unwrap_or_else(|| eval_out_of_line(f, seeded_each(x)))
}

/// Returns the independent variables, each along a lane of its own.
#[inline(always)]
fn seeded_each<T: Scalar, D: Seeded<T>, const N: usize>(x: &[T; N]) -> [D; N] {
    std::array::from_fn(|lane| D::seeded(x[lane], lane))
}

#[inline(always)]
fn as_array<S, const N: usize>(x: &[S]) -> &[S; N] {
    x.try_into().expect("the slice is an array of N")
}

/// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, m rows and n columns, in forward mode: the short name of
/// [`jacobian_forward`].
///
/// | cost | needs | instead |
/// |---|---|---|
/// | ⌈n/8⌉ evaluations in 8 lanes | no tape | more inputs than outputs: [`jacobian_reverse`]; the mode that suits: [`Function::jacobian`] |
///
/// # Panics
///
/// As [`jacobian_forward`].
///
/// ```
/// use dualtape::{jacobian, jacobian_forward};
///
/// let (y, j) = jacobian(|x| [x[0] * x[1], x[0]], &[2.0, 3.0]);
/// assert_eq!(y, [6.0, 2.0]);
/// assert_eq!(j, jacobian_forward(|x| [x[0] * x[1], x[0]], &[2.0, 3.0]).1);
///
/// // Outputs from an iterator: name the vector.
/// let (y, _) = jacobian(|x| x.iter().map(|x| x * x).collect::<Vec<_>>(), &[2.0, 3.0]);
/// assert_eq!(y, [4.0, 9.0]);
/// ```
#[doc(alias = "jacfwd")]
#[track_caller]
pub fn jacobian<T: Scalar, Y: IntoNumbers<Dual<T, LANES>>>(
    f: impl Fn(&[Dual<T, LANES>]) -> Y,
    x: &[T],
) -> (Vec<T>, Matrix<T>) {
    jacobian_forward(f, x)
}

/// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, m rows and n columns, in forward mode with [`LANES`] directions at
/// once.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | ⌈n/8⌉ evaluations in 8 lanes | no tape | more inputs than outputs: [`jacobian_reverse`]; mostly zeros: [`jacobian_sparse`](crate::sparse::jacobian_sparse); one product with it: [`jvp`] |
///
/// # Panics
///
/// When `f` uses a dual number of another derivative, or returns another number of outputs at another call.
///
/// ```
/// use dualtape::{Scalar, jacobian_forward};
///
/// let (y, j) = jacobian_forward(|x| [x[0] * x[1], x[1].exp()], &[2.0, 0.0]);
/// assert_eq!(y, [0.0, 1.0]);
/// assert_eq!(j.rows().collect::<Vec<_>>(), [[0.0, 2.0], [0.0, 1.0]]);
/// ```
#[doc(alias = "jacfwd")]
#[track_caller]
pub fn jacobian_forward<T: Scalar, Y: IntoNumbers<Dual<T, LANES>>>(
    f: impl Fn(&[Dual<T, LANES>]) -> Y,
    x: &[T],
) -> (Vec<T>, Matrix<T>) {
    let jacobian = jacobian_in_lanes(x, |inputs| Some(at_level("jacobian", inputs, |x| f(x).into_numbers())));
    jacobian.expect("every pass has a result")
}

/// Returns `(f(x), J)` of a [`Function`], in forward mode, bare first.
#[track_caller]
pub(crate) fn forward_jacobian<F: Function<T::Real> + ?Sized, T: Scalar>(f: &F, x: &[T]) -> (Vec<T>, Matrix<T>) {
    let numbers = slice_of::<F::Output, T::Real, Dual<T, LANES>>;
    let bare = if const { bare::is_first::<T>() } {
        jacobian_in_lanes(x, |inputs: &mut [BareDual<T, LANES>]| eval_if_finite(f, inputs).map(numbers))
    } else {
        None
    };
    bare.unwrap_or_else(|| jacobian_forward(|x| numbers(f.eval(x)), x))
}

/// Returns the outputs and the Jacobian from passes of [`LANES`] inputs, or `None` where a pass has none.
#[track_caller]
fn jacobian_in_lanes<T: Scalar, D: Seeded<T>, Y: AsRef<[Dual<T, LANES>]>>(
    x: &[T],
    pass: impl Fn(&mut [D]) -> Option<Y>,
) -> Option<(Vec<T>, Matrix<T>)> {
    let mut result = None;
    for_lanes(x, |inputs, lanes| {
        add_columns(pass(inputs)?.as_ref(), lanes, x.len(), &mut result);
        Some(())
    })?;
    Some(result.expect("f was called at least once"))
}

/// Writes the values, and the columns of one pass into a matrix, which the first pass makes.
///
/// NOTE(perf): out of line, the Jacobian of three outputs in five to eight inputs takes 10 to 28 % more time.
#[inline(always)]
#[track_caller]
fn add_columns<T: Scalar>(
    outputs: &[Dual<T, LANES>],
    lanes: Range<usize>,
    columns: usize,
    result: &mut Option<(Vec<T>, Matrix<T>)>,
) {
    let zeros = || (vec![T::zero(); outputs.len()], Matrix::zeros(outputs.len(), columns));
    let (y, matrix) = result.get_or_insert_with(zeros);
    assert_outputs(y.len(), outputs.len());
    write_columns(outputs, lanes, columns, y, matrix.entries_mut());
}

/// Writes `f(x)` into `y` and `J` into `j`, row by row, in forward mode: [`jacobian_forward`] for a caller that owns
/// the memory.
///
/// # Panics
///
/// When the outputs of `f` and `y` differ in number, `j` does not have one element for each output and input, or `f`
/// uses a dual number of another derivative.
///
/// ```
/// use dualtape::jacobian_into;
///
/// let (mut y, mut j) = ([0.0; 2], [0.0; 4]);
/// jacobian_into(|x| [x[0] * x[1], x[0]], &[2.0, 3.0], &mut y, &mut j);
/// assert_eq!((y, j), ([6.0, 2.0], [3.0, 2.0, 1.0, 0.0]));
/// ```
#[track_caller]
pub fn jacobian_into<T: Scalar, Y: IntoNumbers<Dual<T, LANES>>>(
    f: impl Fn(&[Dual<T, LANES>]) -> Y,
    x: &[T],
    y: &mut [T],
    j: &mut [T],
) {
    assert_matrix("jacobian_into", "j", j.len(), y.len(), x.len());
    for_lanes(x, |inputs, lanes| {
        let outputs = at_level("jacobian_into", inputs, |x| f(x).into_numbers());
        assert_directions("jacobian_into", "f(x)", outputs.as_ref().len(), "y", y.len());
        write_columns(outputs.as_ref(), lanes, x.len(), y, j);
        Some(())
    });
}

/// Writes the values, and the columns of one pass into a matrix in row-major order.
fn write_columns<T: Scalar>(
    outputs: &[Dual<T, LANES>],
    lanes: Range<usize>,
    columns: usize,
    y: &mut [T],
    matrix: &mut [T],
) {
    for (row, (output, y)) in outputs.iter().zip(y).enumerate() {
        *y = output.primal;
        let row = &mut matrix[row * columns..][..columns];
        row[lanes.clone()].copy_from_slice(&output.partials[..lanes.len()]);
    }
}

/// Returns `(f(x), J)` with `J[i][j] = ∂fᵢ/∂xⱼ`, in reverse mode: one recording, and a sweep in [`LANES`] lanes for
/// every eight outputs.
///
/// It suits functions of few outputs and many inputs.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | one recording and ⌈m/8⌉ sweeps in 8 lanes | 32 bytes for every operation | few inputs: [`jacobian`]; mostly zeros: [`jacobian_sparse`](crate::sparse::jacobian_sparse); one product with it: [`vjp`] |
///
/// # Panics
///
/// When `f` uses variables of another recording.
///
/// ```
/// use dualtape::jacobian_reverse;
///
/// let (y, j) = jacobian_reverse(|x| [x[0] * x[1], x[0]], &[2.0, 3.0]);
/// assert_eq!(y, [6.0, 2.0]);
/// assert_eq!(j.rows().collect::<Vec<_>>(), [[3.0, 2.0], [1.0, 0.0]]);
/// ```
#[doc(alias = "jacrev")]
#[track_caller]
pub fn jacobian_reverse<T: Scalar, Y: IntoNumbers<Var<T>>>(
    f: impl FnOnce(&[Var<T>]) -> Y,
    x: &[T],
) -> (Vec<T>, Matrix<T>) {
    let tape = Tape::new();
    let x = tape.vars(x);
    let outputs = f(&x).into_numbers();
    (primals(outputs.as_ref()), rows(&tape, outputs.as_ref(), &x))
}

/// Returns the derivatives of each output with respect to each of `x`, by sweeps in [`LANES`] lanes.
#[track_caller]
fn rows<T: Scalar>(tape: &Tape<T>, outputs: &[Var<T>], x: &[Var<T>]) -> Matrix<T> {
    let mut matrix = Matrix::zeros(outputs.len(), x.len());
    if let [output] = outputs[..] {
        matrix[0].copy_from_slice(&tape.backward(output).wrt(x));
    } else {
        let unit = |lane| std::array::from_fn(|other| if other == lane { T::one() } else { T::zero() });
        for (chunk, outputs) in outputs.chunks(LANES).enumerate() {
            let seeds: Vec<(Var<T>, [T; LANES])> = (0..).zip(outputs).map(|(lane, &y)| (y, unit(lane))).collect();
            let gradients = tape.backward_lanes(&seeds);
            for (column, &x) in x.iter().enumerate() {
                for (lane, &slope) in gradients.lanes(x)[..outputs.len()].iter().enumerate() {
                    matrix[chunk * LANES + lane][column] = slope;
                }
            }
        }
    }
    matrix
}

fn primals<T: Scalar>(outputs: &[Var<T>]) -> Vec<T> {
    outputs.iter().map(|y| y.primal()).collect()
}

/// Returns `(f(x), J·v)`, the derivative of `f` along `v`, in forward mode.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 2 evaluations | no tape | the whole matrix: [`jacobian`]; from the left: [`vjp`] |
///
/// # Panics
///
/// When `x` and `v` differ in length, or `f` uses a dual number of another
/// derivative.
///
/// ```
/// use dualtape::jvp;
///
/// let (y, slope) = jvp(|x| [x[0] * x[1], x[0]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!((y, slope), (vec![6.0, 2.0], vec![23.0, 1.0]));
/// ```
#[doc(alias = "pushforward")]
#[doc(alias = "directional derivative")]
#[track_caller]
pub fn jvp<T: Scalar, Y: IntoNumbers<Dual<T>>>(f: impl FnOnce(&[Dual<T>]) -> Y, x: &[T], v: &[T]) -> (Vec<T>, Vec<T>) {
    parts(at_level("jvp", &mut along("jvp", x, v), |x| f(x).into_numbers()).as_ref())
}

/// Returns the independent variables along a direction, one number of `v` for each of `x`.
#[track_caller]
fn along<T: Scalar>(verb: &str, x: &[T], v: &[T]) -> Vec<Dual<T>> {
    assert_directions(verb, "x", x.len(), "v", v.len());
    x.iter().zip(v).map(|(&x, &v)| Dual::new(x, [v])).collect()
}

/// Returns the primals and the slopes.
fn parts<T: Scalar>(outputs: &[Dual<T>]) -> (Vec<T>, Vec<T>) {
    outputs.iter().map(|y| (y.primal, y.partials[0])).unzip()
}

/// Returns `(f(x), uᵀ·J)`, the gradient of `u·f`, in reverse mode.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | as [`gradient`] | 32 bytes for every operation | the whole matrix: [`jacobian_reverse`]; from the right: [`jvp`] |
///
/// # Panics
///
/// When the outputs of `f` and `u` differ in number, or `f` uses variables of another recording.
///
/// ```
/// use dualtape::vjp;
///
/// let (y, g) = vjp(|x| [x[0] * x[1], x[0]], &[2.0, 3.0], &[1.0, 10.0]);
/// assert_eq!((y, g), (vec![6.0, 2.0], vec![13.0, 2.0]));
/// ```
#[doc(alias = "pullback")]
#[track_caller]
pub fn vjp<T: Scalar, Y: IntoNumbers<Var<T>>>(f: impl FnOnce(&[Var<T>]) -> Y, x: &[T], u: &[T]) -> (Vec<T>, Vec<T>) {
    let tape = Tape::new();
    let x = tape.vars(x);
    let outputs = f(&x).into_numbers();
    (primals(outputs.as_ref()), weighted_rows(&tape, outputs.as_ref(), u, &x))
}

/// Returns the sum of the rows of the Jacobian, each times its number of `u`, by one sweep.
#[track_caller]
fn weighted_rows<T: Scalar>(tape: &Tape<T>, outputs: &[Var<T>], u: &[T], x: &[Var<T>]) -> Vec<T> {
    assert_directions("vjp", "f(x)", outputs.len(), "u", u.len());
    let seeds: Vec<(Var<T>, T)> = outputs.iter().copied().zip(u.iter().copied()).collect();
    tape.backward_seeded(&seeds).wrt(x)
}

/// Returns `(f(x), ∇f(x), H·v)` without forming the Hessian H: forward over reverse.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | about 2 gradients, whatever the number of inputs | 56 bytes for every operation | the whole matrix: [`hessian`] |
///
/// # Panics
///
/// When `x` and `v` differ in length, `f` uses variables of another recording, or a
/// dual number of an enclosing derivative.
///
/// ```
/// use dualtape::hvp;
///
/// let (y, g, hv) = hvp(|x| x[0] * x[0] * x[1], &[2.0, 3.0], &[1.0, 0.0]);
/// assert_eq!((y, g, hv), (12.0, vec![12.0, 4.0], vec![6.0, 4.0]));
/// ```
#[doc(alias = "Hessian-vector product")]
#[track_caller]
pub fn hvp<T: Scalar>(f: impl Fn(&[Var<Dual<T>>]) -> Var<Dual<T>>, x: &[T], v: &[T]) -> (T, Vec<T>, Vec<T>) {
    hvp_by(|x| gradient_and_value(&f, &[], x), x, v)
}

/// [`hvp`] of a function that is known by its gradient, with the value as the last element.
#[track_caller]
pub(crate) fn hvp_by<T: Scalar, G: AsRef<[Dual<T>]>>(
    gradient: impl FnOnce(&[Dual<T>]) -> G,
    x: &[T],
    v: &[T],
) -> (T, Vec<T>, Vec<T>) {
    let outputs = at_level("hvp", &mut along("hvp", x, v), gradient);
    let (y, g) = outputs.as_ref().split_last().expect("the value is the last");
    let (g, hv) = parts(g);
    (y.primal, g, hv)
}

/// Returns `(f(x), ∇f(x), H)` with `H[i][j] = ∂²f/∂xᵢ∂xⱼ`: forward over reverse, [`LANES`] columns at once.
///
/// H is symmetric to the last bit: each column is computed from the diagonal on, and is the row too. In later passes
/// the inputs of the earlier columns are constants, and operations on these alone are not recorded again.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | at most ⌈n/8⌉ gradients in 8 lanes, half of that where inputs meet their neighbours | 224 bytes for every operation | mostly zeros: [`hessian_sparse`](crate::sparse::hessian_sparse); products with it: [`hvp`] |
///
/// # Panics
///
/// When `f` uses variables of another recording, or a dual number of an enclosing
/// derivative.
///
/// ```
/// use dualtape::{Scalar, hessian};
///
/// let (y, g, h) = hessian(|x| x[0].powi(3) * x[1], &[1.0, 2.0]);
/// assert_eq!((y, g), (2.0, vec![6.0, 1.0]));
/// assert_eq!(h.rows().collect::<Vec<_>>(), [[12.0, 3.0], [3.0, 0.0]]);
/// ```
#[track_caller]
pub fn hessian<T: Scalar>(
    f: impl Fn(&[Var<Dual<T, LANES>>]) -> Var<Dual<T, LANES>>,
    x: &[T],
) -> (T, Vec<T>, Matrix<T>) {
    let (mut g, mut h) = (vec![T::zero(); x.len()], Matrix::zeros(x.len(), x.len()));
    let y = hessian_into(f, x, &mut g, h.entries_mut());
    (y, g, h)
}

/// Returns `f(x)`, and writes `∇f(x)` into `g` and the Hessian into `h`, row by row: [`hessian`] for a caller that owns
/// the memory.
///
/// From the second call on only `f` may allocate.
///
/// # Panics
///
/// When `g` does not have one element for each input, or `h` one for each pair of inputs; or when `f` uses variables of
/// another recording, or a dual number of an enclosing derivative.
///
/// ```
/// use dualtape::{Scalar, hessian_into};
///
/// let (mut g, mut h) = ([0.0; 2], [0.0; 4]);
/// let y = hessian_into(|x| x[0].powi(3) * x[1], &[1.0, 2.0], &mut g, &mut h);
/// assert_eq!((y, g, h), (2.0, [6.0, 1.0], [12.0, 3.0, 3.0, 0.0]));
/// ```
#[track_caller]
pub fn hessian_into<T: Scalar>(
    f: impl Fn(&[Var<Dual<T, LANES>>]) -> Var<Dual<T, LANES>>,
    x: &[T],
    g: &mut [T],
    h: &mut [T],
) -> T {
    let n = x.len();
    assert_directions("hessian_into", "x", n, "g", g.len());
    assert_matrix("hessian_into", "h", h.len(), n, n);
    hessian_by(|constants, x| gradient_and_value(&f, constants, x), x, g, h)
}

/// [`hessian_into`] of a function that is known by its gradient with respect to its last inputs, with the value as the
/// last element; its first inputs are constants.
#[track_caller]
pub(crate) fn hessian_by<T: Scalar, G: AsRef<[Dual<T, LANES>]>>(
    gradient: impl Fn(&[Dual<T, LANES>], &[Dual<T, LANES>]) -> G,
    x: &[T],
    g: &mut [T],
    h: &mut [T],
) -> T {
    let n = x.len();
    let mut value = None;
    for_lanes(x, |inputs, lanes| {
        // Earlier passes have filled the rows of the earlier inputs, as columns.
        let outputs = at_level("hessian", inputs, |x| {
            let (before, from_here) = x.split_at(lanes.start);
            gradient(before, from_here)
        });
        let (y, slopes) = outputs.as_ref().split_last().expect("the value is the last");
        write_both_halves(slopes, lanes, n, h);
        if value.is_none() {
            value = Some(y.primal);
            g.iter_mut().zip(slopes).for_each(|(g, slope)| *g = slope.primal);
        }
        Some(())
    });
    value.expect("f was called at least once")
}

/// Writes the columns of one pass, from the diagonal on, into a symmetric matrix, and as rows too.
fn write_both_halves<T: Scalar>(slopes: &[Dual<T, LANES>], lanes: Range<usize>, n: usize, h: &mut [T]) {
    for (row, slope) in (lanes.start..).zip(slopes) {
        for (column, &entry) in lanes.clone().zip(&slope.partials) {
            (h[row * n + column], h[column * n + row]) = (entry, entry);
        }
    }
}

/// Returns the gradient with respect to `x`, and the value as the last element, of a function whose first inputs are
/// constants.
fn gradient_and_value<T: Scalar>(f: impl FnOnce(&[Var<T>]) -> Var<T>, constants: &[T], x: &[T]) -> Scratch<T> {
    let mut outputs = Scratch::filled(T::zero(), x.len() + 1);
    let (y, g) = outputs.split_last_mut().expect("the value is the last");
    *y = partial_gradient_into(f, constants, x, g);
    outputs
}

/// Calls `pass` with [`LANES`] of the inputs as variables, one for each lane, and the others constant, until every
/// input was a variable or `pass` returned `None`. Without inputs it calls `pass` once.
fn for_lanes<T: Scalar, D: Seeded<T>>(
    x: &[T],
    mut pass: impl FnMut(&mut [D], Range<usize>) -> Option<()>,
) -> Option<()> {
    let (mut few, mut many);
    // NOTE(perf): on the stack, the gradient of Rosenbrock's function of two inputs takes 30 % less time than with
    // memory of the pool (`cargo bench --bench modes`).
    let inputs = if x.len() <= LANES {
        few = [D::from(T::zero()); LANES];
        set_constants(&mut few, x);
        &mut few[..x.len()]
    } else {
        many = scratch_of_constants(x);
        &mut many[..]
    };
    for start in (0..x.len().max(1)).step_by(LANES) {
        let lanes = start..x.len().min(start + LANES);
        set_variables(&mut inputs[lanes.clone()], &x[lanes.clone()]);
        pass(inputs, lanes.clone())?;
        set_constants(&mut inputs[lanes.clone()], &x[lanes]);
    }
    Some(())
}

fn scratch_of_constants<T: Scalar, D: Seeded<T>>(x: &[T]) -> Scratch<D> {
    Scratch::of(x.iter().map(|&x| D::from(x)))
}

#[inline(always)]
fn set_constants<T: Scalar, D: Seeded<T>>(inputs: &mut [D], x: &[T]) {
    inputs.iter_mut().zip(x).for_each(|(input, &x)| *input = D::from(x));
}

#[inline(always)]
fn set_variables<T: Scalar, D: Seeded<T>>(inputs: &mut [D], x: &[T]) {
    inputs.iter_mut().zip(x).enumerate().for_each(|(lane, (input, &x))| *input = D::seeded(x, lane));
}

#[track_caller]
pub(crate) fn assert_directions(verb: &str, point: &str, n: usize, direction: &str, m: usize) {
    assert_eq!(n, m, "{verb}: {point} has {n} elements and {direction} has {m}; pass one for each");
}

#[track_caller]
fn assert_matrix(verb: &str, matrix: &str, len: usize, rows: usize, columns: usize) {
    assert_eq!(
        len,
        rows * columns,
        "{verb}: {matrix} has {len} elements for {rows} rows of {columns}; pass one for each entry"
    );
}

#[track_caller]
fn assert_outputs(before: usize, now: usize) {
    assert_eq!(
        before, now,
        "jacobian: the function returned {before} outputs at first and {now} now; it must return the same number at \
         every call"
    );
}
