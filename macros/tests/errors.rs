//! Programs that the macros refuse, and their errors.
//!
//! Every program in `fail/` is compiled, and the errors of the compiler are compared with the file `.stderr` beside it.
//! `TRYBUILD=overwrite cargo test -p dualtape-macros --test errors` writes the files anew.
//!
//! Where the component `rust-src` is installed, the compiler quotes lines of the standard library in its errors. The programs
//! whose errors name functions or types of it, `*_types.rs`, are left out there.

use std::path::Path;
use std::process::Command;

/// Whether the compiler has the source of the standard library.
fn errors_quote_the_standard_library() -> bool {
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs").stdout;
    let sysroot = String::from_utf8(sysroot).expect("a path in UTF-8");
    Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").exists()
}

#[test]
fn errors_show_the_way_out() {
    let programs = trybuild::TestCases::new();
    if errors_quote_the_standard_library() {
        eprintln!("*_types.rs are left out, because the component rust-src is installed");
        for program in ["differentiable", "fused", "fused_numbers", "parameters"] {
            programs.compile_fail(format!("tests/fail/{program}.rs"));
        }
    } else {
        programs.compile_fail("tests/fail/*.rs");
    }
}
