//! The tab of expressions: a formula at a point, read in every mode.

use dualtape::check::difference;
use dualtape::graph::{Graph, TracedTape};
use dualtape::{Dual, Function, Taylor, jvp, taylor};

use crate::formula::{Fault, Formula};

/// A formula, and what the modes say about it at a point.
#[derive(Clone, Debug)]
pub struct Expression {
    formula: Formula,
    values: Vec<f64>,
}

/// A number of a formula: an input, or the result of a named statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// The name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The derivative of the output with respect to it, by the reverse sweep.
    pub gradient: f64,
    /// Its derivative with respect to one input, by forward mode.
    pub tangent: f64,
}

impl Expression {
    /// Returns the formula of a text with all inputs at 1.
    ///
    /// # Errors
    ///
    /// When the text is no formula.
    pub fn new(text: &str) -> Result<Self, Fault> {
        let formula = Formula::parse(text)?;
        let values = vec![1.0; formula.inputs().len()];
        Ok(Expression { formula, values })
    }

    /// Returns the names of the inputs.
    pub fn inputs(&self) -> &[String] {
        self.formula.inputs()
    }

    /// Moves to another point.
    ///
    /// # Panics
    ///
    /// When there are not as many values as inputs.
    pub fn move_to(&mut self, values: &[f64]) {
        self.values.copy_from_slice(values);
    }

    /// Returns the graph of the computation, and the numbers of the inputs and the named statements. The tangents are with
    /// respect to the input number `along`.
    pub fn graph(&self, along: usize) -> (Graph, Vec<Numbered>) {
        let tangents = self.along(along, |x| self.formula.numbers(x));
        let tape = TracedTape::new();
        let x = tape.vars(&self.values);
        let numbers = self.formula.numbers(&x);
        let graph = tape.graph(numbers[self.formula.output()]);
        let inputs = x.iter().zip(self.unit(along)).zip(self.inputs()).map(|((&x, tangent), name)| Numbered {
            name: name.clone(),
            value: x.value(),
            gradient: graph[x].gradient(),
            tangent,
        });
        let named = self.formula.named().iter().map(|(name, place)| Numbered {
            name: name.clone(),
            value: numbers[*place].value(),
            gradient: graph[numbers[*place]].gradient(),
            tangent: tangents[*place],
        });
        let numbered = inputs.chain(named).collect();
        (graph, numbered)
    }

    /// Returns the derivatives with respect to the inputs, by forward mode.
    pub fn forward(&self) -> Vec<f64> {
        let slope = |input| self.along(input, |x| vec![self.formula.eval(x)])[0];
        (0..self.values.len()).map(slope).collect()
    }

    /// Returns the derivatives with respect to the inputs, by differences.
    pub fn differences(&self) -> Vec<f64> {
        let slope = |input: usize| {
            let at = |x: f64| {
                let mut moved = self.values.clone();
                moved[input] = x;
                self.formula.eval(&moved)
            };
            difference(at, self.values[input]).0
        };
        (0..self.values.len()).map(slope).collect()
    }

    /// Returns the rows of the matrix of second derivatives, by Taylor series along lines.
    ///
    /// The second derivative along eᵢ + eⱼ is Hᵢᵢ + 2Hᵢⱼ + Hⱼⱼ.
    // NOTE(size): dual numbers over dual numbers have 30 kB of code of their own, by the sizes of the functions.
    pub fn hessian(&self) -> Vec<Vec<f64>> {
        let along = |i: usize, j: usize| {
            let on_line = |t: Taylor<f64, 2>| {
                let direction = |input: usize| f64::from(input == i || input == j);
                let x: Vec<_> = self.values.iter().enumerate().map(|(input, &x)| t * direction(input) + x).collect();
                self.formula.eval(&x)
            };
            taylor(on_line, 0.0).derivative(2)
        };
        let n = self.values.len();
        let own: Vec<f64> = (0..n).map(|i| along(i, i)).collect();
        let entry = |i: usize, j: usize| if i == j { own[i] } else { (along(i, j) - own[i] - own[j]) / 2.0 };
        (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
    }

    /// Returns the derivatives of the results of `f` with respect to one input.
    fn along(&self, input: usize, f: impl FnOnce(&[Dual]) -> Vec<Dual>) -> Vec<f64> {
        jvp(f, &self.values, &self.unit(input)).1
    }

    fn unit(&self, input: usize) -> Vec<f64> {
        (0..self.values.len()).map(|other| f64::from(other == input)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, values: &[f64]) -> Expression {
        let mut expression = Expression::new(text).expect("a formula");
        expression.move_to(values);
        expression
    }

    #[test]
    fn the_lecture_has_the_numbers_of_the_lecture() {
        let lecture = at("e = a*b; d = e + c; L = d*f", &[2.0, -3.0, 10.0, -2.0]);
        assert_eq!(lecture.inputs(), ["a", "b", "c", "f"]);
        let (graph, numbers) = lecture.graph(1);
        let named: Vec<(&str, f64, f64, f64)> =
            numbers.iter().map(|n| (n.name.as_str(), n.value, n.gradient, n.tangent)).collect();
        let expected = [
            ("a", 2.0, 6.0, 0.0),
            ("b", -3.0, -4.0, 1.0),
            ("c", 10.0, -2.0, 0.0),
            ("f", -2.0, 4.0, 0.0),
            ("e", -6.0, -2.0, 2.0),
            ("d", 4.0, -2.0, 2.0),
            ("L", -8.0, 1.0, -4.0),
        ];
        assert_eq!(named, expected);
        assert_eq!(graph.output().label(), Some("L"));
        let formulas = "e = a·b\nd = c + e\nL = f·d\n∂L/∂a = b·f\n∂L/∂b = a·f\n∂L/∂c = f\n∂L/∂f = d\n";
        assert_eq!(graph.formulas().expect("it is written").to_string(), formulas);
        assert_eq!(lecture.forward(), [6.0, -4.0, -2.0, 4.0]);
    }

    #[test]
    fn differences_and_second_derivatives_are_those_of_the_formula() {
        let product = at("x**2 * y", &[3.0, 5.0]);
        assert_eq!((product.forward(), product.hessian()), (vec![30.0, 9.0], vec![vec![10.0, 6.0], vec![6.0, 0.0]]));
        assert_eq!(at("(1 - x)**2 + 100*(y - x**2)**2", &[-1.0, 1.0]).hessian(), [[802.0, 400.0], [400.0, 200.0]]);
        let differences = product.differences();
        assert!((differences[0] - 30.0).abs() < 1e-9 && (differences[1] - 9.0).abs() < 1e-9, "{differences:?}");
    }

    #[test]
    fn a_formula_without_inputs_and_one_of_a_constant_have_graphs() {
        assert_eq!(at("2 + 3", &[]).graph(0).0.output().value(), 5.0);
        let (graph, numbers) = at("k = 2; y = k*x", &[4.0]).graph(0);
        assert_eq!(graph.output().value(), 8.0);
        assert_eq!((numbers[1].name.as_str(), numbers[1].gradient, numbers[1].tangent), ("k", 4.0, 0.0));
    }
}
