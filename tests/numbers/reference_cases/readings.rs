//! One function, read in every scalar.

use std::iter::once;

use dualtape::graph::{Traced, trace};
use dualtape::{
    Dual, Function, Matrix, Outputs, Real, Scalar, Taylor, gradient, gradient_forward, jacobian, jacobian_reverse, jvp,
    linearize,
};

/// The results of one reading of a function at a point.
pub(crate) struct Outcome<R> {
    pub(crate) reading: &'static str,
    pub(crate) value: R,
    /// The gradient of each level of the reading: none for the plain one, two for second order.
    pub(crate) gradients: Vec<Vec<R>>,
    /// Row by row, of a reading of second order.
    pub(crate) hessian: Option<Vec<R>>,
}

/// The function at `x` in every reading; the first is the plain one.
pub(crate) fn outcomes<R: Real>(f: &impl Function<R, Output = R>, x: &[R]) -> Vec<Outcome<R>> {
    let mut outcomes = vec![
        Outcome { reading: "plain", value: f.eval(x), gradients: vec![], hessian: None },
        first("Dual", gradient_by_lane(|x| f.eval(x), x)),
        first("Dual<_, 8>", gradient_forward(|x| f.eval(x), x)),
        first("Var", gradient(|x| f.eval(x), x)),
        along_axes("Taylor<_, 2>", &series_by_lane(|x| f.eval(x), x)),
        second("Dual<Dual<_, 8>, 8>", rows(jacobian(|x| joined(gradient_forward(|x| f.eval(x), x)), x))),
        second("Var<Dual<_, 8>>", rows(jacobian(|x| joined(gradient(|x| f.eval(x), x)), x))),
        second("Var<Var>", rows(jacobian_reverse(|x| joined(gradient(|x| f.eval(x), x)), x))),
    ];
    if x.len() <= KERNEL_INPUTS {
        outcomes.push(first("kernel", gradient_of_kernel(f, x)));
    }
    if cfg!(debug_assertions) {
        outcomes.extend(outcomes_without_optimization(f, x));
    }
    outcomes
}

/// The function in the readings that draw, or that no verb uses. With optimization they are left out: to compile them
/// and the other readings takes 9 minutes of processor time.
fn outcomes_without_optimization<R: Real>(f: &impl Function<R, Output = R>, x: &[R]) -> Vec<Outcome<R>> {
    let mut outcomes = vec![
        first("Traced", gradient_by_graph(|x| f.eval(x), x)),
        second("Dual<Dual>", jacobian_by_lane(|x| joined(gradient_by_lane(|x| f.eval(x), x)), x)),
        second("Dual<Var, 8>", rows(jacobian_reverse(|x| joined(gradient_forward(|x| f.eval(x), x)), x))),
        second("Taylor<Dual, 2>", jacobian_by_lane(|x| joined(gradient_by_series(|x| f.eval(x), x)), x)),
        second("Var<Traced>", jacobian_by_graph(|x| joined(gradient(|x| f.eval(x), x)), x)),
        second("Dual<Traced, 8>", jacobian_by_graph(|x| joined(gradient_forward(|x| f.eval(x), x)), x)),
    ];
    if x.len() <= KERNEL_INPUTS {
        outcomes.push(second("Dual<kernel>", jacobian_by_lane(|x| joined(gradient_of_kernel(f, x)), x)));
    }
    outcomes
}

/// The most inputs of a function that is read as a kernel.
const KERNEL_INPUTS: usize = 6;

/// A function of some of the inputs.
struct OfFirst<'a, F>(&'a F, usize);

impl<R: Real, F: Function<R>> Function<R> for OfFirst<'_, F> {
    type Output = F::Output;

    fn eval<S: Scalar<Real = R>>(&self, x: &[S]) -> <F::Output as Outputs<R>>::Of<S> {
        self.0.eval(&x[..self.1])
    }
}

fn gradient_of_kernel<T: Scalar>(f: &impl Function<T::Real, Output = T::Real>, x: &[T]) -> (T, Vec<T>) {
    let inputs: [T; KERNEL_INPUTS] = std::array::from_fn(|i| x.get(i).copied().unwrap_or(T::one()));
    let y = linearize(&OfFirst(f, x.len()), inputs);
    (y.primal, y.partials[..x.len()].to_vec())
}

/// All third derivatives at `x`, the last index fastest, in several readings.
pub(crate) fn third_derivatives(f: &impl Function<Output = f64>, x: &[f64]) -> [(&'static str, Vec<f64>); 4] {
    let of_rows = |(_, rows): (Vec<f64>, Vec<Vec<f64>>)| rows.concat();
    [
        (
            "Dual<Dual<Dual>>",
            of_rows(jacobian_by_lane(|x| jacobian_by_lane(|x| gradient_by_lane(|x| f.eval(x), x).1, x).1.concat(), x)),
        ),
        (
            "Var<Var<Var>>",
            jacobian_reverse(|x| jacobian_reverse(|x| gradient(|x| f.eval(x), x).1, x).1.into_entries(), x)
                .1
                .into_entries(),
        ),
        (
            "Var<Dual<Dual>>",
            of_rows(jacobian_by_lane(|x| jacobian_by_lane(|x| gradient(|x| f.eval(x), x).1, x).1.concat(), x)),
        ),
        (
            "Dual<Dual<Var>>",
            jacobian_reverse(|x| jacobian_by_lane(|x| gradient_by_lane(|x| f.eval(x), x).1, x).1.concat(), x)
                .1
                .into_entries(),
        ),
    ]
}

fn first<R>(reading: &'static str, (value, gradient): (R, Vec<R>)) -> Outcome<R> {
    Outcome { reading, value, gradients: vec![gradient], hessian: None }
}

/// From a series for each input, of which one has the whole second derivative.
fn along_axes<R: Real>(reading: &'static str, series: &[Taylor<R, 2>]) -> Outcome<R> {
    let gradient = series.iter().map(|y| y.derivative(1)).collect();
    let hessian = if let [y] = series { Some(vec![y.derivative(2)]) } else { None };
    Outcome { reading, value: series[0][0], gradients: vec![gradient], hessian }
}

/// From the derivatives of the value and the gradient, [`joined`].
fn second<R: Real>(reading: &'static str, (mut joined, mut rows): (Vec<R>, Vec<Vec<R>>)) -> Outcome<R> {
    let (value, outer) = (joined.remove(0), rows.remove(0));
    Outcome { reading, value, gradients: vec![joined, outer], hessian: Some(rows.concat()) }
}

fn joined<T>((value, gradient): (T, Vec<T>)) -> Vec<T> {
    once(value).chain(gradient).collect()
}

fn rows<R: Real>((outputs, matrix): (Vec<R>, Matrix<R>)) -> (Vec<R>, Vec<Vec<R>>) {
    (outputs, matrix.rows().map(<[R]>::to_vec).collect())
}

/// The gradient, one input at a time.
fn gradient_by_lane<T: Scalar>(f: impl Fn(&[Dual<T>]) -> Dual<T>, x: &[T]) -> (T, Vec<T>) {
    let (outputs, rows) = jacobian_by_lane(|x| vec![f(x)], x);
    (outputs[0], rows.concat())
}

/// The outputs and the rows of the Jacobian, one input at a time.
fn jacobian_by_lane<T: Scalar>(f: impl Fn(&[Dual<T>]) -> Vec<Dual<T>>, x: &[T]) -> (Vec<T>, Vec<Vec<T>>) {
    let mut outputs = Vec::new();
    let mut rows = Vec::new();
    for input in 0..x.len() {
        let mut direction = vec![T::zero(); x.len()];
        direction[input] = T::one();
        let slopes;
        (outputs, slopes) = jvp(&f, x, &direction);
        rows.resize_with(slopes.len(), Vec::new);
        for (row, slope) in rows.iter_mut().zip(slopes) {
            row.push(slope);
        }
    }
    (outputs, rows)
}

/// The gradient, from the graph.
fn gradient_by_graph<R: Real>(f: impl Fn(&[Traced<R>]) -> Traced<R>, x: &[R]) -> (R, Vec<R>) {
    let graph = trace(f, x);
    let gradient = graph.nodes()[..x.len()].iter().map(|node| R::from_f64(node.gradient()));
    (R::from_f64(graph.output().value()), gradient.collect())
}

/// The outputs, one more than inputs, and the rows of the Jacobian, from a graph for each.
fn jacobian_by_graph<R: Real>(f: impl Fn(&[Traced<R>]) -> Vec<Traced<R>>, x: &[R]) -> (Vec<R>, Vec<Vec<R>>) {
    (0..=x.len()).map(|output| gradient_by_graph(|x| f(x)[output], x)).unzip()
}

fn gradient_by_series<T: Scalar>(f: impl Fn(&[Taylor<T, 2>]) -> Taylor<T, 2>, x: &[T]) -> (T, Vec<T>) {
    let series = series_by_lane(f, x);
    (series[0][0], series.iter().map(|y| y.derivative(1)).collect())
}

/// The series along each input.
fn series_by_lane<T: Scalar>(f: impl Fn(&[Taylor<T, 2>]) -> Taylor<T, 2>, x: &[T]) -> Vec<Taylor<T, 2>> {
    let along = |input: usize| {
        let mut inputs: Vec<Taylor<T, 2>> = x.iter().map(|&x| Taylor::constant(x)).collect();
        inputs[input] = Taylor::variable(x[input]);
        f(&inputs)
    };
    (0..x.len()).map(along).collect()
}
