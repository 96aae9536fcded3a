//! The layout: each frame is a layered drawing of its own, and a box in the frame around it.
//!
//! So frames never overlap, and equal parts of a network look alike. An arrow crosses the border of a frame at a port,
//! which both drawings place.

use std::collections::{HashMap, HashSet};

use super::layers::{Column, Item, Layers, Link, Point, layers};
use super::picture::Picture;

/// The middles and sizes of nodes and frames, and the path of each arrow of each node.
pub(super) struct Layout {
    pub(super) size: Point,
    pub(super) nodes: Vec<Point>,
    /// The upper left corners and sizes of the frames.
    pub(super) frames: Vec<[Point; 2]>,
    pub(super) arrows: Vec<Vec<Vec<Point>>>,
}

/// The border around the contents of a frame, with its name above.
const PADDING: f64 = 14.0;
const NAME: f64 = 20.0;

/// The gap between the arrows of a node at its left side, where there is room.
const ARGUMENTS: f64 = 9.0;

/// The end of a part of an arrow within one frame. The part starts where the number of the node enters the frame, or at
/// the node itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// The left side of a node, at the argument with this index.
    Argument { node: usize, place: usize },
    /// The left border of an inner frame.
    Into { frame: usize, node: usize },
    /// The right border of the frame itself.
    Exit { node: usize },
}

/// A part of an arrow that starts at the node `from`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Leg {
    from: usize,
    part: Part,
}

/// The contents of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Inhabitant {
    Node(usize),
    Frame(usize),
    /// The port through which the number of a node enters.
    Entry(usize),
    /// The port through which it leaves.
    Exit(usize),
}

/// A frame after it was laid out.
struct Placed {
    /// The size with the border.
    size: Point,
    /// The origin of the drawing within.
    origin: Point,
    inhabitants: HashMap<Inhabitant, usize>,
    legs: HashMap<Leg, usize>,
    layers: Layers,
}

impl Placed {
    /// Returns the height of a port, relative to the middle of the frame.
    fn port(&self, port: Inhabitant) -> f64 {
        self.origin[1] + self.layers.middles[self.inhabitants[&port]][1] - self.size[1] / 2.0
    }
}

pub(super) fn lay_out(picture: &Picture, sizes: &[Point]) -> Layout {
    let (legs, residents) = (legs(picture), residents(picture));
    let mut placed: Vec<Option<Placed>> = picture.frames.iter().map(|_| None).collect();
    for frame in (0..picture.frames.len()).rev() {
        placed[frame] = Some(place(picture, frame, &residents[frame], &legs[frame], sizes, &placed));
    }
    let placed: Vec<Placed> = placed.into_iter().map(|placed| placed.expect("all were placed")).collect();

    let mut corners = vec![[0.0; 2]; picture.frames.len()];
    for (frame, inner) in placed.iter().enumerate().skip(1) {
        let around = picture.frames[frame].parent;
        let middle = middle_in(&placed[around], corners[around], Inhabitant::Frame(frame));
        corners[frame] = [middle[0] - inner.size[0] / 2.0, middle[1] - inner.size[1] / 2.0];
    }
    let nodes = picture.nodes.iter().enumerate();
    let nodes = nodes.map(|(i, node)| middle_in(&placed[node.frame], corners[node.frame], Inhabitant::Node(i)));
    let arrows = picture.nodes.iter().enumerate().map(|(node, shown)| {
        let ways = shown.arrows.iter().enumerate().map(|(place, arrow)| {
            let mut way = Vec::new();
            for (frame, part) in parts(picture, arrow.from, node, place) {
                let (placed, corner) = (&placed[frame], corners[frame]);
                let route = &placed.layers.routes[placed.legs[&Leg { from: arrow.from, part }]];
                way.extend(route.iter().map(|&point| moved(point, placed.origin, corner)));
            }
            way
        });
        ways.collect()
    });
    Layout {
        size: placed[0].size,
        nodes: nodes.collect(),
        arrows: arrows.collect(),
        frames: placed.iter().zip(&corners).map(|(placed, &corner)| [corner, placed.size]).collect(),
    }
}

fn moved(point: Point, origin: Point, corner: Point) -> Point {
    [point[0] + origin[0] + corner[0], point[1] + origin[1] + corner[1]]
}

fn middle_in(placed: &Placed, corner: Point, inhabitant: Inhabitant) -> Point {
    moved(placed.layers.middles[placed.inhabitants[&inhabitant]], placed.origin, corner)
}

/// Returns a frame and the frames around it, up to but without `end`, or all of them when `end` is not around it.
fn around(picture: &Picture, frame: usize, end: usize) -> impl Iterator<Item = usize> {
    let frames = std::iter::successors(Some(frame), |&frame| (frame > 0).then(|| picture.frames[frame].parent));
    frames.take_while(move |&frame| frame != end)
}

/// Returns the parts of an arrow, frame by frame: out of the frames that do not hold its operation, then into the
/// frames that do.
fn parts(picture: &Picture, from: usize, node: usize, place: usize) -> Vec<(usize, Part)> {
    let (mut start, mut end) = (picture.nodes[from].frame, picture.nodes[node].frame);
    while start != end {
        let inner = if start > end { &mut start } else { &mut end };
        *inner = picture.frames[*inner].parent;
    }
    let out = around(picture, picture.nodes[from].frame, end).map(|frame| (frame, Part::Exit { node: from }));
    let mut way: Vec<(usize, Part)> = out.collect();
    let within: Vec<usize> = around(picture, picture.nodes[node].frame, end).collect();
    let into = within.iter().rev().map(|&frame| (picture.frames[frame].parent, Part::Into { frame, node: from }));
    way.extend(into);
    way.push((picture.nodes[node].frame, Part::Argument { node, place }));
    way
}

/// Returns the parts of all arrows in each frame.
fn legs(picture: &Picture) -> Vec<Vec<Leg>> {
    let mut legs = vec![Vec::new(); picture.frames.len()];
    let mut known = HashSet::new();
    for (node, shown) in picture.nodes.iter().enumerate() {
        for (place, arrow) in shown.arrows.iter().enumerate() {
            for (frame, part) in parts(picture, arrow.from, node, place) {
                let leg = Leg { from: arrow.from, part };
                if known.insert((frame, leg)) {
                    legs[frame].push(leg);
                }
            }
        }
    }
    legs
}

/// Returns the nodes and frames in each frame, in the order of their last nodes.
fn residents(picture: &Picture) -> Vec<Vec<Inhabitant>> {
    let frames_of = |node: usize| around(picture, picture.nodes[node].frame, 0);
    let mut last = vec![0; picture.frames.len()];
    for node in 0..picture.nodes.len() {
        frames_of(node).for_each(|frame| last[frame] = node);
    }
    let mut residents = vec![Vec::new(); picture.frames.len()];
    for (node, shown) in picture.nodes.iter().enumerate() {
        residents[shown.frame].push(Inhabitant::Node(node));
        for frame in frames_of(node).filter(|&frame| last[frame] == node) {
            residents[picture.frames[frame].parent].push(Inhabitant::Frame(frame));
        }
    }
    residents
}

/// Lays out one frame, after its inner frames.
fn place(
    picture: &Picture,
    frame: usize,
    residents: &[Inhabitant],
    legs: &[Leg],
    sizes: &[Point],
    placed: &[Option<Placed>],
) -> Placed {
    // The place in this frame that the number of a node comes from.
    let source = |node: usize| match around(picture, picture.nodes[node].frame, frame).last() {
        None => Inhabitant::Node(node),
        Some(0) => Inhabitant::Entry(node),
        Some(inner) => Inhabitant::Frame(inner),
    };
    let target = |part: Part| match part {
        Part::Argument { node, .. } => Inhabitant::Node(node),
        Part::Into { frame, .. } => Inhabitant::Frame(frame),
        Part::Exit { node } => Inhabitant::Exit(node),
    };
    let inner = |frame: usize| placed[frame].as_ref().expect("a frame is placed before the one around it");

    let entries = legs.iter().map(|leg| source(leg.from)).filter(|source| matches!(source, Inhabitant::Entry(_)));
    let exits = legs.iter().map(|leg| target(leg.part)).filter(|target| matches!(target, Inhabitant::Exit(_)));
    let mut inhabitants = HashMap::new();
    let mut items = Vec::new();
    for inhabitant in entries.chain(residents.iter().copied()).chain(exits) {
        inhabitants.entry(inhabitant).or_insert_with(|| {
            let (size, column) = match inhabitant {
                Inhabitant::Node(node) => (sizes[node], Column::Any),
                Inhabitant::Frame(frame) => (inner(frame).size, Column::Any),
                Inhabitant::Entry(_) => ([0.0; 2], Column::First),
                Inhabitant::Exit(_) => ([0.0; 2], Column::Last),
            };
            items.push(Item { size, column });
            items.len() - 1
        });
    }
    let links: Vec<Link> = legs
        .iter()
        .map(|&Leg { from, part }| {
            let (source, target) = (source(from), target(part));
            let out = match source {
                Inhabitant::Frame(frame) => inner(frame).port(Inhabitant::Exit(from)),
                _ => 0.0,
            };
            let into = match part {
                Part::Argument { node, place } => {
                    let arrows = picture.nodes[node].arrows.len() as f64;
                    let spread = (sizes[node][1] / (arrows + 1.0)).min(ARGUMENTS);
                    (place as f64 - (arrows - 1.0) / 2.0) * spread
                }
                Part::Into { frame, node } => inner(frame).port(Inhabitant::Entry(node)),
                Part::Exit { .. } => 0.0,
            };
            Link { from: inhabitants[&source], to: inhabitants[&target], out, into }
        })
        .collect();

    let layers = layers(&items, &links);
    let has = |column| items.iter().any(|item| item.column == column);
    let [left, right] =
        [Column::First, Column::Last].map(|border| if frame > 0 && has(border) { 0.0 } else { PADDING });
    let top = if frame == 0 { PADDING } else { PADDING + NAME };
    Placed {
        size: [left + layers.size[0] + right, top + layers.size[1] + PADDING],
        origin: [left, top],
        inhabitants,
        legs: legs.iter().enumerate().map(|(index, &leg)| (leg, index)).collect(),
        layers,
    }
}
