//! The derivative for people: line by line in mathematics, as text and for KaTeX.

use std::fmt;

use num_traits::One;

use super::chain::{Slopes, sweep_in_reverse};
use super::elementary::Elementary;
use super::form::{Form, Operation, Plain};
use super::load::{Kernels, load};
use super::lower::{Domain, lowered};
use super::refusal::Refusal;
use super::symbol::Symbol;
use crate::graph::Graph;
use crate::graph::questions::{Asked, Class};
use crate::scalar::operators::Relation;

/// The longest formula that stands within another one.
const SHORT: usize = 28;

/// The gradient of a graph in lines of mathematics: [`Graph::formulas`].
///
/// [`Display`](fmt::Display) writes them as text, and [`katex`](Formulas::katex) for KaTeX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formulas {
    lines: Vec<[String; 2]>,
    in_katex: Vec<[String; 2]>,
}

impl Formulas {
    /// Returns the lines as an aligned block for KaTeX.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let formulas = trace(|x| x[0].sqrt() / x[1], &[4.0, 2.0]).formulas()?;
    /// assert!(formulas.katex().contains(r"t_{1} &= \sqrt{x_{0}} \\"), "{}", formulas.katex());
    /// assert!(formulas.katex().contains(r"\frac{\partial y}{\partial x_{1}} &= -\frac{y}{x_{1}}"), "{}", formulas.katex());
    /// # Ok::<(), dualtape::source::Refusal>(())
    /// ```
    pub fn katex(&self) -> String {
        let lines: Vec<String> = self.in_katex.iter().map(|[name, formula]| format!("{name} &= {formula}")).collect();
        format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}", lines.join(" \\\\\n"))
    }
}

/// Writes a line for each formula.
impl fmt::Display for Formulas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|[name, formula]| writeln!(f, "{name} = {formula}"))
    }
}

impl Graph {
    /// Returns the formulas of the output and of its derivatives with respect to the inputs, as a reverse sweep computes
    /// them. Numbers have their labels as names; without, the inputs are x₀, x₁, ... and the output is y. They leave out
    /// what the rules do about infinities and NaN.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let graph = trace(|x| (x[0] * x[1]).label("angle").sin() + x[1].powi(2) * 0.5, &[0.5, 2.0]);
    /// let text = "\
    /// angle = x₀·x₁
    /// y = sin(angle) + 0.5·x₁²
    /// t₁ = cos(angle)
    /// ∂y/∂x₀ = x₁·t₁
    /// ∂y/∂x₁ = 0.5·2·x₁ + x₀·t₁
    /// ";
    /// assert_eq!(graph.formulas()?.to_string(), text);
    /// # Ok::<(), dualtape::source::Refusal>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Source::gradient`](super::Source::gradient).
    pub fn formulas(&self) -> Result<Formulas, Refusal> {
        let output = self.place_of_output();
        let (form, written) = Form::written(Plain::DOUBLE, || {
            let loaded = load::<false>(self, &[output], false, Kernels::Unrolled)?;
            let gradient =
                sweep_in_reverse::<false>(&[(loaded.outputs[0], Symbol::one())], &loaded.inputs, Slopes::Plain);
            Ok((loaded, gradient))
        });
        let (loaded, gradient) = written?;
        if form.is_unreadable {
            return Err(Refusal::Unreadable);
        }
        let results = loaded.outputs.iter().chain(&gradient).chain(&loaded.inputs);
        let labelled = loaded.labels.iter().map(|(symbol, _)| symbol);
        let wanted: Vec<u32> = results.chain(labelled).map(|x| x.place()).collect();
        let (form, places) = lowered::<false>(&form, &wanted, Domain::Ordinary);
        let (results, names) = places.split_at(1 + 2 * gradient.len());
        let (results, inputs) = results.split_at(1 + gradient.len());
        let mut labels = vec![None; form.len()];
        names.iter().zip(loaded.labels).for_each(|(&place, (_, label))| labels[place as usize] = Some(label));
        let sheet = Sheet::of(&form, results, inputs, labels);
        let [lines, in_katex] = [Notation::Text, Notation::Katex].map(|notation| sheet.lines(notation));
        Ok(Formulas { lines, in_katex })
    }
}

/// How formulas are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notation {
    Text,
    Katex,
}

/// How tightly a formula binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Loose,
    Sum,
    Product,
    Atom,
}

#[derive(Clone)]
struct Formula(String, Binding);

impl Formula {
    fn atom(text: impl Into<String>) -> Self {
        Formula(text.into(), Binding::Atom)
    }
}

/// The operations to be written, and which of them are lines.
struct Sheet<'a> {
    form: &'a Form,
    /// The output, and its derivatives with respect to the inputs.
    results: &'a [u32],
    inputs: &'a [u32],
    /// The labels of the operations that have one.
    labels: Vec<Option<String>>,
    needed: Vec<bool>,
    is_line: Vec<bool>,
}

impl<'a> Sheet<'a> {
    /// Decides which operations are lines, by the length of their text: those with a label, the output, and those that
    /// are long or stand in several formulas.
    fn of(form: &'a Form, results: &'a [u32], inputs: &'a [u32], labels: Vec<Option<String>>) -> Self {
        let needed = form.needed_by::<false>(results.iter().copied());
        let mut uses = vec![0; form.len()];
        for place in (0..form.len()).filter(|&place| needed[place]) {
            form.node(place as u32).arguments().iter().for_each(|&argument| uses[argument as usize] += 1);
        }
        let mut sheet = Sheet { form, results, inputs, labels, needed, is_line: vec![false; form.len()] };
        let mut written = sheet.written(Notation::Text);
        for place in 0..form.len() as u32 {
            let Some(own) = written.next(&sheet, place) else { continue };
            let uses = uses[place as usize];
            let is_long = own.0.chars().count() > SHORT && uses > 0;
            let is_leaf = matches!(
                form.node(place).operation,
                Operation::Input(..) | Operation::Constant(_) | Operation::Question(_)
            );
            let is_named = sheet.labels[place as usize].is_some() || place == results[0];
            sheet.is_line[place as usize] = !is_leaf && (is_named || is_long || uses > 1);
            written.keep(&sheet, place, own);
        }
        sheet
    }

    /// Returns the name of the output: its label, or y.
    fn output(&self, notation: Notation) -> String {
        self.label(self.results[0], notation).unwrap_or("y".to_string())
    }

    fn label(&self, place: u32, notation: Notation) -> Option<String> {
        self.labels[place as usize].as_deref().map(|label| notation.label(label))
    }

    fn written(&self, notation: Notation) -> Written {
        Written { notation, formulas: vec![None; self.form.len()], lines: Vec::new(), steps: 0 }
    }

    /// Returns the lines, each a name and a formula.
    fn lines(&self, notation: Notation) -> Vec<[String; 2]> {
        let mut written = self.written(notation);
        for place in 0..self.form.len() as u32 {
            if let Some(own) = written.next(self, place) {
                written.keep(self, place, own);
            }
        }
        let formula = |place: u32| written.formulas[place as usize].clone().expect("results are needed").0;
        let mut lines = written.lines.clone();
        let output = self.output(notation);
        if !self.is_line[self.results[0] as usize] {
            lines.push([output.clone(), formula(self.results[0])]);
        }
        for (index, (input, slope)) in self.inputs.iter().zip(&self.results[1..]).enumerate() {
            let input = self.label(*input, notation).unwrap_or(notation.indexed("x", index));
            let name = match notation {
                Notation::Text => format!("∂{output}/∂{input}"),
                Notation::Katex => format!("\\frac{{\\partial {output}}}{{\\partial {input}}}"),
            };
            lines.push([name, formula(*slope)]);
        }
        lines
    }
}

/// The formulas so far.
struct Written {
    notation: Notation,
    /// What stands for each operation in others: its name, or its formula.
    formulas: Vec<Option<Formula>>,
    lines: Vec<[String; 2]>,
    steps: usize,
}

impl Written {
    /// Returns the formula of an operation, if it is needed.
    fn next(&self, sheet: &Sheet<'_>, place: u32) -> Option<Formula> {
        let argument = |place: u32| self.formulas[place as usize].clone().expect("arguments stand before results");
        sheet.needed[place as usize].then(|| self.notation.formula(sheet.form, place, argument))
    }

    /// Writes the formula as a line, or keeps it for others.
    fn keep(&mut self, sheet: &Sheet<'_>, place: u32, own: Formula) {
        let label = sheet.label(place, self.notation);
        if !sheet.is_line[place as usize] {
            let is_input = matches!(sheet.form.node(place).operation, Operation::Input(..));
            self.formulas[place as usize] = Some(label.filter(|_| is_input).map_or(own, Formula::atom));
            return;
        }
        let name = if place == sheet.results[0] {
            sheet.output(self.notation)
        } else {
            label.unwrap_or_else(|| {
                self.steps += 1;
                self.notation.indexed("t", self.steps)
            })
        };
        self.lines.push([name.clone(), own.0]);
        self.formulas[place as usize] = Some(Formula::atom(name));
    }
}

impl Notation {
    fn is_katex(self) -> bool {
        self == Notation::Katex
    }

    /// Returns a name with a number below it.
    fn indexed(self, letter: &str, index: usize) -> String {
        if self.is_katex() {
            return format!("{letter}_{{{index}}}");
        }
        let below = |digit: char| char::from_u32('₀' as u32 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit);
        letter.chars().chain(index.to_string().chars().map(below)).collect()
    }

    fn label(self, label: &str) -> String {
        if self.is_katex() { format!("\\mathit{{{}}}", escaped(label)) } else { label.to_string() }
    }

    fn within(self, formula: &Formula, binding: Binding) -> String {
        match (formula.1 >= binding, self) {
            (true, _) => formula.0.clone(),
            (false, Notation::Text) => format!("({})", formula.0),
            (false, Notation::Katex) => format!("\\left({}\\right)", formula.0),
        }
    }

    /// Returns the formula of an operation over the formulas of its arguments.
    fn formula(self, form: &Form, place: u32, argument: impl Fn(u32) -> Formula) -> Formula {
        let node = form.node(place);
        let x: Vec<Formula> = node.arguments().iter().map(|&place| argument(place)).collect();
        let joined = |a: &Formula, sign: &str, b: &Formula, [left, right]: [Binding; 2]| {
            Formula(format!("{}{sign}{}", self.within(a, left), self.within(b, right)), left)
        };
        let sum = [Binding::Sum; 2];
        let times = if self.is_katex() { " \\cdot " } else { "·" };
        match node.operation {
            Operation::Input(slot, index) => Formula::atom(self.indexed(slot.argument(), index as usize)),
            Operation::Constant(bits) => self.number(f64::from_bits(bits)),
            Operation::Answer(answer) => Formula::atom(answer.to_string()),
            Operation::Negative => {
                let sign = if self.is_katex() { "-" } else { "−" };
                Formula(format!("{sign}{}", self.within(&x[0], Binding::Product)), Binding::Sum)
            }
            Operation::Sum if form.constant_at(node.arguments()[0]).is_some() => joined(&x[1], " + ", &x[0], sum),
            Operation::Sum => joined(&x[0], " + ", &x[1], sum),
            Operation::Difference => {
                let sign = if self.is_katex() { " - " } else { " − " };
                joined(&x[0], sign, &x[1], [Binding::Sum, Binding::Product])
            }
            Operation::Product | Operation::Chained => match node.arguments() {
                [a, b] if a == b => self.power(&x[0], "2"),
                &[_, b] if form.constant_at(b).is_some() => joined(&x[1], times, &x[0], [Binding::Product; 2]),
                _ => joined(&x[0], times, &x[1], [Binding::Product; 2]),
            },
            Operation::Quotient if self.is_katex() => Formula::atom(format!("\\frac{{{}}}{{{}}}", x[0].0, x[1].0)),
            Operation::Quotient => joined(&x[0], "/", &x[1], [Binding::Product, Binding::Atom]),
            Operation::Remainder if self.is_katex() => {
                joined(&x[0], " \\bmod ", &x[1], [Binding::Product, Binding::Atom])
            }
            Operation::Remainder => joined(&x[0], " mod ", &x[1], [Binding::Product, Binding::Atom]),
            Operation::MulAdd => joined(&joined(&x[0], times, &x[1], [Binding::Product; 2]), " + ", &x[2], sum),
            Operation::Function(function) => self.function(&function, &x),
            Operation::Question(asked) => self.question(asked, &x),
            Operation::Select if self.is_katex() => Formula::atom(format!(
                "\\begin{{cases}} {} & {} \\\\ {} & \\text{{else}} \\end{{cases}}",
                x[1].0, x[0].0, x[2].0
            )),
            Operation::Select => {
                Formula(format!("{} if {}, else {}", self.within(&x[1], Binding::Sum), x[0].0, x[2].0), Binding::Loose)
            }
            Operation::Plain | Operation::Total(_) => unreachable!("it was lowered, and no sum became a loop"),
        }
    }

    fn number(self, x: f64) -> Formula {
        let text = match x {
            f64::INFINITY if self.is_katex() => "\\infty".to_string(),
            f64::NEG_INFINITY if self.is_katex() => "-\\infty".to_string(),
            _ if x.is_nan() && self.is_katex() => "\\text{NaN}".to_string(),
            f64::INFINITY => "∞".to_string(),
            f64::NEG_INFINITY => "−∞".to_string(),
            _ => x.to_string(),
        };
        let binding = if x.is_sign_negative() { Binding::Sum } else { Binding::Atom };
        Formula(if self.is_katex() { text } else { text.replace('-', "−") }, binding)
    }

    fn power(self, base: &Formula, exponent: &str) -> Formula {
        let base = self.within(base, Binding::Atom);
        Formula::atom(match (self, exponent) {
            (Notation::Katex, _) => format!("{{{base}}}^{{{exponent}}}"),
            (Notation::Text, "2") => format!("{base}²"),
            (Notation::Text, _) => format!("{base}^{exponent}"),
        })
    }

    fn function(self, function: &Elementary, x: &[Formula]) -> Formula {
        let parameters: Vec<String> = function.parameters().map(|x| self.number(x).0).collect();
        match (function.name, self) {
            ("sqrt", Notation::Katex) => return Formula::atom(format!("\\sqrt{{{}}}", x[0].0)),
            ("sqrt", Notation::Text) => return Formula::atom(format!("√{}", self.within(&x[0], Binding::Atom))),
            ("exp", Notation::Katex) => return self.power(&Formula::atom("e"), &x[0].0),
            ("abs", _) => return Formula::atom(format!("|{}|", x[0].0)),
            ("powi" | "powf", _) => return self.power(&x[0], &parameters[0]),
            ("pow", Notation::Katex) => return self.power(&x[0], &x[1].0),
            ("pow", Notation::Text) => return self.power(&x[0], &self.within(&x[1], Binding::Atom)),
            _ => {}
        }
        let arguments: Vec<String> = x.iter().map(|x| x.0.clone()).chain(parameters).collect();
        let arguments = arguments.join(", ");
        Formula::atom(match (self, function.name) {
            (Notation::Text, name) => format!("{name}({arguments})"),
            (Notation::Katex, name @ ("sin" | "cos" | "tan" | "sinh" | "cosh" | "tanh" | "ln" | "max" | "min")) => {
                format!("\\{name}\\left({arguments}\\right)")
            }
            (Notation::Katex, name) => format!("\\operatorname{{{}}}\\left({arguments}\\right)", escaped(name)),
        })
    }

    fn question(self, asked: Asked, x: &[Formula]) -> Formula {
        let sign = match asked {
            Asked::Relation(Relation::Equal) => " = ",
            Asked::Relation(Relation::Less) => " < ",
            Asked::Relation(Relation::AtMost) if self.is_katex() => " \\le ",
            Asked::Relation(Relation::AtMost) => " ≤ ",
            Asked::Class(class) => {
                let class = match class {
                    Class::Nan => "is NaN",
                    Class::Finite => "is finite",
                    Class::Infinite => "is infinite",
                    Class::Normal => "is normal",
                    Class::Negative => "is negative",
                };
                let class = if self.is_katex() { format!("\\text{{ {class}}}") } else { format!(" {class}") };
                return Formula(format!("{}{class}", x[0].0), Binding::Loose);
            }
        };
        Formula(format!("{}{sign}{}", x[0].0, x[1].0), Binding::Loose)
    }
}

/// Returns a name for KaTeX, where `_` and the like are commands.
fn escaped(name: &str) -> String {
    name.chars()
        .flat_map(|c| ['_', '%', '&', '#', '$', '{', '}'].contains(&c).then_some('\\').into_iter().chain([c]))
        .collect()
}
