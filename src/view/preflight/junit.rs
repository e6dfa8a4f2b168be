//! A preflight as JUnit's XML: a case per check. What failed is a failure, what is unknown an
//! *error*: readers show skipped cases as green.

use std::path::Path;

use crate::config::SourceMap;
use crate::engine::preflight::{self as engine, Check, Preflight};
use crate::view::drift::{Found, Place};
use crate::view::junit::{self, Case, Suites, Verdict, told};

/// The name of the document.
const NAME: &str = "lifeboat preflight";

/// The document; files are named from `base`, the root module's folder as it was given.
pub fn document(preflight: &Preflight, sources: &SourceMap, base: &Path) -> String {
    let cases = preflight.checks.iter().map(|check| case(check, sources, base)).collect();
    let suites = Suites::from([(preflight.to.to_string(), cases)]);
    junit::document(NAME, Some(&preflight.created), &suites)
}

/// The document of a run that failed before it checked anything.
pub fn failure(found: &[Found]) -> String {
    let suites = Suites::from([("lifeboat".to_owned(), found.iter().map(told).collect())]);
    junit::document(NAME, None, &suites)
}

fn case(check: &Check, sources: &SourceMap, base: &Path) -> Case {
    let Check { code, about, span, verdict, message, fix } = check;
    let fix = fix.clone().unwrap_or_default();
    let place = span.and_then(|span| Place::of(span, sources)).map(|place| place.below(base));
    Case {
        class: "preflight".to_owned(),
        name: about.as_deref().map_or((*code).to_owned(), |about| format!("{code} {about}")),
        file: place.map(|place| (place.file, place.line)),
        result: match verdict {
            engine::Verdict::Pass => Verdict::Passed,
            engine::Verdict::Unknown => Verdict::Error("unknown".to_owned(), message.clone(), fix),
            engine::Verdict::Fail => Verdict::Failed((*code).to_owned(), message.clone(), fix),
        },
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn what_is_unknown_is_an_error_and_no_case_is_green_that_did_not_pass() {
        let check = |verdict, about: Option<&str>| Check {
            code: "preflight::fence",
            about: about.map(str::to_owned),
            span: None,
            verdict,
            message: "<It> \u{1b} is so.".to_owned(),
            fix: Some("Do \"this\".".to_owned()),
        };
        let checks = vec![
            check(engine::Verdict::Pass, None),
            check(engine::Verdict::Fail, Some("bucket.a")),
            check(engine::Verdict::Unknown, None),
        ];
        let (from, to) = ("us-east-1".into(), "us-west-2".into());
        let created = "2026-11-22T01:02:03.5Z".to_owned();
        let text = document(
            &Preflight { created, from, to, epoch: 1, checks },
            &SourceMap::default(),
            Path::new(""),
        );
        let document = Document::parse(&text).unwrap();
        let suite = document.root_element().first_element_child().unwrap();
        let attribute = |name: &str| suite.attribute(name).unwrap();
        assert_eq!(
            (attribute("name"), attribute("timestamp")),
            ("us-west-2", "2026-11-22T01:02:03")
        );
        assert_eq!(["tests", "failures", "errors"].map(attribute), ["3", "1", "1"]);
        let results: Vec<_> = suite
            .children()
            .filter(|case| case.has_tag_name("testcase"))
            .map(|case| {
                let result = case.first_element_child().map(|result| {
                    (result.tag_name().name(), result.attribute("message"), result.text())
                });
                (case.attribute("name").unwrap(), result)
            })
            .collect();
        let (said, fix) = (Some("<It> \\u{1b} is so."), Some("Do \"this\"."));
        let should = [
            ("preflight::fence", None),
            ("preflight::fence bucket.a", Some(("failure", said, fix))),
            ("preflight::fence", Some(("error", said, fix))),
        ];
        assert_eq!(results, should);
    }

    #[test]
    fn a_run_that_failed_before_it_checked_anything_is_no_empty_report() {
        let found = crate::view::drift::unplaced("There is nothing to promote", "Apply first.");
        let text = failure(&[found]);
        let document = Document::parse(&text).unwrap();
        assert_eq!(document.root_element().attribute("errors"), Some("1"), "{text}");
    }
}
