//! Each format read back by a reader that others wrote; and no graph is too odd to be drawn.

use std::collections::{BTreeMap, BTreeSet};

use layout_rs::gv::DotParser;
use layout_rs::gv::parser::ast;
use mermaid_rs_renderer::parse_mermaid_strict;
use proptest::prelude::*;

use super::{Format, Group, Kind, Node, Picture};

/// Names in groups, and arrows between names.
type Read = (BTreeMap<String, Option<String>>, BTreeSet<(String, String)>);

/// Names with what means something in each of the formats.
fn picture() -> Picture {
    let node = |name: &str, label: &str, group, kind| Node {
        name: name.to_owned(),
        label: label.to_owned(),
        group,
        kind,
    };
    let group = |name: &str, parent| Group { name: name.to_owned(), parent };
    let web = r#"bucket.b["a \"<&>\" #quot; ${x}"].aws_s3_bucket"#;
    Picture {
        nodes: vec![
            node("aws_vpc.main", "aws_vpc.main", None, Kind::Resource),
            node(web, r#"aws_s3_bucket["a \"<&>\" #quot; ${x}"]"#, Some(2), Kind::Resource),
            node("module.m.data.aws_x.end", "data.aws_x.end", Some(0), Kind::Data),
            node("module.m.var.x", "var.x", Some(0), Kind::Value),
            node("odd\u{202e}\u{1b}[2J", "odd\u{202e}\u{1b}[2J", Some(1), Kind::Value),
        ],
        groups: vec![
            group("module.m", None),
            group("module.m.module.n", Some(0)),
            group(r#"bucket.b["a"]"#, None),
        ],
        edges: vec![(1, 0), (1, 2), (2, 3), (3, 2)],
        cycle: [(2, 3), (3, 2)].into(),
    }
}

/// What every reader must find: names without what a terminal would act on.
fn expected(name: impl Fn(&Node) -> &str) -> Read {
    let picture = picture();
    let shown = |at: usize| crate::view::escape::line(name(&picture.nodes[at]));
    let group = |at: usize| picture.groups[at].name.clone();
    let nodes = picture.nodes.iter().enumerate().map(|(at, n)| (shown(at), n.group.map(group)));
    let edges = picture.edges.iter().map(|(from, to)| (shown(*from), shown(*to)));
    (nodes.collect(), edges.collect())
}

fn rendered(format: Format) -> String {
    let text = format.render(&picture()).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert_eq!(format.render(&picture()).unwrap(), text);
    text
}

#[test]
fn graphviz_reads_the_graph_back() {
    fn read(graph: &ast::Graph, group: Option<&str>, found: &mut Read) {
        let mut label = group.map(str::to_owned);
        for statement in &graph.list.list {
            match statement {
                ast::Stmt::Attribute(of) => {
                    let named = of.list.iter().find(|(key, _)| key == "label");
                    label = named.map(|(_, value)| value.clone()).or(label);
                }
                ast::Stmt::Node(node) => {
                    found.0.insert(node.id.name.clone(), label.clone());
                }
                ast::Stmt::Edge(edge) => {
                    let to = edge.to.iter().map(|(to, _)| to.name.clone());
                    found.1.extend(to.map(|to| (edge.from.name.clone(), to)));
                }
                ast::Stmt::SubGraph(inner) => read(inner, label.as_deref(), found),
            }
        }
    }
    let text = rendered(Format::Dot);
    let graph = DotParser::new(&text).process().unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut found = Read::default();
    read(&graph, None, &mut found);
    assert_eq!(found, expected(|node| &node.name), "{text}");
    assert_eq!(text.matches("color = \"red\"").count(), 2);
}

#[test]
fn mermaid_reads_the_graph_back() {
    let text = rendered(Format::Mermaid);
    let graph = parse_mermaid_strict(&text).unwrap().graph;
    let plain = |label: &str| {
        let code = regex::Regex::new("#([0-9]+);").unwrap();
        let letter = |found: &regex::Captures<'_>| {
            char::from_u32(found[1].parse().unwrap()).unwrap().to_string()
        };
        code.replace_all(label, letter).into_owned()
    };
    let label = |id: &String| plain(&graph.nodes[id].label);
    let around = |id: &String| {
        let inner = graph.subgraphs.iter().filter(|group| group.nodes.contains(id));
        inner.min_by_key(|group| group.nodes.len()).map(|group| plain(&group.label))
    };
    let nodes = graph.nodes.keys().map(|id| (label(id), around(id))).collect();
    let edges = graph.edges.iter().map(|edge| (label(&edge.from), label(&edge.to))).collect();
    assert_eq!((nodes, edges), expected(|node| &node.label), "{text}");
    assert!(text.ends_with("linkStyle 2,3 stroke:red\n"));
}

#[test]
fn the_picture_is_xml_that_needs_nothing_else() {
    let text = rendered(Format::Svg);
    let document = roxmltree::Document::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let of = |tag: &str| -> Vec<roxmltree::Node<'_, '_>> {
        document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", tag)))
            .collect()
    };
    let titles: BTreeSet<&str> = of("title").iter().filter_map(|node| node.text()).collect();
    let (nodes, _) = expected(|node| &node.name);
    assert_eq!(titles, nodes.keys().map(String::as_str).collect());
    assert_eq!(of("path").len(), 4);
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        for attribute in element.attributes() {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{text}");
            assert!(attribute.name() != "href" && !value.contains("//"), "{value}");
        }
    }
}

#[test]
fn nothing_is_drawn_as_nothing_and_too_much_not_at_all() {
    for format in [Format::Dot, Format::Mermaid, Format::Svg] {
        assert!(format.render(&Picture::default()).is_some());
    }
    let node = |at: usize| Node {
        name: at.to_string(),
        label: String::new(),
        group: None,
        kind: Kind::Value,
    };
    let many = Picture { nodes: (0..501).map(node).collect(), ..Picture::default() };
    assert_eq!(Format::Svg.render(&many), None);
    assert!(Format::Dot.render(&many).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_has_a_picture(
        nodes in proptest::collection::vec(0..6_usize, 1..24),
        edges in proptest::collection::btree_set((0..24_usize, 0..24_usize), 0..40),
    ) {
        let groups = (0..5).map(|at: usize| Group {
            name: format!("g{at}"),
            parent: (at % 2 == 1).then(|| at - 1),
        });
        let node = |(at, group): (usize, &usize)| Node {
            name: format!("n{at}"),
            label: "x".repeat(at),
            group: (*group < 5).then_some(*group),
            kind: Kind::Resource,
        };
        let count = nodes.len();
        let edges = edges.into_iter().filter(|(a, b)| a != b && *a < count && *b < count);
        let picture = Picture {
            nodes: nodes.iter().enumerate().map(node).collect(),
            groups: groups.collect(),
            edges: edges.collect(),
            cycle: BTreeSet::new(),
        };
        let text = Format::Svg.render(&picture).unwrap();
        prop_assert!(!text.contains("NaN"), "{}", text);
        prop_assert!(roxmltree::Document::parse(&text).is_ok());
        prop_assert_eq!(text.matches("<path").count(), picture.edges.len());
    }
}
