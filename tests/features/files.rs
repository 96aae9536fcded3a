//! Data, networks and other tensors in files.

use std::fs;
use std::path::Path;

use dualtape::nn::{
    Activation, DataError, Dataset, FileProblem, Init, Mlp, Standardizer, TensorError, Tensors, read_indices,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use crate::support::reference::numbers;

/// The sets in `data/` have the sizes, splits, means and deviations that NumPy finds.
#[test]
fn the_data_equals_the_numbers_that_numpy_reads() {
    let expected: Value = serde_json::from_str(include_str!("../data/datasets.json")).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let count = |key: &str| expected[key].as_u64().unwrap() as usize;
        let data: Dataset = Dataset::read_csv(format!("data/{name}.csv"), &["target"]).unwrap();
        assert_eq!((data.len(), data.inputs(), data.outputs()), (count("rows"), count("features"), 1), "{name}");
        if expected["classes"].is_u64() {
            let classes: Dataset<f64, usize> = Dataset::read_csv(format!("data/{name}.csv"), &["target"]).unwrap();
            assert_eq!(classes.classes(), count("classes"));
            assert!(classes.targets().iter().zip(data.targets()).all(|(&class, &number)| class as f64 == number));
        }

        let rows = |part| read_indices(format!("data/{name}_{part}_idx.txt"), data.len()).unwrap();
        let (train, test) = (rows("train"), rows("test"));
        assert_eq!((train.len(), test.len()), (count("n_train"), count("n_test")));
        let mut all = [train.clone(), test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..data.len()), "{name}: every row is in one part");

        let mut train = data.select(&train);
        let scale = Standardizer::fit(train.features(), train.inputs());
        let constant = |&deviation: &f64| if deviation == 0.0 { 1.0 } else { deviation };
        let (means, deviations) = (numbers(&expected["train_mean"]), numbers(&expected["train_std_pop"]));
        let deviations: Vec<f64> = deviations.iter().map(constant).collect();
        for (ours, theirs) in [(scale.means(), means), (scale.deviations(), deviations)] {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-13 * b.abs();
            assert!(ours.iter().zip(&theirs).all(near), "{name}: {ours:?} instead of {theirs:?}");
        }
        scale.apply(train.features_mut());
        let again = Standardizer::fit(train.features(), train.inputs());
        assert!(again.means().iter().all(|mean| mean.abs() < 1e-13));
    }
    let yinyang: Dataset<f64, usize> = Dataset::read_csv("data/yinyang.csv", &["target"]).unwrap();
    let parts = ["train", "val", "test"].map(|part| read_indices(format!("data/yinyang_{part}_idx.txt"), 100).unwrap());
    assert_eq!((yinyang.len(), yinyang.classes(), parts.each_ref().map(Vec::len)), (100, 3, [80, 10, 10]));
    assert!(parts.concat().into_iter().eq(0..100));
}

/// Writes a file of a folder that ends with the test, and hands its path on.
fn with_file<T>(name: &str, content: impl AsRef<[u8]>, act: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    act(&path)
}

/// The message of an error without the folder.
fn message(path: &Path, error: impl ToString) -> String {
    error.to_string().replace(path.to_str().unwrap(), "a.csv")
}

#[test]
fn faults_of_a_csv_file_are_named_with_row_and_column() {
    let cases = [
        ("", "a.csv: there are no rows of data"),
        ("x,y\n", "a.csv: there are no rows of data"),
        ("x,y\n1,2\n3,abc\n", "a.csv: row 3, column 2 (\"y\"): \"abc\" is not a number"),
        ("x,y\r\n1,2\r\n\r\n3,?\r\n", "a.csv: row 4, column 2 (\"y\"): \"?\" is not a number"),
        ("x,y\n1,2\n,4\n", "a.csv: row 3, column 1 (\"x\"): the value is missing"),
        ("x,y\n1,2\n3, \n", "a.csv: row 3, column 2 (\"y\"): the value is missing"),
        ("x,y\n1,2\n3\n", "a.csv: row 3, column 2 (\"y\"): the row ends before it"),
        ("x,y\n1,2\n3,4,5\n", "a.csv: row 3, column 3: a cell too many; the rows have 2"),
        ("x,y\n1,2\n3,NaN\n", "a.csv: row 3, column 2 (\"y\"): NaN is not a finite number"),
        ("x,y\n1,2\ninf,0\n", "a.csv: row 3, column 1 (\"x\"): inf is not a finite number"),
        ("x,\"y\nz\"\n1,2\n3,4\n", "a.csv: there is no column \"y\" among \"x\", \"y\\nz\""),
        ("\"x\n1\",y\n1,2\nabc,4\n", "a.csv: row 4, column 1 (\"x\\n1\"): \"abc\" is not a number"),
        ("x;y\n1;2\n", "a.csv: there is no column \"y\" among \"x;y\""),
        (
            "1,2\n3,4\n",
            "a.csv: row 1, column 1 (\"1\"): the first row has numbers, and must have the names of the columns",
        ),
        ("x,y,x\n1,2,3\n", "a.csv: row 1, column 3 (\"x\"): column 1 has the same name"),
        ("y\n1\n", "a.csv: 0 columns of features and 1 of targets; name at least one of each"),
        ("x,y\n1,2\n3,\"4\n", "a.csv: row 3, column 2 (\"y\"): the quotes do not end"),
        ("x,y\n1,\"2\n3,4\n5,6\n", "a.csv: row 2, column 2 (\"y\"): the quotes do not end"),
        ("x,y\n1,2\n\"3\"\"\n", "a.csv: row 3, column 1 (\"x\"): the quotes do not end"),
        ("x,y\n1,2\n3,\"", "a.csv: row 3, column 2 (\"y\"): the quotes do not end"),
        ("x,\"y\n1,2\n", "a.csv: row 1, column 2: the quotes do not end"),
        ("x,y\n\n\"1\"5,2\n", "a.csv: row 3, column 1 (\"x\"): the cell goes on after its quotes"),
        ("x,y\r\n1,\"2\" 5\r\n", "a.csv: row 2, column 2 (\"y\"): the cell goes on after its quotes"),
        ("x,y\n1,\"2\n3,\"4\"\n", "a.csv: row 2, column 2 (\"y\"): the cell goes on after its quotes"),
        ("\u{feff}\"x\"s,y\n1,2\n", "a.csv: row 1, column 1: the cell goes on after its quotes"),
        ("x,y\n1,2\n3,4\"\n", "a.csv: row 3, column 2 (\"y\"): \"4\\\"\" is not a number"),
        ("x,y\n\u{e9},2\n", "a.csv: row 2, column 1 (\"x\"): \"\u{e9}\" is not a number"),
    ];
    for (content, expected) in cases {
        with_file("a.csv", content, |path| {
            let error = Dataset::<f64>::read_csv(path, &["y"]).unwrap_err();
            assert_eq!(message(path, error), expected, "{content:?}");
        });
    }
    let not_text = with_file("a.csv", b"x,y\n\xff\xfe,2\n", |path| Dataset::<f64>::read_csv(path, &["y"]).is_err());
    assert!(not_text);
    assert!(matches!(Dataset::<f64>::read_csv("no/such.csv", &["y"]), Err(DataError::Io { .. })));
}

#[test]
fn classes_are_whole_numbers() {
    for wrong in ["-1", "1.5", "1e300"] {
        with_file("a.csv", format!("x,y\n0,0\n1,{wrong}\n"), |path| {
            let error = Dataset::<f64, usize>::read_csv(path, &["y"]).unwrap_err();
            let number: f64 = wrong.parse().unwrap();
            let expected =
                format!("a.csv: row 3, column 2 (\"y\"): {number} is not a class; classes are whole numbers from 0");
            assert_eq!(message(path, error), expected);
        });
    }
}

#[test]
fn a_column_that_is_named_twice_is_refused() {
    for (targets, twice) in [(&["y", "y"][..], "y"), (&["t", "y", "t"], "t"), (&["no", "no"], "no")] {
        with_file("a.csv", "x,y,t\n1,2,3\n", |path| {
            let error = Dataset::<f64>::read_csv(path, targets).unwrap_err();
            assert!(matches!(error, DataError::Column { .. }));
            let expected = format!("a.csv: column {twice:?} is named twice among the targets; name it once");
            assert_eq!(message(path, error), expected);
        });
    }
    with_file("a.csv", "x,y,x\n1,2,3\n", |path| {
        let error = Dataset::<f64>::read_csv(path, &["y"]).unwrap_err();
        assert_eq!(message(path, error), "a.csv: row 1, column 3 (\"x\"): column 1 has the same name");
    });
}

#[test]
fn csv_is_read_as_spreadsheets_write_it() {
    let content = "\u{feff}x ,\"y, z\",t\r\n 1, 2.5 ,3\r\n\r\n\"4\",+5e0,-.5\r\n";
    with_file("a.csv", content, |path| {
        let data: Dataset<f32> = Dataset::read_csv(path, &["t", "y, z"]).unwrap();
        assert_eq!((data.inputs(), data.outputs()), (1, 2));
        assert_eq!((data.features(), data.targets()), (&[1.0, 4.0][..], &[3.0, 2.5, -0.5, 5.0][..]));
    });
    let content = "\u{feff}\"a \"\"b\"\"\r\nc\",\"d,\",e\"f\"\n\"1\" ,\"\n2\n\",\"3\"\n\n";
    with_file("a.csv", content, |path| {
        let data: Dataset = Dataset::read_csv(path, &["a \"b\"\r\nc", "e\"f\""]).unwrap();
        assert_eq!((data.features(), data.targets()), (&[2.0][..], &[1.0, 3.0][..]));
    });
    with_file("a.csv", "x,y\n1e39,0\n", |path| {
        let error = Dataset::<f32>::read_csv(path, &["y"]).unwrap_err();
        assert!(error.to_string().contains("row 2, column 1 (\"x\")"), "beyond the range of f32");
    });
}

#[test]
fn faults_of_a_file_of_rows_are_named() {
    let cases = [
        ("", "a.csv: there are no rows of data"),
        ("0\n1\n10\n", "a.csv: row 3, column 1: 10 is not a row; the data has 10, counted from 0"),
        ("0\n-1\n", "a.csv: row 2, column 1: -1 is not a row; the data has 10, counted from 0"),
        ("0\n0.5\n", "a.csv: row 2, column 1: 0.5 is not a row; the data has 10, counted from 0"),
        ("0\nx\n", "a.csv: row 2, column 1: \"x\" is not a number"),
        ("0\n\"1\"0\n", "a.csv: row 2, column 1: the cell goes on after its quotes"),
        ("0,1\n", "a.csv: row 1, column 2: a cell too many; the rows have 1"),
    ];
    for (content, expected) in cases {
        with_file("a.csv", content, |path| assert_eq!(message(path, read_indices(path, 10).unwrap_err()), expected));
    }
}

const LAYERS: [(usize, Activation); 2] = [(4, Activation::Tanh), (3, Activation::Linear)];

fn random(inputs: usize, seed: u64) -> Mlp {
    Mlp::random(inputs, &LAYERS, Init::Xavier, &mut StdRng::seed_from_u64(seed))
}

/// All kinds of numbers of both types, and texts.
fn all_kinds() -> Tensors {
    let mut tensors = Tensors::new();
    let numbers = vec![0.1, -0.0, f64::MIN_POSITIVE / 3.0, f64::MAX, f64::EPSILON, f64::INFINITY, f64::NEG_INFINITY];
    tensors.insert("f64", &[7], numbers);
    tensors.insert("f32", &[2, 3], vec![0.1_f32, -0.0, f32::MIN_POSITIVE / 3.0, f32::MAX, 16_777_217.0, 1.0 / 3.0]);
    tensors.insert("none", &[0, 5], Vec::<f64>::new());
    tensors.insert("one \"number\" \u{3c0}", &[], vec![std::f64::consts::PI]);
    (0..20).for_each(|i| tensors.insert_text(format!("text {i}"), f64::from(i) / 3.0));
    tensors
}

#[test]
fn both_formats_hold_every_number() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.safetensors", "a.json"] {
        let path = folder.path().join(name);
        all_kinds().save(&path).unwrap();
        let loaded = Tensors::load(&path).unwrap();
        assert_eq!(loaded, all_kinds());
        assert!(loaded.get::<f64>("f64", &[7]).unwrap()[1].is_sign_negative());
        assert_eq!(loaded.text::<f64>("text 7"), Ok(7.0 / 3.0));
        let first = fs::read(&path).unwrap();
        loaded.save(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first, "the same tensors give the same bytes");

        let mut nan = Tensors::new();
        nan.insert("nan", &[2], vec![f64::NAN, 1.0]);
        nan.save(&path).unwrap();
        let loaded = Tensors::load(&path).unwrap().get::<f64>("nan", &[2]).unwrap();
        assert!(loaded[0].is_nan() && loaded[1] == 1.0);
    }
}

/// The files were written by `safetensors.numpy.save_file` 0.8.
#[test]
fn files_of_python_are_read() {
    let mut neuron: Mlp = Mlp::zeros(2, &[(1, Activation::Linear)]);
    neuron.load("tests/data/tensors/neuron.safetensors").unwrap();
    assert_eq!(neuron.parameters(), [3.0, -1.0, 0.5]);
    let tensors = Tensors::load("tests/data/tensors/neuron.safetensors").unwrap();
    assert_eq!(
        (tensors.text::<u64>("epoch"), tensors.text("written by")),
        (Ok(7), Ok("safetensors.numpy".to_string()))
    );

    neuron.load("tests/data/tensors/neuron_f32.safetensors").unwrap();
    assert_eq!(neuron.parameters(), [3.0, -1.0, 0.1_f32.into()]);

    let error = neuron.load("tests/data/tensors/integers.safetensors").unwrap_err();
    assert_eq!(
        error.to_string(),
        "tests/data/tensors/integers.safetensors: tensor \"layers.0.bias\" has the wrong type: I64, and F64 or F32 is \
         wanted; round F64 to F32 with `Tensors::to_f32`, and convert others before they are saved"
    );
    assert_eq!(neuron.parameters(), [3.0, -1.0, 0.1_f32.into()]);
}

#[test]
fn networks_come_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.safetensors", "a.json"] {
        let path = folder.path().join(name);
        let learned = random(5, 1);
        learned.save(&path).unwrap();
        let mut network = random(5, 2);
        network.load(&path).unwrap();
        assert_eq!(network, learned);

        let rounded: Vec<f32> = learned.parameters().iter().map(|&p| p as f32).collect();
        let single = learned.with_parameters(&rounded);
        assert_eq!(single.tensors(), learned.tensors().to_f32());
        single.save(&path).unwrap();
        network.load(&path).unwrap();
        assert!(network.parameters().iter().zip(&rounded).all(|(&p, &q)| p == f64::from(q)), "f32 is read as f64");
    }
}

#[test]
fn tensors_that_do_not_fit_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.safetensors");
    let problem = |tensors: &Tensors| {
        tensors.save(&path).unwrap();
        let mut network = random(5, 2);
        let FileProblem::Tensors(error) = network.load(&path).unwrap_err().problem else { panic!("another problem") };
        assert_eq!(network, random(5, 2));
        error
    };
    let name = |name: &str| name.to_string();

    let wide = problem(&random(6, 1).tensors());
    assert_eq!(wide, TensorError::Shape { name: name("layers.0.weight"), wanted: vec![4, 5], found: vec![4, 6] });

    let shallow: Mlp = Mlp::zeros(5, &LAYERS[..1]);
    let missing = problem(&shallow.tensors());
    assert_eq!(missing, TensorError::Missing { name: name("layers.1.weight"), shape: vec![3, 4] });

    let deep: Mlp = Mlp::zeros(5, &[LAYERS[0], LAYERS[1], (1, Activation::Linear)]);
    assert_eq!(problem(&deep.tensors()), TensorError::Unexpected { name: name("layers.2.bias") });

    random(5, 1).save(&path).unwrap();
    let mut single = random(5, 2).with_parameters(&[0.5_f32; 39]);
    let error = single.load(&path).unwrap_err();
    assert!(error.to_string().contains("\"layers.0.weight\" has the wrong type: F64, and F32 is wanted"), "{error}");
    assert_eq!(single.parameters(), [0.5; 39]);
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.json");
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    random(5, 1).save(&path).unwrap();
    random(5, 2).save(&path).unwrap();
    let mut network = random(5, 3);
    network.load(&path).unwrap();
    assert_eq!(network, random(5, 2));
    assert_eq!(names(), ["network.json"], "nothing is left behind");

    // Where a file cannot be put, nothing is left behind either.
    let occupied = folder.path().join("occupied.json");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("file"), "").unwrap();
    let error = network.save(&occupied).unwrap_err();
    assert!(matches!(error.problem, FileProblem::Io(_)) && error.path == occupied);
    assert_eq!(names(), ["network.json", "occupied.json"]);
    assert!(matches!(network.save(folder.path().join("no/such.json")).unwrap_err().problem, FileProblem::Io(_)));
    assert!(matches!(network.save(folder.path().join("network.pt")).unwrap_err().problem, FileProblem::Name));
}

/// In a network, and wherever in the tensors it is: numbers that are infinite in `f32` are not loaded as such.
#[test]
fn a_number_beyond_f32_is_an_error() {
    let tensor = |number: &str| {
        format!(
            r#"{{"tensors":{{"layers.0.bias":{{"dtype":"F32","shape":[1],"data":[1.5]}},"layers.0.weight":{{"dtype":"F32","shape":[1,2],"data":[0.5,{number}]}}}}}}"#
        )
    };
    for (text, number) in [("1e39", 1e39), ("-3.5e38", -3.5e38), ("1e308", 1e308)] {
        with_file("a.json", tensor(text), |path| {
            let mut network: Mlp<f32> = Mlp::zeros(2, &[(1, Activation::Linear)]);
            let error = network.load(path).unwrap_err();
            let expected = format!(
                "a.csv: tensor \"layers.0.weight\" has {number} at place 1, counted from 0, which is too large for F32"
            );
            assert_eq!(message(path, error), expected);
            assert_eq!(network.parameters(), [0.0; 3]);
        });
    }
    // Beyond f64 too.
    with_file("a.json", tensor("1e999"), |path| {
        assert!(matches!(Tensors::load(path).unwrap_err().problem, FileProblem::Malformed(_)));
    });
    with_file("a.json", tensor("null"), |path| {
        let error = Tensors::load(path).unwrap_err().to_string();
        assert!(error.contains(r#"expected a number, "NaN", "Infinity" or "-Infinity""#), "{error}");
    });
    for good in ["3.4028234663852886e38", "\"Infinity\"", "1e-60", "0.1"] {
        with_file("a.json", tensor(good), |path| {
            Mlp::<f32>::zeros(2, &[(1, Activation::Linear)]).load(path).unwrap();
        });
    }

    let mut large = Tensors::new();
    large.insert("x", &[3], vec![1.0, f64::INFINITY, -1e39]);
    large.insert("y", &[1], vec![f64::INFINITY]);
    let error = large.to_f32().get::<f32>("x", &[3]).unwrap_err();
    assert!(matches!(error, TensorError::Range { index: 2, .. }), "{error}");
    assert_eq!(large.to_f32().get::<f64>("x", &[3]), Ok(vec![1.0, f64::INFINITY, -1e39]));
    assert_eq!(large.to_f32().get::<f32>("y", &[1]), Ok(vec![f32::INFINITY]));
}

/// All of them have as many weights of the same names and shapes.
#[test]
fn a_network_with_other_layers_is_not_loaded() {
    let layers = |hidden: [Activation; 2]| [(3, hidden[0]), (3, hidden[1]), (1, Activation::Linear)];
    let saved = [Activation::Tanh, Activation::LeakyRelu(0.01)];
    let learned: Mlp = Mlp::random(3, &layers(saved), Init::He, &mut StdRng::seed_from_u64(1));
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.safetensors", "a.json"] {
        let path = folder.path().join(name);
        learned.save(&path).unwrap();
        for other in [
            [Activation::LeakyRelu(0.01), Activation::Tanh],
            [Activation::Tanh, Activation::LeakyRelu(0.02)],
            [Activation::Tanh, Activation::Relu],
            [Activation::Linear, Activation::LeakyRelu(0.01)],
        ] {
            let mut network: Mlp = Mlp::zeros(3, &layers(other));
            let before = network.clone();
            let error = network.load(&path).unwrap_err();
            let expected = format!("network: the tensors were made with {learned}, and {network} is wanted");
            assert_eq!(message(&path, error), format!("a.csv: {expected}"));
            assert_eq!(network, before);
        }
        let mut same: Mlp = Mlp::zeros(3, &layers(saved));
        same.load(&path).unwrap();
        assert_eq!(same, learned);

        // What the file was made with is in it, and a file that does not say it is taken by names and shapes.
        let tensors = Tensors::load(&path).unwrap();
        assert_eq!(tensors.text::<String>("network").unwrap(), learned.to_string());
        let mut silent = Tensors::new();
        for name in tensors.names() {
            let shape = tensors.shape(name).unwrap();
            silent.insert(name, shape, tensors.get::<f64>(name, shape).unwrap());
        }
        Mlp::<f64>::zeros(3, &layers([Activation::Relu; 2])).load_tensors(&silent).unwrap();
    }
}

#[test]
fn a_stored_deviation_of_zero_is_refused() {
    let mut tensors = Standardizer::new(&[1.0, 2.0], &[3.0, 4.0]).tensors();
    tensors.insert("scaling.deviations", &[2], vec![3.0, 0.0]);
    let error = Standardizer::<f64>::from_tensors(&tensors).unwrap_err().to_string();
    assert_eq!(error, "the deviation of column 2: the tensors were made with 0, and a number above 0 is wanted");
}

#[test]
fn another_scaling_of_the_features_is_refused() {
    let scaling = Standardizer::fit(&[1.0, 10.0, 2.0, 30.0, 4.0, 50.0], 2);
    let learned = random(2, 1);
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.safetensors", "a.json"] {
        let path = folder.path().join(name);
        learned.save_scaled(&path, &scaling).unwrap();
        assert_eq!(Standardizer::from_tensors(&Tensors::load(&path).unwrap()), Ok(scaling.clone()));
        let mut network = random(2, 2);
        let mut refused = |scaling: Option<&Standardizer>, expected: &str| {
            let loaded = match scaling {
                Some(scaling) => network.load_scaled(&path, scaling),
                None => network.load(&path),
            };
            let error = message(&path, loaded.unwrap_err());
            assert_eq!(
                error,
                format!("a.csv: the scaling of features: the tensors were made with {expected} is wanted")
            );
            assert_eq!(network, random(2, 2));
        };
        refused(None, "one of 2 columns, and none (with one, load with `Mlp::load_scaled`)");
        refused(Some(&Standardizer::new(&[0.0], &[1.0])), "one of 2, and one of 1 columns");
        let (means, deviations) = (scaling.means().to_vec(), scaling.deviations().to_vec());
        let nudged = [deviations[0], deviations[1] * (1.0 + f64::EPSILON)];
        refused(
            Some(&Standardizer::new(&means, &nudged)),
            &format!(
                "mean 30 and deviation {} of column 2, and mean 30 and deviation {} of column 2",
                deviations[1], nudged[1]
            ),
        );
        network.load_scaled(&path, &scaling).unwrap();
        assert_eq!(network, learned);

        learned.save(&path).unwrap();
        let error = random(2, 2).load_scaled(&path, &scaling).unwrap_err().to_string();
        assert!(
            error.ends_with("made with none, and a scaling (without one, load with `Mlp::load`) is wanted"),
            "{error}"
        );
    }
}

#[test]
fn a_scaling_of_another_width_than_the_network_is_refused() {
    with_file("a.json", "", |path| {
        for columns in [1, 3, 4] {
            let scaling = Standardizer::new(&vec![0.0; columns], &vec![1.0; columns]);
            let expected = format!(
                "a.csv: the scaling of features: the tensors were made with one of {columns}, and one of 2 columns, for as \
                 many inputs of the network, is wanted"
            );
            assert_eq!(message(path, random(2, 1).save_scaled(path, &scaling).unwrap_err()), expected);
            assert!(fs::read(path).unwrap().is_empty(), "nothing is saved");

            let mut tensors = random(2, 1).tensors();
            tensors.insert_all("", scaling.tensors());
            let other = path.with_file_name("b.json");
            tensors.save(&other).unwrap();
            let mut network = random(2, 2);
            assert_eq!(message(&other, network.load_scaled(&other, &scaling).unwrap_err()), expected);
            assert_eq!(network, random(2, 2));
        }
    });
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_stays_and_its_target_is_replaced() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let (near, far) = (folder.path().join("near"), folder.path().join("far"));
    fs::create_dir(&near).unwrap();
    fs::create_dir(&far).unwrap();
    let target = far.join("network.json");
    symlink("../far/network.json", near.join("relative.json")).unwrap();
    symlink(&target, near.join("absolute.json")).unwrap();
    symlink("relative.json", near.join("twice.json")).unwrap();
    // At first it points to nothing.
    for (seed, name) in (1..).zip(["relative.json", "absolute.json", "twice.json"]) {
        let link = near.join(name);
        random(5, seed).save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::symlink_metadata(&target).unwrap().is_file());
        for path in [&link, &target] {
            let mut network = random(5, 9);
            network.load(path).unwrap();
            assert_eq!(network, random(5, seed));
        }
        assert_eq!(fs::read_dir(&far).unwrap().count(), 1, "nothing is left behind");
    }
    let circle = near.join("circle.json");
    symlink("circle.json", &circle).unwrap();
    let error = random(5, 1).save(&circle).unwrap_err();
    assert!(error.to_string().ends_with("circle.json: there are more than 40 symbolic links, one after the other"));
}

/// By its own name or by a name on the way, what is saved would be of the wrong format.
#[cfg(unix)]
#[test]
fn a_link_to_a_name_of_the_other_format_is_refused() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    random(5, 1).save(at("data.safetensors")).unwrap();
    random(5, 1).save(at("data.json")).unwrap();
    let files = || [at("data.safetensors"), at("data.json")].map(|path| fs::read(path).unwrap());
    let before = files();
    for (link, target, refused) in [
        ("a.json", "data.safetensors", "data.safetensors"),
        ("b.safetensors", "data.json", "data.json"),
        ("c.json", "a.json", "data.safetensors"),
        ("d.json", "new.safetensors", "new.safetensors"),
        ("e.json", "b.safetensors", "b.safetensors"),
    ] {
        symlink(target, at(link)).unwrap();
        let error = random(5, 2).save(at(link)).unwrap_err().to_string();
        let target = at(refused).display().to_string();
        let expected =
            format!("{}: it is a link to {target}, a name of another format; save it there", at(link).display());
        assert_eq!((error, files()), (expected, before.clone()));
    }
    assert!(!at("new.safetensors").exists());

    // A name without a format is loaded by the link alone.
    symlink("blob", at("f.safetensors")).unwrap();
    random(5, 2).save(at("f.safetensors")).unwrap();
    let mut network = random(5, 3);
    network.load(at("f.safetensors")).unwrap();
    assert_eq!(network, random(5, 2));
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    for (name, mode) in [("a.json", 0o600), ("b.safetensors", 0o640), ("c.json", 0o664), ("d.json", 0o400)] {
        let path = folder.path().join(name);
        random(5, 1).save(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        random(5, 2).save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
}

/// As those of a file that is made in the usual way.
#[cfg(unix)]
#[test]
fn a_file_has_the_usual_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let (saved, usual) = (folder.path().join("a.json"), folder.path().join("b.json"));
    Tensors::new().save(&saved).unwrap();
    fs::write(&usual, "").unwrap();
    assert_eq!(fs::metadata(saved).unwrap().permissions(), fs::metadata(usual).unwrap().permissions());
}
