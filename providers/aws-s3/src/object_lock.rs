//! `aws_s3_bucket_object_lock_configuration`: for how long new objects cannot be deleted.
//!
//! Object Lock cannot be switched off again. The object exists while the bucket has a default
//! retention, or is what state holds; removing it removes the default retention.

use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule,
};
use lifeboat_aws_core::validate;
use lifeboat_sdk::value::Path;
use lifeboat_sdk::{Call, Failure, Finding, Target, Value};
use lifeboat_sdk_derive::Kind;

use crate::setting::{self, At, Head, NO_BUCKET, Setting, hollow, request};

/// Reads the configuration.
pub const GET: Call =
    Call::read("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration");
/// Sets the configuration.
pub const PUT: Call =
    Call::write("s3", "PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration");

const ABSENT: &[&str] = &[NO_BUCKET, "ObjectLockConfigurationNotFoundError"];
const ENABLED: &str = "Enabled";
const COMPLIANCE: &str = "COMPLIANCE";

/// For how long new objects of a bucket cannot be deleted. The bucket's versioning must be
/// enabled.
#[derive(Clone, Debug, Default, PartialEq, Kind)]
pub struct ObjectLock {
    /// The bucket.
    #[kind(required, forces_replacement, identity)]
    pub bucket: String,
    /// The bucket's name.
    #[kind(computed, identity)]
    pub id: Option<String>,
    /// The bucket's region.
    #[kind(optional_computed, identity, forces_replacement)]
    pub region: Option<String>,
    /// `Enabled`: there is no other value and no way back.
    #[kind(default = "\"Enabled\"", forces_replacement)]
    pub object_lock_enabled: Option<String>,
    /// What AWS support gives to switch Object Lock on for a bucket that exists.
    #[kind(optional, sensitive)]
    pub token: Option<String>,
    /// The rule for new objects.
    #[kind(block(max = 1))]
    pub rule: Vec<Rule>,
}

/// The rule for new objects.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Rule {
    /// The retention that a new object gets.
    #[kind(block(min = 1, max = 1))]
    pub default_retention: Vec<Retention>,
}

/// A mode and a period, in days or in years.
#[derive(Clone, Debug, PartialEq, Kind)]
pub struct Retention {
    /// `COMPLIANCE`: nobody can shorten it. `GOVERNANCE`: who has the permission can.
    pub mode: String,
    /// The period in days.
    #[kind(optional)]
    pub days: Option<u32>,
    /// The period in years.
    #[kind(optional)]
    pub years: Option<u32>,
}

impl Setting for ObjectLock {
    const NAME: &'static str = "aws_s3_bucket_object_lock_configuration";

    fn head(&mut self) -> Head<'_> {
        Head { bucket: &mut self.bucket, id: &mut self.id, region: &mut self.region }
    }

    fn validate(document: &Value) -> Vec<Finding> {
        let retention = ["rule", "default_retention"];
        let mode = [retention[0], retention[1], "mode"];
        let mut findings = validate::one_of(document, &mode, &[COMPLIANCE, "GOVERNANCE"]);
        findings.extend(validate::one_of(document, &["object_lock_enabled"], &[ENABLED]));
        let blocks = validate::at(document, &retention);
        let items = blocks.iter().flat_map(|(path, list)| {
            list.items().unwrap_or_default().iter().map(move |item| (path, item))
        });
        findings.extend(items.filter_map(|(path, item)| one_period(path, item)));
        findings
    }

    fn one_way_door(before: Option<&Value>, after: Option<&Value>) -> Option<String> {
        let after = after?;
        let retention = ["rule", "default_retention"];
        let old = before.and_then(|before| block(before, &retention));
        let new = block(after, &retention);
        let mode = new.and_then(|block| block.get("mode"));
        let strict = mode.is_some_and(|m| m.is_unknown() || m.as_str() == Some(COMPLIANCE));
        let locked = new.filter(|_| strict && old != new).map(|new| {
            format!(
                "what is written from now on cannot be deleted by anybody, root included, until \
                 its retention in the mode COMPLIANCE has passed{}",
                period(new)
            )
        });
        if before.is_some() {
            return locked;
        }
        let on = "Object Lock cannot be switched off again for this bucket".to_owned();
        Some(match locked {
            Some(locked) => format!("{on}; {locked}"),
            None => on,
        })
    }

    async fn get(at: &At<'_>, target: &Target) -> Result<Self, Failure> {
        let read = request!(at, at.client.get_object_lock_configuration(), ABSENT);
        let answer = at.call(&GET, read).await?;
        let live = answer
            .object_lock_configuration()
            .ok_or_else(|| hollow(&GET, at.scope, "configuration"))?;
        let rule = live.rule().and_then(from_api);
        let same =
            |hint: &Value| hint.get("rule").and_then(Value::items).is_none_or(<[_]>::is_empty);
        if rule.is_none() && !setting::at_default(target, same) {
            return Err(setting::only_default(&GET, at.scope, "no default retention"));
        }
        let enabled = live.object_lock_enabled().map_or(ENABLED, ObjectLockEnabled::as_str);
        Ok(Self {
            object_lock_enabled: Some(enabled.to_owned()),
            token: target.hint.get("token").and_then(Value::as_str).map(str::to_owned),
            rule: rule.into_iter().collect(),
            ..Self::default()
        })
    }

    async fn put(&mut self, at: &At<'_>, _before: Option<&Self>) -> Result<(), Failure> {
        set(at, self.rule.first().map(to_api), self.token.clone()).await
    }

    async fn remove(&self, at: &At<'_>) -> Result<(), Failure> {
        set(at, None, self.token.clone()).await
    }
}

async fn set(
    at: &At<'_>,
    rule: Option<ObjectLockRule>,
    token: Option<String>,
) -> Result<(), Failure> {
    let document = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .set_rule(rule)
        .build();
    let put = || {
        let put = at.client.put_object_lock_configuration();
        put.object_lock_configuration(document.clone()).set_token(token.clone())
    };
    at.call(&PUT, request!(at, put(), &[NO_BUCKET])).await.map(drop)
}

/// Exactly one of days and years.
fn one_period(path: &Path, item: &Value) -> Option<Finding> {
    let (days, years) = (item.get("days")?, item.get("years")?);
    if days.is_unknown() || years.is_unknown() || days.is_null() != years.is_null() {
        return None;
    }
    Some(Finding {
        path: path.clone(),
        summary: "Retention needs one period",
        detail: "A default retention has either days or years.".to_owned(),
        help: "Write days = … or years = …".to_owned(),
        warning: false,
    })
}

/// How long a retention is, where that is known: ` (days: 30)`.
fn period(retention: &Value) -> String {
    let units = ["days", "years"].iter();
    let known = units.filter_map(|unit| Some((retention.get(unit)?.as_i64()?, *unit)));
    known.map(|(count, unit)| format!(" ({unit}: {count})")).collect()
}

/// The first block at a path of block names.
fn block<'v>(document: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().try_fold(document, |value, name| value.get(name)?.items()?.first())
}

/// A period of 0 is how some servers write the one that is not set.
fn from_api(rule: &ObjectLockRule) -> Option<Rule> {
    let live = rule.default_retention()?;
    let period = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    Some(Rule {
        default_retention: vec![Retention {
            mode: live.mode()?.as_str().to_owned(),
            days: period(live.days()),
            years: period(live.years()),
        }],
    })
}

fn to_api(rule: &Rule) -> ObjectLockRule {
    let period = |n: Option<u32>| n.map(|n| i32::try_from(n).unwrap_or(i32::MAX));
    let retention = rule.default_retention.first().map(|retention| {
        DefaultRetention::builder()
            .mode(ObjectLockRetentionMode::from(&*retention.mode))
            .set_days(period(retention.days))
            .set_years(period(retention.years))
            .build()
    });
    ObjectLockRule::builder().set_default_retention(retention).build()
}

#[cfg(test)]
mod tests {
    use lifeboat_sdk::Object as _;

    use super::*;

    fn document(mode: &str, days: Option<u32>) -> Value {
        let retention = Retention { mode: mode.into(), days, years: None };
        let rule = vec![Rule { default_retention: vec![retention] }];
        ObjectLock { rule, ..ObjectLock::default() }.encode()
    }

    #[test]
    fn one_way_doors() {
        let door = |before: Option<&Value>, after: Option<&Value>| {
            ObjectLock::one_way_door(before, after).is_some()
        };
        let governance = document("GOVERNANCE", Some(1));
        let strict = document(COMPLIANCE, Some(1));
        assert!(door(None, Some(&governance)));
        assert!(door(Some(&governance), Some(&strict)));
        assert!(door(Some(&strict), Some(&document(COMPLIANCE, Some(2)))));
        assert!(!door(Some(&strict), Some(&strict)));
        assert!(!door(Some(&strict), Some(&governance)));
        assert!(!door(Some(&strict), None));
        let text = |after: &Value| ObjectLock::one_way_door(None, Some(after)).unwrap();
        assert!(text(&strict).ends_with("in the mode COMPLIANCE has passed (days: 1)"));
        assert!(text(&strict).starts_with("Object Lock cannot be switched off again"));
        assert!(!text(&governance).contains("COMPLIANCE"));
    }

    #[test]
    fn a_retention_has_one_period() {
        assert!(ObjectLock::validate(&document(COMPLIANCE, Some(1))).is_empty());
        assert_eq!(ObjectLock::validate(&document(COMPLIANCE, None)).len(), 1);
        assert_eq!(ObjectLock::validate(&document("strict", Some(1))).len(), 1);
    }
}
