//! How does reverse mode work?
//!
//! Here is all of it, on a `Vec<(f64, u32)>`. [`Tape`], [`Var`], the operators and a few functions
//! are an engine as complete as micrograd: it differentiates any program written with them. The
//! engine of the crate computes the same numbers, to the bit, as `main` shows on random programs.
//!
//! The crate adds memory layout and vector code. It keeps a statement of one or two arguments in a node of fixed size,
//! finds the tape through the thread so that a variable needs no reference, stores a whole layer of a network at once,
//! and sweeps it with the vector instructions of the machine. It also has more functions, nests scalars for higher
//! derivatives, and refuses the variables of another tape. None of these changes the loop in [`Tape::backward`].
//!
//! ```text
//! cargo run --example tape_in_100_lines
//! ```

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// The recording: one statement for each variable, in order.
struct Tape {
    /// The arguments of all statements in a row: (partial derivative of the result, position of the argument).
    arguments: RefCell<Vec<(f64, u32)>>,
    /// Where each statement begins in `arguments`, and where the last one ends.
    bounds: RefCell<Vec<usize>>,
}

/// A number that knows which statement computed it.
#[derive(Clone, Copy)]
struct Var<'t> {
    tape: &'t Tape,
    value: f64,
    index: u32,
}

impl Tape {
    fn new() -> Tape {
        Tape { arguments: RefCell::new(Vec::new()), bounds: RefCell::new(vec![0]) }
    }

    /// Records an input: a statement without arguments.
    fn var(&self, value: f64) -> Var<'_> {
        self.record(value, &[])
    }

    /// Records one statement.
    fn record(&self, value: f64, arguments: &[(f64, u32)]) -> Var<'_> {
        let mut bounds = self.bounds.borrow_mut();
        let index = bounds.len() as u32 - 1;
        self.arguments.borrow_mut().extend_from_slice(arguments);
        bounds.push(self.arguments.borrow().len());
        Var { tape: self, value, index }
    }

    /// Sweeps in reverse: returns the derivative of the output with respect to every variable.
    ///
    /// The adjoint of a variable is complete when the sweep reaches its statement, since only later statements use it.
    /// The sweep skips zeros: zero times an infinite slope would be NaN.
    fn backward(&self, output: Var<'_>) -> Vec<f64> {
        let (arguments, bounds) = (self.arguments.borrow(), self.bounds.borrow());
        let mut adjoints = vec![0.0; bounds.len() - 1];
        adjoints[output.index as usize] = 1.0;
        for result in (0..=output.index as usize).rev() {
            let adjoint = adjoints[result];
            if adjoint == 0.0 {
                continue;
            }
            for &(partial, argument) in &arguments[bounds[result]..bounds[result + 1]] {
                if partial != 0.0 {
                    adjoints[argument as usize] += partial * adjoint;
                }
            }
        }
        adjoints
    }
}

impl<'t> Var<'t> {
    /// Records the result of a function of one variable.
    fn unary(self, value: f64, slope: f64) -> Var<'t> {
        self.tape.record(value, &[(slope, self.index)])
    }

    /// Records the result of a product or a quotient. A variable used twice, as in a square, is one argument.
    fn binary(self, other: Var<'t>, value: f64, [by_self, by_other]: [f64; 2]) -> Var<'t> {
        if self.index == other.index {
            return self.unary(value, by_self + by_other);
        }
        self.tape.record(value, &[(by_self, self.index), (by_other, other.index)])
    }

    fn exp(self) -> Var<'t> {
        let y = self.value.exp();
        self.unary(y, y)
    }

    fn ln(self) -> Var<'t> {
        let x = self.value;
        self.unary(x.ln(), if x < 0.0 { f64::NAN } else { 1.0 / x })
    }

    fn sin(self) -> Var<'t> {
        self.unary(self.value.sin(), self.value.cos())
    }

    fn sqrt(self) -> Var<'t> {
        let y = self.value.sqrt();
        self.unary(y, 0.5 / y.abs())
    }

    /// Its slope is 1 − y², which loses digits far out: there it is 4e/(1 + e)² with e = exp(−2|x|).
    fn tanh(self) -> Var<'t> {
        let y = self.value.tanh();
        let e = (-2.0 * self.value.abs()).exp();
        self.unary(y, if self.value.abs() < 0.5 { 1.0 - y * y } else { e * 4.0 / ((e + 1.0) * (e + 1.0)) })
    }
}

/// The operators of two variables, of a variable and a number, and of a number and a variable.
macro_rules! operator {
    ($trait:ident $name:ident; $a:ident, $b:ident; $both:expr; $left:expr; $right:expr) => {
        impl<'t> $trait for Var<'t> {
            type Output = Var<'t>;
            fn $name(self, other: Var<'t>) -> Var<'t> {
                let ($a, $b) = (self, other);
                $both
            }
        }
        impl<'t> $trait<f64> for Var<'t> {
            type Output = Var<'t>;
            fn $name(self, $b: f64) -> Var<'t> {
                let $a = self;
                $left
            }
        }
        impl<'t> $trait<Var<'t>> for f64 {
            type Output = Var<'t>;
            fn $name(self, $b: Var<'t>) -> Var<'t> {
                let $a = self;
                $right
            }
        }
    };
}

// Addition and subtraction record the second operand first: in a long sum the first one is the sum so far, whose
// adjoint the sweep needs next. The order matters for the last bit only.
operator!(Add add; a, b;
    a.tape.record(a.value + b.value, &[(1.0, b.index), (1.0, a.index)]); a.unary(a.value + b, 1.0); b + a);
operator!(Sub sub; a, b;
    a.tape.record(a.value - b.value, &[(-1.0, b.index), (1.0, a.index)]); a.unary(a.value - b, 1.0); b.unary(a - b.value, -1.0));
operator!(Mul mul; a, b;
    a.binary(b, a.value * b.value, [b.value, a.value]); a.unary(a.value * b, b); b * a);
operator!(Div div; a, b;
    a.binary(b, a.value / b.value, [1.0 / b.value, -(a.value / b.value / b.value)]); a.unary(a.value / b, 1.0 / b);
    b.unary(a / b.value, -(a / b.value / b.value)));

impl<'t> Neg for Var<'t> {
    type Output = Var<'t>;
    fn neg(self) -> Var<'t> {
        self.unary(-self.value, -1.0)
    }
}

// The engine ends here. The rest compares it with the crate.

/// One line of a random program: the number of an operation, two earlier variables, and a number.
type Line = (u64, usize, usize, f64);

const OPERATIONS: u64 = 18;

/// Runs a program: appends the result of each line to the list of variables, which begins with the inputs. It is a macro
/// so that both kinds of variables can run it.
macro_rules! run {
    ($program:expr, $variables:ident) => {
        for &(operation, i, j, c) in $program {
            let (a, b) = ($variables[i], $variables[j]);
            $variables.push(match operation {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                3 => a / b,
                4 => a + c,
                5 => a - c,
                6 => a * c,
                7 => a / c,
                8 => c + a,
                9 => c - a,
                10 => c * a,
                11 => c / a,
                12 => -a,
                13 => a.exp(),
                14 => a.ln(),
                15 => a.sin(),
                16 => a.sqrt(),
                _ => a.tanh(),
            });
        }
    };
}

/// Returns the value of every variable of a program, and the derivative of the last one with respect to each, by this
/// file.
fn here(inputs: &[f64], program: &[Line]) -> Vec<(f64, f64)> {
    let tape = Tape::new();
    let mut variables: Vec<Var<'_>> = inputs.iter().map(|&x| tape.var(x)).collect();
    run!(program, variables);
    let adjoints = tape.backward(variables[variables.len() - 1]);
    variables.iter().map(|x| (x.value, adjoints[x.index as usize])).collect()
}

/// Returns the same numbers by the crate.
fn dualtape(inputs: &[f64], program: &[Line]) -> Vec<(f64, f64)> {
    let tape = dualtape::Tape::new();
    let mut variables: Vec<dualtape::Var> = inputs.iter().map(|&x| tape.var(x)).collect();
    run!(program, variables);
    let gradients = tape.backward(variables[variables.len() - 1]);
    variables.iter().map(|&x| (x.value(), gradients[x])).collect()
}

/// Panics unless the numbers are the same to the bit, or both NaN, whose bits Rust leaves open.
fn assert_same(here: &[(f64, f64)], dualtape: &[(f64, f64)], program: &[Line]) {
    let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    assert_eq!(here.len(), dualtape.len());
    for (i, (a, b)) in here.iter().zip(dualtape).enumerate() {
        assert!(same(a.0, b.0) && same(a.1, b.1), "variable {i} is {a:?} here and {b:?} in the crate: {program:?}");
    }
}

/// Returns random numbers below a bound (xorshift64*, Vigna 2016), always the same.
fn random_numbers() -> impl FnMut(u64) -> u64 {
    let mut state = 2026_u64;
    move |bound| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }
}

pub(crate) fn main() {
    let tape = Tape::new();
    let [x, y] = [tape.var(2.0), tape.var(3.0)];
    let z = (x * y + x.sin()).tanh() / y;
    let adjoints = tape.backward(z);
    println!("z = tanh(x*y + sin x)/y at x = 2, y = 3 is {}", z.value);
    println!("dz/dx = {}, dz/dy = {}", adjoints[x.index as usize], adjoints[y.index as usize]);

    let (programs, mut compared, mut not_finite) = (1000, 0, 0);
    let mut random = random_numbers();
    for _ in 0..programs {
        let inputs: Vec<f64> = (0..3).map(|_| random(4000) as f64 / 1000.0 - 2.0).collect();
        // Most lines use recent variables, so that the last one depends on many.
        let program: Vec<Line> = (3..4 + random(20))
            .map(|len| {
                let [i, j] = [0; 2].map(|_| (len - 1 - random(len.min(5))) as usize);
                (random(OPERATIONS), i, j, random(4000) as f64 / 1000.0 - 2.0)
            })
            .collect();
        let (here, dualtape) = (here(&inputs, &program), dualtape(&inputs, &program));
        assert_same(&here, &dualtape, &program);
        compared += here.len();
        not_finite += here.iter().filter(|(value, adjoint)| !(value.is_finite() && adjoint.is_finite())).count();
    }
    println!("{programs} random programs: {compared} values and derivatives equal dualtape's, to the bit,");
    println!("{not_finite} of them infinite or NaN");
}
