//! Formulas: statements such as `d = a*b + c`, as a program over any scalar.
//!
//! ```text
//! statements  statement, then others after `;` or in lines of their own; `#` begins a comment
//! statement   [name (= += -= *= /=)] sum
//! sum         product, then others after + or -
//! product     signed, then others after * or / or %
//! signed      - signed, or + signed, or power
//! power       postfix [** signed], with ^ for ** if one likes
//! postfix     atom, then any number of .function(more arguments)
//! atom        number, pi, name, function(arguments), or (sum)
//! ```
//!
//! A name that no statement has defined is an input. The value of the last statement is the output.

use std::fmt;

use dualtape::{Function, Scalar};

mod lexer;
mod parser;

/// Functions of one number and of two, by their names in [`Scalar`].
macro_rules! callables {
    (unary { $($unary:ident)* } binary { $($binary:ident)* }) => {
        /// A function that a formula may call.
        #[allow(non_camel_case_types, missing_docs, reason = "the names of the functions, which Scalar documents")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Callable { $($unary,)* $($binary,)* }

        impl Callable {
            /// All functions.
            pub const ALL: &[Callable] = &[$(Callable::$unary,)* $(Callable::$binary,)*];

            /// Returns the name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Callable::$unary => stringify!($unary),)*
                    $(Callable::$binary => stringify!($binary),)*
                }
            }

            /// Returns the number of arguments.
            pub fn arity(self) -> usize {
                match self {
                    $(Callable::$unary => 1,)*
                    $(Callable::$binary => 2,)*
                }
            }

            /// Returns the function at its arguments. One that takes one number ignores the second.
            fn call<S: Scalar<Real = f64>>(self, x: S, y: S) -> S {
                match self {
                    $(Callable::$unary => x.$unary(),)*
                    $(Callable::$binary => x.$binary(y),)*
                }
            }
        }
    };
}

callables! {
    unary { exp ln sqrt sin cos tan asin acos atan tanh abs relu sigmoid softplus silu gelu }
    binary { max min pow }
}

/// An operation on numbers, by their places among all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Input(usize),
    Number(f64),
    Negative(usize),
    Sum(usize, usize),
    Difference(usize, usize),
    Product(usize, usize),
    Quotient(usize, usize),
    Remainder(usize, usize),
    Power(usize, i32),
    RealPower(usize, f64),
    Call(Callable, usize, usize),
}

/// What is wrong with a formula, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place of the first wrong character, counted from 0 in characters.
    pub place: usize,
    /// What is expected instead.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.place + 1, self.message)
    }
}

/// A formula: operations in the order of the computation. It is a function of its inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    inputs: Vec<String>,
    operations: Vec<Operation>,
    /// The names that statements give, with the places of their numbers.
    named: Vec<(String, usize)>,
    output: usize,
}

impl Formula {
    /// Returns the program of a text.
    ///
    /// # Errors
    ///
    /// When the text is no formula; the fault has the place.
    pub fn parse(text: &str) -> Result<Formula, Fault> {
        parser::parse(text)
    }

    /// Returns the names of the inputs, in the order of their first use.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Returns the names that statements give, with the places of their numbers among [`numbers`](Formula::numbers).
    pub fn named(&self) -> &[(String, usize)] {
        &self.named
    }

    /// Returns the place of the output among [`numbers`](Formula::numbers).
    pub fn output(&self) -> usize {
        self.output
    }

    /// Returns the result of every operation, at inputs in the order of [`inputs`](Formula::inputs). Drawings show the
    /// names.
    ///
    /// # Panics
    ///
    /// When there are not as many inputs.
    pub fn numbers<S: Scalar<Real = f64>>(&self, x: &[S]) -> Vec<S> {
        assert_eq!(x.len(), self.inputs.len(), "Formula: {} numbers for the inputs {:?}", x.len(), self.inputs);
        let mut numbers: Vec<S> = Vec::with_capacity(self.operations.len());
        let mut names = self.named.iter().peekable();
        for (place, &operation) in self.operations.iter().enumerate() {
            let mut number = match operation {
                Operation::Input(input) => x[input].label(self.inputs[input].as_str()),
                Operation::Number(number) => S::from_f64(number),
                Operation::Negative(a) => -numbers[a],
                Operation::Sum(a, b) => numbers[a] + numbers[b],
                Operation::Difference(a, b) => numbers[a] - numbers[b],
                Operation::Product(a, b) => numbers[a] * numbers[b],
                Operation::Quotient(a, b) => numbers[a] / numbers[b],
                Operation::Remainder(a, b) => numbers[a] % numbers[b],
                Operation::Power(a, n) => numbers[a].powi(n),
                Operation::RealPower(a, exponent) => numbers[a].powf(exponent),
                Operation::Call(callable, a, b) => callable.call(numbers[a], numbers[b]),
            };
            if let Some((name, _)) = names.next_if(|&&(_, named)| named == place) {
                number = number.label(name.as_str());
            }
            numbers.push(number);
        }
        numbers
    }
}

impl Function for Formula {
    type Output = f64;

    fn eval<S: Scalar<Real = f64>>(&self, x: &[S]) -> S {
        self.numbers(x)[self.output]
    }
}

#[cfg(test)]
mod tests {
    use dualtape::{check, gradient};

    use super::*;

    fn value(text: &str, x: &[f64]) -> f64 {
        Formula::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).eval(x)
    }

    #[test]
    fn operators_bind_as_in_python() {
        for (text, expected) in [
            ("1 + 2*3", 7.0),
            ("-2**2", -4.0),
            ("2**-1", 0.5),
            ("2**3**2", 512.0),
            ("2^3", 8.0),
            ("8 / 4 / 2", 1.0),
            ("7 - 4 - 2", 1.0),
            ("7 % 4 * 2", 6.0),
            ("-(1 - 4)", 3.0),
            ("- - 3", 3.0),
            ("1e3 + .5 + 2.", 1002.5),
            ("4.sqrt() + sqrt(4)", 4.0),
            ("4.0.sqrt()", 2.0),
            ("max(2, 3).pow(2)", 9.0),
            ("log(pi) - pi.ln()", 0.0),
            ("k = 2; -k; k", 2.0),
            ("k = 2; 3**k; k", 2.0),
            ("c = 1\nc += 2 # three\nc *= 4; c -= 2; c /= 5", 2.0),
            ("a = 3; b = a; a = 4; a*b", 12.0),
        ] {
            assert_eq!(value(text, &[]), expected, "{text}");
        }
        assert_eq!(value("x**0.5 - x**y", &[4.0, 0.5]), 0.0);
    }

    #[test]
    fn the_expression_of_micrograd_has_its_gradient() {
        let text = "c = a + b; d = a*b + b**3; c += c + 1; c += 1 + c + (-a); d += d*2 + (b + a).relu()\n\
                    d += 3*d + (b - a).relu(); e = c - d; f = e**2; g = f / 2.0; g += 10.0 / f";
        let formula = Formula::parse(text).expect("a formula");
        assert_eq!(formula.inputs(), ["a", "b"]);
        let (g, slopes) = gradient(|x| formula.eval(x), &[-4.0, 2.0]);
        assert_eq!((g, slopes), (24.70408163265306, vec![138.83381924198252, 645.5772594752186]));
    }

    #[test]
    fn every_function_agrees_in_all_modes() {
        for callable in Callable::ALL {
            let (arguments, x) = if callable.arity() == 1 { ("x", vec![0.6]) } else { ("x, y", vec![0.6, 1.3]) };
            let text = format!("{}({arguments})", callable.name());
            check(&Formula::parse(&text).expect("a formula"), &x).assert_agreement();
        }
    }

    #[test]
    fn faults_point_at_the_character() {
        for (text, place, message) in [
            ("", 0, "type a formula, such as a*b + c"),
            ("  # nothing", 11, "type a formula, such as a*b + c"),
            ("a*b +", 5, "a number, a name, a function or `(` is expected, and here is the end"),
            ("a*b + ; c", 6, "a number, a name, a function or `(` is expected, and here is the end"),
            ("(a + b", 6, "`)` is expected, and here is the end"),
            ("a b", 2, "an operator, or the end of the statement is expected, and here is `b`"),
            ("a $ b", 2, "a formula has no `$`"),
            ("é + ß ü", 6, "an operator, or the end of the statement is expected, and here is `ü`"),
            ("a + 2x", 4, "this is no number"),
            ("1.2.3", 3, "an operator, or the end of the statement is expected, and here is the number 0.3"),
            ("tanh + 1", 0, "`tanh` is a function; write `tanh(...)`"),
            ("sin(a, b)", 0, "`sin` takes 1 number, and 2 are passed"),
            ("a.max()", 2, "`max` takes 2 numbers, and 1 are passed"),
            ("y = a; a = 3", 7, "`a` was used as an input; give this number another name"),
            ("c += 1", 0, "`c` has no value yet; begin with `c = `"),
            ("pi = 3", 0, "`pi` is a number and cannot be changed"),
            ("a.2", 1, "an operator, or the end of the statement is expected, and here is the number 0.2"),
        ] {
            let fault = Formula::parse(text).expect_err(text);
            assert_eq!((fault.place, fault.message.as_str()), (place, message), "{text}");
        }
        let fault = Formula::parse("1 + sine(a)").expect_err("no function");
        assert!(fault.place == 4 && fault.message.starts_with("there is no function `sine`; there are exp, ln"));
    }

    #[test]
    fn deep_and_long_formulas_are_refused_where_they_are_too_much() {
        let deep = "(".repeat(5000);
        assert_eq!(Formula::parse(&deep).expect_err("deep").place, 100);
        let long = "a".to_string() + &"+a".repeat(5000);
        assert_eq!(Formula::parse(&long).expect_err("long").place, 1 + 2 * 1999);
    }
}
