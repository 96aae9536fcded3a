//! Python's arithmetic on any scalar: evaluates the statements of the reference data.

use std::collections::HashMap;

use dualtape::Scalar;

/// Runs statements like `d = a * b + b ** 3` and returns the values of all names.
///
/// Every input and every result passes through `watch` with its name, which may
/// replace it: by a variable, a dual number, a shifted value.
pub(crate) fn run<'a, S: Scalar<Real = f64>>(
    inputs: impl IntoIterator<Item = (&'a str, f64)>,
    statements: &[&'a str],
    watch: impl Fn(&str, S) -> S,
) -> HashMap<&'a str, S> {
    let mut names: HashMap<&str, S> =
        inputs.into_iter().map(|(name, value)| (name, watch(name, S::from_real(value)))).collect();
    for statement in statements {
        let (name, expression) = statement.split_once(" = ").expect("a statement assigns");
        let value = watch(name, evaluate(expression, &names));
        names.insert(name, value);
    }
    names
}

/// The value of one expression.
pub(crate) fn evaluate<S: Scalar<Real = f64>>(expression: &str, names: &HashMap<&str, S>) -> S {
    let mut parser = Parser { rest: expression, names };
    let value = parser.sum();
    assert_eq!(parser.rest.trim(), "", "left over of {expression:?}");
    value
}

struct Parser<'a, S> {
    rest: &'a str,
    names: &'a HashMap<&'a str, S>,
}

impl<'a, S: Scalar<Real = f64>> Parser<'a, S> {
    /// `product + product - ...`
    fn sum(&mut self) -> S {
        let mut value = self.product();
        loop {
            if self.take("+") {
                value += self.product();
            } else if self.take("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    /// `signed * signed / ...`
    fn product(&mut self) -> S {
        let mut value = self.signed();
        loop {
            if self.take("*") {
                value *= self.signed();
            } else if self.take("/") {
                value /= self.signed();
            } else {
                return value;
            }
        }
    }

    /// `-power`; a power binds tighter than the sign before it.
    fn signed(&mut self) -> S {
        if self.take("-") { -self.signed() } else { self.power() }
    }

    /// `called ** signed`, where the exponent is a plain number.
    fn power(&mut self) -> S {
        let base = self.called();
        if self.take("**") { base.powf(self.signed().value()) } else { base }
    }

    /// `atom.method().method()`
    fn called(&mut self) -> S {
        let mut value = self.atom();
        while self.take(".") {
            value = match self.word(|c| c.is_alphanumeric()) {
                "relu" => value.relu(),
                "tanh" => value.tanh(),
                "exp" => value.exp(),
                "log" => value.ln(),
                method => panic!("unknown method {method:?}"),
            };
            assert!(self.take("(") && self.take(")"), "methods take no arguments");
        }
        value
    }

    /// A number, a name, or a sum in parentheses.
    fn atom(&mut self) -> S {
        if self.take("(") {
            let value = self.sum();
            assert!(self.take(")"), "unclosed at {:?}", self.rest);
            return value;
        }
        if self.rest.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            let number = self.word(|c| c.is_ascii_digit() || c == '.');
            return S::from_real(number.parse().expect("a number"));
        }
        let name = self.word(char::is_alphanumeric);
        *self.names.get(name).unwrap_or_else(|| panic!("unknown name {name:?}"))
    }

    /// Whether the next token is `token`, which is then taken. `*` is not the start of `**`.
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let taken = rest.strip_prefix(token).filter(|_| token != "*" || !rest.starts_with("**"));
        self.rest = taken.unwrap_or(rest);
        taken.is_some()
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest.trim_start();
        let (word, rest) = rest.split_at(rest.find(|c| !belongs(c)).unwrap_or(rest.len()));
        self.rest = rest;
        word
    }
}
