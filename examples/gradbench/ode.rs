//! A chain of differential equations, `y₀′ = x₀` and `yᵢ′ = xᵢ·yᵢ₋₁`, by the classical method of
//! Runge and Kutta.

use dualtape::{Function, Scalar, linearize};
use serde::Deserialize;
use serde_json::Value;

use crate::problem::{Clock, Measured, Problem};

/// The coefficients, and the number of steps from 0 to 2.
#[derive(Deserialize)]
pub(crate) struct Chain {
    x: Vec<f64>,
    s: usize,
}

impl Problem for Chain {
    const FUNCTIONS: &'static [&'static str] = &["primal", "gradient"];

    fn run(&self, function: &str, clock: Clock) -> Measured<Value> {
        match function {
            "primal" => clock.time(|| self.solution(|_| ())).map(Value::from),
            _ => clock.time(|| self.gradient()).map(Value::from),
        }
    }
}

/// The number of predecessors that a result depends on within a step: one for each stage.
const REACH: usize = 4;

impl Chain {
    fn step_size(&self) -> f64 {
        2.0 / self.s as f64
    }

    /// Returns the solution at the end; `visit` sees it before every step.
    fn solution(&self, mut visit: impl FnMut(&[f64])) -> Vec<f64> {
        let mut y = vec![0.0; self.x.len()];
        for _ in 0..self.s {
            visit(&y);
            let mut before = Stages::at_the_start();
            for (&x, y) in self.x.iter().zip(&mut y) {
                *y += before.increment(x, *y, self.step_size());
            }
        }
        y
    }

    /// Returns the gradient of the last number, by a reverse sweep from step to step, as far as there are adjoints,
    /// and within each step from number to number.
    fn gradient(&self) -> Vec<f64> {
        let n = self.x.len();
        let mut trajectory = Vec::with_capacity(self.s * n);
        self.solution(|y| trajectory.extend_from_slice(y));

        let (mut g, mut adjoints) = (vec![0.0; n], vec![0.0; n]);
        adjoints[n - 1] = 1.0;
        let mut first = n - 1;
        let mut stages = Vec::with_capacity(n);
        for y in trajectory.chunks_exact(n).rev() {
            let Some(zeros) = adjoints[first..].iter().position(|&adjoint| adjoint != 0.0) else { break };
            first = (first + zeros).saturating_sub(REACH);
            let window = first..n;
            stages.clear();
            let mut before = Stages::at_the_start();
            for i in window.clone() {
                stages.push(before);
                before.increment(self.x[i], y[i], self.step_size());
            }
            // The adjoints of the numbers that the next number of the chain needs.
            let (mut of_y, mut of_stages) = (0.0, [0.0; 3]);
            for (i, before) in window.zip(&stages).rev() {
                let [s1, s2, s3] = before.increments;
                let [increment, stages @ ..] =
                    linearize(&Increment { step_size: self.step_size() }, [self.x[i], before.y, s1, s2, s3]);
                let mut by = increment.partials.map(|partial| partial * adjoints[i]);
                for (stage, adjoint) in stages.iter().zip(of_stages) {
                    by.iter_mut().zip(stage.partials).for_each(|(by, partial)| *by += partial * adjoint);
                }
                adjoints[i] += of_y;
                g[i] += by[0];
                (of_y, of_stages) = (by[1], [by[2], by[3], by[4]]);
            }
        }
        g
    }
}

/// The increment of a number of the chain in a step, and its stages, from its coefficient and the value and stages of
/// the number before it.
struct Increment {
    step_size: f64,
}

impl Function for Increment {
    type Output = [f64; 4];

    #[inline(always)]
    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> [S; 4] {
        let mut stages = Stages { y: x[1], increments: [x[2], x[3], x[4]] };
        let increment = stages.increment(x[0], S::zero(), self.step_size);
        let [s1, s2, s3] = stages.increments;
        [increment, s1, s2, s3]
    }
}

/// The part of a number that the next one needs: its value, and its increments in the stages of a step, `h/2·k₁`,
/// `h/2·k₂` and `h·k₃`.
#[derive(Clone, Copy)]
struct Stages<S> {
    y: S,
    increments: [S; 3],
}

impl<S: Scalar<Real = f64>> Stages<S> {
    /// Stands before the first number, whose slope is its coefficient. In a window of the chain it and the next
    /// ones are ignored.
    fn at_the_start() -> Self {
        Stages { y: S::one(), increments: [S::zero(); 3] }
    }

    /// Returns the increment of the next number `y` of the chain in a step of size `h`.
    #[inline(always)]
    fn increment(&mut self, x: S, y: S, h: f64) -> S {
        let Stages { y: before, increments: [s1, s2, s3] } = *self;
        let (half, whole) = (x * (h / 2.0), x * h);
        let [s1, s2, s3, s4] = [half * before, half * (before + s1), whole * (before + s2), half * (before + s3)];
        *self = Stages { y, increments: [s1, s2, s3] };
        (s1 + s3 + (s2 + s2) + s4) * (1.0 / 3.0)
    }
}
