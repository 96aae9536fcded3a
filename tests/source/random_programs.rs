//! Random programs: the generated derivatives have the bits of the crate, and `None` where a branch goes otherwise.

use std::fmt::Write;

use dualtape::source::Source;
use dualtape::{Function, gradient, hessian, hvp};

use crate::compiled::{assert_formatted, assert_same, numbers, run};
use crate::program::Program;

const PROGRAMS: u64 = 200;

/// How far derivatives differ where the generator merges equal steps of the program: it adds before it multiplies.
const MERGED: f64 = 1e-13;

/// Returns a line of `main` that prints the result of a generated function as bits.
fn call(function: &str, x: &[f64], more: &str, is_partial: bool) -> String {
    let result = format!("{function}(&{x:?}{more})");
    if is_partial { format!("    show({result});\n") } else { format!("    show(Some({result}));\n") }
}

/// The part of the compiled program that prints.
const SHOW: &str = "
trait Numbers {
    fn numbers(&self) -> Vec<f64>;
}
impl Numbers for f64 {
    fn numbers(&self) -> Vec<f64> {
        vec![*self]
    }
}
impl<T: Numbers, const N: usize> Numbers for [T; N] {
    fn numbers(&self) -> Vec<f64> {
        self.iter().flat_map(|x| x.numbers()).collect()
    }
}
impl<A: Numbers, B: Numbers> Numbers for (A, B) {
    fn numbers(&self) -> Vec<f64> {
        [self.0.numbers(), self.1.numbers()].concat()
    }
}
impl<A: Numbers, B: Numbers, C: Numbers> Numbers for (A, B, C) {
    fn numbers(&self) -> Vec<f64> {
        [self.0.numbers(), self.1.numbers(), self.2.numbers()].concat()
    }
}
fn show(numbers: Option<impl Numbers>) {
    match numbers {
        None => println!(\"none\"),
        Some(numbers) => {
            let words: Vec<String> = numbers.numbers().iter().map(|x| format!(\"{:x}\", x.to_bits())).collect();
            println!(\"{}\", words.join(\" \"));
        }
    }
}
";

#[test]
fn generated_derivatives_of_random_programs_have_the_bits_of_the_crate() {
    let programs: Vec<Program> = (0..PROGRAMS).map(Program::random).collect();
    let direction = |program: &Program| (0..program.inputs).map(|i| 0.7 - 0.4 * i as f64).collect::<Vec<f64>>();
    let (mut functions, mut calls) = (String::new(), String::new());
    for (number, program) in (0..).zip(&programs) {
        let points = program.points(number);
        let source = Source::of(program, &points[0]);
        let mut write = |verb: &str, code: Result<String, dualtape::source::Refusal>, more: &str| {
            let code = code.unwrap_or_else(|refusal| panic!("program {number}: {refusal}"));
            let is_partial = code.contains("Option<");
            functions += &code;
            functions.push('\n');
            for x in &points {
                calls += &call(&format!("{verb}_{number}"), x, more, is_partial);
            }
        };
        let named = |verb: &str| source.clone().name(format!("{verb}_{number}"));
        write("gradient", named("gradient").gradient(), "");
        write("wide", named("wide").wide_slopes().zeros_win().gradient(), "");
        write("hvp", named("hvp").hvp(), &format!(", &{:?}", direction(program)));
        write("hessian", named("hessian").hessian(), "");
    }
    assert_formatted("random_programs", functions.trim_end());
    let mut code = functions;
    write!(code, "{SHOW}\nfn main() {{\n{calls}}}\n").expect("a string grows");
    let lines = run("random_programs", &code);

    let mut lines = lines.iter();
    let (mut same, mut other) = (0, 0);
    for (number, program) in (0..).zip(&programs) {
        let points = program.points(number);
        let traced = program.answers(&points[0]);
        for verb in ["gradient", "wide", "hvp", "hessian"] {
            for x in &points {
                let what = format!("{verb} of program {number} at {x:?}");
                let generated = numbers(lines.next().expect("a line for each call"));
                if program.answers(x) != traced {
                    assert_eq!(generated, None, "{what}");
                    other += 1;
                    continue;
                }
                let generated = generated.unwrap_or_else(|| panic!("{what}: no branch goes otherwise"));
                let crates = match verb {
                    "hvp" => {
                        let (y, g, product) = hvp(|x| program.eval(x), x, &direction(program));
                        [vec![y], g, product].concat()
                    }
                    "hessian" => {
                        let (y, g, h) = hessian(|x| program.eval(x), x);
                        let lower = (0..x.len()).flat_map(|i| (0..x.len()).map(move |j| (i.max(j), i.min(j))));
                        [vec![y], g, lower.map(|(i, j)| h[i][j]).collect()].concat()
                    }
                    _ => {
                        let (y, g) = gradient(|x| program.eval(x), x);
                        [vec![y], g].concat()
                    }
                };
                assert_same(&generated, &crates, if program.repeats { MERGED } else { 0.0 }, &what);
                same += 1;
            }
        }
    }
    assert!(same > 1000 && other > 1000, "{same} points of the branch of the trace, and {other} of others");
}
