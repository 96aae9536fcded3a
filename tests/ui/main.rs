//! Programs that do not compile, and the errors of the compiler.
//!
//! Every program in `fail/` is compiled, and the errors are compared with the file `.stderr` beside it.
//! `TRYBUILD=overwrite cargo test -p dualtape-ui` writes the files anew. Those of the macros are in `macros/tests/fail`.

#[test]
fn errors_show_the_way_out() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
