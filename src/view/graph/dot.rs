//! A picture in Graphviz's language, in the form that `terraform graph` gives it.

use std::fmt::Write as _;

use super::picture::{Kind, Picture};
use crate::view::escape::line;

/// The text.
pub(super) fn text(picture: &Picture) -> String {
    let mut out = String::from(
        "digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n",
    );
    group(picture, None, 1, &mut out);
    for edge in &picture.edges {
        let (from, to) = (&picture.nodes[edge.0].name, &picture.nodes[edge.1].name);
        let colour = if picture.cycle.contains(edge) { " [color = \"red\"]" } else { "" };
        let _ok = writeln!(out, "  {} -> {}{colour};", quoted(from), quoted(to));
    }
    out.push_str("}\n");
    out
}

/// The nodes of a group, and the groups in it.
fn group(picture: &Picture, which: Option<usize>, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for node in picture.nodes.iter().filter(|node| node.group == which) {
        let style = match node.kind {
            Kind::Resource => "",
            Kind::Data => ", style = \"dashed\"",
            Kind::Value => ", shape = \"plaintext\"",
        };
        let (name, label) = (quoted(&node.name), quoted(&node.label));
        let _ok = writeln!(out, "{pad}{name} [label = {label}{style}];");
    }
    for (inner, of) in picture.groups.iter().enumerate().filter(|(_, g)| g.parent == which) {
        let cluster = quoted(&format!("cluster_{}", of.name));
        let label = quoted(&of.name);
        let _ok = writeln!(out, "{pad}subgraph {cluster} {{");
        let _ok = writeln!(out, "{pad}  label = {label};\n{pad}  fontname = \"sans-serif\";");
        group(picture, Some(inner), depth + 1, out);
        let _ok = writeln!(out, "{pad}}}");
    }
}

/// A name. A backslash would begin one of Graphviz's escapes.
fn quoted(name: &str) -> String {
    format!("\"{}\"", line(name).replace('\\', "\\\\").replace('"', "\\\""))
}
