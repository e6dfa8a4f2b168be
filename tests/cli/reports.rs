//! `drift -format` and `show -format`: each report is whole whatever happens, and says what failed.
//! What they say of drift is in src/view/drift/tests; drift itself needs a provider with an API.

use boon::{Compiler, Schemas};
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value as Json;

use super::{Case, ONE};

fn applied() -> Case {
    let case = Case::of(ONE);
    case.ok(&["apply", "-auto-approve"]);
    case
}

/// A SARIF document that its schema takes.
fn sarif(text: &str) -> Json {
    let schema = include_str!("../sarif/sarif-2.1.0.json");
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("sarif.json", serde_json::from_str(schema).unwrap()).unwrap();
    let index = compiler.compile("sarif.json", &mut schemas).unwrap();
    let document: Json = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    schemas.validate(&document, index).unwrap_or_else(|error| panic!("{error}\n{document:#}"));
    document
}

/// How many tests, failures and errors a JUnit document has.
fn junit(text: &str) -> [usize; 3] {
    let document = roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    let root = document.root_element();
    ["tests", "failures", "errors"].map(|name| root.attribute(name).unwrap().parse().unwrap())
}

#[test]
fn one_look_makes_every_report() {
    let case = applied();
    let reports = ["json", "junit", "sarif", "markdown", "github", "text"];
    let wanted = reports.map(|name| format!("-format={name}={}", case.path(name).display()));
    let mut args = vec!["drift"];
    args.extend(wanted.iter().map(String::as_str));
    case.ok(&args).says(0, &["No drift."]);
    let read = |name: &str| String::from_utf8(case.read(name)).unwrap();
    assert_eq!(junit(&read("junit")), [1, 0, 0]);
    assert_eq!(sarif(&read("sarif"))["runs"][0]["results"], Json::Array(Vec::new()));
    let json: Json = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(json["verdict"], "none");
    assert_eq!(json["objects"][0]["place"]["start"]["line"], 6);
    assert!(read("markdown").contains("lifeboat drift: No drift"));
    assert!(read("github").starts_with("::notice title=lifeboat drift::No drift. (1 object: "));
    assert!(read("text").contains("No drift."));
    // One on stdout, and nothing beside it there.
    let ran = Case::exactly(&mut case.command(&["drift", "-format", "junit"]));
    assert_eq!(junit(&ran.stdout), [1, 0, 0]);
    assert!(ran.stderr.contains("Refreshing state"), "{ran:#?}");
}

#[test]
fn files_are_named_from_where_the_program_was_started() {
    let case = Case::new().file("infra/web/main.dr.hcl", ONE);
    case.ok(&["-chdir=infra/web", "apply", "-auto-approve"]);
    let whole = case.path("infra/web").display().to_string();
    for folder in ["infra/web", "./infra/../infra/web/", &*whole] {
        let ran = case.ok(&[&format!("-chdir={folder}"), "drift", "-format=json"]);
        let place = &ran.json()["objects"][0]["place"]["filename"];
        assert_eq!(place, "infra/web/main.dr.hcl", "{folder}");
    }
}

#[test]
fn every_failure_is_a_whole_report() {
    let broken = Case::of("nonsense");
    let damaged = Case::of(ONE).file(".lifeboat/state/lock", "nonsense");
    let fine = Case::of(ONE);
    let failing: [(&Case, &[&str]); 7] = [
        (&broken, &[]),
        (&damaged, &[]),
        (&fine, &["-var=other=1"]),
        (&fine, &["-bogus"]),
        (&fine, &["-refresh=false"]),
        (&fine, &["-parallelism=many"]),
        (&fine, &["-chdir=nowhere"]),
    ];
    for (case, more) in failing {
        let run = |format: &str| {
            let option = format!("-format={format}");
            let mut args = vec!["drift", &option];
            args.extend(more);
            let ran = Case::exactly(&mut case.command(&args));
            assert_eq!(ran.code, 1, "{args:?}: {ran:#?}");
            assert!(ran.stderr.contains("rror"), "{args:?}: {ran:#?}");
            ran.stdout
        };
        assert_eq!(junit(&run("junit"))[2], 1, "{more:?}");
        let document = sarif(&run("sarif"));
        let invocation = &document["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false, "{document:#}");
        let json: Json = serde_json::from_str(&run("json")).unwrap();
        assert_eq!((&json["verdict"], json["diagnostics"].is_array()), (&"failed".into(), true));
        assert!(run("github").starts_with("::error title=lifeboat drift::"));
        assert!(run("markdown").contains("It cannot be told"));
    }
    let ran = broken.run(&["drift", "-format=github"]);
    assert!(ran.stdout.contains("::error file=main.dr.hcl,line=1,"), "{ran:#?}");
}

#[test]
fn a_failure_is_in_the_files_too() {
    let case = Case::of("nonsense");
    let file = case.path("drift.xml").display().to_string();
    case.run(&["drift", &format!("-format=junit={file}")]).says(1, &["config::expected_item"]);
    assert_eq!(junit(&String::from_utf8(case.read("drift.xml")).unwrap()), [1, 0, 1]);
    let nowhere = case.path("no/drift.xml").display().to_string();
    let told = ["The report cannot be written", "drift.xml"];
    applied().run(&["drift", &format!("-format=junit={nowhere}")]).says(1, &told);
}

#[test]
fn drift_without_a_verdict_is_an_error_in_every_format() {
    let topology = super::TOPOLOGY;
    let case = Case::of(topology).file("more.dr.hcl", ONE);
    case.ok(&["apply", "-auto-approve"]);
    case.write(
        "main.dr.hcl",
        topology.replace("primary  = \"us-east-1\"", "primary  = \"us-west-2\""),
    );
    let run = |format: &str| {
        let ran = Case::exactly(&mut case.command(&["drift", &format!("-format={format}")]));
        assert!(ran.code == 1 && !ran.stdout.contains("No drift"), "{ran:#?}");
        // A colon ends the properties of a workflow command.
        let said = ran.stdout.replace("%3A", ":");
        assert!(said.contains("promotion::pending"), "{ran:#?}");
        ran.stdout
    };
    assert_eq!(junit(&run("junit"))[2], 1);
    let document = sarif(&run("sarif"));
    assert_eq!(document["runs"][0]["results"][0]["ruleId"], "promotion::pending");
    for format in ["json", "github", "markdown"] {
        run(format);
    }
}

#[test]
fn a_plan_is_shown_as_markdown_without_its_secrets() {
    let text = "variable \"token\" {\n  sensitive = true\n}\nresource \"terraform_data\" \"web\" {\n  \
                for_each = toset([\"a|b`c</summary>\"])\n  input    = [var.token, \"``` @me \
                [x](http://e) <b>\"]\n}\noutput \"o|\" {\n  value = \"<img src=x>\"\n}\n";
    let case = Case::of(&text.replace("o|", "o"));
    case.ok(&["plan", "-out=p.plan", "-var=token=hunter2-hunter2"]);
    let page = case.ok(&["show", "-format=markdown", "p.plan"]).stdout;
    assert!(!page.contains("hunter2") && page.contains("(sensitive value)"), "{page}");
    assert!(page.starts_with("### lifeboat plan: 1 to add, 0 to change, 0 to destroy"), "{page}");
    let (mut html, mut cells) = (String::new(), 0);
    for event in Parser::new_ext(&page, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("a link in {page}"),
            Event::Start(Tag::TableCell) => cells += 1,
            Event::Html(text) | Event::InlineHtml(text) => html.push_str(&text),
            _ => {}
        }
    }
    // A table of changes with four columns, and one of outputs with three.
    assert_eq!(cells, 2 * 4 + 2 * 3, "{page}");
    assert_eq!(html.matches("</summary>").count(), 1, "{page}");
    assert!(!html.contains("<img") && !html.contains("<b>"), "{page}");
}

#[test]
fn a_plan_as_markdown_says_what_it_asks_for() {
    let case = applied();
    case.ok(&["plan", "-destroy", "-out=p.plan"]);
    let page = case.ok(&["show", "-format=markdown", "p.plan"]).stdout;
    assert!(page.contains("removes everything") && page.contains("will be destroyed"), "{page}");
    case.ok(&["plan", "-out=same.plan"]);
    let page = case.ok(&["show", "-format=markdown", "same.plan"]).stdout;
    assert!(page.starts_with("### lifeboat plan: no changes\n"), "{page}");
}
