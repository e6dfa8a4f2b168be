//! Drift as JUnit's XML: a suite for each location, a case for each managed object.
//!
//! What changed is a failure, and so is an object of ours that no state knows. What could not be read is an *error*, not skipped: readers show
//! skipped cases as green, and an outage would look like no drift. Skipped is what the options
//! leave out.

use super::report::{Object, Report, Status};
use super::unmanaged::Strays;
use crate::view::junit::{self, Case, Suites, Verdict, told};

/// The document.
pub(super) fn document(report: &Report) -> String {
    let mut suites = Suites::new();
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
        let result =
            Verdict::Failed("unmanaged".to_owned(), stray.sentence(), stray.advice().to_owned());
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
    junit::document("lifeboat drift", report.created.as_deref(), &suites)
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
                Verdict::Failed("changed".to_owned(), message, lines.join("\n"))
            }
            Status::Deleted => {
                let message = format!("{address} has been deleted outside of lifeboat");
                Verdict::Failed("deleted".to_owned(), message, String::new())
            }
            Status::Unread(cause, message) => {
                let text = format!("{address} could not be read: {cause}");
                Verdict::Error((*cause).to_owned(), text, message.clone())
            }
            Status::Left => Verdict::Skipped("the options of this run leave it out"),
        },
    }
}
