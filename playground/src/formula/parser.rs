//! The grammar of formulas, by recursive descent.

use std::collections::BTreeMap;

use super::lexer::{Token, Word, tokens};
use super::{Callable, Fault, Formula, Operation};

/// How deep brackets, signs and calls may stand in each other, and how many operations there may be.
const DEEPEST: usize = 100;
const MOST: usize = 2000;

/// A sign between two operands, and its operation.
type Operator = (&'static str, fn(usize, usize) -> Operation);

pub(super) fn parse(text: &str) -> Result<Formula, Fault> {
    let formula = Formula { inputs: Vec::new(), operations: Vec::new(), named: Vec::new(), output: 0 };
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, formula, known: BTreeMap::new() };
    parser.statements()?;
    Ok(parser.formula)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    formula: Formula,
    /// The places of the numbers that names stand for.
    known: BTreeMap<String, usize>,
}

impl Parser {
    fn statements(&mut self) -> Result<(), Fault> {
        let mut is_empty = true;
        while self.next < self.tokens.len() {
            if self.tokens[self.next].word != Word::End {
                self.formula.output = self.statement()?;
                is_empty = false;
            }
            if !self.take(&Word::End) {
                return self.expected("an operator, or the end of the statement");
            }
        }
        if is_empty {
            return self.fault(self.tokens.len() - 1, "type a formula, such as a*b + c".to_string());
        }
        Ok(())
    }

    fn statement(&mut self) -> Result<usize, Fault> {
        let start = self.next;
        let (Word::Name(name), Some(Word::Sign(sign))) = (self.word().clone(), self.word_after()) else {
            return self.sum();
        };
        let sign = match *sign {
            sign @ ("=" | "+=" | "-=" | "*=" | "/=") => sign,
            _ => return self.sum(),
        };
        if constant(&name).is_some() {
            return self.fault(start, format!("`{name}` is a number and cannot be changed"));
        }
        let old = match (sign, self.known.get(&name)) {
            ("=", _) => None,
            (_, None) => return self.fault(start, format!("`{name}` has no value yet; begin with `{name} = `")),
            (_, old) => old.copied(),
        };
        self.next += 2;
        let before = self.formula.operations.len();
        let right = self.sum()?;
        if self.formula.inputs.contains(&name) && !self.known.contains_key(&name) {
            return self.fault(start, format!("`{name}` was used as an input; give this number another name"));
        }
        let number = match (sign, old) {
            ("+=", Some(old)) => self.push(start, Operation::Sum(old, right))?,
            ("-=", Some(old)) => self.push(start, Operation::Difference(old, right))?,
            ("*=", Some(old)) => self.push(start, Operation::Product(old, right))?,
            ("/=", Some(old)) => self.push(start, Operation::Quotient(old, right))?,
            _ => right,
        };
        // A second name of a number, as in `b = a`, is no operation, and nothing to draw.
        let is_new = number >= before && !matches!(self.formula.operations[number], Operation::Input(_));
        if is_new {
            self.formula.named.push((name.clone(), number));
        }
        self.known.insert(name, number);
        Ok(number)
    }

    fn sum(&mut self) -> Result<usize, Fault> {
        self.chain(Self::product, &[("+", Operation::Sum), ("-", Operation::Difference)])
    }

    fn product(&mut self) -> Result<usize, Fault> {
        let operators: [Operator; 3] =
            [("*", Operation::Product), ("/", Operation::Quotient), ("%", Operation::Remainder)];
        self.chain(Self::signed, &operators)
    }

    /// Parses operands between operators of one rank, which bind to the left.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<usize, Fault>,
        operators: &[Operator],
    ) -> Result<usize, Fault> {
        let mut left = operand(self)?;
        while let Some((_, operation)) = operators.iter().find(|(sign, _)| *self.word() == Word::Sign(sign)) {
            let place = self.next;
            self.next += 1;
            let right = operand(self)?;
            left = self.push(place, operation(left, right))?;
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<usize, Fault> {
        let place = self.next;
        if self.take(&Word::Sign("+")) {
            return self.deeper(place, Self::signed);
        }
        if !self.take(&Word::Sign("-")) {
            return self.power();
        }
        let number = self.deeper(place, Self::signed)?;
        match self.pop_literal(number) {
            Some(x) => self.push(place, Operation::Number(-x)),
            None => self.push(place, Operation::Negative(number)),
        }
    }

    fn power(&mut self) -> Result<usize, Fault> {
        let base = self.postfix()?;
        let place = self.next;
        if !self.take(&Word::Sign("**")) && !self.take(&Word::Sign("^")) {
            return Ok(base);
        }
        let exponent = self.deeper(place, Self::signed)?;
        let Operation::Number(x) = self.formula.operations[exponent] else {
            return self.push(place, Operation::Call(Callable::pow, base, exponent));
        };
        self.pop_literal(exponent);
        let whole = x as i32;
        self.push(
            place,
            if f64::from(whole) == x { Operation::Power(base, whole) } else { Operation::RealPower(base, x) },
        )
    }

    fn postfix(&mut self) -> Result<usize, Fault> {
        let mut number = self.atom()?;
        while self.take(&Word::Sign(".")) {
            let place = self.next;
            let Word::Name(name) = self.word().clone() else { return self.expected("the name of a function") };
            self.next += 1;
            number = self.call(place, &name, Some(number))?;
        }
        Ok(number)
    }

    fn atom(&mut self) -> Result<usize, Fault> {
        let place = self.next;
        match self.word().clone() {
            Word::Number(x) => {
                self.next += 1;
                self.push(place, Operation::Number(x))
            }
            Word::Name(name) if self.word_after() == Some(&Word::Sign("(")) => {
                self.next += 1;
                self.call(place, &name, None)
            }
            Word::Name(name) => {
                self.next += 1;
                self.named(place, name)
            }
            Word::Sign("(") => {
                self.next += 1;
                let number = self.deeper(place, Self::sum)?;
                if self.take(&Word::Sign(")")) { Ok(number) } else { self.expected("`)`") }
            }
            _ => self.expected("a number, a name, a function or `(`"),
        }
    }

    /// Returns the number that a name stands for; a new name is an input.
    fn named(&mut self, place: usize, name: String) -> Result<usize, Fault> {
        if let Some(&number) = self.known.get(&name) {
            return Ok(number);
        }
        if let Some(x) = constant(&name) {
            return self.push(place, Operation::Number(x));
        }
        if callable(&name).is_some() {
            return self.fault(place, format!("`{name}` is a function; write `{name}(...)`"));
        }
        if let Some(input) = self.formula.inputs.iter().position(|input| *input == name) {
            let is_it = |operation: &Operation| *operation == Operation::Input(input);
            return Ok(self.formula.operations.iter().position(is_it).expect("an input has an operation"));
        }
        self.formula.inputs.push(name);
        self.push(place, Operation::Input(self.formula.inputs.len() - 1))
    }

    /// Parses the arguments of a function; the first may stand before a point.
    fn call(&mut self, place: usize, name: &str, first: Option<usize>) -> Result<usize, Fault> {
        let Some(callable) = callable(name) else {
            return self.fault(place, format!("there is no function `{name}`; there are {}", names_of_functions()));
        };
        if !self.take(&Word::Sign("(")) {
            return self.expected("`(`");
        }
        let mut arguments: Vec<usize> = first.into_iter().collect();
        if *self.word() != Word::Sign(")") {
            loop {
                arguments.push(self.deeper(place, Self::sum)?);
                if !self.take(&Word::Sign(",")) {
                    break;
                }
            }
        }
        if !self.take(&Word::Sign(")")) {
            return self.expected("`,` or `)`");
        }
        match (callable.arity(), &arguments[..]) {
            (1, &[x]) => self.push(place, Operation::Call(callable, x, x)),
            (2, &[x, y]) => self.push(place, Operation::Call(callable, x, y)),
            (arity, passed) => {
                let takes = if arity == 1 { "1 number".to_string() } else { format!("{arity} numbers") };
                self.fault(place, format!("`{name}` takes {takes}, and {} are passed", passed.len()))
            }
        }
    }

    /// Takes back the last operation if it is this number and a literal, to make it a part of the next operation.
    fn pop_literal(&mut self, number: usize) -> Option<f64> {
        let is_last = number + 1 == self.formula.operations.len();
        match self.formula.operations[number] {
            Operation::Number(x) if is_last && !self.known.values().any(|&known| known == number) => {
                self.formula.operations.pop();
                Some(x)
            }
            _ => None,
        }
    }

    fn push(&mut self, place: usize, operation: Operation) -> Result<usize, Fault> {
        if self.formula.operations.len() == MOST {
            return self.fault(place, format!("here the formula gets more than {MOST} operations"));
        }
        self.formula.operations.push(operation);
        Ok(self.formula.operations.len() - 1)
    }

    fn deeper(&mut self, place: usize, parse: fn(&mut Self) -> Result<usize, Fault>) -> Result<usize, Fault> {
        if self.depth == DEEPEST {
            return self.fault(place, format!("here more than {DEEPEST} brackets or signs stand in each other"));
        }
        self.depth += 1;
        let number = parse(self);
        self.depth -= 1;
        number
    }

    fn word(&self) -> &Word {
        &self.tokens[self.next].word
    }

    fn word_after(&self) -> Option<&Word> {
        self.tokens.get(self.next + 1).map(|token| &token.word)
    }

    fn take(&mut self, word: &Word) -> bool {
        let is_it = self.word() == word;
        self.next += usize::from(is_it);
        is_it
    }

    fn expected<T>(&self, what: &str) -> Result<T, Fault> {
        let found = match self.word() {
            Word::End => "the end".to_string(),
            Word::Number(x) => format!("the number {x}"),
            Word::Name(name) => format!("`{name}`"),
            Word::Sign(sign) => format!("`{sign}`"),
        };
        self.fault(self.next, format!("{what} is expected, and here is {found}"))
    }

    fn fault<T>(&self, token: usize, message: String) -> Result<T, Fault> {
        Err(Fault { place: self.tokens[token].place, message })
    }
}

fn constant(name: &str) -> Option<f64> {
    (name == "pi").then_some(std::f64::consts::PI)
}

/// Returns the function of a name. As in Python, `log` is the natural logarithm.
fn callable(name: &str) -> Option<Callable> {
    let name = if name == "log" { "ln" } else { name };
    Callable::ALL.iter().copied().find(|callable| callable.name() == name)
}

fn names_of_functions() -> String {
    let names: Vec<&str> = Callable::ALL.iter().map(|callable| callable.name()).collect();
    names.join(", ")
}
