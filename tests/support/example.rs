//! Running the examples as a user does.

use std::path::Path;
use std::process::Command;

/// A command for an example, which is built in the profile and folder of this test.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("a test is a program");
    let profile = test.parent().and_then(Path::parent).expect("target/profile/deps/test");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--offline",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    cargo.args(["--example", name, "--target-dir"]).arg(profile.parent().expect("target/profile"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo runs").success(), "the example {name} does not build");
    Command::new(profile.join("examples").join(name))
}

/// A fresh folder of a test.
#[cfg(feature = "nn")]
pub(crate) fn fresh_folder(test: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder of the test is writable");
    folder
}
