//! How do gradients flow? The program writes pages that play backpropagation step by step, to `target/graphs` or `--out
//! FOLDER`.
//!
//! ```sh
//! cargo run --release --example watch_backward
//! ```

use std::error::Error;
use std::path::PathBuf;

use dualtape::Scalar;
use dualtape::graph::{Graph, Traced, trace, trace_parametric};
use dualtape::nn::{Activation, Init, Mlp, squared_error};
use rand::{SeedableRng, rngs::StdRng};

/// The neuron of Karpathy's lecture, with the hyperbolic tangent written out.
fn neuron<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let (x1, x2) = (x[0].label("x1"), x[1].label("x2"));
    let (w1, w2, b) = (x[2].label("w1"), x[3].label("w2"), x[4].label("b"));
    let n = ((x1 * w1).label("x1*w1") + (x2 * w2).label("x2*w2") + b).label("n");
    let e = (n * 2.0).exp().label("e");
    ((e - 1.0) / (e + 1.0)).label("o")
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut folder = PathBuf::from("target/graphs");
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("out") => folder = arguments.value()?.into(),
            other => return Err(other.unexpected().into()),
        }
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let write = |name: &str, title: &str, graph: &Graph| -> Result<(), Box<dyn Error>> {
        let path = folder.join(name);
        let page = graph.page(title).map_err(|error| format!("{}: {error}", path.display()))?;
        std::fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("open {} in a browser", path.display());
        Ok(())
    };

    let graph = trace(neuron, &[2.0, 0.0, -3.0, 1.0, 6.881373587019543]);
    write("neuron.html", "Backpropagation through a neuron", &graph)?;

    let layers = [(2, Activation::Tanh), (1, Activation::Tanh)];
    let network: Mlp = Mlp::random(2, &layers, Init::Uniform, &mut StdRng::seed_from_u64(1337));
    let loss = |x: &[Traced], p: &[Traced]| squared_error(&network.with_parameters(p).forward(x), &[1.0]).label("loss");
    let graph = trace_parametric(loss, &[2.0, -1.0], network.parameters());
    write("network.html", "Backpropagation through a network", &graph)?;
    write("layers.html", "Backpropagation through a network, by its neurons", &graph.fold("neuron"))
}
