//! Policy documents of IAM and S3: a canonical form, so that equal meaning is equal text.
//!
//! AWS gives a policy back in another spelling than it got: a list of one as a string, an
//! account id as the ARN of its root user, keys and lists in another order. The canonical form
//! is itself a valid policy of the same meaning (IAM user guide, "JSON policy element
//! reference").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The version of a document that names none.
const VERSION: &str = "2008-10-17";
/// Elements of a statement that are one text or a list of them, in no order.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];
/// Elements of a statement that name principals.
const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

/// The canonical form; `None` where the text is not a JSON object.
pub fn canonical(text: &str) -> Option<String> {
    let Value::Object(mut policy) = serde_json::from_str(text).ok()? else { return None };
    if policy.is_empty() {
        return Some("{}".to_owned());
    }
    policy.entry("Version").or_insert_with(|| VERSION.into());
    if policy.get("Id").is_some_and(is_blank) {
        policy.remove("Id");
    }
    if let Some(statements) = policy.remove("Statement") {
        let statements = match statements {
            Value::Array(statements) => statements,
            one => vec![one],
        };
        // Allows and denies are weighed whatever their order.
        let sorted: BTreeMap<String, Value> = statements
            .into_iter()
            .map(statement)
            .map(|statement| (statement.to_string(), statement))
            .collect();
        policy.insert("Statement".to_owned(), sorted.into_values().collect());
    }
    Some(ordered(Value::Object(policy)).to_string())
}

/// Whether two documents mean the same.
pub fn equivalent(a: &str, b: &str) -> bool {
    a == b || canonical(a).is_some_and(|a| canonical(b) == Some(a))
}

fn statement(statement: Value) -> Value {
    let Value::Object(mut fields) = statement else { return statement };
    if fields.get("Sid").is_some_and(is_blank) {
        fields.remove("Sid");
    }
    for name in LISTS {
        if let Some(value) = fields.get_mut(name) {
            *value = texts(value.take(), &str::to_owned);
        }
    }
    for name in PRINCIPALS {
        if let Some(value) = fields.get_mut(name) {
            *value = principals(value.take());
        }
    }
    if let Some(condition) = fields.remove("Condition") {
        let condition = conditions(condition);
        if !condition.as_object().is_some_and(Map::is_empty) {
            fields.insert("Condition".to_owned(), condition);
        }
    }
    ordered(Value::Object(fields))
}

/// `"*"` and `{"AWS": "*"}` mean the same (IAM user guide, "Principal", all principals).
fn principals(value: Value) -> Value {
    let map = match value {
        Value::Object(map) => map,
        Value::String(text) if text == "*" => Map::from_iter([("AWS".to_owned(), "*".into())]),
        other => return other,
    };
    map.into_iter()
        .map(|(kind, value)| {
            let value =
                if kind == "AWS" { texts(value, &account) } else { texts(value, &str::to_owned) };
            (kind, value)
        })
        .collect::<Map<_, _>>()
        .into()
}

/// An account as its id: `arn:aws:iam::123456789012:root` and `123456789012` are the same.
fn account(principal: &str) -> String {
    let mut parts = principal.splitn(6, ':');
    let parts = [(); 6].map(|()| parts.next().unwrap_or_default());
    match parts {
        ["arn", _, "iam", "", id, "root"] if is_account(id) => id.to_owned(),
        _ => principal.to_owned(),
    }
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// `{operator: {key: values}}`; values are texts, whatever they are written as.
fn conditions(value: Value) -> Value {
    let Value::Object(operators) = value else { return value };
    let operators = operators.into_iter().filter_map(|(operator, keys)| match keys {
        Value::Object(keys) if keys.is_empty() => None,
        Value::Object(keys) => {
            let keys = keys.into_iter().map(|(key, v)| (key, texts(v, &str::to_owned)));
            Some((operator, Value::Object(keys.collect())))
        }
        other => Some((operator, other)),
    });
    Value::Object(operators.collect())
}

/// A sorted list of texts without duplicates, from one or many.
fn texts(value: Value, each: &dyn Fn(&str) -> String) -> Value {
    let items = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    let mut out = BTreeSet::new();
    for item in &items {
        match item {
            Value::String(text) => out.insert(each(text)),
            Value::Bool(_) | Value::Number(_) => out.insert(item.to_string()),
            // Not a policy that AWS takes: left for it to refuse.
            Value::Null | Value::Array(_) | Value::Object(_) => return Value::Array(items),
        };
    }
    out.into_iter().map(Value::String).collect()
}

/// Objects sorted by key, at every depth, whatever features serde_json is built with.
fn ordered(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> =
                map.into_iter().map(|(key, value)| (key, ordered(value))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(ordered).collect(),
        other => other,
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(statement: &str) -> String {
        format!("{{\"Version\":\"2012-10-17\",\"Statement\":{statement}}}")
    }

    /// Statements that mean the same.
    const SAME: &[(&str, &str)] = &[
        (r#"{"Effect":"Allow","Action":"s3:*"}"#, r#"[{"Action":["s3:*"],"Effect":"Allow"}]"#),
        (r#"{"Action":["b","a","a"]}"#, r#"{"Action":["a","b"]}"#),
        (r#"{"Resource":["b","a"]}"#, r#"{"Resource":["a","b"]}"#),
        (r#"{"Sid":"","Effect":"Deny"}"#, r#"{"Effect":"Deny"}"#),
        (r#"[{"Sid":"a"},{"Sid":"b"}]"#, r#"[{"Sid":"b"},{"Sid":"a"}]"#),
        (r#"{"Principal":"*"}"#, r#"{"Principal":{"AWS":["*"]}}"#),
        (
            r#"{"Principal":{"AWS":"123456789012"}}"#,
            r#"{"Principal":{"AWS":["arn:aws:iam::123456789012:root"]}}"#,
        ),
        (
            r#"{"NotPrincipal":{"AWS":["arn:aws-cn:iam::123456789012:root"]}}"#,
            r#"{"NotPrincipal":{"AWS":"123456789012"}}"#,
        ),
        (
            r#"{"Principal":{"Service":["b.amazonaws.com","a.amazonaws.com"]}}"#,
            r#"{"Principal":{"Service":["a.amazonaws.com","b.amazonaws.com"]}}"#,
        ),
        (
            r#"{"Condition":{"Bool":{"aws:SecureTransport":false}}}"#,
            r#"{"Condition":{"Bool":{"aws:SecureTransport":["false"]}}}"#,
        ),
        (
            r#"{"Condition":{"NumericLessThan":{"s3:max-keys":10}}}"#,
            r#"{"Condition":{"NumericLessThan":{"s3:max-keys":"10"}}}"#,
        ),
        (r#"{"Effect":"Allow","Condition":{}}"#, r#"{"Effect":"Allow"}"#),
    ];

    /// Statements that do not.
    const DIFFERENT: &[(&str, &str)] = &[
        (r#"{"Effect":"Allow"}"#, r#"{"Effect":"Deny"}"#),
        (r#"{"Action":"a"}"#, r#"{"NotAction":"a"}"#),
        (r#"{"Resource":"a"}"#, r#"{"Resource":"A"}"#),
        (r#"{"Principal":"*"}"#, r#"{"NotPrincipal":"*"}"#),
        (r#"{"Principal":{"AWS":"*"}}"#, r#"{"Principal":{"Service":"*"}}"#),
        (
            r#"{"Principal":{"AWS":"123456789012"}}"#,
            r#"{"Principal":{"AWS":"arn:aws:iam::123456789012:role/root"}}"#,
        ),
        (
            r#"{"Principal":{"Service":"123456789012"}}"#,
            r#"{"Principal":{"Service":"arn:aws:iam::123456789012:root"}}"#,
        ),
        (r#"[{"Sid":"a"}]"#, r#"[{"Sid":"a"},{"Sid":"b"}]"#),
        (
            r#"{"Condition":{"StringEquals":{"a":"b"}}}"#,
            r#"{"Condition":{"StringLike":{"a":"b"}}}"#,
        ),
    ];

    #[test]
    fn meaning() {
        for (a, b) in SAME {
            assert_eq!(canonical(&one(a)), canonical(&one(b)), "{a} and {b}");
            assert!(equivalent(&one(a), &one(b)));
        }
        for (a, b) in DIFFERENT {
            assert!(!equivalent(&one(a), &one(b)), "{a} and {b}");
        }
    }

    #[test]
    fn versions_ids_and_what_is_no_policy() {
        assert!(equivalent(r#"{"Version":"2008-10-17","Id":""}"#, r#"{"Version":"2008-10-17"}"#));
        assert!(equivalent(r#"{"Statement":[]}"#, r#"{"Version":"2008-10-17","Statement":[]}"#));
        assert!(!equivalent(r#"{"Statement":[]}"#, r#"{"Version":"2012-10-17","Statement":[]}"#));
        assert_eq!(canonical("{}").as_deref(), Some("{}"));
        for text in ["", "[]", "\"a\"", "{", "null"] {
            assert_eq!(canonical(text), None, "{text}");
        }
        assert!(equivalent("not JSON", "not JSON"));
    }

    #[test]
    fn the_canonical_form_is_its_own() {
        for (a, _) in SAME.iter().chain(DIFFERENT) {
            let text = canonical(&one(a)).unwrap();
            assert_eq!(canonical(&text).as_ref(), Some(&text));
        }
    }
}
