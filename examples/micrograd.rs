//! What happens in Karpathy's lecture on micrograd?
//!
//! The lecture, "The spelled-out intro to neural networks and backpropagation", goes from numerical slopes to a
//! neuron. The program prints its numbers as the lecture's Python does.
//!
//! ```text
//! cargo run --example micrograd
//! ```

use dualtape::{Scalar, Tape, Var, derivative, gradient};

fn main() {
    slopes();
    expression();
    neuron();
    tanh_in_pieces();
    reuse();
}

/// Shows that a derivative is the answer of the function to a little push.
fn slopes() {
    println!("The slope of f(x) = 3x² - 4x + 5:\n");
    fn f<S: Scalar<Real = f64>>(x: S) -> S {
        x.powi(2) * 3.0 - x * 4.0 + 5.0
    }
    for (x, h) in [(3.0, 0.001), (3.0, 1e-8), (3.0, 1e-17), (-3.0, 0.001), (2.0 / 3.0, 1e-6)] {
        let slope = (f(x + h) - f(x)) / h;
        println!("  at x = {}, pushed by {}: {}", python(x), python(h), python(slope));
    }
    // Too large a push sees the curve, too small a one is rounded away. The dual number needs none.
    for x in [3.0, -3.0, 2.0 / 3.0] {
        println!("  at x = {}, exactly: {}", python(x), python(derivative(f, x).1));
    }
}

/// Prints the expression of micrograd's README: every value, and how much g depends on it.
fn expression() {
    println!("\nThe expression of the README, statement by statement:\n");
    let tape = Tape::new();
    let mut values: Vec<(&str, Var)> = Vec::new();
    let mut note = |statement: &'static str, value: Var| {
        print_value(statement, value, 0.0);
        values.push((statement, value));
        value
    };
    let a = note("a = Value(-4.0)", tape.var(-4.0));
    let b = note("b = Value(2.0)", tape.var(2.0));
    let c = note("c = a + b", a + b);
    let d = note("d = a * b + b**3", a * b + b.powi(3));
    let c = note("c += c + 1", c + (c + 1.0));
    let c = note("c += 1 + c + (-a)", c + (1.0 + c + (-a)));
    let d = note("d += d * 2 + (b + a).relu()", d + (d * 2.0 + (b + a).relu()));
    let d = note("d += 3 * d + (b - a).relu()", d + (3.0 * d + (b - a).relu()));
    let e = note("e = c - d", c - d);
    let f = note("f = e**2", e.powi(2));
    let g = note("g = f / 2.0", f / 2.0);
    let g = note("g += 10.0 / f", g + 10.0 / f);

    println!("\nThe same after g.backward():\n");
    let gradients = tape.backward(g);
    for (statement, value) in values {
        print_value(statement, value, gradients[value]);
    }
}

/// A neuron of two inputs, written once: evaluated here and differentiated below.
fn weighted_sum<S: Scalar<Real = f64>>([x1, x2, w1, w2, b]: [S; 5]) -> S {
    x1 * w1 + x2 * w2 + b
}

const NEURON: [(&str, f64); 5] = [("x1", 2.0), ("x2", 0.0), ("w1", -3.0), ("w2", 1.0), ("b", 6.881_373_587_019_543)];

fn neuron() {
    println!("\nA neuron, o = tanh(x1*w1 + x2*w2 + b):\n");
    let tape = Tape::new();
    let inputs = NEURON.map(|(_, value)| tape.var(value));
    let n = weighted_sum(inputs);
    let o = n.tanh();
    let gradients = tape.backward(o);
    for ((name, _), x) in NEURON.iter().zip(inputs) {
        print_value(name, x, gradients[x]);
    }
    print_value("n", n, gradients[n]);
    print_value("o", o, gradients[o]);
}

/// Shows that an operation may be as large or as small as you like, if you know its derivative.
fn tanh_in_pieces() {
    println!("\nThe same with tanh in pieces, e = exp(2n) and o = (e - 1) / (e + 1):\n");
    let tape = Tape::new();
    let inputs = NEURON.map(|(_, value)| tape.var(value));
    let n = weighted_sum(inputs);
    let e = (2.0 * n).exp();
    let o = (e - 1.0) / (e + 1.0);
    let gradients = tape.backward(o);
    for ((name, _), x) in NEURON.iter().zip(inputs) {
        print_value(name, x, gradients[x]);
    }
    print_value("n", n, gradients[n]);
    print_value("e", e, gradients[e]);
    print_value("o", o, gradients[o]);
}

/// Shows the lecture's bug: a gradient must be added to, not overwritten.
fn reuse() {
    println!("\nA value used twice, b = a + a:\n");
    let (b, g) = gradient(|a| a[0] + a[0], &[3.0]);
    println!("  b is {} and its slope in a is {}, not 1.0", python(b), python(g[0]));
}

fn print_value(name: &str, value: Var, grad: f64) {
    println!("  {name:<30}{}", repr(value.value(), grad));
}

/// Returns a value as micrograd prints it. micrograd starts gradients as the integers 0 and 1, and additions keep
/// integers, so whole gradients appear without a fraction.
fn repr(data: f64, grad: f64) -> String {
    let grad = if grad.fract() == 0.0 { grad.to_string() } else { python(grad) };
    format!("Value(data={}, grad={grad})", python(data))
}

/// Returns a float as Python prints it: the shortest digits that read back as the same number, with an exponent below
/// 1e-4 and from 1e16 on.
fn python(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || (1e-4..1e16).contains(&x.abs()) {
        return format!("{x:?}");
    }
    let text = format!("{x:e}");
    let (digits, exponent) = text.split_once('e').expect("the exponent asked for");
    let exponent: i32 = exponent.parse().expect("a whole exponent");
    format!("{digits}e{exponent:+03}")
}
