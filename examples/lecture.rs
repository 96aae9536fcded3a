//! What does micrograd's lecture look like in Rust?
//!
//! Expressions line by line on a tape, with the gradient of every intermediate and drawings; a step against the
//! gradient; and the neuron, which learns.
//!
//! ```text
//! cargo run --release --example lecture
//! ```

use std::error::Error;

use dualtape::graph::TracedTape;
use dualtape::{Scalar, Tape};

fn main() -> Result<(), Box<dyn Error>> {
    // L = (a·b + c)·f, drawn with data and grad.
    let tape = TracedTape::new();
    let (a, b) = (tape.var(2.0).label("a"), tape.var(-3.0).label("b"));
    let (c, f) = (tape.var(10.0).label("c"), tape.var(-2.0).label("f"));
    let e = (a * b).label("e");
    let d = (e + c).label("d");
    let loss = (d * f).label("L");
    let graph = tape.graph(loss);
    graph.print()?;
    assert_eq!([a, b, c, d, e, f].map(|x| graph[x].gradient()), [6.0, -4.0, -2.0, -2.0, -2.0, 4.0]);
    drop(tape);

    // A neuron with its activation in parts, as in the lecture: tanh(n) = (e²ⁿ − 1)/(e²ⁿ + 1).
    let tape = TracedTape::new();
    let (x1, x2) = (tape.var(2.0).label("x1"), tape.var(0.0).label("x2"));
    let (w1, w2) = (tape.var(-3.0).label("w1"), tape.var(1.0).label("w2"));
    let bias = tape.var(6.881373587019543).label("b");
    let n = (x1 * w1 + x2 * w2 + bias).label("n");
    let e = (2.0 * n).exp().label("e");
    let o = ((e - 1.0) / (e + 1.0)).label("o");
    let graph = tape.graph(o);
    let (folder, path) = ("target/graphs", "target/graphs/lecture.svg");
    std::fs::create_dir_all(folder).map_err(|error| format!("{folder}: {error}"))?;
    std::fs::write(path, graph.svg()?).map_err(|error| format!("{path}: {error}"))?;
    println!("\n{path} shows the neuron: o = {o:.4}, ∂o/∂w1 = {:.4}", graph[w1].gradient());
    assert!((graph[x1].gradient() + 1.5).abs() < 1e-12 && (graph[w1].gradient() - 1.0).abs() < 1e-12);
    drop(tape);

    // The neuron learns four examples: a tape for each step, without names and fast.
    let examples = [([2.0, 3.0], 1.0), ([3.0, -1.0], -1.0), ([0.5, 1.0], -1.0), ([1.0, 1.0], 1.0)];
    let mut weights = vec![0.1, -0.2, 0.0];
    let mut loss = f64::INFINITY;
    for step in 1..=200 {
        let tape = Tape::new();
        let w = tape.vars(&weights);
        let mut total = tape.var(0.0);
        for ([x1, x2], target) in examples {
            let error = (x1 * w[0] + x2 * w[1] + w[2]).tanh() - target;
            total += error * error;
        }
        let gradients = tape.backward(total);
        weights.iter_mut().zip(&w).for_each(|(weight, &w)| *weight -= 0.1 * gradients[w]);
        assert!(total.value() < loss || step > 20);
        loss = total.value();
        if step % 50 == 0 {
            println!("step {step}: loss {loss:.4}");
        }
    }
    assert!(loss < 2.0);
    Ok(())
}
