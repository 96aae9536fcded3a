//! Bytes as a program over tapes: variables, operations, clears, nested tapes, early
//! drops, closures that panic, and variables used where they do not belong.
//!
//! A model beside the tapes knows what each command must do. An operation gives the value of plain numbers, or panics
//! with the documented sentence for the operand that does not belong to the current recording. Every gradient equals
//! forward mode.
#![no_main]

mod bytes;
mod comparison;
mod refusals;

// The sentences with which the tests of the crate expect a refusal.
#[path = "../../tests/support/refusals.rs"]
#[allow(dead_code)]
mod sentences;

// What the property tests ask of random expressions.
#[path = "../../tests/properties/casts.rs"]
mod casts;
#[path = "../../tests/properties/expression.rs"]
#[allow(dead_code)]
mod expression;
#[path = "../../tests/properties/levels.rs"]
mod levels;
#[path = "../../tests/properties/lower_orders.rs"]
mod lower_orders;
#[path = "../../tests/properties/optimum.rs"]
mod optimum;
#[path = "../../tests/properties/wide.rs"]
mod wide;

use bytes::Bytes;
use casts::cast;
use comparison::{agree, compare, same};
use dualtape::{Gradients, Tape, Var, gradient, hvp};
use expression::{Arity, Binary, Expression, Op, Step, Unary, WINDOW};
use levels::assert_levels_hold;
use libfuzzer_sys::fuzz_target;
use optimum::assert_check_is_fair;
use refusals::{CLAMP, ON_PURPOSE, OTHER_GRADIENTS, outcome, silence_expected_panics};
use sentences::{FOREIGN, PAUSED, STALE};
use wide::{Chain, Link};

const MOST_TAPES: usize = 5;
const MOST_VARIABLES: usize = 120;

fuzz_target!(|data: &[u8]| {
    silence_expected_panics();
    let mut program = Program::new(Bytes(data));
    while !program.bytes.0.is_empty() && program.variables.len() < MOST_VARIABLES {
        program.command();
    }
    // Tapes end in the order in which they were started.
    drop(program);
    assert!(Tape::<f64>::new().is_empty());
    assert_eq!(gradient(|x| x[0] * x[0], &[3.0]), (9.0, vec![6.0]));
});

/// A tape that is not dropped.
struct Living {
    tape: Tape,
    /// Which recording is on it; a clear makes it another one.
    recording: usize,
    /// Its independent variables, as numbers of known variables.
    inputs: Vec<usize>,
}

/// A variable, with the facts of the model about it.
#[derive(Clone)]
struct Known {
    var: Var,
    value: f64,
    /// The recording that it is on; a constant is on none.
    home: Option<usize>,
    /// How it was computed, from other variables; an independent one was not.
    step: Option<Step>,
}

struct Program<'a> {
    bytes: Bytes<'a>,
    /// Whether arguments are mapped into domains, so that all numbers are moderate.
    guarded: bool,
    /// In the order of their start: the last one records.
    tapes: Vec<Living>,
    variables: Vec<Known>,
    gradients: Vec<(Gradients, usize)>,
    recordings: usize,
}

impl<'a> Program<'a> {
    fn new(mut bytes: Bytes<'a>) -> Self {
        let guarded = bytes.byte() % 2 == 0;
        Program { bytes, guarded, tapes: Vec::new(), variables: Vec::new(), gradients: Vec::new(), recordings: 0 }
    }

    fn command(&mut self) {
        match self.bytes.byte() % 36 {
            0..=3 => self.new_variable(),
            4 => self.constant(),
            5..=19 => self.operation(),
            20 => self.start(Tape::new),
            21 => self.clear(),
            22 => self.drop_tape(),
            23..=25 => self.differentiate(),
            26 => self.look_up(),
            27 => self.fail_inside(),
            28 => self.use_inside(),
            29 => self.differentiate_twice(),
            30 => self.keep_an_inner_tape(),
            31 => self.cast(),
            32 => self.nest_elsewhere(),
            33 => self.check_at_an_optimum(),
            34 => self.go_to_the_ends_of_the_range(),
            _ => self.send(),
        }
    }

    fn start(&mut self, make: impl FnOnce() -> Tape) {
        if self.tapes.len() < MOST_TAPES {
            self.recordings += 1;
            self.tapes.push(Living { tape: make(), recording: self.recordings, inputs: Vec::new() });
        }
    }

    /// One of the tapes, mostly the one that records.
    fn choose_tape(&mut self) -> Option<usize> {
        let last = self.tapes.len().checked_sub(1)?;
        let choice = self.bytes.byte();
        Some(if choice < 200 { last } else { usize::from(choice) % self.tapes.len() })
    }

    /// One of the variables, mostly a late one.
    fn choose_variable(&mut self) -> Option<usize> {
        let known = self.variables.len();
        let choice = usize::from(self.bytes.byte());
        (known > 0).then(|| known - 1 - if choice < 128 { choice % known.min(8) } else { choice % known })
    }

    /// Up to [`WINDOW`] of the variables: any, or some that were made one after the other.
    fn choose_slice(&mut self) -> Option<Vec<usize>> {
        let count = 1 + self.bytes.below(WINDOW);
        if self.bytes.byte() % 2 == 0 {
            return (0..count).map(|_| self.choose_variable()).collect();
        }
        let first = self.choose_variable()?;
        Some((first..self.variables.len().min(first + count)).collect())
    }

    fn new_variable(&mut self) {
        let Some(chosen) = self.choose_tape() else { return self.start(Tape::new) };
        // Several are recorded together.
        let values: Vec<f64> = (0..1 + self.bytes.below(4)).map(|_| self.moderate_number()).collect();
        let paused = chosen + 1 < self.tapes.len();
        let living = &mut self.tapes[chosen];
        let record = || if let [value] = values[..] { vec![living.tape.var(value)] } else { living.tape.vars(&values) };
        match outcome(record) {
            Ok(vars) => {
                assert!(!paused, "a paused tape records");
                for (var, value) in vars.into_iter().zip(values) {
                    living.inputs.push(self.variables.len());
                    self.variables.push(Known { var, value, home: Some(living.recording), step: None });
                }
            }
            Err(message) => assert!(paused && message == PAUSED, "{message}"),
        }
    }

    /// A number that the bounds hold for, where arguments are mapped into domains.
    fn moderate_number(&mut self) -> f64 {
        let value = self.bytes.number();
        if self.guarded && !(value.abs() < 8.0) { 0.75 } else { value }
    }

    fn constant(&mut self) {
        let value = self.moderate_number();
        self.variables.push(Known { var: Var::constant(value), value, home: None, step: None });
    }

    fn is_alive(&self, recording: usize) -> bool {
        self.tapes.iter().any(|living| living.recording == recording)
    }

    fn records(&self) -> Option<usize> {
        self.tapes.last().map(|living| living.recording)
    }

    /// The sentences with which an operation on these variables may be refused.
    fn refusals(&self, variables: &[usize]) -> Vec<&'static str> {
        let homes = variables.iter().filter_map(|&i| self.variables[i].home);
        let foreign = homes.filter(|&home| Some(home) != self.records());
        foreign.map(|home| if self.is_alive(home) { PAUSED } else { STALE }).collect()
    }

    fn operation(&mut self) {
        let op = Op::numbered(self.bytes.below(Op::COUNT));
        let arguments = match op.arity() {
            Arity::Few(count) => (0..count).map(|_| self.choose_variable()).collect(),
            Arity::Window => self.choose_slice(),
        };
        let Some(arguments): Option<Vec<usize>> = arguments else { return self.new_variable() };
        let mut c = self.bytes.number();
        if self.guarded && !c.is_finite() {
            c = 0.25;
        }
        if op == Op::Unary(Unary::polygamma) && !(c.abs() < 8.0) {
            c = 3.0; // its cost grows with the order
        }
        let step = Step { op, c, arguments, guarded: self.guarded };
        let known: Vec<&Known> = step.arguments.iter().map(|&i| &self.variables[i]).collect();
        let values: Vec<f64> = known.iter().map(|known| known.value).collect();
        let vars: Vec<Var> = known.iter().map(|known| known.var).collect();
        let home = known.iter().find_map(|known| known.home);
        let refusals = self.refusals(&step.arguments);
        // The sum of one number is that number, and a softmax at infinity is a constant.
        let may_not_look = match op {
            Op::Sum | Op::Product => vars.len() == 1,
            Op::Softmax => values.iter().any(|value| !value.is_finite()),
            _ => false,
        };
        let len = self.tapes.last().map(|living| living.tape.len());
        match outcome(|| step.apply(&vars)) {
            Ok(var) => {
                assert!(refusals.is_empty() || may_not_look, "{step:?} used a variable that is not of this recording");
                // The sign of a NaN is free.
                let is_any_sign = op == Op::Binary(Binary::copysign) && values[1].is_nan();
                let value = if is_any_sign { var.value() } else { step.apply(&values) };
                assert!(same(var.value(), value), "{step:?}: {:e} instead of {value:e}", var.value());
                assert!(var.is_constant() == home.is_none() || may_not_look, "{step:?} loses its variables");
                let home = if var.is_constant() { None } else { home };
                self.variables.push(Known { var, value, home, step: Some(step) });
            }
            Err(message) if message.starts_with(CLAMP) => {
                assert!(op == Op::Unary(Unary::clamp) && c.is_nan(), "{step:?}: {message}");
            }
            Err(message) => {
                assert!(refusals.contains(&&message[..]), "{step:?}: {message}, and not one of {refusals:?}");
                let recorded = self.tapes.last().map(|living| living.tape.len());
                assert!(len == recorded || step.arguments.len() > 1 || self.guarded, "a refusal was recorded");
            }
        }
    }

    fn clear(&mut self) {
        let Some(chosen) = self.choose_tape() else { return };
        self.recordings += 1;
        let living = &mut self.tapes[chosen];
        let capacity = living.tape.capacity_bytes();
        living.tape.clear();
        assert!(living.tape.is_empty());
        // The memory that layers kept for the reverse sweep is freed.
        assert!(living.tape.capacity_bytes() <= capacity);
        living.recording = self.recordings;
        living.inputs.clear();
    }

    fn drop_tape(&mut self) {
        if let Some(chosen) = self.choose_tape() {
            self.tapes.remove(chosen);
        }
    }

    /// The computation of a variable as an expression in the independent variables of
    /// its recording, and their values.
    fn expression(&self, inputs: &[usize], output: usize) -> (Expression, Vec<f64>) {
        let home = self.variables[output].home;
        let mut needed = vec![false; output + 1];
        needed[output] = true;
        for at in (0..=output).rev().filter(|&at| self.variables[at].home == home) {
            if let (true, Some(step)) = (needed[at], &self.variables[at].step) {
                step.arguments.iter().for_each(|&argument| needed[argument] = true);
            }
        }
        let mut places = vec![usize::MAX; output + 1];
        for (place, &input) in inputs.iter().enumerate().filter(|&(_, &input)| input <= output) {
            places[input] = place;
        }
        let mut steps = Vec::new();
        for at in (0..=output).filter(|&at| needed[at]) {
            let known = &self.variables[at];
            let step = match &known.step {
                Some(step) if known.home.is_some() => {
                    let arguments = step.arguments.iter().map(|&argument| places[argument]).collect();
                    Step { arguments, ..step.clone() }
                }
                _ if known.home.is_some() => continue,
                _ => Step { op: Op::Constant, c: known.value, arguments: Vec::new(), guarded: false },
            };
            places[at] = inputs.len() + steps.len();
            steps.push(step);
        }
        // The output may be an input that is not the last.
        if places[output] < inputs.len() && steps.is_empty() {
            let alone = Step { op: Op::Sum, c: 1.0, arguments: vec![places[output]], guarded: false };
            steps.push(alone);
        }
        (Expression { inputs: inputs.len(), steps }, inputs.iter().map(|&i| self.variables[i].value).collect())
    }

    fn differentiate(&mut self) {
        let (Some(tape), Some(output)) = (self.choose_tape(), self.choose_variable()) else { return };
        let Living { tape, recording, inputs } = &self.tapes[tape];
        let known = &self.variables[output];
        let gradients = match outcome(|| tape.backward(known.var)) {
            Ok(gradients) => gradients,
            Err(message) => {
                assert!(known.home.is_some_and(|home| home != *recording), "{message}");
                assert!([PAUSED, STALE].contains(&&message[..]), "{message}");
                return;
            }
        };
        assert!(known.home.is_none_or(|home| home == *recording), "an output of another recording is differentiated");
        let vars: Vec<Var> = inputs.iter().map(|&i| self.variables[i].var).collect();
        let slopes = gradients.wrt(&vars);
        if known.home.is_none() {
            assert!(slopes.iter().all(|&slope| slope == 0.0));
        } else {
            let (f, x) = self.expression(inputs, output);
            compare(&f, &x, &slopes, self.guarded);
        }
        self.gradients.push((gradients, *recording));
    }

    /// Looks variables up in gradients that may be old.
    fn look_up(&mut self) {
        let Some(variable) = self.choose_variable() else { return };
        let known = &self.variables[variable];
        for (gradients, recording) in &self.gradients {
            match outcome(|| (gradients[known.var], gradients.wrt(&[known.var])[0])) {
                Ok((a, b)) => {
                    assert!(same(a, b));
                    assert!(known.home.is_none_or(|home| home == *recording));
                    assert!(known.home.is_some() || a == 0.0);
                }
                Err(message) => {
                    assert!(message.starts_with(OTHER_GRADIENTS), "{message}");
                    assert!(known.home.is_some_and(|home| home != *recording), "{message}");
                }
            }
        }
        if self.bytes.byte() % 2 == 0 {
            self.gradients.clear();
        }
    }

    /// A closure that panics, with tapes of its own under way.
    fn fail_inside(&mut self) {
        let tapes = self.bytes.below(3);
        let lens: Vec<usize> = self.tapes.iter().map(|living| living.tape.len()).collect();
        let failure = outcome(|| {
            gradient(
                |x| {
                    let inner: Vec<Tape> = (0..tapes).map(|_| Tape::new()).collect();
                    let y = inner.last().map(|tape| tape.var(1.0).exp());
                    assert!(y.is_some_and(|y| y.value() < 0.0), "{}", ON_PURPOSE);
                    x[0]
                },
                &[1.0, 2.0],
            )
        });
        assert_eq!(failure.unwrap_err(), ON_PURPOSE);
        assert!(self.tapes.iter().map(|living| living.tape.len()).eq(lens), "a failure was recorded");
    }

    /// A variable from outside in a closure that is being differentiated.
    fn use_inside(&mut self) {
        let Some(outside) = self.choose_variable() else { return };
        let known = &self.variables[outside];
        let point = self.bytes.number();
        match outcome(|| gradient(|x| x[0] * known.var + x[0], &[point])) {
            Ok((_, slopes)) => {
                assert!(known.home.is_none(), "a variable from outside was recorded");
                let expected = known.value + 1.0;
                assert!(same(slopes[0], expected) || (slopes[0] - expected).abs() <= 1e-14 * expected.abs());
            }
            Err(message) => {
                let expected = if self.is_alive(known.home.expect("a constant is refused")) { PAUSED } else { STALE };
                assert_eq!(message, expected);
            }
        }
    }

    /// A recording over variables, and through it a second derivative.
    fn differentiate_twice(&mut self) {
        let (Some(tape), Some(output)) = (self.choose_tape(), self.choose_variable()) else { return };
        let paused = tape + 1 < self.tapes.len();
        let Living { tape, recording, inputs } = &self.tapes[tape];
        if self.variables[output].home != Some(*recording) || inputs.len() > 8 {
            return;
        }
        let (f, x) = self.expression(inputs, output);
        let vars: Vec<Var> = inputs.iter().map(|&i| self.variables[i].var).collect();
        let direction: Vec<f64> = (0..x.len()).map(|i| i as f64 - 1.5).collect();
        let twice = outcome(|| {
            let (_, slopes) = gradient(|x| f.last(x), &vars);
            let along = slopes.iter().zip(&direction).map(|(&slope, &v)| slope * v).sum::<Var>();
            tape.backward(along).wrt(&vars)
        });
        match twice {
            Ok(curvatures) if self.guarded => {
                let bounds = f.condition(&x, f.outputs() - 1);
                let (_, _, expected) = hvp(|x| f.last(x), &x, &direction);
                let rows = bounds.hessian.chunks_exact(x.len());
                let sizes = rows.map(|row| row.iter().zip(&direction).map(|(h, v)| h * v.abs()).sum());
                agree("H·v", &curvatures, &expected, &sizes.collect::<Vec<f64>>(), &bounds, &f, &x);
            }
            Ok(_) => {}
            Err(message) => assert!(paused && message == PAUSED, "{message}"),
        }
    }

    /// A tape that is started inside a closure and outlives it.
    fn keep_an_inner_tape(&mut self) {
        if self.tapes.len() < MOST_TAPES {
            let mut kept = None;
            let (y, slopes) = gradient(
                |x| {
                    let y = x[0] * x[0];
                    kept = Some(Tape::new());
                    y
                },
                &[1.5],
            );
            assert_eq!((y, &slopes[..]), (2.25, &[3.0][..]));
            self.start(|| kept.expect("the closure was called"));
        }
    }

    /// A cast to the same type, which is no use of the tape.
    fn cast(&mut self) {
        let Some(variable) = self.choose_variable() else { return };
        let known = self.variables[variable].clone();
        let var = cast(known.var);
        assert!(same(var.value(), known.value) && var.is_constant() == known.home.is_none());
        // The sum of an iterator over one number is that number, in its place: nothing is recorded here either.
        let step = Step { op: Op::Sum, c: -1.0, arguments: vec![variable], guarded: false };
        self.variables.push(Known { var, step: Some(step), ..known });
    }

    /// An output of the current recording as an expression of moderate numbers, and where it is taken.
    fn choose_expression(&mut self) -> Option<(Expression, Vec<f64>)> {
        let output = self.choose_variable()?;
        let Living { recording, inputs, .. } = self.tapes.last()?;
        let is_here = self.guarded && self.variables[output].home == Some(*recording);
        (is_here && inputs.len() <= 8).then(|| self.expression(inputs, output))
    }

    /// Derivatives inside derivatives, on threads and in pools, while the tapes are under way.
    fn nest_elsewhere(&mut self) {
        let places = [self.bytes.byte(), self.bytes.byte()];
        if let Some((f, x)) = self.choose_expression() {
            let levels = outcome(|| assert_levels_hold(&f, &x, places.map(|place| usize::from(place) % x.len())));
            levels.unwrap_or_else(|message| panic!("{message}, at {x:?} of {f:#?}"));
        }
    }

    fn check_at_an_optimum(&mut self) {
        if let Some((f, x)) = self.choose_expression().filter(|(_, x)| x.len() <= 3) {
            assert_check_is_fair(&f, &x);
        }
    }

    fn go_to_the_ends_of_the_range(&mut self) {
        let count = 1 + self.bytes.below(5);
        let link =
            |bytes: &mut Bytes<'_>| (Link::ALL[bytes.below(Link::ALL.len())], bytes.fraction(0.5, 2.0), bytes.below(3));
        let links = (0..count).map(|_| link(&mut self.bytes)).collect();
        Chain { links, t: self.bytes.fraction(-690.0, 690.0) }.assert_agreement();
    }

    /// A variable on another thread.
    fn send(&mut self) {
        let Some(variable) = self.choose_variable() else { return };
        let known = self.variables[variable].clone();
        if self.bytes.byte() % 8 == 0 {
            let sent = known.var;
            let there = std::thread::spawn(move || {
                let tape = Tape::new();
                let y = tape.var(2.0);
                [outcome(|| sent.exp()), outcome(|| sent * y)].map(|result| result.map(|_| ()))
            });
            for result in there.join().expect("the thread catches its panics") {
                assert_eq!(result.err().as_deref(), known.home.map(|_| FOREIGN));
            }
        }
    }
}
