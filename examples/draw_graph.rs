//! What does a computation look like? The program draws some, as SVG and for graphviz, into `target/graphs` or `--out
//! FOLDER`, or only the files that are named.
//!
//! ```sh
//! cargo run --release --example draw_graph
//! cargo run --release --example draw_graph -- --out docs neuron.svg network_neurons.svg
//! ```

use std::error::Error;
use std::path::PathBuf;

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
    let (c1, d1) = ((a + b).label("c1"), (a * b + b.powi(3)).label("d1"));
    let c2 = (c1 + (c1 + 1.0)).label("c2");
    let c3 = (c2 + (c2 + 1.0 - a)).label("c3");
    let d2 = (d1 + (d1 * 2.0 + (b + a).relu())).label("d2");
    let d3 = (d2 + (d2 * 3.0 + (b - a).relu())).label("d3");
    let e = (c3 - d3).label("e");
    let f = e.powi(2).label("f");
    (f / 2.0 + S::from_real(10.0) / f).label("g")
}

/// One number used again and again.
fn diamond<S: Scalar<Real = f64>>(x: &[S]) -> S {
    (1..=3).fold(x[0].label("a"), |a, i| ((a + a).sin() * (a * a)).label(format_args!("a{i}")))
}

/// A folder, and the names of the files to write there; without names, all.
struct Output {
    folder: PathBuf,
    files: Vec<String>,
}

impl Output {
    fn from_arguments() -> Result<Output, lexopt::Error> {
        use lexopt::prelude::*;

        let mut output = Output { folder: "target/graphs".into(), files: Vec::new() };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("out") => output.folder = arguments.value()?.into(),
                Value(file) => output.files.push(file.string()?),
                other => return Err(other.unexpected()),
            }
        }
        Ok(output)
    }

    /// Writes the files asked for, or none if there is no picture for one of them.
    fn write(&self, graphs: &[(String, Graph)]) -> Result<(), Box<dyn Error>> {
        let names = graphs.iter().flat_map(|(name, _)| ENDINGS.map(|ending| format!("{name}.{ending}")));
        let names: Vec<String> = names.collect();
        if let Some(unknown) = self.files.iter().find(|file| !names.contains(file)) {
            let path = self.folder.join(unknown);
            return Err(format!("{}: there is no such picture; there are {}", path.display(), names.join(", ")).into());
        }
        std::fs::create_dir_all(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        for (name, graph) in graphs {
            for ending in ENDINGS {
                let file = format!("{name}.{ending}");
                if self.files.is_empty() || self.files.contains(&file) {
                    let path = self.folder.join(file);
                    let text = if ending == "svg" { graph.svg() } else { graph.dot(Direction::LeftToRight) };
                    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
                    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
                    println!("{}, of {} nodes", path.display(), graph.len());
                }
            }
        }
        Ok(())
    }
}

/// The formats of every picture.
const ENDINGS: [&str; 2] = ["svg", "dot"];

fn main() -> Result<(), Box<dyn Error>> {
    let output = Output::from_arguments()?;
    let graph = trace(neuron, &[2.0, 0.0, -3.0, 1.0, 6.881373587019543]);
    graph.print()?;
    let mut graphs = vec![
        ("neuron".to_string(), graph),
        ("seed003".to_string(), trace(seed003, &[-4.0, 2.0])),
        ("diamond".to_string(), trace(diamond, &[0.5])),
    ];

    // The lecture's network, and micrograd's for the two moons, which has a thousand nodes.
    for (name, inputs, widths) in [("network", &[2.0, 3.0, -1.0][..], [4, 4, 1]), ("moons", &[0.5, -1.5], [16, 16, 1])]
    {
        let layers = widths.map(|neurons| (neurons, Activation::Tanh));
        let network: Mlp = Mlp::random(inputs.len(), &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
        let score = |x: &[_], p: &[_]| network.with_parameters(p).forward(x)[0];
        let graph = trace_parametric(score, inputs, network.parameters());
        graphs.push((format!("{name}_neurons"), graph.clone().fold("neuron")));
        graphs.push((format!("{name}_layers"), graph.clone().fold("layer")));
        graphs.push((name.to_string(), graph));
    }
    output.write(&graphs)
}
