//! The text of one operation.

use super::elementary::Elementary;
use super::form::Precision;
use super::special::{Libraries, items_of};
use crate::graph::questions::{Asked, Class};
use crate::scalar::operators::Relation;

/// How tightly an expression binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    /// `a < b`
    Comparison,
    /// `a + b`
    Sum,
    /// `a * b`
    Product,
    /// `a as f32`
    Cast,
    /// `-a`
    Sign,
    /// `a`, `a.sin()`
    Atom,
}

/// An expression of Rust.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) binding: Binding,
}

impl Expression {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Expression { text: text.into(), binding: Binding::Atom }
    }

    /// Returns the text, in parentheses where it binds less tightly.
    fn within(&self, binding: Binding) -> String {
        if self.binding >= binding { self.text.clone() } else { format!("({})", self.text) }
    }

    fn is_literal(&self) -> bool {
        self.text.parse::<f64>().is_ok()
    }
}

/// The language of the generated code: its numbers and where functions come from.
pub(super) struct Language {
    pub(super) precision: Precision,
    pub(super) libraries: Libraries,
    /// A module with the functions that std lacks.
    pub(super) special: Option<String>,
}

impl Language {
    /// Returns `f64` or `f32`.
    pub(super) fn number(&self) -> &'static str {
        match self.precision {
            Precision::Double => "f64",
            Precision::Single => "f32",
        }
    }

    /// Returns a number, with the fewest digits that tell it from others.
    pub(super) fn constant(&self, x: f64) -> Expression {
        let number = self.number();
        let text = match (self.precision, x) {
            _ if x.is_nan() => format!("{number}::NAN"),
            (_, f64::INFINITY) => format!("{number}::INFINITY"),
            (_, f64::NEG_INFINITY) => format!("{number}::NEG_INFINITY"),
            (Precision::Double, _) => format!("{x:?}"),
            (Precision::Single, _) => format!("{:?}", x as f32),
        };
        let binding = if text.starts_with('-') { Binding::Sign } else { Binding::Atom };
        Expression { text, binding }
    }

    /// Returns `a + b`, where the right operand of a chain stands in parentheses.
    pub(super) fn binary(&self, a: &Expression, sign: &str, b: &Expression) -> Expression {
        let (left, right) = match sign {
            "+" | "-" => (Binding::Sum, Binding::Product),
            _ => (Binding::Product, Binding::Cast),
        };
        Expression { text: format!("{} {sign} {}", a.within(left), b.within(right)), binding: left }
    }

    pub(super) fn negative(&self, a: &Expression) -> Expression {
        Expression { text: format!("-{}", a.within(Binding::Atom)), binding: Binding::Sign }
    }

    /// Returns `a.method(b)`.
    pub(super) fn method(&self, a: &Expression, method: &str, others: &[String]) -> Expression {
        let receiver = if a.is_literal() {
            // A literal alone is of no type yet.
            Expression { text: format!("{}_{}", a.text, self.number()), binding: a.binding }.within(Binding::Atom)
        } else {
            a.within(Binding::Atom)
        };
        Expression::atom(format!("{receiver}.{method}({})", others.join(", ")))
    }

    pub(super) fn question(&self, asked: Asked, a: &Expression, b: Option<&Expression>) -> Expression {
        match (asked, b) {
            (Asked::Class(class), _) => {
                let method = match class {
                    Class::Nan => "is_nan",
                    Class::Finite => "is_finite",
                    Class::Infinite => "is_infinite",
                    Class::Normal => "is_normal",
                    Class::Negative => "is_sign_negative",
                };
                self.method(a, method, &[])
            }
            (Asked::Relation(relation), b) => {
                let sign = match relation {
                    Relation::Equal => "==",
                    Relation::Less => "<",
                    Relation::AtMost => "<=",
                };
                let b = b.expect("two numbers are compared");
                // `a as f32 < b` would begin the arguments of a type.
                let side =
                    |x: &Expression| x.within(if x.text.contains(" as ") { Binding::Atom } else { Binding::Sum });
                Expression { text: format!("{} {sign} {}", side(a), side(b)), binding: Binding::Comparison }
            }
        }
    }

    pub(super) fn mul_add(&self, a: &Expression, b: &Expression, c: &Expression) -> Expression {
        if self.libraries.std {
            return self.method(a, "mul_add", &[b.text.clone(), c.text.clone()]);
        }
        let name = self.in_libm("fma");
        Expression::atom(format!("{name}({}, {}, {})", a.text, b.text, c.text))
    }

    /// Returns the path of a function in `libm`.
    fn in_libm(&self, name: &str) -> String {
        let suffix = if self.precision == Precision::Single { "f" } else { "" };
        format!("libm::{name}{suffix}")
    }

    /// Returns an elementary function of its arguments, or `None` where the language does not have it. Adds the names of
    /// functions that have to be written along.
    pub(super) fn function(
        &self,
        function: &Elementary,
        x: &[Expression],
        helpers: &mut Vec<&'static str>,
    ) -> Option<Expression> {
        let name = function.name;
        let numbers: Vec<String> = match name {
            "powi" | "polygamma" if self.libraries.std => function.parameters().map(|n| format!("{n}")).collect(),
            _ => function.parameters().map(|x| self.constant(x).text).collect(),
        };
        let others = || x[1..].iter().map(|x| x.text.clone()).chain(numbers.iter().cloned()).collect::<Vec<_>>();
        let is_in_core = matches!(name, "abs" | "signum" | "copysign" | "clamp");
        if function.is_in_std && (self.libraries.std || is_in_core) {
            return Some(self.method(&x[0], name, &others()));
        }
        let all = || x[..1].iter().map(|x| x.text.clone()).chain(others()).collect::<Vec<_>>();
        let libm = |name: &str| Expression::atom(format!("{}({})", self.in_libm(name), all().join(", ")));
        match name {
            "pow" | "powf" if !self.libraries.std => return Some(libm("pow")),
            "fract" => return Some(self.binary(&x[0], "-", &libm("trunc"))),
            "log" => {
                let [x, base] = [0, 1].map(|i| Expression::atom(format!("{}({})", self.in_libm("log"), x[i].text)));
                return Some(self.binary(&x, "/", &base));
            }
            _ if function.is_in_std => {
                return Some(libm(match name {
                    "ln" => "log",
                    "ln_1p" => "log1p",
                    "exp_m1" => "expm1",
                    _ => name,
                }));
            }
            _ => {}
        }
        let path = match (items_of(name, self.libraries), &self.special) {
            (None, _) if name == "powi" => "libm::pow".to_string(),
            (Some(_), _) => {
                helpers.push(name);
                name.to_string()
            }
            (None, Some(module)) => format!("{module}::{name}"),
            (None, None) => return None,
        };
        // These functions compute in f64, and f32 rounds the result.
        Some(match self.precision {
            Precision::Double => Expression::atom(format!("{path}({})", all().join(", "))),
            Precision::Single => {
                let number = |x: &Expression| {
                    format!("f64::from({})", if x.is_literal() { format!("{}_f32", x.text) } else { x.text.clone() })
                };
                let all: Vec<String> = x.iter().map(number).chain(numbers.iter().cloned()).collect();
                Expression { text: format!("{path}({}) as f32", all.join(", ")), binding: Binding::Cast }
            }
        })
    }
}
