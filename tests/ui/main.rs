//! What does not compile, and what the compiler says about it.
//!
//! Every program in `fail/` is compiled, and the errors are compared with the file `.stderr` beside it. After a change of
//! the messages, `TRYBUILD=overwrite cargo test -p dualtape-ui` writes them anew.

#[test]
fn errors_show_the_way_out() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
