//! What does a computation look like? Draws some, as SVG and for graphviz, into `target/graphs` or `--out FOLDER`.
//!
//! ```sh
//! cargo run --release --example draw_graph
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};

use dualtape::Scalar;
use dualtape::graph::{Direction, Graph, trace, trace_parametric};
use dualtape::nn::{Activation, Init, Mlp};
use rand::{SeedableRng, rngs::StdRng};

/// The neuron of Karpathy's lecture.
fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (x1, x2) = (x[0].label("x1"), x[1].label("x2"));
    let (w1, w2, b) = (x[2].label("w1"), x[3].label("w2"), x[4].label("b"));
    ((x1 * w1).label("x1*w1") + (x2 * w2).label("x2*w2") + b).label("n").tanh().label("o")
}

/// The expression of micrograd's front page.
fn seed003<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (a, b) = (x[0].label("a"), x[1].label("b"));
    let mut c = a + b;
    let mut d = a * b + b.powi(3);
    c += c + 1.0;
    c += c + 1.0 - a;
    d += d * 2.0 + (b + a).relu();
    d += d * 3.0 + (b - a).relu();
    let e = (c - d).label("e");
    let f = e.powi(2).label("f");
    (f / 2.0 + S::from_real(10.0) / f).label("g")
}

/// One number used again and again.
fn diamond<S: Scalar<Real = f64>>(x: &[S]) -> S {
    (1..=3).fold(x[0].label("a"), |a, i| ((a + a).sin() * (a * a)).label(format_args!("a{i}")))
}

fn write(folder: &Path, name: &str, graph: &Graph) -> Result<(), Box<dyn Error>> {
    let path = folder.join(format!("{name}.svg"));
    std::fs::write(&path, graph.svg()?)?;
    std::fs::write(path.with_extension("dot"), graph.dot(Direction::LeftToRight)?)?;
    println!("{} of {} nodes", path.display(), graph.len());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/graphs"));
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("out") => folder = arguments.value()?.into(),
            other => return Err(other.unexpected().into()),
        }
    }
    std::fs::create_dir_all(&folder)?;

    let graph = trace(neuron, &[2.0, 0.0, -3.0, 1.0, 6.881373587019543]);
    graph.print()?;
    write(&folder, "neuron", &graph)?;
    write(&folder, "seed003", &trace(seed003, &[-4.0, 2.0]))?;
    write(&folder, "diamond", &trace(diamond, &[0.5]))?;
    // The lecture's network, and micrograd's for the two moons, which has a thousand nodes.
    for (name, inputs, widths) in [("network", &[2.0, 3.0, -1.0][..], [4, 4, 1]), ("moons", &[0.5, -1.5], [16, 16, 1])]
    {
        let layers = widths.map(|neurons| (neurons, Activation::Tanh));
        let network: Mlp = Mlp::random(inputs.len(), &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
        let output = |x: &[_], p: &[_]| network.with_parameters(p).forward(x)[0];
        let graph = trace_parametric(output, inputs, network.parameters());
        write(&folder, name, &graph)?;
        write(&folder, &format!("{name}_neurons"), &graph.clone().fold("neuron"))?;
        write(&folder, &format!("{name}_layers"), &graph.fold("layer"))?;
    }
    Ok(())
}
