//! Tests that damaged files are refused.

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

/// Whatever a byte is changed to, one of three holds. The file is refused, or the network refuses its tensors and
/// stays as it was, or the file holds other numbers of the same shapes.
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
fn json_that_contradicts_itself_is_refused() {
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

/// Returns why a file with this header and this number of bytes of data is refused.
fn problem_of_header(header: &str, bytes: usize) -> String {
    let file = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; bytes]].concat();
    match from_safetensors(&file).unwrap_err() {
        FileProblem::Malformed(problem) => problem,
        FileProblem::Tensors(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn crafted_headers_are_refused() {
    let tensor = |name: &str, dtype: &str, shape: &str, start: u64, end: u64| {
        format!(r#""{name}": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": [{start}, {end}]}}"#)
    };
    let [a, b] = ["a", "b"].map(|name| tensor(name, "F64", "[2]", 0, 16));
    let after = |start: u64| tensor("b", "F64", "[2]", start, start + 16);
    assert!(from_safetensors(&to_safetensors(&tensors())).is_ok());
    let cases = [
        (format!("{{{a}, {b}}}"), 16, "invalid offset for tensor `"),
        (format!("{{{a}, {}}}", after(8)), 24, "invalid offset for tensor `b`"),
        (format!("{{{a}, {}}}", after(24)), 40, "invalid offset for tensor `b`"),
        (format!("{{{a}}}"), 8, "tensor \"a\" ends beyond the end of the file"),
        (format!("{{{a}}}"), 24, "incomplete metadata, file not fully covered"),
        (format!("{{{}}}", tensor("a", "F64", "[2]", 16, 0)), 16, "invalid offset for tensor `a`"),
        (format!("{{{}}}", tensor("a", "F64", "[3]", 0, 16)), 16, "invalid shape, data type, or offset for tensor"),
        (
            format!("{{{}}}", tensor("a", "F64", "[4294967296, 4294967296]", 0, 16)),
            16,
            "overflow computing buffer size from shape and/or element type",
        ),
        (
            format!("{{{}}}", tensor("a", "F64", "[2305843009213693951]", 0, u64::MAX)),
            16,
            "tensor \"a\" ends beyond the end of the file",
        ),
        (format!("{{{}}}", tensor("a", "F99", "[2]", 0, 16)), 16, "invalid JSON in header: unknown variant `F99`"),
        (format!("{{{}}}", tensor("a", "BF16", "[8]", 0, 16)), 16, "tensor \"a\" has the wrong type: BF16"),
        (
            format!("{{{a}, {a}}}"),
            16,
            "the header is not a map of tensors: the name \"a\" comes twice at line 1 column 66",
        ),
        ("[]".to_string(), 0, "the header is not a map of tensors: invalid type: sequence, expected a map"),
        (String::new(), 0, "the header is not a map of tensors: EOF"),
    ];
    for (header, bytes, expected) in cases {
        let problem = problem_of_header(&header, bytes);
        assert!(problem.starts_with(expected), "{header}: {problem}");
    }

    // Eight tensors that together fill the whole address space.
    let eighth = (1 << 61) - 1;
    let huge = |i: u64| tensor(&i.to_string(), "U8", &format!("[{eighth}]"), i * eighth, (i + 1) * eighth);
    let header = format!("{{{}}}", (0..8).map(huge).collect::<Vec<_>>().join(", "));
    assert_eq!(problem_of_header(&header, 0), "tensor \"0\" ends beyond the end of the file");

    for length in [17, 1 << 40, u64::MAX] {
        let file = [&length.to_le_bytes()[..], b"{}              "].concat();
        let Err(FileProblem::Malformed(problem)) = from_safetensors(&file) else { panic!("a header of {length}") };
        assert_eq!(problem, "the header is longer than the file");
    }
}

#[test]
fn a_name_that_comes_twice_in_json_is_refused() {
    let one = r#""w": {"dtype": "F64", "shape": [1], "data": [1]}"#;
    for json in
        [format!(r#"{{"tensors": {{{one}, {one}}}}}"#), r#"{"texts": {"w": "", "w": ""}, "tensors": {}}"#.into()]
    {
        let Err(FileProblem::Malformed(problem)) = from_json(json.as_bytes()) else { panic!("{json}") };
        assert!(problem.starts_with("the name \"w\" comes twice at line 1 column "), "{problem}");
    }
}
