//! What does not compile, and what the compiler says about it.
//!
//! Every program in `fail/` is compiled, and with the feature `macros` those in `fail_of_macros/` too. The errors are compared
//! with the file `.stderr` beside each. After a change of the messages,
//! `TRYBUILD=overwrite cargo test -p dualtape-ui --features macros` writes them anew.

#[test]
fn errors_show_the_way_out() {
    let programs = trybuild::TestCases::new();
    programs.compile_fail("fail/*.rs");
    if cfg!(feature = "macros") {
        programs.compile_fail("fail_of_macros/*.rs");
    }
}
