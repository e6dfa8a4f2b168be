//! Findings that AWS kinds share; unknown parts are not judged.

use lifeboat_sdk::region::{Judged, judge};
use lifeboat_sdk::value::{Path, Step};
use lifeboat_sdk::{Finding, Value};

use crate::clients::Clients;

/// The known values at a path of attribute names, lists and sets gone through, each with where
/// it is.
pub fn at<'v>(document: &'v Value, names: &[&str]) -> Vec<(Path, &'v Value)> {
    let mut found = vec![(Path::root(), document)];
    for name in names {
        found = found.into_iter().flat_map(|(path, value)| step(&path, value, name)).collect();
    }
    found.retain(|(_, value)| !value.is_null() && !value.is_unknown());
    found
}

fn step<'v>(path: &Path, value: &'v Value, name: &str) -> Vec<(Path, &'v Value)> {
    match value.items() {
        Some(items) => items
            .iter()
            .enumerate()
            .flat_map(|(i, item)| step(&path.join(Step::Index(i)), item, name))
            .collect(),
        None => match value.get(name) {
            Some(part) => vec![(path.join(Step::Attr(name.into())), part)],
            None => Vec::new(),
        },
    }
}

/// Texts at `names`, alone or in a list or set, that are none of `allowed`.
pub fn one_of(document: &Value, names: &[&str], allowed: &[&str]) -> Vec<Finding> {
    let wrong = |(path, value): (Path, &Value)| {
        let text = value.as_str()?;
        (!allowed.contains(&text)).then(|| Finding {
            path,
            summary: "Value not allowed",
            detail: format!("{text:?} is not one of {}.", allowed.join(", ")),
            help: format!("Write one of {}.", allowed.join(", ")),
            warning: false,
        })
    };
    at(document, names).into_iter().flat_map(texts).filter_map(wrong).collect()
}

/// A value, or the elements of a list or set.
fn texts((path, value): (Path, &Value)) -> Vec<(Path, &Value)> {
    match value.items() {
        Some(items) => {
            let at = |(i, item)| (path.join(Step::Index(i)), item);
            items.iter().enumerate().map(at).collect()
        }
        None => vec![(path, value)],
    }
}

/// A misspelt `region`, where the provider's configuration is known and does not take any.
pub fn region(document: &Value, clients: &Clients) -> Option<Finding> {
    region_at(document, "region", clients)
}

/// The same for an attribute that names another region.
pub fn region_at(document: &Value, name: &'static str, clients: &Clients) -> Option<Finding> {
    let checked = clients.settings().is_some_and(|settings| !settings.any_region());
    let region = document.get(name).filter(|_| checked)?.as_str()?;
    let Judged::Misspelt(near) = judge(region) else { return None };
    Some(Finding {
        path: Path::root().join(Step::Attr(name.into())),
        summary: "Unknown region",
        detail: format!("{region:?} is no region of AWS."),
        help: format!("Did you mean {near:?}? Else set skip_region_validation in the provider."),
        warning: false,
    })
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Type;
    use lifeboat_sdk::provider::Environment;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_misspelt_region_is_found_unless_any_is_taken() {
        let clients = |skip| {
            let config = Config { skip_region_validation: Some(skip), ..Config::default() };
            Clients::new(&config, &Environment::default()).unwrap()
        };
        let at = |region: &str| Value::object([("region".into(), Value::string(region))]);
        let found = region(&at("us-est-1"), &clients(false)).unwrap();
        assert!(found.help.contains("\"us-east-1\""), "{}", found.help);
        for (name, clients) in [
            ("us-east-1", clients(false)),
            ("us-east-9", clients(false)),
            ("us-est-1", clients(true)),
            ("us-est-1", Clients::unconfigured()),
        ] {
            assert_eq!(region(&at(name), &clients), None, "{name}");
        }
    }

    #[test]
    fn only_known_values_are_judged() {
        let rule = |status: Value| Value::object([("status".into(), status)]);
        let element = Type::object([("status".into(), Type::String)]);
        let rules = vec![
            rule(Value::string("Enabled")),
            rule(Value::unknown(Type::String)),
            rule(Value::Null(Type::String)),
            rule(Value::string("on")),
        ];
        let document = Value::object([("rule".into(), Value::list(element, rules))]);
        let findings = one_of(&document, &["rule", "status"], &["Enabled", "Disabled"]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path.to_string(), "rule[3].status");
        assert!(one_of(&Value::unknown(Type::Dynamic), &["rule"], &[]).is_empty());
    }
}
