//! Random programs with branches.

use std::cell::RefCell;
use std::cmp::Ordering;

use dualtape::{Function, Scalar};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A step of a program: operations on the numbers before it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Unary(usize, usize),
    Binary(usize, usize, usize),
    /// A question about two numbers, and the numbers to go on with.
    Branch(usize, [usize; 2], [usize; 2]),
}

const UNARY: usize = 38;
const BINARY: usize = 15;
const QUESTIONS: usize = 8;

/// A program of a few inputs.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) inputs: usize,
    /// Whether steps may compute the same, so that the generator merges them.
    pub(crate) repeats: bool,
    steps: Vec<Step>,
    /// The answers of the last evaluation.
    answers: RefCell<Vec<Option<Ordering>>>,
}

impl Program {
    /// Returns the program with this number.
    pub(crate) fn random(number: u64) -> Self {
        let mut random = StdRng::seed_from_u64(number);
        let inputs = random.random_range(1..5);
        let steps = (0..random.random_range(3..14))
            .map(|step| {
                let mut any = || random.random_range(0..inputs + step);
                let [a, b, c, d] = [any(), any(), any(), any()];
                match random.random_range(0..9) {
                    0..4 => Step::Unary(random.random_range(0..UNARY), a),
                    4..7 => Step::Binary(random.random_range(0..BINARY), a, b),
                    _ => Step::Branch(random.random_range(0..QUESTIONS), [a, b], [c, d]),
                }
            })
            .collect();
        Program { inputs, repeats: number.is_multiple_of(4), steps, answers: RefCell::default() }
    }

    /// Returns points at which the program is evaluated; it is traced at the first.
    pub(crate) fn points(&self, number: u64) -> Vec<Vec<f64>> {
        let mut random = StdRng::seed_from_u64(!number);
        (0..6).map(|_| (0..self.inputs).map(|_| random.random_range(-2.0..2.0)).collect()).collect()
    }

    /// Returns the answers to the questions of the program at a point.
    pub(crate) fn answers(&self, x: &[f64]) -> Vec<Option<Ordering>> {
        self.eval(x);
        self.answers.borrow().clone()
    }

    fn answer<S: Scalar<Real = f64>>(question: usize, a: S, b: S) -> Option<Ordering> {
        let yes = |answer: bool| Some(if answer { Ordering::Less } else { Ordering::Greater });
        match question {
            0 => yes(a < b),
            1 => yes(a <= b),
            2 => yes(a > b),
            3 => yes(a >= 0.25),
            4 => yes(a == b),
            5 => yes(a.is_sign_negative()),
            6 => yes(a.is_finite()),
            _ => a.partial_cmp(&b),
        }
    }

    fn unary<S: Scalar<Real = f64>>(function: usize, x: S) -> S {
        let square = x * x;
        match function {
            0 => -x,
            1 => x.sin(),
            2 => x.cos(),
            3 => x.sin().exp(),
            4 => (square + 1.0).ln(),
            5 => (square + 0.5).sqrt(),
            6 => x.tanh(),
            7 => x.abs(),
            8 => x.relu(),
            9 => x.sin().powi(2),
            10 => x.sin().powi(3),
            11 => (square + 1.0).powi(-2),
            12 => (square + 1.0).recip(),
            13 => x.atan(),
            14 => x.sigmoid(),
            15 => x.softplus(),
            16 => (x.abs() + 0.1).powf(1.5),
            17 => x.cbrt(),
            18 => x.asinh(),
            19 => x.sin().exp_m1(),
            20 => square.ln_1p(),
            21 => x.floor() * 0.5 + x,
            22 => x.fract(),
            23 => x.clamp(-0.5, 0.8),
            24 => x.leaky_relu(0.1),
            25 => x.elu(0.7),
            26 => x.signum() * x,
            27 => x.cos().tan(),
            28 => (x.sin() * 0.9).asin(),
            29 => (x.sin() * 0.9).acos(),
            30 => x.sin().sinh(),
            31 => x.sin().cosh(),
            32 => (square + 1.1).acosh(),
            33 => (x.sin() * 0.9).atanh(),
            34 => x.silu(),
            35 => x.log_sigmoid(),
            36 => (square + 1.0).log2() + (square + 2.0).log10(),
            _ => x.sin().exp2() - x.round() * 0.1,
        }
    }

    fn binary<S: Scalar<Real = f64>>(function: usize, a: S, b: S) -> S {
        match function {
            0 => a + b,
            1 => a - b,
            2 => a * b.sin(),
            3 => a / (b * b + 1.0),
            4 => a.max(b),
            5 => a.min(b),
            6 => a.atan2(b),
            7 => a.hypot(b),
            8 => (a.abs() + 0.5).pow(b.sin()),
            9 => a.copysign(b),
            10 => a.abs_sub(b),
            11 => a.mul_add(b.cos(), b),
            12 => a % (b.abs() + 0.7),
            13 => (a * a + 1.0).log(b * b + 1.5),
            _ => a * 2.5 - b * a.cos(),
        }
    }
}

impl Function for Program {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        let mut numbers = x.to_vec();
        self.answers.borrow_mut().clear();
        for (index, &step) in self.steps.iter().enumerate() {
            // A factor of its own makes each step another one.
            let scaled = |x: S, by: f64| if self.repeats { x } else { x * (by + 0.013 * index as f64) };
            let own = |x: S| scaled(x, 1.013);
            numbers.push(match step {
                Step::Unary(function, a) => Self::unary(function, own(numbers[a])),
                Step::Binary(function, a, b) => Self::binary(function, own(numbers[a]), scaled(numbers[b], 0.876)),
                Step::Branch(question, [a, b], [holds, fails]) => {
                    let answer = Self::answer(question, numbers[a], numbers[b]);
                    self.answers.borrow_mut().push(answer);
                    let next = numbers[if answer.is_some_and(Ordering::is_le) { holds } else { fails }];
                    next * own(numbers[numbers.len() - 1]).cos()
                }
            });
        }
        numbers[numbers.len() - 3..].iter().copied().sum()
    }
}
