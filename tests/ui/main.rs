//! Programs that do not compile, and the errors of the compiler.
//!
//! Every program in `fail/` is compiled, and with the feature `macros` those in `fail_of_macros/` too. The errors are
//! compared with the file `.stderr` beside each. `TRYBUILD=overwrite cargo test -p dualtape-ui --features macros`
//! writes the files anew.

#[test]
fn errors_show_the_way_out() {
    let programs = trybuild::TestCases::new();
    programs.compile_fail("fail/*.rs");
    if cfg!(feature = "macros") {
        programs.compile_fail("fail_of_macros/*.rs");
    }
}
