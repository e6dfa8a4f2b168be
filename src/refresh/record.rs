//! Role records as they are read: which region is the primary, since which epoch.

use serde::Deserialize;

/// What of a role record decides (docs/role-record.md).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RoleRecord {
    /// The version of the form.
    pub version: u32,
    /// Which state it goes with.
    pub lineage: String,
    /// How many promotions there were, and one.
    pub epoch: u64,
    /// The region that is primary.
    pub primary: String,
    /// Regions that are fenced by hand; records of before have none.
    #[serde(default)]
    pub fenced: Vec<Fenced>,
}

/// A region that is fenced by hand, as a record tells it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fenced {
    /// The region.
    pub region: String,
    /// Since when, RFC 3339.
    pub since: String,
}

/// The newest version that is read.
const VERSION: u32 = 1;

impl RoleRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// It is none, or of a version that this build does not know.
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if record.version > VERSION {
            return Err(format!("version {}, this lifeboat knows {VERSION}", record.version));
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_by_hand_is_read_and_an_older_record_has_none() {
        let text = |more: &str| {
            format!(r#"{{"version":1,"lineage":"l","epoch":2,"primary":"b","owed":[]{more}}}"#)
        };
        let fenced = r#","fenced":[{"region":"b","since":"2026-11-20T13:00:00Z"}]"#;
        let read = RoleRecord::parse(&text(fenced)).unwrap();
        assert_eq!((read.fenced.len(), &*read.fenced[0].region), (1, "b"));
        assert!(RoleRecord::parse(&text("")).unwrap().fenced.is_empty());
    }

    #[test]
    fn what_decides_is_read_and_a_newer_form_is_not_guessed_at() {
        let text = |version: u32| {
            format!(
                r#"{{"version":{version},"topology":"web","lineage":"l","epoch":2,"primary":"b",
                     "roles":{{"a":"standby","b":"primary"}},"promotion":null,"owed":[]}}"#
            )
        };
        let record = RoleRecord::parse(&text(1)).unwrap();
        assert_eq!((record.epoch, &*record.primary, &*record.lineage), (2, "b", "l"));
        assert!(RoleRecord::parse(&text(2)).unwrap_err().contains("version 2"));
        assert!(RoleRecord::parse("{}").is_err());
        assert!(RoleRecord::parse("<html>").is_err());
    }
}
