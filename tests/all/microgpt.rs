//! The example that trains a GPT.

use std::path::Path;

use dualtape::{Terms, Var, gradient};

use crate::support::example::{example, fresh_folder};
use crate::support::reference::{numbers, read};

#[expect(dead_code, reason = "the example uses the rest")]
#[path = "../../examples/microgpt/model.rs"]
mod model;

use model::{Gpt, Slices};

/// Runs the example, and returns what it prints.
fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = example("microgpt").arg("--out").arg(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_minibatch_of_names_has_the_same_bits_on_all_cores() {
    let (gpt, p) = (Gpt { width: 16, layers: 1 }, numbers(&read("microgpt.json")["initial"]));
    let names: Vec<String> = (0..20).map(|i| "abcdefghij"[i % 10..].to_string()).collect();
    let loss = |i: usize, p: &[Var]| gpt.loss::<Slices, _>(p, &names[i]);
    let (y, g) = Terms::all(names.len()).par_gradient(loss, &p);
    assert_eq!(Terms::all(names.len()).gradient(loss, &p), (y, g.clone()));

    let (whole, slopes) = gradient(|p| (0..names.len()).map(|i| loss(i, p)).sum::<Var>(), &p);
    assert!((y - whole).abs() < 1e-12 * y);
    assert!(g.iter().zip(&slopes).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn a_resumed_training_ends_with_the_same_bits() {
    let folder = fresh_folder("microgpt");
    let [whole, parts] = ["whole", "parts"].map(|part| folder.join(part));
    let start = ["--seed", "7", "--width", "4", "--layers", "2", "--steps", "6", "--batch", "3"];
    let saved = parts.join("microgpt.json");
    let saved = saved.to_str().unwrap();
    let printed = run(&whole, &start).unwrap();
    assert_eq!(printed.matches("derivatives, largest difference ").count(), 2, "{printed}");
    assert!(printed.contains("Names that it invents: "), "{printed}");
    for picture in ["microgpt_losses.svg", "microgpt_attention.svg"] {
        assert!(std::fs::read_to_string(whole.join(picture)).unwrap().starts_with("<svg"));
    }

    run(&parts, &[&start[..], &["--stop", "2"]].concat()).unwrap();
    run(&parts, &[&start[..], &["--resume", saved]].concat()).unwrap();
    let read = |folder: &Path| std::fs::read(folder.join("microgpt.json")).unwrap();
    assert!(read(&whole) == read(&parts), "the resumed training has other parameters");

    let error = run(&parts, &["--width", "12", "--resume", saved]).unwrap_err();
    assert!(
        error.contains("the weights are of Gpt { width: 4, layers: 2 }, and Gpt { width: 12, layers: 1 } is wanted"),
        "{error}"
    );
}
