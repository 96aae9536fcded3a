//! A training that is stopped by Ctrl-C, and checkpoints that cannot be written or read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dualtape::nn::{
    Activation, Adam, CtrlC, Dataset, Ending, FileProblem, Init, Mlp, ProgressBar, Schedule, Sgd, Supervised, Tensors,
    TrainError, Trainer,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::example::fresh_folder;

fn network() -> Mlp {
    let layers = [(8, Activation::Tanh), (1, Activation::Linear)];
    Mlp::random(1, &layers, Init::Xavier, &mut StdRng::seed_from_u64(1))
}

/// A wave, to learn and to validate.
fn wave() -> (Dataset, Dataset) {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i) * 0.03 - 3.0).collect();
    Dataset::new((1, 1), x.clone(), x.iter().map(|x| x.sin()).collect()).split(0.2, 1)
}

fn trainer<'a>() -> Trainer<'a, dualtape::nn::Moments> {
    Trainer::new(Adam::new(Schedule::Constant(0.01))).batch(10)
}

/// The name of the folder that the training in another process writes to.
const FOLDER: &str = "DUALTAPE_TEST_FOLDER";

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_best_weights_and_a_checkpoint() {
    let (train, validation) = wave();
    let objective = Supervised::new(&network()).dropout(0.1);
    if let Some(folder) = std::env::var_os(FOLDER) {
        let (mut network, folder) = (network(), Path::new(&folder));
        let mut trainer = trainer().epochs(usize::MAX).checkpoint(folder.join("training.safetensors"));
        trainer = trainer.callback(CtrlC::new().unwrap()).callback(ProgressBar::new());
        let ending = trainer.fit(&objective, network.parameters_mut(), &train, Some(&validation)).unwrap();
        assert_eq!(ending, Ending::Callback);
        return network.save(folder.join("network.safetensors")).unwrap();
    }

    let folder = fresh_folder("ctrl_c");
    let checkpoint = folder.join("training.safetensors");
    let mut other = Command::new(std::env::current_exe().unwrap());
    other
        .args(["--exact", "--nocapture", "interrupted_training::ctrl_c_keeps_the_best_weights_and_a_checkpoint"])
        .env(FOLDER, &folder);
    let other = other.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !checkpoint.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "no epoch has ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &other.id().to_string()]).status().unwrap().success());
    let output = other.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "a progress bar is for terminals");

    // The last checkpoint is from the interrupted step, and has the best weights.
    let tensors = Tensors::load(&checkpoint).unwrap();
    let epochs = tensors.shape("history").unwrap()[0] + 2;
    let mut best = network();
    best.load(folder.join("network.safetensors")).unwrap();
    assert_eq!(tensors.get("best", &[25]), Ok(best.parameters().to_vec()));

    let fit = |mut trainer: Trainer<'_, _>| {
        let mut network = network();
        trainer.fit(&objective, network.parameters_mut(), &train, Some(&validation)).unwrap();
        (network, trainer.tensors())
    };
    assert_eq!(fit(trainer().epochs(epochs).resume(&checkpoint).unwrap()), fit(trainer().epochs(epochs)));
}

/// In another process that a second Ctrl-C ends; the first ends a training with a callback that panics after it.
#[cfg(unix)]
#[test]
fn a_callback_that_panics_leaves_no_ctrl_c_pending() {
    let (train, _) = wave();
    let objective = Supervised::new(&network());
    let interrupt = || {
        let own = std::process::id().to_string();
        assert!(Command::new("kill").args(["-INT", &own]).status().unwrap().success());
        // The handler is on a thread of its own.
        std::thread::sleep(Duration::from_millis(300));
    };
    if std::env::var_os(FOLDER).is_some() {
        let fit = |trainer: &mut Trainer<'_, _>| trainer.fit(&objective, network().parameters_mut(), &train, None);
        let mut panics = trainer().callback(CtrlC::new().unwrap()).on_epoch(|_, _| {
            interrupt();
            panic!("after a Ctrl-C")
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fit(&mut panics).is_ok()));
        assert!(outcome.is_err());
        let mut next = trainer().epochs(2).callback(CtrlC::new().unwrap());
        assert_eq!(fit(&mut next).unwrap(), Ending::Epochs);
        // Nothing trains: the program exits as usual.
        interrupt();
        unreachable!("the program has exited");
    }
    let name = "interrupted_training::a_callback_that_panics_leaves_no_ctrl_c_pending";
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", "--nocapture", name]).env(FOLDER, "none");
    let output = other.stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
}

/// The file is from an earlier epoch, or absent, and can be resumed.
#[test]
fn a_training_that_diverges_leaves_no_checkpoint_with_its_weights() {
    let (train, _) = wave();
    let objective = Supervised::new(&network());
    let folder = fresh_folder("diverging");
    // At once, in the last step of all, and after some epochs of growth.
    for (number, (rate, epochs)) in [(1e200, 9), (1e200, 1), (0.6, 4000)].into_iter().enumerate() {
        let (mut linear, path) = (Mlp::zeros(1, &[(1, Activation::Linear)]), folder.join(format!("{number}.json")));
        let objective = Supervised::new(&linear);
        let new = |rate: f64| Trainer::new(Sgd::new(Schedule::Constant(rate))).batch(160).epochs(epochs);
        let mut trainer = new(rate).checkpoint(&path);
        let error = trainer.fit(&objective, linear.parameters_mut(), &train, None).unwrap_err();
        assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
        assert_eq!(path.exists(), number == 2);
        if path.exists() {
            let mut again = new(1e-3).resume(&path).unwrap().epochs(trainer.history().len() + 1);
            let mut resumed = linear.clone();
            again.fit(&objective, resumed.parameters_mut(), &train, None).unwrap();
            let saved: Vec<f64> = Tensors::load(&path).unwrap().get("parameters", &[2]).unwrap();
            assert_eq!(saved, linear.parameters(), "the file has the weights that are in memory");
        }
    }
    let mut network = network();
    let path = folder.join("good.json");
    trainer().epochs(2).checkpoint(&path).fit(&objective, network.parameters_mut(), &train, None).unwrap();
    assert!(path.exists());
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_training() {
    let (train, _) = wave();
    let (mut network, path) = (network(), Path::new("no/such/folder/training.json"));
    let objective = Supervised::new(&network);
    let error = trainer().checkpoint(path).fit(&objective, network.parameters_mut(), &train, None).unwrap_err();
    assert!(matches!(&error, TrainError::Checkpoint(error) if matches!(error.problem, FileProblem::Io(_))));
    assert!(error.to_string().starts_with("no/such/folder/training.json: "), "{error}");
}

#[test]
fn a_file_that_is_no_checkpoint_is_not_resumed() {
    let folder = fresh_folder("no_checkpoint");
    let of_a_network = folder.join("network.safetensors");
    network().save(&of_a_network).unwrap();
    let error = trainer().resume(&of_a_network).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("{}: there is no tensor \"parameters\", of the shape [0]", of_a_network.display())
    );
    let truncated = folder.join("truncated.safetensors");
    fs::write(&truncated, &fs::read(&of_a_network).unwrap()[..100]).unwrap();
    assert!(matches!(trainer().resume(&truncated).err().unwrap().problem, FileProblem::Malformed(_)));
}
