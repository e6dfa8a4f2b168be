//! Drift as JUnit's XML: a suite for each location, a case for each managed object.
//!
//! What changed is a failure, and so is an object of ours that no state knows. What could not be read is an *error*, not skipped: readers show
//! skipped cases as green, and an outage would look like no drift. Skipped is what the options
//! leave out.

use std::collections::BTreeMap;
use std::io;

use lifeboat_sdk::Severity;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::report::{Found, Object, Report, Status};
use super::unmanaged::Strays;
use crate::view::escape;
use crate::view::markdown::bounded;

/// Characters of the text of a case.
const LONGEST: usize = 20_000;

type Xml = Writer<Vec<u8>>;

/// One case, and what came of it.
struct Case {
    class: String,
    name: String,
    file: Option<(String, u32)>,
    result: Verdict,
}

enum Verdict {
    Passed,
    /// Passed, with something to say.
    Said(String),
    Failed(&'static str, String, String),
    Error(String, String, String),
    Skipped(&'static str),
}

/// The document.
pub(super) fn document(report: &Report) -> String {
    let mut suites: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for object in &report.objects {
        suites.entry(object.location()).or_default().push(case(object));
    }
    for (status, cause, message) in report.dark() {
        let location = status.scope.location.to_string();
        let name = format!("{location} {}", status.scope.service);
        let result = Verdict::Error(cause.to_owned(), message.to_owned(), String::new());
        let case = Case { class: class(&status.scope), name, file: None, result };
        suites.entry(location).or_default().push(case);
    }
    for stray in report.strays() {
        let result = Verdict::Failed("unmanaged", stray.sentence(), stray.advice().to_owned());
        let file = stray.place.as_ref().map(|place| (place.file.clone(), place.line));
        let case = Case { class: class(&stray.scope), name: stray.name(), file, result };
        suites.entry(stray.scope.location.to_string()).or_default().push(case);
    }
    for one in report.unlisted() {
        let result = Verdict::Error(one.cause.to_owned(), one.sentence(), String::new());
        let case = Case { class: class(&one.scope), name: one.name(), file: None, result };
        suites.entry(one.scope.location.to_string()).or_default().push(case);
    }
    if let Some(text) = report.strays.as_ref().and_then(Strays::not_looked_for) {
        let (class, name) = ("lifeboat".to_owned(), "unmanaged objects".to_owned());
        let case = Case { class, name, file: None, result: Verdict::Said(text) };
        suites.entry("lifeboat".to_owned()).or_default().push(case);
    }
    for found in &report.found {
        suites.entry("lifeboat".to_owned()).or_default().push(told(found));
    }
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    match write(&mut xml, report, &suites) {
        Ok(()) => String::from_utf8_lossy(&xml.into_inner()).into_owned() + "\n",
        // A vector takes everything.
        Err(_) => String::new(),
    }
}

fn write(xml: &mut Xml, report: &Report, suites: &BTreeMap<String, Vec<Case>>) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = || suites.values().flatten();
    let [tests, failures, errors, _] = totals(all());
    let root = xml.create_element("testsuites").with_attributes([
        ("name", "lifeboat drift"),
        ("tests", &*tests),
        ("failures", &*failures),
        ("errors", &*errors),
    ]);
    let created = report.created.as_deref().map(|at| at.get(..19).unwrap_or(at));
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
        Verdict::Failed(kind, message, text) => ("failure", Some(*kind), Some(&**message), &**text),
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

fn class(scope: &lifeboat_sdk::Scope) -> String {
    format!("{}.{}.{}", scope.provider, scope.location, scope.service)
}

fn case(object: &Object) -> Case {
    let address = &object.address;
    Case {
        class: object.scope.as_ref().map_or_else(|| "local".to_owned(), class),
        name: address.clone(),
        file: object.place.as_ref().map(|place| (place.file.clone(), place.line)),
        result: match &object.status {
            Status::Same => Verdict::Passed,
            Status::Changed(lines) => {
                let message = format!("{address} has changed outside of lifeboat");
                Verdict::Failed("changed", message, lines.join("\n"))
            }
            Status::Deleted => {
                let message = format!("{address} has been deleted outside of lifeboat");
                Verdict::Failed("deleted", message, String::new())
            }
            Status::Unread(cause, message) => {
                let text = format!("{address} could not be read: {cause}");
                Verdict::Error((*cause).to_owned(), text, message.clone())
            }
            Status::Left => Verdict::Skipped("the options of this run leave it out"),
        },
    }
}

/// A diagnostic: an error is a case that could not be carried out, a warning one that speaks.
fn told(found: &Found) -> Case {
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
