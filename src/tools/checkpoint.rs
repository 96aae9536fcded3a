//! Long loops in bounded memory: checkpoints.
//!
//! Recording a loop `xₜ₊₁ = stepₜ(xₜ, p)` takes memory for every operation of every step. The reverse sweep needs them
//! one step at a time, from the last to the first, so it is enough to store a few states on the way. Before a step is
//! swept, the loop runs again from the nearest state stored before it; freed storage goes to states nearer to the next
//! steps to sweep. With s stored states, the initial one included,
//!
//! ```text
//!     β(s, r) = (s + r)! / (s! r!)
//! ```
//!
//! steps can be swept while none runs more than r times before it is recorded: a
//! million with 180 states and r = 3, or with 30 and r = 6. The binomial schedule reaches
//! this bound, and needs the fewest runs in all (Griewank 1992; Griewank & Walther,
//! "Algorithm 799: revolve", ACM TOMS 26, 2000).

use std::ops::Range;

use crate::reverse::{Tape, Var};
use crate::scalar::Scalar;
use crate::scalar::function::{Outputs, Parametric};

/// A loop `xₜ₊₁ = stepₜ(xₜ, p)` that is differentiated in reverse with a given number of
/// stored states.
///
/// The step of each time is a [`Parametric`] of the state and the parameters, which
/// returns the next state: the same whatever the time, or one that carries the data of
/// its time. A loss that gathers terms on the way keeps its sum in the state.
///
/// | cost | needs | instead |
/// |---|---|---|
/// | [`evaluations`](Checkpointed::evaluations) of the step, as many of them recorded as there are steps | the stored states, one step on the tape | a loop that fits in memory: [`gradient`](crate::gradient()) |
///
/// ```
/// use dualtape::{Checkpointed, Scalar, function, gradient};
///
/// // A pendulum of angle x[0] and speed x[1], with friction p[0], in steps of 0.01.
/// fn pendulum<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
///     let speed = x[1] - (x[0].sin() + p[0] * x[1]) * 0.01;
///     vec![x[0] + speed * 0.01, speed]
/// }
///
/// // 1000 steps with 10 stored states: how does the last angle depend on the start and the friction?
/// let swing = Checkpointed::new(|_| function!(pendulum: &[S], &[S] -> Vec<S>), 0..1000, 10);
/// let (angle, by_start, by_friction) = swing.gradient(|x, _| x[0], &[1.0, 0.0], &[0.1]);
///
/// // The same as one recording of everything, to the last bit.
/// let all = |v: &[_]| (0..1000).fold(v[..2].to_vec(), |x, _| pendulum(&x, &v[2..]))[0];
/// assert_eq!(gradient(all, &[1.0, 0.0, 0.1]), (angle, [by_start, by_friction].concat()));
/// ```
///
/// A recurrent network reads an input at each step:
///
/// ```
/// use dualtape::{Checkpointed, Parametric, Scalar, Var, gradient};
///
/// struct Cell {
///     input: f64,
/// }
///
/// impl Parametric for Cell {
///     type Output = [f64; 1];
///
///     fn eval<S: Scalar<Real = f64>>(&self, x: &[S], p: &[S]) -> [S; 1] {
///         [(p[0] * x[0] + p[1] * self.input).tanh()]
///     }
/// }
///
/// let inputs = [0.5, -1.0, 2.0];
/// let network = Checkpointed::new(|t| Cell { input: inputs[t] }, 0..inputs.len(), 2);
/// let (loss, _, by_weights) = network.gradient(|x, _| (x[0] - 1.0).powi(2), &[0.0], &[0.3, 0.7]);
///
/// let last = |p: &[Var]| inputs.iter().fold(Var::constant(0.0), |x, &input| Cell { input }.eval(&[x], p)[0]);
/// assert_eq!(gradient(|p| (last(p) - 1.0).powi(2), &[0.3, 0.7]), (loss, by_weights));
/// ```
///
/// # Memory, cost, and bits
///
/// It holds the stored states, one more to work on, and the recording of one step. It
/// evaluates the step [`evaluations`](Checkpointed::evaluations) times; each recorded
/// evaluation makes variables of the state and of all parameters. Where a step is only a few
/// operations, a `Parametric` that takes several steps at once is faster.
///
/// The sums of adjoints continue from step to step, so the result is the same to the bit as
/// from one recording of the whole loop, whatever is stored. There is one exception: where a
/// step returns one variable twice, or a parameter unchanged, one recording would sum in
/// another order.
///
/// It nests as the verbs do: at dual numbers the states are dual numbers, and the gradient
/// has a tangent, in the same memory. At variables their tape records everything.
#[derive(Clone, Debug)]
pub struct Checkpointed<F> {
    step: F,
    steps: Range<usize>,
    stored: usize,
}

impl<F: Fn(usize) -> P, P> Checkpointed<F> {
    /// Returns the loop `for t in steps { x = step(t).eval(x, p) }`, which keeps `stored` states at a time, the
    /// initial one included.
    ///
    /// # Panics
    ///
    /// When no state may be stored.
    ///
    /// ```
    /// use dualtape::{Checkpointed, Scalar, function};
    ///
    /// fn scale<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
    ///     vec![x[0] * p[0]]
    /// }
    ///
    /// let power = Checkpointed::new(|_| function!(scale: &[S], &[S] -> Vec<S>), 0..10, 3);
    /// assert_eq!(power.run(&[1.0], &[2.0]), [1024.0]);
    /// ```
    #[track_caller]
    pub fn new(step: F, steps: Range<usize>, stored: usize) -> Self {
        assert!(
            stored > 0,
            "a loop of {} steps cannot be swept with 0 stored states: store at least 1, the initial one",
            steps.len()
        );
        Checkpointed { step, steps, stored }
    }

    /// Returns how often a derivative evaluates the step: `l` times recorded, and
    /// `r·l − β(stored + 1, r − 1)` times unrecorded, for `l` steps and the least r with
    /// `β(stored, r) ≥ l`. No schedule needs fewer.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use dualtape::{Checkpointed, Scalar, function};
    ///
    /// fn scale<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
    ///     vec![x[0] * p[0]]
    /// }
    ///
    /// let count = Cell::new(0);
    /// let step = |_| {
    ///     count.set(count.get() + 1);
    ///     function!(scale: &[S], &[S] -> Vec<S>)
    /// };
    /// let power = Checkpointed::new(step, 0..10, 3);
    /// assert_eq!(power.gradient(|x, _| x[0], &[1.0], &[2.0]).2, [5120.0]);
    /// assert_eq!(count.get(), 10 + 15);
    /// assert_eq!(power.evaluations(), count.get());
    /// ```
    pub fn evaluations(&self) -> usize {
        let (steps, stored) = (self.steps.len(), self.stored as u128);
        if steps < 2 {
            return steps;
        }
        let (r, below) = runs(steps, self.stored);
        let saved = below * (stored + r) / (stored + 1);
        steps + (r * steps as u128 - saved) as usize
    }

    /// Returns the state after the last step. It runs a plain loop and stores nothing.
    ///
    /// # Panics
    ///
    /// When a step returns another number of elements than the state has.
    ///
    /// ```
    /// use dualtape::{Checkpointed, Scalar, function};
    ///
    /// fn euler<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    ///     vec![x[0] + x[0] * p[0] * 0.001]
    /// }
    ///
    /// let growth = Checkpointed::new(|_| function!(euler: &[S], &[S] -> Vec<S>), 0..1000, 5);
    /// assert!((growth.run(&[1.0], &[1.0])[0] - 1.0_f64.exp()).abs() < 2e-3);
    /// ```
    #[track_caller]
    pub fn run<T: Scalar>(&self, x: &[T], p: &[T]) -> Vec<T>
    where
        P: Parametric<T::Real>,
    {
        let mut state = x.to_vec();
        self.advance(&mut state, p, self.steps.clone());
        state
    }

    /// Returns `(loss, ∂loss/∂x, ∂loss/∂p)` for a loss of the last state and the parameters, at
    /// the initial state `x` and the parameters `p`.
    ///
    /// # Panics
    ///
    /// When a step returns another number of elements than the state has, or a function
    /// uses variables of another recording.
    ///
    /// ```
    /// use dualtape::{Checkpointed, Scalar, function, jacobian};
    ///
    /// fn logistic<S: Scalar<Real = f64>>(x: &[S], p: &[S]) -> Vec<S> {
    ///     vec![p[0] * x[0] * (-x[0] + 1.0)]
    /// }
    ///
    /// let map = Checkpointed::new(|_| function!(logistic: &[S], &[S] -> Vec<S>), 0..2, 1);
    /// let (loss, by_x, by_p) = map.gradient(|x, p| x[0] * p[0], &[0.5], &[1.0]);
    /// assert_eq!((loss, by_x, by_p), (0.1875, vec![0.0], vec![0.5]));
    ///
    /// // At x = ½ the loss is p³/4 − p⁴/16.
    /// let (_, curvature) = jacobian(|p| map.gradient(|x, p| x[0] * p[0], &[0.5.into()], p).2, &[1.0]);
    /// assert_eq!(curvature[0], [0.75]);
    /// ```
    #[track_caller]
    pub fn gradient<T: Scalar>(
        &self,
        loss: impl FnOnce(&[Var<T>], &[Var<T>]) -> Var<T>,
        x: &[T],
        p: &[T],
    ) -> (T, Vec<T>, Vec<T>)
    where
        P: Parametric<T::Real>,
    {
        self.sweep_in_reverse(x, p, |end, p| {
            let loss = loss(end, p);
            (loss.primal(), vec![(loss, T::one())])
        })
    }

    /// Returns `(y, uᵀ·∂y/∂x, uᵀ·∂y/∂p)` for the last state y: the gradient of `u·y`.
    ///
    /// # Panics
    ///
    /// When `x` and `u` differ in length, a step returns another number of elements than
    /// the state has, or it uses variables of another recording.
    ///
    /// ```
    /// use dualtape::{Checkpointed, Scalar, function};
    ///
    /// fn shift<S: Scalar>(x: &[S], p: &[S]) -> Vec<S> {
    ///     vec![x[1], x[0] * p[0]]
    /// }
    ///
    /// let shifts = Checkpointed::new(|_| function!(shift: &[S], &[S] -> Vec<S>), 0..3, 2);
    /// let (y, by_x, by_p) = shifts.vjp(&[1.0, 2.0], &[3.0], &[1.0, 10.0]);
    /// assert_eq!((y, by_x, by_p), (vec![6.0, 9.0], vec![90.0, 3.0], vec![62.0]));
    /// ```
    #[track_caller]
    pub fn vjp<T: Scalar>(&self, x: &[T], p: &[T], u: &[T]) -> (Vec<T>, Vec<T>, Vec<T>)
    where
        P: Parametric<T::Real>,
    {
        assert_eq!(
            x.len(),
            u.len(),
            "vjp: the state has {} elements and u has {}; pass one for each",
            x.len(),
            u.len()
        );
        self.sweep_in_reverse(x, p, |end, _| {
            (end.iter().map(|y| y.primal()).collect(), end.iter().copied().zip(u.iter().copied()).collect())
        })
    }

    /// Sweeps from the seeds that `finish` makes of the last state and the
    /// parameters, on the recording of the last step.
    #[track_caller]
    fn sweep_in_reverse<T: Scalar, Out>(
        &self,
        x: &[T],
        p: &[T],
        finish: impl FnOnce(&[Var<T>], &[Var<T>]) -> (Out, Vec<(Var<T>, T)>),
    ) -> (Out, Vec<T>, Vec<T>)
    where
        P: Parametric<T::Real>,
    {
        let mut times = self.steps.clone();
        let last = times.next_back();
        let mut checkpoints = Checkpoints::new(self.stored, self.steps.start, x);
        let tape = Tape::new();
        let mut record = |steps: Range<usize>| {
            let start = checkpoints.state_at(steps.start, |state, steps| self.advance(state, p, steps));
            let (x, p) = (tape.vars(start), tape.vars(p));
            let mut end = x.clone();
            self.advance(&mut end, &p, steps);
            (x, p, end)
        };

        let (x, parameters, end) = record(last.map_or(self.steps.end..self.steps.end, |t| t..t + 1));
        let (out, seeds) = finish(&end, &parameters);
        let gradients = tape.backward_seeded(&seeds);
        let (mut by_x, mut by_p) = (gradients.wrt(&x), gradients.wrt(&parameters));
        for t in times.rev() {
            tape.clear();
            let (x, parameters, end) = record(t..t + 1);
            let seeds: Vec<_> = end.into_iter().zip(by_x).chain(parameters.iter().copied().zip(by_p)).collect();
            let gradients = tape.backward_seeded(&seeds);
            (by_x, by_p) = (gradients.wrt(&x), gradients.wrt(&parameters));
        }
        (out, by_x, by_p)
    }

    #[track_caller]
    fn advance<S: Scalar>(&self, state: &mut [S], p: &[S], steps: Range<usize>)
    where
        P: Parametric<S::Real>,
    {
        for t in steps {
            let next = (self.step)(t).eval(state, p);
            let next = P::Output::as_slice(&next);
            assert_eq!(
                state.len(),
                next.len(),
                "step {t} made {} elements of a state of {}; a step returns the next state",
                next.len(),
                state.len()
            );
            state.copy_from_slice(next);
        }
    }
}

/// The states stored now, and one to work on.
struct Checkpoints<T> {
    /// The number of states that may be stored.
    room: usize,
    /// The time of each stored state, from the first.
    times: Vec<usize>,
    /// The stored states, one after the other.
    states: Vec<T>,
    current: Vec<T>,
}

impl<T: Scalar> Checkpoints<T> {
    fn new(room: usize, start: usize, state: &[T]) -> Self {
        Checkpoints { room, times: vec![start], states: state.to_vec(), current: state.to_vec() }
    }

    /// Returns the state at time `t`, which is earlier than in the last call. It runs from the
    /// nearest state stored before it, and stores others on the way where there is room.
    fn state_at(&mut self, t: usize, advance: impl Fn(&mut [T], Range<usize>)) -> &[T] {
        let width = self.current.len();
        while self.times.last().is_some_and(|&stored| stored > t) {
            self.times.pop();
            self.states.truncate(self.times.len() * width);
        }
        let mut now = *self.times.last().expect("the initial state is stored throughout");
        self.current.copy_from_slice(&self.states[(self.times.len() - 1) * width..]);
        while now < t {
            let room = self.room - self.times.len();
            let next = if room > 0 { now + first_leg(t + 1 - now, room + 1) } else { t };
            advance(&mut self.current, now..next);
            now = next;
            if now < t {
                self.times.push(now);
                self.states.extend_from_slice(&self.current);
            }
        }
        &self.current
    }
}

/// Returns how far to run before the next state is stored, to sweep `steps` steps with
/// `stored` states, of which the first is where the steps begin.
fn first_leg(steps: usize, stored: usize) -> usize {
    let (r, below) = runs(steps, stored);
    let stored = stored as u128;
    // The leg has all states and one run less; the rest one state less and all the runs.
    let least_rest = below * stored / (stored + r - 1);
    below.min(steps as u128 - least_rest) as usize
}

/// Returns the least r with `β(stored, r) ≥ steps`, and `β(stored, r − 1)`, for at least 2 steps.
fn runs(steps: usize, stored: usize) -> (u128, u128) {
    let (mut r, mut below) = (1, 1);
    loop {
        let reach = below * (stored as u128 + r) / r;
        if reach >= steps as u128 {
            return (r, below);
        }
        (r, below) = (r + 1, reach);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fewest evaluations that no step records, by the recursion over the first leg.
    fn fewest(steps: usize, stored: usize, known: &mut std::collections::HashMap<(usize, usize), usize>) -> usize {
        if steps < 2 {
            return 0;
        }
        if stored == 1 {
            return steps * (steps - 1) / 2;
        }
        if let Some(&known) = known.get(&(steps, stored)) {
            return known;
        }
        let by_leg = |leg| leg + fewest(steps - leg, stored - 1, known) + fewest(leg, stored, known);
        let least = (1..steps).map(by_leg).min().expect("there is a leg");
        known.insert((steps, stored), least);
        least
    }

    #[test]
    fn no_schedule_evaluates_less() {
        let mut known = std::collections::HashMap::new();
        for stored in 1..9 {
            for steps in 0..90 {
                let count = std::cell::Cell::new(0);
                let mut checkpoints = Checkpoints::new(stored, 5, &[0.0]);
                for t in (5..5 + steps).rev() {
                    let state = checkpoints.state_at(t, |state, steps| {
                        count.set(count.get() + steps.len());
                        assert_eq!(steps.start - 5, state[0] as usize);
                        state[0] += steps.len() as f64;
                    });
                    assert_eq!(state, [(t - 5) as f64]);
                    assert!(checkpoints.times.len() <= stored && checkpoints.states.len() <= stored);
                }
                assert_eq!(count.get(), fewest(steps, stored, &mut known), "{steps} steps, {stored} stored");
                assert_eq!(Checkpointed::new(|_| (), 5..5 + steps, stored).evaluations(), steps + count.get());
            }
        }
    }

    #[test]
    fn a_state_for_every_step_is_one_run() {
        for stored in [999_999, 1_000_000, usize::MAX] {
            assert_eq!(Checkpointed::new(|_| (), 0..1_000_000, stored).evaluations(), 1_999_999);
        }
        // β(180, 3) = 1,004,731
        assert_eq!(runs(1_004_731, 180), (3, 16_471));
        assert_eq!(runs(1_004_732, 180), (4, 1_004_731));
    }
}
