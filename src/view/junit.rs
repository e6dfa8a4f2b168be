//! JUnit's XML: suites of cases, escaped and counted. Whoever reports in it says what its cases are.

use std::collections::BTreeMap;
use std::io;

use lifeboat_sdk::Severity;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::drift::Found;
use super::escape;
use super::markdown::bounded;

/// Characters of the text of a case.
const LONGEST: usize = 20_000;

type Xml = Writer<Vec<u8>>;

/// Cases by the suites that they are in.
pub type Suites = BTreeMap<String, Vec<Case>>;

/// One case, and what came of it.
pub struct Case {
    /// What readers group by.
    pub class: String,
    /// What it is about.
    pub name: String,
    /// Where that is: file and line.
    pub file: Option<(String, u32)>,
    /// What came of it.
    pub result: Verdict,
}

/// What came of a case.
pub enum Verdict {
    /// It is well.
    Passed,
    /// Passed, with something to say.
    Said(String),
    /// It is not well: type, message, text.
    Failed(String, String, String),
    /// It could not be found out: type, message, text. Not skipped: readers show that as green.
    Error(String, String, String),
    /// It was left out: why.
    Skipped(&'static str),
}

/// The document.
pub fn document(name: &str, created: Option<&str>, suites: &Suites) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    match write(&mut xml, name, created, suites) {
        Ok(()) => String::from_utf8_lossy(&xml.into_inner()).into_owned() + "\n",
        // A vector takes everything.
        Err(_) => String::new(),
    }
}

fn write(xml: &mut Xml, name: &str, created: Option<&str>, suites: &Suites) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.values().flatten();
    let [tests, failures, errors, _] = totals(all());
    let root = xml.create_element("testsuites").with_attributes([
        ("name", name),
        ("tests", &*tests),
        ("failures", &*failures),
        ("errors", &*errors),
    ]);
    let created = created.map(|at| at.get(..19).unwrap_or(at));
    root.write_inner_content(|xml| {
        for (name, cases) in suites {
            suite(xml, name, created, cases)?;
        }
        // Not one case: still a suite, and what was found in words.
        if suites.is_empty() {
            suite(xml, "lifeboat", created, &[])?;
        }
        Ok(())
    })?;
    Ok(())
}

fn suite(xml: &mut Xml, name: &str, created: Option<&str>, cases: &[Case]) -> io::Result<()> {
    let [tests, failures, errors, skipped] = totals(cases);
    let name = attribute(name);
    let mut element = xml.create_element("testsuite").with_attributes([
        ("name", &*name),
        ("tests", &*tests),
        ("failures", &*failures),
        ("errors", &*errors),
        ("skipped", &*skipped),
    ]);
    if let Some(created) = created {
        element = element.with_attribute(("timestamp", created));
    }
    element.write_inner_content(|xml| {
        for case in cases {
            write_case(xml, case)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(xml: &mut Xml, case: &Case) -> io::Result<()> {
    let (class, name) = (attribute(&case.class), attribute(&case.name));
    let mut element =
        xml.create_element("testcase").with_attributes([("classname", &*class), ("name", &*name)]);
    if let Some((file, line)) = &case.file {
        let (file, line) = (attribute(file), line.to_string());
        element = element.with_attributes([("file", &*file), ("line", &*line)]);
    }
    let (tag, kind, message, text) = match &case.result {
        Verdict::Passed => {
            element.write_empty()?;
            return Ok(());
        }
        Verdict::Skipped(why) => ("skipped", None, Some(*why), ""),
        Verdict::Said(text) => ("system-out", None, None, &**text),
        Verdict::Failed(kind, message, text) => {
            ("failure", Some(&**kind), Some(&**message), &**text)
        }
        Verdict::Error(kind, message, text) => ("error", Some(&**kind), Some(&**message), &**text),
    };
    element.write_inner_content(|xml| {
        let mut inner = xml.create_element(tag);
        for (key, value) in [("type", kind), ("message", message)] {
            if let Some(value) = value {
                inner = inner.with_attribute((key, &*attribute(value)));
            }
        }
        if text.is_empty() {
            inner.write_empty()?;
        } else {
            inner.write_text_content(BytesText::new(&content(text)))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Cases, failures, errors, skipped.
fn totals<'c>(cases: impl IntoIterator<Item = &'c Case>) -> [String; 4] {
    let mut counts = [0_usize; 4];
    for case in cases {
        counts[0] += 1;
        match case.result {
            Verdict::Passed | Verdict::Said(_) => {}
            Verdict::Failed(..) => counts[1] += 1,
            Verdict::Error(..) => counts[2] += 1,
            Verdict::Skipped(_) => counts[3] += 1,
        }
    }
    counts.map(|count| count.to_string())
}

/// A diagnostic: an error is a case that could not be carried out, a warning one that speaks.
pub fn told(found: &Found) -> Case {
    let kind = found.code.unwrap_or("error");
    let place = found.place.as_ref().map(|place| format!("{}:{}", place.file, place.line));
    let about = found.address.clone().or(place).map(|about| format!(" {about}"));
    let name = found.code.unwrap_or(&found.summary);
    Case {
        class: "lifeboat".to_owned(),
        name: format!("{name}{}", about.unwrap_or_default()),
        file: found.place.as_ref().map(|place| (place.file.clone(), place.line)),
        result: match found.severity {
            Severity::Error => {
                Verdict::Error(kind.to_owned(), found.summary.clone(), found.sentences())
            }
            Severity::Warning => {
                Verdict::Said(format!("Warning: {}\n\n{}", found.summary, found.sentences()))
            }
        },
    }
}

/// An attribute, on one line.
fn attribute(text: &str) -> String {
    escape::line(text)
}

/// Text over several lines.
fn content(text: &str) -> String {
    bounded(&escape::lines(text), LONGEST)
}
