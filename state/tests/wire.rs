//! The SDK's stored form of values and the sealing of documents agree about paths.

use lifeboat_sdk::value::wire::Wire;
use lifeboat_sdk::value::{Type, Value};
use lifeboat_state::model::Document;
use lifeboat_state::secret::{Key, Sealer, open_document, seal_document};
use serde_json::value::RawValue;

#[test]
fn every_sensitive_part_of_a_value_is_sealed_and_comes_back() {
    let secret = || Value::string("hunter2").sensitive();
    let labels = Value::map(Type::String, [("a \"b\"".into(), secret()), ("c".into(), secret())]);
    let value = Value::object([
        ("attribute".into(), secret()),
        ("labels".into(), labels),
        ("list".into(), Value::list(Type::String, vec![Value::string("open"), secret()])),
        ("set".into(), Value::set(Type::String, vec![secret(), Value::string("open")])),
        ("tuple".into(), Value::tuple(vec![Value::int(7), secret()])),
        ("unknown".into(), Value::unknown(Type::String).sensitive()),
        ("whole".into(), Value::object([("inner".into(), secret())]).sensitive()),
    ]);
    let wire = Wire::from_value(&value).unwrap();
    let document = Document::from_wire(&wire).unwrap();
    let raw = RawValue::from_string(document.text().to_owned()).unwrap();
    assert_eq!(raw.get().matches("hunter2").count(), 7);

    let sealer = Sealer::new(Key::new([7; 32]), "the test's key");
    let sealed = seal_document(&sealer, "lineage", "a.b", &raw).unwrap().unwrap();
    assert!(!sealed.get().contains("hunter2"), "{sealed}");
    assert_eq!(sealed.get().matches(r#"{"sealed":"#).count(), 8);
    assert_eq!(sealed.get().matches(r#""open""#).count(), 2);

    let opened = open_document(&sealer, "lineage", "a.b", &sealed).unwrap().unwrap();
    assert_eq!(opened.get(), document.text());
    let back: Wire = Document::from(opened).to_wire().unwrap();
    assert_eq!(back.to_value().unwrap(), value);
}
