//! A picture as a flowchart of Mermaid, for Markdown of GitHub and GitLab.

use std::fmt::Write as _;

use super::picture::{Kind, Picture};
use crate::view::escape::line;

/// The text.
pub(super) fn text(picture: &Picture) -> String {
    let mut out = String::from("flowchart RL\n");
    group(picture, None, 1, &mut out);
    for (from, to) in &picture.edges {
        let _ok = writeln!(out, "  n{from} --> n{to}");
    }
    let red = picture.edges.iter().enumerate().filter(|(_, edge)| picture.cycle.contains(edge));
    let red: Vec<String> = red.map(|(at, _)| at.to_string()).collect();
    if !red.is_empty() {
        let _ok = writeln!(out, "  linkStyle {} stroke:red", red.join(","));
    }
    out
}

/// The nodes of a group, and the groups in it. Names are numbers: what may stand in one is small.
fn group(picture: &Picture, which: Option<usize>, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    for (at, node) in picture.nodes.iter().enumerate().filter(|(_, n)| n.group == which) {
        let label = quoted(&node.label);
        let _ok = match node.kind {
            Kind::Resource => writeln!(out, "{pad}n{at}[{label}]"),
            Kind::Data => writeln!(out, "{pad}n{at}[({label})]"),
            Kind::Value => writeln!(out, "{pad}n{at}({label})"),
        };
    }
    for (inner, of) in picture.groups.iter().enumerate().filter(|(_, g)| g.parent == which) {
        let _ok = writeln!(out, "{pad}subgraph g{inner}[{}]", quoted(&of.name));
        group(picture, Some(inner), depth + 1, out);
        let _ok = writeln!(out, "{pad}end");
    }
}

/// A label. Mermaid takes it for HTML and Markdown unless what means something there is a number.
fn quoted(label: &str) -> String {
    let mut out = String::from("\"");
    for c in line(label).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '\\' | '`' | '*' | '[' | ']' | '{' | '}' | '|' | ';' => {
                let _ok = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
