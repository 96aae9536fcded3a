//! Newton's method without second derivatives.

use std::collections::VecDeque;

use super::{State, assert_gradient, number};
use crate::scalar::Real;
use crate::scalar::sums::dot;

/// L-BFGS: descent along the gradient times an inverse Hessian that is estimated from the last few steps (Nocedal
/// 1980; Nocedal & Wright 2006, algorithm 7.4).
///
/// It suits a loss over all data at once: it needs few steps, and they are exact. The line search bisects to the weak
/// conditions of Wolfe, so it also works for functions with kinks, such as networks of rectifiers (Lewis & Overton
/// 2013, algorithm 2.6).
///
/// ```
/// use dualtape::nn::Lbfgs;
/// use dualtape::{Scalar, gradient};
///
/// fn rosenbrock<S: Scalar<Real = f64>>(x: &[S]) -> S {
///     (x[1] - x[0].powi(2)).powi(2) * 100.0 + (x[0] - 1.0).powi(2)
/// }
///
/// let (mut lbfgs, mut x, mut steps) = (Lbfgs::new(10), [-1.2, 1.0], 0);
/// while lbfgs.step(&mut x, |x| gradient(rosenbrock, x)) > 1e-20 {
///     steps += 1;
/// }
/// assert!(steps < 50 && (x[0] - 1.0).abs() < 1e-9 && (x[1] - 1.0).abs() < 1e-9);
/// ```
#[derive(Clone, Debug)]
pub struct Lbfgs {
    memory: usize,
    steps: usize,
    /// The last changes of the parameters and of the gradient, the newest at the back.
    pairs: VecDeque<[Vec<f64>; 2]>,
    /// The point where the last step ended.
    last: Option<Point>,
}

/// The value and the gradient of the function at some parameters.
#[derive(Clone, Debug)]
struct Point {
    parameters: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// The fraction of the descent promised by the slope that a step must reach.
const DECREASE: f64 = 1e-4;

/// A step must bring the slope below this fraction of the first one.
const CURVATURE: f64 = 0.9;

/// The number of times that the line search halves or doubles.
const TRIALS: usize = 60;

impl Lbfgs {
    /// Returns a method that remembers this number of steps; 10 is customary.
    ///
    /// ```
    /// use dualtape::nn::Lbfgs;
    ///
    /// let (mut steepest_descent, mut x) = (Lbfgs::new(0), [8.0]);
    /// assert_eq!(steepest_descent.step(&mut x, |x| (x[0] * x[0], vec![2.0 * x[0]])), 49.0);
    /// ```
    pub fn new(memory: usize) -> Self {
        Lbfgs { memory, steps: 0, pairs: VecDeque::new(), last: None }
    }

    /// Moves the parameters to where `f` is smaller, and returns its value there. At a minimum they stay.
    ///
    /// `f` gives value and gradient, `|p| gradient(loss, p)`. Most steps call it once, and it must be the same
    /// function each time.
    ///
    /// # Panics
    ///
    /// When `f` returns another number of derivatives than there are parameters, or the number of parameters is not
    /// the one of earlier steps.
    ///
    /// ```
    /// use dualtape::nn::Lbfgs;
    ///
    /// let mut x = [8.0];
    /// let loss = Lbfgs::new(10).step(&mut x, |x| (x[0] * x[0], vec![2.0 * x[0]]));
    /// assert_eq!((loss, x), (49.0, [7.0]));
    /// ```
    #[track_caller]
    pub fn step<R: Real>(&mut self, parameters: &mut [R], mut f: impl FnMut(&[R]) -> (R, Vec<R>)) -> R {
        let mut at = |parameters: &[R]| {
            let (value, gradient) = f(parameters);
            assert_gradient("Lbfgs::step", parameters.len(), gradient.len());
            Point { parameters: numbers(parameters), value: number(value), gradient: numbers(&gradient) }
        };
        let known = self.last.take().filter(|point| point.parameters == numbers(parameters));
        let start = known.unwrap_or_else(|| at(parameters));
        let direction = self.direction(&start.gradient);
        let first = if self.pairs.is_empty() {
            // The scale is unknown, so no parameter moves by more than 1.
            1.0_f64.min(1.0 / start.gradient.iter().fold(0.0, |largest: f64, g| largest.max(g.abs())))
        } else {
            1.0
        };
        let along = |t: f64| -> Vec<R> {
            start.parameters.iter().zip(&direction).map(|(p, d)| R::from_f64(p + t * d)).collect()
        };
        let end = line_search(&start, &direction, first, |t| at(&along(t)));

        self.steps += 1;
        let moved = difference(&end.parameters, &start.parameters);
        let bent = difference(&end.gradient, &start.gradient);
        if dot(&moved, &bent) > 0.0 {
            self.pairs.push_back([moved, bent]);
            self.pairs.drain(..self.pairs.len().saturating_sub(self.memory));
        } else {
            self.pairs.clear();
        }
        parameters.iter_mut().zip(&end.parameters).for_each(|(p, &end)| *p = R::from_f64(end));
        let value = R::from_f64(end.value);
        self.last = Some(end);
        value
    }

    /// Returns `−H·gradient` with the estimate H of the inverse Hessian, in two loops over the pairs.
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut parts = Vec::with_capacity(self.pairs.len());
        for [moved, bent] in self.pairs.iter().rev() {
            let part = dot(moved, &direction) / dot(moved, bent);
            add(&mut direction, -part, bent);
            parts.push(part);
        }
        if let Some([moved, bent]) = self.pairs.back() {
            let scale = dot(moved, bent) / dot(bent, bent);
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for ([moved, bent], part) in self.pairs.iter().zip(parts.into_iter().rev()) {
            let against = dot(bent, &direction) / dot(moved, bent);
            add(&mut direction, part - against, moved);
        }
        direction
    }

    /// Returns the state: the number of steps, and the changes of the parameters and of the gradient in the last few.
    ///
    /// ```
    /// use dualtape::nn::Lbfgs;
    ///
    /// let (mut lbfgs, mut x) = (Lbfgs::new(10), [8.0]);
    /// lbfgs.step(&mut x, |x| (x[0] * x[0], vec![2.0 * x[0]]));
    /// assert_eq!(lbfgs.state().numbers, [-1.0, -2.0]);
    /// ```
    pub fn state(&self) -> State {
        State { steps: self.steps, numbers: self.pairs.iter().flatten().flatten().copied().collect() }
    }

    /// Restores the state of another method, with this number of parameters.
    ///
    /// # Panics
    ///
    /// When the numbers are not pairs of changes of that many parameters.
    ///
    /// ```
    /// use dualtape::nn::Lbfgs;
    ///
    /// let quartic = |x: &[f64]| (x[0].powi(4), vec![4.0 * x[0].powi(3)]);
    /// let (mut lbfgs, mut x) = (Lbfgs::new(10), [8.0]);
    /// lbfgs.step(&mut x, quartic);
    /// let (mut resumed, mut y) = (Lbfgs::new(10), x);
    /// resumed.set_state(lbfgs.state(), 1);
    /// assert_eq!((lbfgs.step(&mut x, quartic), x), (resumed.step(&mut y, quartic), y));
    /// ```
    #[track_caller]
    pub fn set_state(&mut self, State { steps, numbers }: State, parameters: usize) {
        assert!(
            numbers.is_empty() || (parameters > 0 && numbers.len().is_multiple_of(2 * parameters)),
            "Lbfgs::set_state: {} numbers are not pairs of changes of {parameters} parameters; pass the state of a method \
             with that many",
            numbers.len()
        );
        let pairs = numbers.chunks_exact((2 * parameters).max(1)).map(|pair| {
            let (moved, bent) = pair.split_at(parameters);
            [moved.to_vec(), bent.to_vec()]
        });
        *self = Lbfgs { memory: self.memory, steps, pairs: pairs.collect(), last: None };
    }
}

/// Returns the first point found, by doubling and halving, where the value has decreased enough and the slope is less
/// steep. Otherwise it is the last one where the value has decreased enough, or the start.
fn line_search(start: &Point, direction: &[f64], first: f64, mut at: impl FnMut(f64) -> Point) -> Point {
    let slope = dot(&start.gradient, direction);
    let (mut low, mut high, mut t) = (0.0, f64::INFINITY, first);
    let mut best = start.clone();
    // There is no descent where the slope is 0 or NaN.
    if slope < 0.0 {
        for _ in 0..TRIALS {
            let point = at(t);
            // A step to a value that is not finite is too long.
            let is_finite = point.value.is_finite() && point.parameters.iter().all(|p| p.is_finite());
            if is_finite && point.value <= start.value + DECREASE * t * slope {
                let flat = dot(&point.gradient, direction) >= CURVATURE * slope;
                (best, low) = (point, t);
                if flat {
                    break;
                }
            } else {
                high = t;
            }
            t = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * t };
        }
    }
    best
}

fn numbers<R: Real>(xs: &[R]) -> Vec<f64> {
    xs.iter().map(|&x| number(x)).collect()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// `sum += factor·x`.
fn add(sum: &mut [f64], factor: f64, x: &[f64]) {
    sum.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
}
