//! What is secret, or not known yet, is a variable of the shell, and nothing else is lost.

use lifeboat_sdk::command::variable;
use lifeboat_sdk::schema::{Attribute, Presence, Shape};
use lifeboat_sdk::{Line, Name, Type, Value};

use super::acts;
use super::blanks::{Blank, Blanks};

static ATTRIBUTES: &[Attribute] = &[
    Attribute { name: "id", presence: Presence::Computed, ..Attribute::PLAIN },
    Attribute { name: "check", ..Attribute::PLAIN },
    Attribute { name: "path", ..Attribute::PLAIN },
    Attribute { name: "secret", sensitive: true, ..Attribute::PLAIN },
    Attribute { name: "count", shape: Shape::Number, ..Attribute::PLAIN },
];

fn object(entries: &[(&str, Value)]) -> Value {
    Value::object(entries.iter().map(|(name, value)| (Name::from(*name), value.clone())))
}

fn text(text: &str) -> Value {
    Value::string(text)
}

#[test]
fn secrets_and_what_is_not_known_are_variables_and_what_the_provider_tells_is_nothing() {
    let document = object(&[
        ("id", Value::unknown(Type::String)),
        ("check", Value::unknown(Type::String)),
        ("path", text("a/b").sensitive()),
        ("secret", text("hush")),
        ("count", Value::int(3)),
    ]);
    let mut blanks = Blanks::default();
    let filled = blanks.fill(ATTRIBUTES, &document, "x.y").unwrap();
    assert!(filled.get("id").unwrap().is_null());
    assert_eq!(filled.text("check"), Some(&*variable("FILL_CHECK")));
    // A variable of that name is the shell's own without what stands before it.
    assert_eq!(filled.text("path"), Some(&*variable("FILL_PATH")));
    assert_eq!(filled.text("secret"), Some(&*variable("FILL_SECRET")));
    assert_eq!(filled.get("count").unwrap().as_i64(), Some(3));
    let told: Vec<(String, bool)> = blanks
        .take()
        .into_iter()
        .map(|Blank { variable, secret, .. }| (variable, secret))
        .collect();
    let told: Vec<(&str, bool)> = told.iter().map(|(name, secret)| (&**name, *secret)).collect();
    assert_eq!(told, [("FILL_CHECK", false), ("FILL_PATH", true), ("FILL_SECRET", true)]);
    assert!(!format!("{filled:?}").contains("hush"));
}

#[test]
fn a_value_keeps_its_name_and_another_gets_another() {
    let document = object(&[("secret", text("hush"))]);
    let mut blanks = Blanks::default();
    blanks.fill(ATTRIBUTES, &document, "x.y").unwrap();
    assert_eq!(blanks.take().len(), 1);
    let other = blanks.fill(ATTRIBUTES, &document, "x.z").unwrap();
    assert_eq!(other.text("secret"), Some(&*variable("FILL_SECRET_2")));
    assert_eq!(blanks.take()[0].about, "x.z");
    let again = blanks.fill(ATTRIBUTES, &document, "x.y").unwrap();
    assert_eq!(again.text("secret"), Some(&*variable("FILL_SECRET")));
    assert_eq!(blanks.take()[0].about, "x.y");
}

#[test]
fn what_no_variable_can_stand_for_is_not_written_down() {
    let mut blanks = Blanks::default();
    for document in [
        object(&[("count", Value::unknown(Type::Number))]),
        object(&[("count", Value::int(7).sensitive())]),
        // It would be taken for a variable.
        object(&[("path", text(&variable("HOME")))]),
        Value::unknown(Type::Dynamic),
    ] {
        assert!(blanks.fill(ATTRIBUTES, &document, "x.y").is_none(), "{document:?}");
    }
}

#[test]
fn resolvers_are_asked_one_by_one_and_nothing_waits_for_their_answers() {
    let resolvers = vec![text("9.9.9.9:53"), text("[2620:fe::fe]:5353")];
    let arguments = object(&[
        ("name", text("www.example.com.")),
        ("type", text("A")),
        ("from", text("us-east-1")),
        ("resolvers", Value::tuple(resolvers)),
    ]);
    let lines = acts::resolved(&arguments);
    let Some(Line::Note(first)) = lines.first() else { panic!("{lines:?}") };
    assert!(first.contains("us-east-1"), "{first}");
    let run = |line: &Line| match line {
        Line::Run(command) => (command.words.join(" "), command.optional),
        Line::Note(note) => panic!("{note}"),
    };
    let asked: Vec<_> = lines.iter().skip(1).map(run).collect();
    let ask = |at: &str| (format!("dig {at} +noall +answer www.example.com. A"), true);
    assert_eq!(asked, [ask("@9.9.9.9 -p 53"), ask("@2620:fe::fe -p 5353")]);
}

#[test]
fn the_line_that_names_the_primary_is_told_with_what_takes_its_place() {
    let arguments = object(&[
        ("file", text("main.dr.hcl")),
        ("line", Value::int(4)),
        ("from", text("us-east-1")),
        ("to", text("us-west-2")),
    ]);
    let lines = acts::edited(&arguments);
    let [Line::Note(note)] = &lines[..] else { panic!("{lines:?}") };
    let told =
        "In main.dr.hcl, line 4, write \"us-west-2\" in place of \"us-east-1\", and commit it.";
    assert_eq!(note, told);
}
