//! Sealing: opens in its place only, keeps everything else as written, tells what is wrong.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::testing::{Folder, LINEAGE, sealer};

const PLACE: Place<'_> = Place { lineage: LINEAGE, address: "aws_db_instance.a", path: "[]" };

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn seal(text: &str) -> Result<Option<Box<RawValue>>, SecretError> {
    seal_document(&sealer(), LINEAGE, "a.b", &raw(text))
}

fn open(text: &str) -> Result<Option<Box<RawValue>>, SecretError> {
    open_document(&sealer(), LINEAGE, "a.b", &raw(text))
}

#[test]
fn a_value_opens_in_its_own_place_only() {
    let sealed = sealer().seal(PLACE, r#""hunter2""#).unwrap();
    assert_eq!(sealer().open(PLACE, &sealed).unwrap(), r#""hunter2""#);
    let elsewhere = [
        Place { lineage: "other", ..PLACE },
        Place { address: "aws_db_instance.b", ..PLACE },
        Place { path: r#"["x"]"#, ..PLACE },
    ];
    for place in elsewhere {
        assert!(matches!(sealer().open(place, &sealed), Err(SecretError::Altered { .. })));
    }
}

#[test]
fn every_flipped_bit_of_a_sealed_value_is_noticed() {
    let sealed = sealer().seal(PLACE, r#""hunter2""#).unwrap();
    let bytes = STANDARD.decode(&sealed).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(sealer().open(PLACE, &STANDARD.encode(bytes)).is_err(), "bit {bit}");
    }
    assert!(sealer().open(PLACE, "").is_err());
    assert!(sealer().open(PLACE, "%").is_err());
}

#[test]
fn a_missing_and_a_wrong_key_say_what_to_do_and_no_value() {
    let sealed = sealer().seal(PLACE, r#""hunter2""#).unwrap();
    let none = Sealer::without_key(".lifeboat/key");
    let missing = none.open(PLACE, &sealed).unwrap_err().to_string();
    assert!(missing.contains("`.lifeboat/key`: put the key back from a backup"), "{missing}");
    let other = Sealer::new(Key::new([8; 32]), ".lifeboat/key");
    let wrong = other.open(PLACE, &sealed).unwrap_err().to_string();
    assert!(wrong.contains(&Key::new([7; 32]).id()), "{wrong}");
    assert!(wrong.contains("put back the key that belongs to this state"), "{wrong}");
    assert!(!format!("{:?}", sealer()).contains("7, 7"));
}

#[test]
fn the_same_value_in_the_same_place_seals_to_the_same_bytes() {
    let one = sealer().seal(PLACE, "1").unwrap();
    assert_eq!(sealer().seal(PLACE, "1").unwrap(), one);
    assert_ne!(sealer().seal(PLACE, "2").unwrap(), one);
    let elsewhere = Place { address: "x", ..PLACE };
    assert_ne!(sealer().seal(elsewhere, "1").unwrap(), one);
}

#[test]
fn a_keyed_hash_depends_on_key_place_and_value() {
    let hash = sealer().keyed_hash(PLACE, "1").unwrap();
    assert_eq!(sealer().keyed_hash(PLACE, "1").unwrap(), hash);
    assert_ne!(sealer().keyed_hash(PLACE, "2").unwrap(), hash);
    assert_ne!(sealer().keyed_hash(Place { path: "x", ..PLACE }, "1").unwrap(), hash);
    let other = Sealer::new(Key::new([8; 32]), "");
    assert_ne!(other.keyed_hash(PLACE, "1").unwrap(), hash);
}

#[test]
fn only_what_is_sensitive_is_sealed_and_numbers_stay_exact() {
    let text = r#"{"type":["object",{}],"value":{"n":1.00000000000000000000000000001,"user":"admin","login":{"password":"hunter2","keys":["k0",{"a":"k1"}]}},"unknown":[],"sensitive":[["login","password"],["login","keys",1]]}"#;
    let sealed = seal(text).unwrap().unwrap();
    assert!(!sealed.get().contains("hunter2") && !sealed.get().contains("k1"));
    assert!(sealed.get().contains(r#""n":1.00000000000000000000000000001,"user":"admin""#));
    assert!(sealed.get().contains(r#""keys":["k0",{"sealed":""#));
    assert_eq!(open(sealed.get()).unwrap().unwrap().get(), text);
}

#[test]
fn a_document_without_sensitive_parts_is_left_alone() {
    assert!(seal(r#"{"value":{"sealed":"x"},"sensitive":[]}"#).unwrap().is_none());
    assert!(seal(r#"{"value":1}"#).unwrap().is_none());
    assert!(open(r#"{"value":{"sealed":"x"},"sensitive":[]}"#).unwrap().is_none());
}

#[test]
fn what_lies_inside_a_sealed_value_is_sealed_with_it() {
    let text = r#"{"value":{"a":{"b":"s"},"ab":1},"sensitive":[["a","b"],["a"],["a"],["a","b"]]}"#;
    let sealed = seal(text).unwrap().unwrap();
    assert!(sealed.get().starts_with(r#"{"value":{"a":{"sealed":""#), "{sealed}");
    assert_eq!(open(sealed.get()).unwrap().unwrap().get(), text);
    let whole = r#"{"value":[1,"s"],"sensitive":[[],[1]]}"#;
    let sealed = seal(whole).unwrap().unwrap();
    assert!(sealed.get().starts_with(r#"{"value":{"sealed":""#), "{sealed}");
    assert_eq!(open(sealed.get()).unwrap().unwrap().get(), whole);
}

#[test]
fn a_path_through_null_or_to_nothing_protects_nothing() {
    for value in ["null", r#"{"a":null}"#, r#"{"b":1}"#, r#"{"a":[]}"#] {
        let path = if value.contains("[]") { r#"["a",0]"# } else { r#"["a","b"]"# };
        let text = format!(r#"{{"value":{value},"sensitive":[{path}]}}"#);
        assert_eq!(seal(&text).unwrap().unwrap().get(), text);
    }
}

#[test]
fn a_document_whose_secrets_cannot_be_found_is_refused() {
    let bad = [
        "[]",
        r#"{"sensitive":[["a"]]}"#,
        r#"{"value":"text","sensitive":[["a"]]}"#,
        r#"{"value":{"a":1},"sensitive":[[0]]}"#,
        r#"{"value":[1],"sensitive":[["a"]]}"#,
        r#"{"value":{"a":1},"sensitive":["a"]}"#,
        r#"{"value":{"a":1},"sensitive":[[{"attr":"a"}]]}"#,
    ];
    for text in bad {
        assert!(matches!(seal(text), Err(SecretError::BadDocument { .. })), "{text}");
    }
    let plain = open(r#"{"value":{"a":1},"sensitive":[["a"]]}"#);
    assert!(matches!(plain, Err(SecretError::NotSealed { .. })));
}

#[tokio::test]
async fn a_key_file_is_made_once_for_its_owner_only() {
    let folder = Folder::new();
    let file = KeyFile::new(folder.path().join("x/key"));
    assert_eq!(file.load().await.unwrap(), None);
    let key = file.create().await.unwrap();
    assert_eq!(file.create().await.unwrap(), key);
    assert_eq!(file.load().await.unwrap(), Some(key));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("x/key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    std::fs::write(folder.path().join("x/key"), "lifeboat-key-1 AAAA").unwrap();
    assert!(matches!(file.load().await, Err(SecretError::BadKey { .. })));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-c\"é]{1,2}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// A path that leads into the value, chosen by `choices`.
fn path(value: &serde_json::Value, choices: &[usize]) -> Vec<serde_json::Value> {
    let Some((choice, rest)) = choices.split_first() else {
        return Vec::new();
    };
    let next = if let Some(map) = value.as_object().filter(|map| !map.is_empty()) {
        map.iter().nth(choice % map.len()).map(|(k, v)| (serde_json::Value::from(k.as_str()), v))
    } else if let Some(list) = value.as_array().filter(|list| !list.is_empty()) {
        list.get(choice % list.len()).map(|v| (serde_json::Value::from(choice % list.len()), v))
    } else {
        None
    };
    next.map_or_else(Vec::new, |(step, inner)| {
        std::iter::once(step).chain(path(inner, rest)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..Default::default() })]

    #[test]
    fn opening_gives_back_what_was_sealed(
        value in json(),
        choices in prop::collection::vec(prop::collection::vec(0usize..4, 0..4), 0..4),
    ) {
        let paths: Vec<_> = choices.iter().map(|choices| path(&value, choices)).collect();
        let text = serde_json::json!({"value": value, "sensitive": paths}).to_string();
        match seal(&text).unwrap() {
            None => prop_assert!(paths.is_empty()),
            Some(sealed) => {
                let opened = open(sealed.get()).unwrap().unwrap();
                prop_assert_eq!(opened.get(), &text);
                let again = seal(opened.get()).unwrap().unwrap();
                prop_assert_eq!(again.get(), sealed.get());
            }
        }
    }

    #[test]
    fn no_text_makes_the_sealer_panic(text in ".{0,64}", sealed in ".{0,64}") {
        if let Ok(document) = RawValue::from_string(text) {
            let results = [
                seal_document(&sealer(), LINEAGE, "a", &document).is_ok(),
                open_document(&sealer(), LINEAGE, "a", &document).is_ok(),
            ];
            prop_assert!(results.len() == 2);
        }
        prop_assert!(sealer().open(PLACE, &sealed).is_err());
    }
}
