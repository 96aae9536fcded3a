//! Curves, boundaries, histograms and confusion matrices: as SVG, in characters, and in notebooks.

use std::process::Command;

use dualtape::nn::{Confusion, Epoch, Mlp};
use dualtape::plot::{Boundary, Curves, Histogram, Picture, Terminal};

use crate::support::example::{example, fresh_folder};
use crate::support::refusals::message;

const COLOURS: Terminal = Terminal { columns: 72, rows: 16, colours: true };

fn curves() -> Curves {
    let loss = |rate: f64| (0..40).map(move |step| (f64::from(step), (-rate * f64::from(step)).exp()));
    Curves::new("Loss & more", "step", "loss <1>").log_y().line("training", loss(0.1)).line("validation", loss(0.07))
}

/// A circle, and a point of each class.
fn boundary() -> Boundary {
    Boundary::new(-2.0..2.0, -1.0..1.0, |x| [3.0 * (x[0].hypot(x[1]) - 0.8)]).points(&[[0.0, 0.0], [1.5, 0.5]], &[0, 1])
}

fn sectors() -> Boundary {
    Boundary::new(-1.0..1.0, -1.0..1.0, |x| [x[0] + x[1], x[0] - x[1], -x[0]])
}

fn confusion() -> Confusion {
    Confusion::of(&[0, 1, 2, 2, 1], &[0, 1, 2, 1, 1], 3)
}

fn histogram() -> Histogram {
    Histogram::new("Weights", "weight", &[-0.5, 0.1, 0.2, 0.2, 1.5], 4)
}

fn all() -> [Picture; 5] {
    [curves().picture(), boundary().picture(), sectors().picture(), histogram().picture(), confusion().picture()]
}

/// Asserts that every element is closed by its own name, and that one element encloses all.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for (i, tag) in svg.split('<').enumerate().skip(1) {
        let (tag, text) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag: {tag}"));
        assert!(!tag.contains('&') && tag.matches('"').count() % 2 == 0, "{tag}");
        for entity in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{text}");
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if !tag.ends_with('/') => open.push(tag.split(' ').next().unwrap()),
            None => {}
        }
        assert_eq!(open.is_empty(), i + 1 == svg.split('<').count(), "{tag}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn pictures_are_well_formed_and_always_the_same() {
    for (picture, again) in all().into_iter().zip(all()) {
        let svg = picture.svg();
        assert_well_formed(&svg);
        assert_eq!(svg, again.svg());
        assert!(svg.contains("@media (prefers-color-scheme:dark)") && !svg.contains("url("));
    }
    let [a, b, c, d, e] = all();
    let (width, height) = (a.size().0 + b.size().0, b.size().1 + c.size().1);
    let together = a.beside(b).above(c.beside(d)).above(e.clone());
    assert_eq!(together.size(), (width, height + e.size().1));
    assert_well_formed(&together.svg());
}

#[test]
fn titles_axes_and_legends_are_there() {
    let expected: [(String, &[&str]); 5] = [
        (curves().svg(), &["Loss &amp; more", "step", "loss &lt;1&gt;", "training", "validation", "0.1", "0.5", "30"]),
        (boundary().svg(), &["Decision boundary", "x1", "x2", "class 0", "class 1", "boundary", "-0.5"]),
        (sectors().titled("Sectors", "u / m", "v / m").svg(), &["Sectors", "u / m", "v / m", "boundary"]),
        (histogram().svg(), &["Weights", "weight", "count", "0.5", "2"]),
        (confusion().svg(), &["Confusion matrix", "predicted", "actual", "0", "1", "2"]),
    ];
    for (svg, texts) in expected {
        for text in texts {
            assert!(svg.contains(&format!(">{text}</text>")), "no {text:?} in {svg}");
        }
    }
}

/// A ground for each class, a line between each two, and a disk for each point.
#[test]
fn a_boundary_has_grounds_lines_and_points() {
    let svg = boundary().svg();
    for part in ["class=\"w0\" fill-rule", "class=\"w1\" fill-rule", "class=\"t1\" fill-rule", "class=\"s1 rim\""] {
        assert_eq!(svg.matches(part).count(), 1, "{part}");
    }
    assert_eq!(sectors().svg().matches("class=\"frame\" stroke-width=\"2\" stroke-linejoin").count(), 2);
    // Where there is one class alone there is no line.
    let one = Boundary::new(0.0..1.0, 0.0..1.0, |_| [1.0]).svg();
    assert!(!one.contains("stroke-linejoin") && one.contains("class=\"w1\" fill-rule"));
}

#[test]
fn a_number_that_is_not_finite_leaves_a_gap() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let points = [(0.0, 1.0), (1.0, nan), (2.0, 2.0), (3.0, inf), (4.0, 3.0), (5.0, 4.0), (nan, 1.0), (6.0, -1.0)];
    for curves in [Curves::new("", "x", "y").line("", points), Curves::new("", "x", "y").line("", points).log_y()] {
        assert_well_formed(&curves.svg());
        assert!(!curves.to_string().contains("NaN"));
    }
    for numbers in [&[][..], &[nan], &[(f64::MAX)], &[0.0, 0.0], &[f64::MIN, f64::MAX, inf]] {
        let curves = Curves::new("", "x", "y").line("", numbers.iter().map(|&y| (1.0, y)));
        assert_well_formed(&curves.svg());
        assert_well_formed(&Histogram::new("", "x", numbers, 3).svg());
        assert_eq!(curves.text(&COLOURS).lines().count(), 19);
    }
    for value in [nan, inf, -inf, 0.0] {
        let boundary = Boundary::new(0.0..1.0, 0.0..1.0, |x| if x[0] > 0.5 { [value, 1.0] } else { [x[0], x[1]] });
        assert_well_formed(&boundary.svg());
        assert_well_formed(&Boundary::new(0.0..1.0, 0.0..1.0, |x| [if x[0] > 0.5 { value } else { x[1] }]).svg());
    }
    assert_well_formed(&Confusion::of(&[], &[], 0).svg());
    assert_well_formed(&Picture::animation([], 1.0).svg());
}

#[test]
fn characters_are_plain_unless_there_are_colours() {
    let plain = [curves().to_string(), boundary().to_string(), sectors().to_string(), histogram().to_string()];
    for text in plain {
        assert!(text.is_ascii() && !text.contains('\x1b'), "{text}");
        assert!(text.lines().all(|line| line.len() <= 72 && line.trim_end() == line), "{text}");
    }
    for text in [curves().text(&COLOURS), boundary().text(&COLOURS), histogram().text(&COLOURS)] {
        assert!(
            text.contains("\x1b[") && text.trim_end().lines().all(|line| !line.ends_with('m') || line.ends_with("[0m"))
        );
    }
    let braille = curves().text(&COLOURS);
    assert!(braille.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)));
    // A disk, a ground, and a point of each class; in the corners the other class.
    let text = boundary().to_string();
    assert!(text.starts_with("..........") && text.contains('*') && text.contains('o'), "{text}");
    assert!(text.ends_with("* class 0 ( )   o class 1 (.)\n"));
    let tiny = Terminal { columns: 0, rows: 0, colours: true };
    assert!(
        [curves().text(&tiny), boundary().text(&tiny), histogram().text(&tiny)].iter().all(|text| !text.is_empty())
    );
}

#[test]
fn a_history_has_a_line_for_each_kind_of_data() {
    let epoch = |number: usize, loss: f64, validation_loss| Epoch { number, loss, validation_loss, rate: 0.1 };
    let both = Curves::of_history(&[epoch(1, 1.0, Some(2.0)), epoch(2, 0.01, Some(0.5))]).svg();
    assert!(both.contains(">training data<") && both.contains(">validation data<") && both.contains(">0.01<"));
    let one = Curves::of_history(&[epoch(1, 1.0, None), epoch(2, -0.5, None)]).svg();
    assert!(!one.contains(">validation data<") && one.contains(">-0.5<"));
    assert_well_formed(&Curves::of_history(&[]).svg());
}

/// Each frame has its time, and a viewer without animation shows the last.
#[test]
fn an_animation_shows_one_frame_at_a_time() {
    let animation = Picture::animation(all().into_iter().take(3), 1.0);
    assert_eq!(animation.size(), (560.0, 480.0));
    let svg = animation.svg();
    assert_well_formed(&svg);
    let of = |name: &str| -> Vec<String> {
        svg.split(&format!("{name}=\"")).skip(1).map(|rest| rest[..rest.find('"').unwrap()].to_string()).collect()
    };
    assert_eq!(of(" visibility"), ["hidden", "hidden", "visible"]);
    assert_eq!(of(" values"), ["visible;hidden", "hidden;visible;hidden", "hidden;visible"]);
    assert_eq!(of(" keyTimes"), ["0;2000e-4", "0;2000e-4;4000e-4", "0;4000e-4"]);
    assert_eq!(of(" dur"), ["5s"; 3]);
}

/// In a process of its own, whose output a notebook would read.
#[test]
fn notebooks_show_pictures() {
    const CHILD: &str = "DUALTAPE_DISPLAY";
    if std::env::var_os(CHILD).is_some() {
        curves().evcxr_display();
        boundary().evcxr_display();
        histogram().evcxr_display();
        confusion().evcxr_display();
        return curves().picture().evcxr_display();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let output =
        child.args(["--exact", "pictures::notebooks_show_pictures", "--nocapture"]).env(CHILD, "").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let blocks: Vec<&str> = text.split("EVCXR_BEGIN_CONTENT ").skip(1).collect();
    let svgs = [curves().svg(), boundary().svg(), histogram().svg(), confusion().svg(), curves().svg()];
    assert_eq!(blocks.len(), svgs.len());
    for (block, svg) in blocks.into_iter().zip(svgs) {
        let (content, _) = block.split_once("\nEVCXR_END_CONTENT\n").unwrap();
        assert_eq!(content.split_once('\n').unwrap(), ("image/svg+xml", svg.trim_end()));
    }
}

#[test]
fn misuse_is_named() {
    let cases: [(&dyn Fn(), &str); 10] = [
        (
            &|| drop(Boundary::new(1.0..1.0, 0.0..1.0, |x| [x[0]])),
            "Boundary: the range 1.0..1.0 is empty; pass the smaller number first",
        ),
        (
            &|| drop(Boundary::new(0.0..1.0, 0.0..1.0, |_| [])),
            "Boundary: 0 scores, and 0 at the first point; return the same number, at least 1",
        ),
        (
            &|| drop(Boundary::new(0.0..1.0, 0.0..1.0, |x| vec![0.0; if x[0] > 0.5 { 3 } else { 4 }])),
            "Boundary: 3 scores, and 4 at the first point; return the same number, at least 1",
        ),
        (&|| drop(boundary().points(&[[0.0, 0.0]], &[])), "Boundary: 1 points and 0 classes; pass one for each"),
        (
            &|| drop(boundary().points(&[[0.0, 0.0]], &[2])),
            "Boundary: there is a class 2 and 2 classes, counted from 0",
        ),
        (
            &|| drop(Boundary::of_network(0.0..1.0, 0.0..1.0, &Mlp::zeros(3, &[]))),
            "Boundary: a network of 3 inputs; pass one of 2",
        ),
        (&|| drop(boundary().points(&[[0.0]], &[0])), "Boundary: a point of 1 numbers; pass two of each"),
        (&|| drop(boundary().classes(&["a"])), "Boundary: 1 names for 2 classes; pass one for each"),
        (
            &|| drop(curves().size(50.0, f64::NAN)),
            "plot: a picture of 50 by NaN pixels; pass at least 160 by 120, which the axes need",
        ),
        (&|| drop(Histogram::new("", "", &[1.0], 0)), "Histogram: 0 bins; pass at least 1"),
    ];
    for (act, expected) in cases {
        assert_eq!(message(act), expected);
    }
}

/// The examples that write files say which one they could not write, and refuse names that they do not have.
#[test]
fn examples_name_the_file_that_they_cannot_write() {
    let folder = fresh_folder("unwritable");
    let occupied = folder.join("occupied");
    std::fs::write(&occupied, "").unwrap();
    // Folders in the places of files.
    for name in ["neuron.svg", "neuron.html"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    let failure = |name: &str, out: &std::path::Path, files: &[&str]| {
        let output = example(name).arg("--out").arg(out).args(files).output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (name, file) in [("draw_graph", "neuron.svg"), ("watch_backward", "neuron.html")] {
        for (out, path) in [
            (folder.clone(), folder.join(file)),
            (occupied.clone(), occupied.clone()),
            (occupied.join("deeper"), occupied.join("deeper")),
        ] {
            let error = failure(name, &out, &[]);
            assert!(error.contains(&format!("{}: ", path.display())), "{error}");
        }
    }

    // The lecture writes where it runs: beside a file `target`, and then a folder in the place of its picture.
    let lecture = || {
        let output = example("lecture").current_dir(&folder).output().unwrap();
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let target = folder.join("target");
    std::fs::write(&target, "").unwrap();
    assert!(lecture().contains("target/graphs: "));
    std::fs::remove_file(&target).unwrap();
    std::fs::create_dir_all(target.join("graphs/lecture.svg")).unwrap();
    assert!(lecture().contains("target/graphs/lecture.svg: "));

    let fresh = folder.join("fresh");
    let error = failure("draw_graph", &fresh, &["diamond.svg", "neurom.svg"]);
    let expected = format!("{}: there is no such picture; there are neuron.svg, ", fresh.join("neurom.svg").display());
    assert!(error.contains(&expected) && !fresh.exists(), "{error}");
    assert!(example("draw_graph").arg("--out").arg(&fresh).arg("diamond.svg").output().unwrap().status.success());
    assert_eq!(std::fs::read_dir(&fresh).unwrap().count(), 1);
}
