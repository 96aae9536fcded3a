//! Programs that the macros refuse, and their errors.
//!
//! Every program in `fail/` is compiled, and the errors of the compiler are compared with the file `.stderr` beside it.
//! `TRYBUILD=overwrite cargo test -p dualtape-macros --test errors` writes the files anew.

#[test]
fn errors_show_the_way_out() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
