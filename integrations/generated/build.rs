//! Writes the derivatives that the arm and the controller call.

use dualtape::function;
use dualtape::source::{Refusal, Source};

#[path = "src/functions/arm.rs"]
mod arm;
#[path = "src/functions/cart.rs"]
mod cart;
use arm::{JOINTS, tool};
use cart::{MULTIPLIERS, STATE, VARIABLES, constraints, lagrangian};

fn main() -> Result<(), Refusal> {
    println!("cargo::rerun-if-changed=src/functions");
    let tool = Source::of(&function!(tool: &[S] -> [S; 6]), &[0.1; JOINTS]).name("tool").no_std();
    let constraints = function!(constraints: &[S], &[S] -> Vec<S>);
    let lagrangian = function!(lagrangian: &[S], &[S] -> S);
    let (plan, start) = ([0.1; VARIABLES], [0.1; STATE]);
    let code = [
        tool.jacobian()?,
        Source::with_parameters(&constraints, &plan, &start).name("constraints").no_std().sparse_jacobian()?,
        Source::with_parameters(&lagrangian, &plan, &[0.1; STATE + MULTIPLIERS])
            .name("lagrangian")
            .no_std()
            .sparse_hessian()?,
    ];
    let folder = std::env::var("OUT_DIR").expect("cargo runs this");
    std::fs::write(format!("{folder}/derivatives.rs"), code.join("\n")).expect("a file");
    Ok(())
}
