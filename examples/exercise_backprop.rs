//! Can you differentiate a network by hand? Fill in the slopes in the module `yours`, and run the exercise until all are right.
//!
//! A neuron, a second layer and a loss: `n = w1·x + b1`, `h = tanh n`, `y = w2·h + b2`, `loss = (y − t)²`. Every operation is a
//! [`Rule`] with the slopes that you wrote. The program compares them with differences, where the network uses them, and shows
//! the graph of each place where they are wrong. Some are right as they stand.
//!
//! ```text
//! cargo run --release --example exercise_backprop
//! cargo run --release --example exercise_backprop -- --solution
//! ```

use dualtape::check::difference;
use dualtape::graph::TracedTape;
use dualtape::{Function, Rule, Scalar, check};

/// Your slopes. Every function gets the inputs of an operation and its result, and returns the derivative of the result with
/// respect to each input. Replace what is `blank()`; some others are wrong.
mod yours {
    use dualtape::Scalar;

    pub(crate) fn multiply<S: Scalar>([a, b]: [S; 2], _result: S) -> [S; 2] {
        [b, a]
    }

    pub(crate) fn add<S: Scalar>(_: [S; 2], _result: S) -> [S; 2] {
        [S::one(), S::one()]
    }

    pub(crate) fn subtract<S: Scalar>(_: [S; 2], _result: S) -> [S; 2] {
        [S::one(), S::one()]
    }

    pub(crate) fn tanh<S: Scalar>([x]: [S; 1], _result: S) -> [S; 1] {
        [S::one() - x * x]
    }

    pub(crate) fn square<S: Scalar>([_x]: [S; 1], _result: S) -> [S; 1] {
        [blank()]
    }

    /// A slope that is not written yet.
    fn blank<S: Scalar>() -> S {
        S::from_f64(f64::NAN)
    }
}

/// The right slopes.
mod solution {
    pub(crate) use super::yours::{add, multiply};
    use dualtape::Scalar;

    pub(crate) fn subtract<S: Scalar>(_: [S; 2], _result: S) -> [S; 2] {
        [S::one(), -S::one()]
    }

    pub(crate) fn tanh<S: Scalar>(_: [S; 1], result: S) -> [S; 1] {
        [S::one() - result * result]
    }

    pub(crate) fn square<S: Scalar>([x]: [S; 1], _result: S) -> [S; 1] {
        [x + x]
    }
}

/// Declares the operations: each with its value, and the slopes of one of the modules above.
macro_rules! operations {
    ($($name:ident($($x:ident),+): Rule<$n:literal>, $slopes:ident, $value:expr;)*) => {
        $(
            struct $name {
                is_solved: bool,
            }

            impl Rule<$n> for $name {
                fn value(&self, [$($x),+]: [f64; $n]) -> f64 {
                    $value
                }

                fn partials<S: Scalar<Real = f64>>(&self, x: [S; $n], result: S) -> [S; $n] {
                    if self.is_solved { solution::$slopes(x, result) } else { yours::$slopes(x, result) }
                }
            }
        )*

        /// Returns the value of an operation by its name in a graph.
        fn value_of(operation: &str, x: &[f64]) -> f64 {
            match (operation, x) {
                $((stringify!($name), &[$($x),+]) => $value,)*
                _ => unreachable!("the network has the operations above"),
            }
        }
    };
}

operations! {
    Multiply(a, b): Rule<2>, multiply, a * b;
    Add(a, b): Rule<2>, add, a + b;
    Subtract(a, b): Rule<2>, subtract, a - b;
    Tanh(x): Rule<1>, tanh, x.tanh();
    Square(x): Rule<1>, square, x * x;
}

const INPUTS: [(&str, f64); 6] = [("x", 0.5), ("w1", 1.5), ("b1", -0.25), ("w2", -2.0), ("b2", 0.75), ("t", 1.0)];

struct Network {
    is_solved: bool,
}

impl Function for Network {
    type Output = Vec<f64>;

    /// Returns the result of every operation; the last one is the loss.
    fn eval<S: Scalar<Real = f64>>(&self, inputs: &[S]) -> Vec<S> {
        let Network { is_solved } = *self;
        let [x, w1, b1, w2, b2, t] = std::array::from_fn(|i| inputs[i].label(INPUTS[i].0));
        let product = Multiply { is_solved }.apply([w1, x]).label("w1·x");
        let n = Add { is_solved }.apply([product, b1]).label("n");
        let h = Tanh { is_solved }.apply([n]).label("h");
        let product_2 = Multiply { is_solved }.apply([w2, h]).label("w2·h");
        let y = Add { is_solved }.apply([product_2, b2]).label("y");
        let error = Subtract { is_solved }.apply([y, t]).label("error");
        let loss = Square { is_solved }.apply([error]).label("loss");
        vec![product, n, h, product_2, y, error, loss]
    }
}

fn main() -> std::io::Result<()> {
    let network = Network { is_solved: std::env::args().any(|argument| argument == "--solution") };
    let tape = TracedTape::new();
    let results = network.eval(&tape.vars(&INPUTS.map(|(_, value)| value)));
    let mut wrong = 0;
    for &result in &results {
        let graph = tape.graph(result);
        let nodes = graph.nodes();
        let index = nodes.iter().position(|node| std::ptr::eq(node, &graph[result])).expect("a node of the graph");
        let arguments = graph.arguments_of(index);
        let values: Vec<f64> = arguments.iter().map(|x| nodes[x.node()].value()).collect();
        let mut is_wrong = false;
        for (i, argument) in arguments.iter().enumerate() {
            let at = |x: f64| value_of(nodes[index].name(), &[&values[..i], &[x], &values[i + 1..]].concat());
            let (yours, (expected, _)) = (argument.slope(), difference(at, values[i]));
            if (yours - expected).abs() < 1e-8 {
                continue;
            }
            let [name, by] = [&nodes[index], &nodes[argument.node()]].map(|node| node.label().unwrap_or_default());
            let off = if yours.is_nan() { "is blank".into() } else { format!("is off by {:.4}", yours - expected) };
            println!(
                "{}: ∂{name}/∂{by} {off}; yours is {yours:.4}, and differences say {expected:.4}",
                nodes[index].name()
            );
            is_wrong = true;
        }
        if is_wrong {
            println!();
            graph.print()?;
            println!();
            wrong += 1;
        }
    }
    match wrong {
        0 => println!("All slopes are right. {}", check(&network, &INPUTS.map(|(_, value)| value))),
        _ => println!("Wrong slopes at {wrong} of {} operations. Mend one, and run the exercise again.", results.len()),
    }
    Ok(())
}
