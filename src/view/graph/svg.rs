//! A picture as SVG: places from `dagre`, drawn here as a document that needs nothing else.

use std::io;

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, Point, RankDir, layout};
use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::picture::{Kind, Node, Picture};
use crate::view::escape::line;

/// Nodes at most: to find their places takes about the square of their number.
const MOST: usize = 500;

/// Width of a character, in pixels.
const LETTER: f64 = 7.3;

/// Height of a node, in pixels.
const HEIGHT: f64 = 28.0;

/// Space inside of nodes and around all, in pixels.
const MARGIN: f64 = 12.0;

/// The document; nothing where there are too many nodes.
pub(super) fn document(picture: &Picture) -> Option<String> {
    if picture.nodes.len() > MOST {
        return None;
    }
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    // A vector takes everything.
    write(&mut xml, picture, &placed(picture)).ok()?;
    Some(String::from_utf8_lossy(&xml.into_inner()).into_owned() + "\n")
}

/// Height of the title of a group, in pixels.
const TITLE: f64 = 14.0;

type Placed = Graph<NodeLabel, EdgeLabel>;

fn node_id(at: usize) -> String {
    format!("n{at}")
}

fn group_id(at: usize) -> String {
    format!("g{at}")
}

/// Where everything is.
fn placed(picture: &Picture) -> Placed {
    let options = GraphOptions { directed: true, multigraph: true, compound: true };
    let mut graph = Graph::with_options(options);
    // A group without nodes is not drawn, and no place is looked for.
    let mut used = vec![false; picture.groups.len()];
    for node in &picture.nodes {
        let mut group = node.group;
        while let Some(at) = group {
            used[at] = true;
            group = picture.groups[at].parent;
        }
    }
    for (at, group) in picture.groups.iter().enumerate().filter(|(at, _)| used[*at]) {
        graph.set_node(group_id(at), Some(NodeLabel::default()));
        if let Some(parent) = group.parent {
            graph.set_parent(&group_id(at), Some(&group_id(parent)));
        }
    }
    for (at, node) in picture.nodes.iter().enumerate() {
        let width = line(&node.label).chars().count() as f64 * LETTER + 2.0 * MARGIN;
        let label = NodeLabel { width, height: HEIGHT, ..NodeLabel::default() };
        graph.set_node(node_id(at), Some(label));
        if let Some(group) = node.group {
            graph.set_parent(&node_id(at), Some(&group_id(group)));
        }
    }
    for (from, to) in &picture.edges {
        graph.set_edge(node_id(*from), node_id(*to), Some(EdgeLabel::default()), None);
    }
    if !picture.nodes.is_empty() {
        let options = LayoutOptions {
            rankdir: RankDir::RL,
            nodesep: 24.0,
            edgesep: 12.0,
            ranksep: 40.0,
            marginx: MARGIN,
            marginy: MARGIN + TITLE,
            ..LayoutOptions::default()
        };
        layout(&mut graph, Some(options));
    }
    graph
}

/// A rectangle around its middle.
struct Rectangle {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Rectangle {
    fn of(graph: &Placed, id: &str) -> Option<Self> {
        let NodeLabel { x: Some(x), y: Some(y), width, height, .. } = graph.node(id)? else {
            return None;
        };
        Some(Self { x: *x, y: *y, width: *width, height: *height })
    }

    /// With room for a title above.
    fn with_title(self) -> Self {
        Self { y: self.y - TITLE / 2.0, height: self.height + TITLE, ..self }
    }

    fn left(&self) -> f64 {
        self.x - self.width / 2.0
    }

    fn top(&self) -> f64 {
        self.y - self.height / 2.0
    }
}

type Xml = Writer<Vec<u8>>;

fn write(xml: &mut Xml, picture: &Picture, graph: &Placed) -> io::Result<()> {
    let ids = (0..picture.nodes.len()).map(node_id);
    let ids = ids.chain((0..picture.groups.len()).map(group_id));
    let (width, height) = ids.filter_map(|id| Rectangle::of(graph, &id)).fold(
        (MARGIN, MARGIN),
        |(width, height): (f64, f64), r| {
            (width.max(r.left() + r.width), height.max(r.top() + r.height))
        },
    );
    let [width, height] = [width, height].map(|size| format!("{:.0}", size + MARGIN));
    let root = xml.create_element("svg").with_attributes([
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("width", &*width),
        ("height", &*height),
        ("viewBox", &*format!("0 0 {width} {height}")),
        ("font-family", "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"),
        ("font-size", "12"),
    ]);
    root.write_inner_content(|xml| {
        let paper = [("width", "100%"), ("height", "100%"), ("fill", "white")];
        xml.create_element("rect").with_attributes(paper).write_empty()?;
        heads(xml)?;
        for (at, group) in picture.groups.iter().enumerate() {
            let Some(place) = Rectangle::of(graph, &group_id(at)) else { continue };
            let place = place.with_title();
            rectangle(xml, &place, "#f6f8fa", false)?;
            text(xml, place.left() + MARGIN / 2.0, place.top() + TITLE, "start", &group.name)?;
        }
        for edge in &picture.edges {
            let label = graph.edge(&node_id(edge.0), &node_id(edge.1), None);
            let points = label.map(|label| label.points.as_slice()).unwrap_or_default();
            arrow(xml, points, picture.cycle.contains(edge))?;
        }
        for (at, node) in picture.nodes.iter().enumerate() {
            if let Some(place) = Rectangle::of(graph, &node_id(at)) {
                self::node(xml, &place, node)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn node(xml: &mut Xml, place: &Rectangle, node: &Node) -> io::Result<()> {
    let fill = if node.kind == Kind::Value { "#fff8e1" } else { "white" };
    xml.create_element("g").write_inner_content(|xml| {
        // What a pointer on it shows.
        xml.create_element("title").write_text_content(BytesText::new(&line(&node.name)))?;
        rectangle(xml, place, fill, node.kind == Kind::Data)?;
        text(xml, place.x, place.y + 4.0, "middle", &node.label)
    })?;
    Ok(())
}

fn rectangle(xml: &mut Xml, place: &Rectangle, fill: &str, dashed: bool) -> io::Result<()> {
    let numbers = [place.left(), place.top(), place.width, place.height];
    let [x, y, width, height] = numbers.map(|n| format!("{n:.1}"));
    let place = [("x", &*x), ("y", &*y), ("width", &*width), ("height", &*height), ("rx", "4")];
    let look = [("fill", fill), ("stroke", "#57606a")];
    let mut element = xml.create_element("rect").with_attributes(place).with_attributes(look);
    if dashed {
        element = element.with_attribute(("stroke-dasharray", "4 3"));
    }
    element.write_empty()?;
    Ok(())
}

fn text(xml: &mut Xml, x: f64, y: f64, anchor: &str, says: &str) -> io::Result<()> {
    let [x, y] = [x, y].map(|n| format!("{n:.1}"));
    let place = [("x", &*x), ("y", &*y), ("text-anchor", anchor)];
    let element = xml.create_element("text").with_attributes(place);
    element.write_text_content(BytesText::new(&line(says)))?;
    Ok(())
}

/// Heads of arrows, in both colours.
fn heads(xml: &mut Xml) -> io::Result<()> {
    xml.create_element("defs").write_inner_content(|xml| {
        for (id, colour) in [("head", "#57606a"), ("red", "red")] {
            let head = xml.create_element("marker").with_attributes([
                ("id", id),
                ("markerWidth", "9"),
                ("markerHeight", "6"),
                ("refX", "9"),
                ("refY", "3"),
                ("orient", "auto"),
            ]);
            head.write_inner_content(|xml| {
                let points = [("points", "0 0, 9 3, 0 6"), ("fill", colour)];
                xml.create_element("polygon").with_attributes(points).write_empty()?;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A curve through the middle of each pair of points.
fn arrow(xml: &mut Xml, points: &[Point], red: bool) -> io::Result<()> {
    let ([first, .., last], true) = (points, points.len() > 1) else { return Ok(()) };
    let mut curve = format!("M {:.1} {:.1}", first.x, first.y);
    for pair in points[1..].windows(2) {
        let [through, next] = pair else { continue };
        let to = if std::ptr::eq(next, last) {
            last.clone()
        } else {
            Point::new(f64::midpoint(through.x, next.x), f64::midpoint(through.y, next.y))
        };
        curve.push_str(&format!(" Q {:.1} {:.1}, {:.1} {:.1}", through.x, through.y, to.x, to.y));
    }
    if points.len() == 2 {
        curve.push_str(&format!(" L {:.1} {:.1}", last.x, last.y));
    }
    let (stroke, head) = if red { ("red", "url(#red)") } else { ("#57606a", "url(#head)") };
    let look = [("fill", "none"), ("stroke", stroke), ("marker-end", head)];
    let path = xml.create_element("path").with_attribute(("d", &*curve)).with_attributes(look);
    path.write_empty()?;
    Ok(())
}
