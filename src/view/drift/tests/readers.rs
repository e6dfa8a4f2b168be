//! Readers that others wrote, for what this program writes: XML, the schema of SARIF, Markdown with
//! tables. Workflow commands have no reader apart from GitHub's runner, so its rules are repeated.

use boon::{Compiler, Schemas};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value as Json;

/// A case of a JUnit document: suite, name, what came of it, its type, its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) suite: String,
    pub(super) name: String,
    pub(super) file: Option<String>,
    pub(super) result: String,
    pub(super) kind: String,
    pub(super) text: String,
}

/// The cases of a JUnit document, whose counts must be right.
pub(super) fn junit(text: &str) -> Vec<Case> {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let mut cases = Vec::new();
    let mut totals = [0, 0, 0];
    for suite in root.children().filter(roxmltree::Node::is_element) {
        let all: Vec<_> = suite.children().filter(|n| n.has_tag_name("testcase")).collect();
        let with = |tag: &str| {
            let has =
                |case: &&roxmltree::Node<'_, '_>| case.children().any(|n| n.has_tag_name(tag));
            all.iter().filter(has).count()
        };
        let counts = [all.len(), with("failure"), with("error"), with("skipped")];
        for (name, count) in ["tests", "failures", "errors", "skipped"].iter().zip(counts) {
            assert_eq!(suite.attribute(*name), Some(&*count.to_string()), "{name}: {text}");
        }
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
        for case in all {
            let result = case.children().find(roxmltree::Node::is_element);
            cases.push(Case {
                suite: suite.attribute("name").unwrap().to_owned(),
                name: case.attribute("name").unwrap().to_owned(),
                file: case.attribute("file").map(str::to_owned),
                result: result.map_or("passed", |r| r.tag_name().name()).to_owned(),
                kind: result.and_then(|r| r.attribute("type")).unwrap_or_default().to_owned(),
                text: result.and_then(|r| r.text()).unwrap_or_default().to_owned(),
            });
        }
    }
    for (name, total) in ["tests", "failures", "errors"].iter().zip(totals) {
        assert_eq!(root.attribute(*name), Some(&*total.to_string()), "{name}: {text}");
    }
    cases
}

/// A SARIF document that its schema takes.
pub(super) fn sarif(text: &str) -> Json {
    let document: Json = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    let schema = include_str!("../../../../tests/sarif/sarif-2.1.0.json");
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("sarif.json", serde_json::from_str(schema).unwrap()).unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    schemas.validate(&document, index).unwrap_or_else(|error| panic!("{error}\n{document:#}"));
    document
}

/// A workflow command: its name, its properties, its message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) properties: Vec<(String, String)>,
    pub(super) message: String,
}

impl Command {
    pub(super) fn property(&self, name: &str) -> &str {
        self.properties.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Each line as the runner takes it: a command up to the next `::`, properties between commas.
pub(super) fn commands(text: &str) -> Vec<Command> {
    let decoded = |text: &str, more: &[(&str, &str)]| {
        let pairs = [("%0D", "\r"), ("%0A", "\n")];
        let text = pairs.iter().chain(more).fold(text.to_owned(), |t, (a, b)| t.replace(a, b));
        text.replace("%25", "%")
    };
    let line = |line: &str| {
        let rest = line.trim_start().strip_prefix("::").unwrap_or_else(|| panic!("{line}"));
        let (head, message) = rest.split_once("::").unwrap_or_else(|| panic!("{line}"));
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let pairs = properties.split(',').filter_map(|pair| pair.split_once('='));
        let value = |value| decoded(value, &[("%3A", ":"), ("%2C", ",")]);
        Command {
            name: name.to_owned(),
            properties: pairs.map(|(key, text)| (key.to_owned(), value(text))).collect(),
            message: decoded(message, &[]),
        }
    };
    text.lines().map(line).collect()
}

/// What a page of Markdown comes to: nothing in it is a link or an image, and its HTML is ours.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) rows: Vec<Vec<String>>,
    pub(super) blocks: Vec<String>,
    pub(super) html: String,
    pub(super) plain: String,
}

pub(super) fn markdown(text: &str) -> Page {
    let mut page = Page::default();
    let (mut row, mut block): (Option<Vec<String>>, Option<String>) = (None, None);
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link in:\n{text}"),
            Event::Start(Tag::TableRow | Tag::TableHead) => row = Some(Vec::new()),
            Event::Start(Tag::TableCell) => row.as_mut().unwrap().push(String::new()),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => page.rows.extend(row.take()),
            Event::Start(Tag::CodeBlock(_)) => block = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
            Event::Html(html) | Event::InlineHtml(html) => page.html.push_str(&html),
            Event::Text(text) | Event::Code(text) => match (&mut block, &mut row) {
                (Some(block), _) => block.push_str(&text),
                (None, Some(row)) => row.last_mut().unwrap().push_str(&text),
                (None, None) => page.plain.push_str(&text),
            },
            _ => {}
        }
    }
    let ours = ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"];
    let rest = ours.iter().fold(page.html.clone(), |html, tag| html.replace(tag, ""));
    assert!(!rest.contains('<'), "HTML that is not ours: {rest}\n{text}");
    page
}
