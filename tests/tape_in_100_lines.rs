//! The tape in 100 lines and the tape of the crate, compared on random programs.

#[path = "../examples/tape_in_100_lines.rs"]
mod tape_in_100_lines;

#[test]
fn a_tape_in_100_lines_computes_the_numbers_of_the_crate() {
    tape_in_100_lines::main();
}
