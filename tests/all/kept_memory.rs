//! Memory that threads keep for later. A call releases it, a thread gives it back when it was unused for long, and
//! running out of memory is reported.

use dualtape::nn::{Activation, Mlp, mean_squared_error};
use dualtape::{
    Dual, Scalar, Tape, Var, dot, function, fuse_map, gradient, hvp, jacobian_reverse, release_memory, sum,
};

/// The memory that the next recording of this thread finds, in bytes.
fn kept<T: Scalar>() -> usize {
    Tape::<T>::new().capacity_bytes()
}

fn chain<S: Scalar<Real = f64>>(x: S, steps: usize) -> S {
    (0..steps).fold(x, |y, _| (y * 1.5).sin())
}

fn wave<S: Scalar<Real = f64>>([x]: [S; 1]) -> [S; 1] {
    [x.sin() * x]
}

/// Gradients that need much memory of every kind: of nodes, operands, inputs, elements, layers, adjoints, and over other
/// scalars.
fn huge() {
    gradient(|x| chain(x[0], 200_000), &[0.5]);
    gradient(|x| dot(x, x), &vec![0.5; 200_000]);
    gradient(|x| sum(&x.iter().map(|&x| x.sin() * x).collect::<Vec<_>>()), &vec![0.5; 50_000]);
    gradient(|x| sum(&fuse_map(&function!(wave: [S; 1] -> [S; 1]), [x])[0]), &vec![0.5; 50_000]);
    jacobian_reverse(|x| vec![chain(x[0], 50_000), chain(x[1], 50_000)], &[0.5, 0.25]);
    hvp(|x| chain(x[0], 50_000), &[0.5], &[1.0]);
    let network: Mlp = Mlp::zeros(8, &[(64, Activation::Tanh), (1, Activation::Linear)]);
    let features = vec![0.25; 8 * 2000];
    let loss = |p: &[Var]| mean_squared_error(&network.with_parameters(p).forward_batch(&features, 2000), &[1.0; 2000]);
    gradient(loss, network.parameters());
    let tape = Tape::new();
    let x = tape.var(0.5);
    drop(tape.backward(chain(x, 200_000)));
}

#[test]
fn memory_is_released_by_a_call() {
    release_memory();
    huge();
    assert!(kept::<f64>() > 5_000_000 && kept::<Dual<f64, 1>>() > 2_000_000);
    release_memory();
    assert_eq!((kept::<f64>(), kept::<Dual<f64, 1>>()), (0, 0));
    // Derivatives are as before.
    assert_eq!(gradient(|x| x[0] * x[1], &[2.0, 3.0]), (6.0, vec![3.0, 2.0]));
    release_memory();
    release_memory();
}

/// Every thread has its own.
#[test]
fn a_call_releases_the_memory_of_its_thread_alone() {
    huge();
    std::thread::spawn(|| {
        huge();
        release_memory();
        assert_eq!(kept::<f64>(), 0);
    })
    .join()
    .unwrap();
    assert!(kept::<f64>() > 5_000_000);
}

#[test]
fn memory_in_use_is_not_released() {
    let outer = Tape::new();
    let x = outer.var(0.5);
    let y = chain(x, 10_000);
    let inner = Tape::new();
    let z = inner.var(0.25);
    let w = chain(z, 5000);
    release_memory();
    let of_inner = inner.backward(w)[z];
    let v = chain(w, 10);
    release_memory();
    assert_eq!(inner.backward(v)[z], gradient(|z| chain(z[0], 5010), &[0.25]).1[0]);
    assert_eq!(of_inner, gradient(|z| chain(z[0], 5000), &[0.25]).1[0]);
    drop(inner);
    release_memory();
    assert_eq!(outer.backward(y)[x], gradient(|x| chain(x[0], 10_000), &[0.5]).1[0]);
    outer.clear();
    release_memory();
    assert_eq!(outer.capacity_bytes(), 0);
    let x = outer.var(3.0);
    assert_eq!(outer.backward(x * x)[x], 6.0);
}

/// During the recording of a function, and during the reverse sweep.
#[test]
fn a_release_in_the_middle_of_a_gradient_changes_nothing() {
    let f = |x: &[Var]| {
        let y = chain(x[0], 1000);
        release_memory();
        let inner = gradient(
            |z| {
                release_memory();
                chain(z[0], 100)
            },
            &[0.5],
        );
        chain(y * inner.1[0], 1000)
    };
    let slope = gradient(|z| chain(z[0], 100), &[0.5]).1[0];
    let expected = gradient(|x| chain(chain(x[0], 1000) * slope, 1000), &[0.5]);
    assert_eq!(gradient(f, &[0.5]), expected);
}

/// After 64 recordings the surplus is gone, over any scalar, and also when one tape is cleared again and again.
#[test]
fn a_huge_recording_does_not_keep_its_memory_for_good() {
    let small = || drop(gradient(|x| x[0] * x[1], &[1.0, 2.0]));
    release_memory();
    huge();
    gradient(|x| chain(x[0], 2_000_000), &[0.5]);
    hvp(|x| chain(x[0], 1_000_000), &[0.5], &[1.0]);
    (0..200).for_each(|_| small());
    assert!(kept::<f64>() < 100_000 && kept::<Dual<f64, 1>>() < 100_000);

    let tape = Tape::<f64>::new();
    let x = tape.var(0.5);
    assert!(tape.backward(chain(x, 2_000_000))[x].is_finite());
    for _ in 0..200 {
        tape.clear();
        let x = tape.var(0.5);
        assert_eq!(tape.backward(x * x)[x], 1.0);
    }
    assert!(tape.capacity_bytes() < 100_000);
}

/// Large ones among small ones keep it, and some megabytes stay.
#[test]
fn memory_that_is_needed_again_is_kept() {
    release_memory();
    gradient(|x| chain(x[0], 200_000), &[0.5]);
    let before = kept::<f64>();
    for small in [30; 20].into_iter().chain([300; 3]) {
        (0..small).for_each(|_| drop(gradient(|x| x[0] * x[1], &[1.0, 2.0])));
        gradient(|x| chain(x[0], 200_000), &[0.5]);
        assert_eq!(kept::<f64>(), before);
    }
}

/// Runs in another process with a limit on its memory.
#[cfg(target_os = "linux")]
#[test]
fn running_out_of_memory_is_reported() {
    use std::process::Command;

    const LIMITED: &str = "DUALTAPE_TEST_LIMITED";
    const NAME: &str = "kept_memory::running_out_of_memory_is_reported";
    if std::env::var_os(LIMITED).is_some() {
        let refused = |act: fn()| {
            let payload = std::panic::catch_unwind(act).unwrap_err();
            let text = payload.downcast_ref::<String>().unwrap();
            assert!(text.starts_with("memory ran out: the system refused "), "{text}");
            release_memory();
            assert_eq!(gradient(|x| x[0] * x[1], &[2.0, 3.0]).1, [3.0, 2.0]);
        };
        refused(|| drop(gradient(|x| (0..usize::MAX).fold(x[0], |y, _| y * 0.5), &[0.5])));
        refused(|| drop(gradient(|x| (0..usize::MAX).fold(x[0], |y, _| y * x[0]), &[0.5])));
        refused(|| {
            let x = vec![0.5; 100_000];
            drop(gradient(|x| (0..usize::MAX).fold(x[0], |y, _| y + dot(x, x)), &x));
        });
        return;
    }
    let test = std::env::current_exe().unwrap();
    // What is left when the first allocation is refused depends on the limit.
    for kilobytes in [500_000, 600_000, 700_000] {
        let command = format!("ulimit -v {kilobytes}; exec {} --exact --nocapture {NAME}", test.display());
        // A backtrace needs more memory than is left.
        let output =
            Command::new("sh").args(["-c", &command]).env(LIMITED, "").env("RUST_BACKTRACE", "0").output().unwrap();
        assert!(output.status.success(), "{kilobytes}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Allocators keep small pieces of memory that are given back, so a recording has few of them. Each way to give it back runs in
/// another process, where nothing else takes memory.
#[cfg(target_os = "linux")]
#[test]
fn the_system_gets_the_memory_of_a_huge_recording_back() {
    use std::process::Command;

    const WAY: &str = "DUALTAPE_TEST_WAY_BACK";
    const NAME: &str = "kept_memory::the_system_gets_the_memory_of_a_huge_recording_back";
    if let Some(way) = std::env::var_os(WAY) {
        let megabytes = || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096 / 1_000_000
        };
        gradient(|x| (0..3_000_000).fold(x[0], |y, _| y * x[0] + x[0]), &[0.5]);
        assert!(megabytes() > 150, "{} MB", megabytes());
        if way == "a release" {
            release_memory();
        } else {
            (0..200).for_each(|_| drop(gradient(|x| x[0] * x[1], &[1.0, 2.0])));
        }
        assert!(megabytes() < 50, "{} MB", megabytes());
        return;
    }
    for way in ["a release", "small recordings"] {
        let test = std::env::current_exe().unwrap();
        let output = Command::new(test).args(["--exact", "--nocapture", NAME]).env(WAY, way).output().unwrap();
        assert!(output.status.success(), "{way}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
