//! Finds the origin of an infinity or a NaN.

use std::fmt;
use std::panic::Location;

use super::Graph;
use super::picture::contribution;

/// The place where a number that is not finite first appeared: [`Graph::first_non_finite`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NonFinite {
    /// The place of the operation, or of the input, among all nodes.
    pub node: usize,
    /// Its name, after its label if it has one: `r = sqrt`.
    pub operation: String,
    /// The labels and values of its arguments.
    pub inputs: Vec<(String, f64)>,
    /// The number that is not finite: its value, or its term in the gradient of an argument.
    pub number: f64,
    /// The argument whose gradient is the first that is not finite, if all values are finite.
    pub argument: Option<String>,
    /// The line of the program, in debug builds.
    pub location: Option<&'static Location<'static>>,
}

impl Graph {
    /// Returns the origin of the first value that is not finite, or if all values are finite, of the first gradient of
    /// the reverse sweep that is not: the operation, its inputs, and in debug builds the line of the program.
    ///
    /// ```
    /// use dualtape::{Scalar, graph::trace};
    ///
    /// let graph = trace(|x| (x[0] / x[1].label("b")).exp() * 0.5, &[1.0, 0.0]);
    /// let found = graph.first_non_finite().unwrap();
    /// assert_eq!((found.operation.as_str(), found.number), ("/", f64::INFINITY));
    /// assert!(found.to_string().starts_with("the value of `/` is inf, of x[0] = 1 and b = 0"));
    ///
    /// let found = trace(|x| x[0].sqrt().label("r"), &[0.0]).first_non_finite().unwrap();
    /// assert!(found.to_string().starts_with("the gradient of x[0] is inf from `r = sqrt`, of x[0] = 0"));
    ///
    /// assert!(trace(|x| x[0].exp(), &[1.0]).first_non_finite().is_none());
    /// ```
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        let of_value = self.nodes.iter().position(|node| !node.value.is_finite());
        if let Some(index) = of_value {
            return Some(self.non_finite(index, self.nodes[index].value, None));
        }
        (0..=self.output as usize).rev().find_map(|index| {
            let gradient = self.nodes[index].gradient;
            let mut arguments = self.arguments_of(index).iter().map(|x| (x.node(), contribution(x.slope, gradient)));
            // Finite contributions may overflow in their sum.
            let culprit = arguments.find(|&(x, given)| !given.is_finite() || !self.nodes[x].gradient.is_finite());
            culprit.map(|(x, given)| {
                let number = if given.is_finite() { self.nodes[x].gradient } else { given };
                self.non_finite(index, number, Some(x))
            })
        })
    }

    fn non_finite(&self, index: usize, number: f64, argument: Option<usize>) -> NonFinite {
        let node = &self.nodes[index];
        let title = |index: usize| self.nodes[index].title().to_string();
        NonFinite {
            node: index,
            operation: node.equation(),
            inputs: self.arguments_of(index).iter().map(|x| (title(x.node()), self.nodes[x.node()].value)).collect(),
            number,
            argument: argument.map(title),
            location: node.location,
        }
    }
}

/// Writes a sentence: ``the value of `/` is inf, of a = 1 and b = 0, in src/main.rs:12:5``.
impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, number) = (&self.operation, self.number);
        match &self.argument {
            None => write!(f, "the value of `{operation}` is {number}")?,
            Some(argument) => write!(f, "the gradient of {argument} is {number} from `{operation}`")?,
        }
        for (i, (name, value)) in self.inputs.iter().enumerate() {
            let joint = if i == 0 {
                ", of"
            } else if i + 1 == self.inputs.len() {
                " and"
            } else {
                ","
            };
            write!(f, "{joint} {name} = {value}")?;
        }
        self.location.map_or(Ok(()), |location| write!(f, ", in {location}"))
    }
}
