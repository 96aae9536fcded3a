//! What is the code of this derivative? Prints a derivative as a Rust function.
//!
//! ```text
//! cargo run --features source --example generate -- --hessian --no-std --name energy
//! ```

use dualtape::source::Source;
use dualtape::{Scalar, function};
use lexopt::prelude::*;

/// The energy of a double pendulum: two angles, and two speeds. Write your own function here.
fn pendulum<S: Scalar<Real = f64>>(x: &[S]) -> S {
    let names = ["upper angle", "lower angle", "upper speed", "lower speed"];
    let x: Vec<S> = x.iter().zip(names).map(|(&x, name)| x.label(name)).collect();
    let kinetic = x[2] * x[2] + x[3] * x[3] * 0.5 + x[2] * x[3] * (x[0] - x[1]).cos();
    let potential = -x[0].cos() * 2.0 - x[1].cos();
    kinetic.label("kinetic") + potential.label("potential") * 9.81
}

/// The point of the trace. The code holds everywhere, because the function has no branches.
const POINT: [f64; 4] = [0.3, -0.2, 0.0, 0.0];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut source = Source::of(&function!(pendulum), &POINT);
    let mut derivative = "gradient".to_string();
    let mut options = lexopt::Parser::from_env();
    while let Some(option) = options.next()? {
        source = match option {
            Long("name") => source.name(options.value()?.string()?),
            Long("fallback") => source.fallback(options.value()?.string()?),
            Long("special") => source.special(options.value()?.string()?),
            Long("no-std") => source.no_std(),
            Long("libm") => source.libm(),
            Long("zeros-win") => source.zeros_win(),
            Long("wide-slopes") => source.wide_slopes(),
            Long(name @ ("value" | "gradient" | "jvp" | "vjp" | "hvp" | "hessian" | "sparse-hessian")) => {
                derivative = name.to_string();
                source
            }
            other => return Err(other.unexpected().into()),
        };
    }
    let code = match derivative.as_str() {
        "value" => source.value(),
        "jvp" => source.jvp(),
        "vjp" => source.vjp(),
        "hvp" => source.hvp(),
        "hessian" => source.hessian(),
        "sparse-hessian" => source.sparse_hessian(),
        _ => source.gradient(),
    }?;
    print!("{code}");
    Ok(())
}
