//! What becomes of damaged files.

use super::*;
use crate::nn::Activation;

fn network() -> Mlp {
    Mlp::new(2, &[(2, Activation::Tanh)], &[1.0, 2.5, -3.0, 1e-300, 5.0, 0.1])
}

fn tensors() -> Tensors {
    let mut tensors = network().tensors();
    tensors.insert_text("epoch", 7);
    tensors
}

type Write = fn(&Tensors) -> Vec<u8>;
type Read = fn(&[u8]) -> Result<Tensors, FileProblem>;

const FORMATS: [(Write, Read); 2] = [(to_safetensors, from_safetensors), (to_json, from_json)];

#[test]
fn a_truncated_file_is_an_error() {
    for (write, read) in FORMATS {
        let whole = write(&tensors());
        assert_eq!(read(&whole).unwrap(), tensors());
        for n in 0..whole.len() {
            assert!(matches!(read(&whole[..n]), Err(FileProblem::Malformed(_))), "{n} bytes of {}", whole.len());
        }
    }
}

/// Whatever a byte is changed to, the file is refused, or what it holds is refused by the
/// network and leaves it as it was, or there are other numbers of the same shapes.
#[test]
fn a_changed_byte_gives_an_error_or_other_numbers() {
    for (write, read) in FORMATS {
        let whole = write(&tensors());
        let (mut loaded, mut refused) = (0, 0);
        for place in 0..whole.len() {
            for change in 1..=u8::MAX {
                let mut damaged = whole.clone();
                damaged[place] ^= change;
                let mut network = network();
                match read(&damaged).map(|tensors| network.load_tensors(&tensors)) {
                    Ok(Ok(())) => loaded += 1,
                    Ok(Err(_)) | Err(FileProblem::Malformed(_) | FileProblem::Tensors(_)) => {
                        refused += 1;
                        assert_eq!(network, self::network());
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert!(loaded > 100 && refused > 1000, "{loaded} loaded, {refused} refused");
    }
}

#[test]
fn bytes_after_the_end_are_an_error() {
    for (write, read) in FORMATS {
        let mut long = write(&tensors());
        long.push(b'x');
        assert!(matches!(read(&long), Err(FileProblem::Malformed(_))));
    }
}

#[test]
fn json_must_hold_what_it_says() {
    let problem = |json: &str| {
        let path = PathBuf::from("x.json");
        FileError { path, problem: from_json(json.as_bytes()).unwrap_err() }.to_string()
    };
    assert_eq!(
        problem(r#"{"tensors": {"w": {"dtype": "F64", "shape": [2, 2], "data": [1, 2, 3]}}}"#),
        "x.json: the file is truncated, corrupted or of another format: tensor \"w\" has 3 numbers and the shape [2, 2]"
    );
    assert_eq!(
        problem(r#"{"tensors": {"w": {"dtype": "I64", "shape": [1], "data": [1]}}}"#),
        "x.json: tensor \"w\" has the wrong type: I64, and F64 or F32 is wanted; round F64 to F32 with \
         `Tensors::to_f32`, and convert others before they are saved"
    );
    let huge = format!(r#"{{"tensors": {{"w": {{"dtype": "F64", "shape": [{0}, {0}], "data": []}}}}}}"#, usize::MAX);
    assert!(problem(&huge).contains("has 0 numbers and the shape"));
    for wrong in ["null", "\"nan\"", "[1]"] {
        let json = format!(r#"{{"tensors": {{"w": {{"dtype": "F64", "shape": [1], "data": [{wrong}]}}}}}}"#);
        assert!(problem(&json).contains(" at line 1 column "), "{}", problem(&json));
    }
}
