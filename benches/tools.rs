//! The savings of fused kernels, sums of terms and sweeps in lanes, relative to one plain recording
//! and the plain function.

#[path = "support/workload.rs"]
mod workload;

use std::hint::black_box;

use dualtape::{
    Function, LANES, Scalar, Tape, Terms, Var, function, fuse, gradient, gradient_forward, jacobian, jacobian_reverse,
    linearize, sum,
};
use workload::Workload;

fn point(n: usize) -> Vec<f64> {
    (0..n).map(|i| 1.0 + 0.5 * (i as f64).sin()).collect()
}

// Rosenbrock's valley, by its terms.

#[inline(always)]
fn valley<S: Scalar<Real = f64>>([x, y]: [S; 2]) -> S {
    let (across, along) = (y - x * x, -x + 1.0);
    across * across * 100.0 + along * along
}

fn rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
    sum(&x.windows(2).map(|x| valley([x[0], x[1]])).collect::<Vec<S>>())
}

fn fused_rosenbrock(x: &[Var]) -> Var {
    sum(&x.windows(2).map(|x| fuse(&function!(valley: [S; 2] -> S), [x[0], x[1]])).collect::<Vec<Var>>())
}

fn rosenbrock_workload(name: &'static str, n: usize) -> Workload {
    let [plain, recorded, fused, terms, forward] = std::array::from_fn(|_| point(n));
    Workload::new(name, move || rosenbrock(black_box(&plain)))
        .with("recorded", move || gradient(rosenbrock, black_box(&recorded)))
        .with("fused", move || gradient(fused_rosenbrock, black_box(&fused)))
        .with("terms", move || Terms::all(n - 1).gradient(|i, x| valley([x[i], x[i + 1]]), black_box(&terms)))
        .with("forward", move || gradient_forward(rosenbrock, black_box(&forward)))
}

// A kernel of five inputs with one to four outputs, at many elements.

const ELEMENTS: usize = 1000;

/// The rates of a reaction in the manner of Robertson, as far as `M`.
#[inline(always)]
fn rates<S: Scalar<Real = f64>, const M: usize>([a, b, c, heat, flow]: [S; 5]) -> [S; M] {
    let speed = heat * heat * 0.04 + 1.0;
    let (slow, fast, square) = (a * speed, b * c * 1e2, b * b * 30.0);
    let rate = |k| match k {
        0 => fast - slow - flow * a,
        1 => slow - fast - square - flow * b,
        2 => square - flow * c,
        _ => slow * 3.0 - fast * 2.0 - flow * heat,
    };
    std::array::from_fn(rate)
}

#[derive(Clone, Copy)]
struct Rates<const M: usize>;

impl<const M: usize> Function for Rates<M> {
    type Output = [f64; M];

    #[inline(always)]
    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; M] {
        rates(std::array::from_fn(|i| x[i]))
    }
}

fn element<S: Scalar>(x: &[S], i: usize) -> [S; 5] {
    std::array::from_fn(|k| x[i + k])
}

/// The sum of the squares of all rates, at overlapping pieces of x.
fn energy<S: Scalar<Real = f64>, const M: usize>(x: &[S], rates: impl Fn([S; 5]) -> [S; M]) -> S {
    (0..ELEMENTS).map(|i| rates(element(x, i)).into_iter().map(|rate| rate * rate).sum::<S>()).sum()
}

/// The same with its gradient, by the chain rule written by hand.
fn energy_by_hand<const M: usize>(x: &[f64]) -> (f64, Vec<f64>) {
    let (mut y, mut g) = (0.0, vec![0.0; x.len()]);
    for i in 0..ELEMENTS {
        for rate in linearize(&Rates::<M>, element(x, i)) {
            y += rate.primal * rate.primal;
            for (g, slope) in g[i..].iter_mut().zip(rate.partials) {
                *g += 2.0 * rate.primal * slope;
            }
        }
    }
    (y, g)
}

fn outputs_workload<const M: usize>(name: &'static str) -> Workload {
    let [plain, recorded, fused, linearized] = std::array::from_fn(|_| point(ELEMENTS + 4));
    Workload::new(name, move || energy(black_box(&plain), rates::<f64, M>))
        .with("recorded", move || gradient(|x| energy(x, rates::<Var, M>), black_box(&recorded)))
        .with("fused", move || gradient(|x| energy(x, |x| fuse(&Rates::<M>, x)), black_box(&fused)))
        .with("linearized", move || energy_by_hand::<M>(black_box(&linearized)))
}

// A camera, of which a picture has many points: seven numbers for the camera, three for a point.

const POINTS: usize = 1000;

/// The distance of a point in a picture from where it was seen.
#[inline(always)]
fn error<S: Scalar<Real = f64>>([turn_x, turn_y, shift_x, shift_y, zoom, bend, blur, x, y, z]: [S; 10]) -> S {
    let (sin, cos) = turn_y.sin_cos();
    let (x, z) = (x * cos + z * sin, z * cos - x * sin + 4.0);
    let (sin, cos) = turn_x.sin_cos();
    let (y, z) = (y * cos - z * sin, z * cos + y * sin);
    let (x, y) = ((x + shift_x) / z, (y + shift_y) / z);
    let r = x * x + y * y;
    let scale = zoom * (bend * r + blur * r * r + 1.0);
    (x * scale - 0.1).powi(2) + (y * scale + 0.2).powi(2)
}

fn inputs<S: Scalar>(x: &[S], i: usize) -> [S; 10] {
    std::array::from_fn(|k| if k < 7 { x[k] } else { x[7 + 3 * i + (k - 7)] })
}

fn picture<S: Scalar<Real = f64>>(x: &[S]) -> S {
    sum(&(0..POINTS).map(|i| error(inputs(x, i))).collect::<Vec<S>>())
}

fn fused_picture(x: &[Var]) -> Var {
    sum(&(0..POINTS).map(|i| fuse(&function!(error: [S; 10] -> S), inputs(x, i))).collect::<Vec<Var>>())
}

fn camera_workload() -> Workload {
    let [plain, recorded, fused, terms, fused_terms] = std::array::from_fn(|_| point(7 + 3 * POINTS));
    Workload::new("camera, 1000 points, 10 inputs each", move || picture(black_box(&plain)))
        .with("recorded", move || gradient(picture, black_box(&recorded)))
        .with("fused", move || gradient(fused_picture, black_box(&fused)))
        .with("terms", move || Terms::all(POINTS).gradient(|i, x| error(inputs(x, i)), black_box(&terms)))
        .with("fused terms", move || {
            let term = |i: usize, x: &[Var]| fuse(&function!(error: [S; 10] -> S), inputs(x, i));
            Terms::all(POINTS).gradient(term, black_box(&fused_terms))
        })
}

// A regression on many rows.

const ROWS: usize = 20_000;

fn residual<S: Scalar<Real = f64>>(i: usize, p: &[S]) -> S {
    let t = i as f64 / ROWS as f64;
    let curve = p.chunks(3).map(|p| p[0] * (p[1] * t + p[2]).sin()).sum::<S>();
    (curve - (7.0 * t).sin()).powi(2)
}

fn regression<S: Scalar<Real = f64>>(p: &[S]) -> S {
    (0..ROWS).map(|i| residual(i, p)).sum()
}

fn regression_workload() -> Workload {
    let [plain, recorded, terms, threads] = std::array::from_fn(|_| point(12));
    let workload = Workload::new("regression, 20,000 rows, 12 parameters", move || regression(black_box(&plain)))
        .with("recorded", move || gradient(regression, black_box(&recorded)))
        .with("terms", move || Terms::all(ROWS).gradient(residual, black_box(&terms)));
    if cfg!(feature = "parallel") {
        workload.with("terms on all threads", move || parallel(black_box(&threads)))
    } else {
        workload
    }
}

#[cfg(feature = "parallel")]
fn parallel(p: &[f64]) -> (f64, Vec<f64>) {
    Terms::all(ROWS).par_gradient(residual, p)
}

#[cfg(not(feature = "parallel"))]
fn parallel(p: &[f64]) -> (f64, Vec<f64>) {
    Terms::all(ROWS).gradient(residual, p)
}

// A few outputs of many inputs.

fn outputs<S: Scalar<Real = f64>>(x: &[S]) -> Vec<S> {
    let waves = |k: usize| x.iter().enumerate().map(move |(i, &x)| (x * (1.0 + (i % 7 + k) as f64)).sin());
    (0..LANES).map(|k| waves(k).sum()).collect()
}

/// One sweep for each output.
fn jacobian_by_rows(x: &[f64]) -> (f64, Vec<f64>) {
    let tape = Tape::new();
    let x = tape.vars(x);
    let y = outputs(&x);
    (y[0].value(), y.iter().flat_map(|&y| tape.backward(y).wrt(&x)).collect())
}

fn lanes_workload() -> Workload {
    let [plain, rows, lanes, forward] = std::array::from_fn(|_| point(300));
    Workload::new("Jacobian, 8 outputs of 300 inputs", move || black_box(outputs(black_box(&plain)))[0])
        .with("a sweep for each output", move || jacobian_by_rows(black_box(&rows)))
        .with("a sweep in lanes", move || {
            let (y, j) = jacobian_reverse(outputs, black_box(&lanes));
            (y[0], j.into_entries())
        })
        .with("forward", move || {
            let (y, j) = jacobian(outputs, black_box(&forward));
            (y[0], j.into_entries())
        })
}

fn main() {
    workload::run(&[
        rosenbrock_workload("Rosenbrock, 1000 inputs", 1000),
        outputs_workload::<1>("kernel of 5 inputs, 1 output"),
        outputs_workload::<2>("kernel of 5 inputs, 2 outputs"),
        outputs_workload::<3>("kernel of 5 inputs, 3 outputs"),
        outputs_workload::<4>("kernel of 5 inputs, 4 outputs"),
        camera_workload(),
        regression_workload(),
        lanes_workload(),
    ]);
}
