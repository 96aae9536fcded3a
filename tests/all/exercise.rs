//! The exercise for teachers: it names the wrong slopes, and its solution has none.

use crate::support::example::example;

fn run(arguments: &[&str]) -> String {
    let output = example("exercise_backprop").args(arguments).output().expect("the exercise runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_exercise_names_every_wrong_slope_and_shows_its_place() {
    let printed = run(&[]);
    let faults: Vec<&str> = printed.lines().filter(|line| line.contains('∂')).collect();
    let expected = [
        "Tanh: ∂h/∂n is off by -0.0364; yours is 0.7500, and differences say 0.7864",
        "Subtract: ∂error/∂t is off by 2.0000; yours is 1.0000, and differences say -1.0000",
        "Square: ∂loss/∂error is blank; yours is NaN, and differences say -2.3485",
    ];
    assert_eq!(faults, expected);
    for place in ["\nh = Tanh ", "\nerror = Subtract ", "\nloss = Square "] {
        assert_eq!(printed.matches(place).count(), 1, "{place:?} in {printed}");
    }
    assert!(printed.ends_with("Wrong slopes at 3 of 7 operations. Mend one, and run the exercise again.\n"));
}

#[test]
fn the_solution_agrees_in_all_modes() {
    assert_eq!(run(&["--solution"]), "All slopes are right. 672 derivatives agree in all modes\n");
}
