//! The tape in 100 lines and the tape of the crate, compared on random programs.

#[path = "../../examples/tape_in_100_lines.rs"]
mod example;

#[test]
fn a_tape_in_100_lines_computes_the_numbers_of_the_crate() {
    example::main();
}
