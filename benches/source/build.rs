//! Generates the derivatives that the bench times.

use dualtape::function;
use dualtape::source::{Refusal, Source};

#[path = "src/functions.rs"]
mod functions;
use functions::{ANGLES, AXES, BODIES, LINKS, LONG, MASSES, OPTION, STEP, functions, lengths, terms, valley};

functions!(dualtape::Scalar<Real = f64>);

fn main() -> Result<(), Refusal> {
    println!("cargo::rerun-if-changed=src/functions.rs");
    let code = [
        Source::of(&function!(rosenbrock), &valley()).name("rosenbrock").gradient()?,
        Source::of(&function!(terms), &[0.5; LONG]).name("terms").gradient()?,
        Source::of(&function!(price), &OPTION).name("price").libm().gradient()?,
        Source::of(&function!(hand: &[S] -> [S; 3]), &ANGLES).name("hand").jacobian()?,
        Source::of(&function!(springs), &lengths()).name("springs").hessian()?,
        Source::of(&function!(step: &[S] -> [S; 18]), &BODIES).name("step").jacobian()?,
    ];
    let folder = std::env::var("OUT_DIR").expect("cargo runs this");
    std::fs::write(format!("{folder}/generated.rs"), code.join("\n")).expect("a file");
    Ok(())
}
