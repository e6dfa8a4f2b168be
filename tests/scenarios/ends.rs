//! What is there in the end, without what is chance, so that two ends can be compared.

use serde_json::Value as Json;

use super::stage::Stage;

/// Attributes whose values nobody can tell beforehand.
const CHANCE: [&str; 12] = [
    "id",
    "arn",
    "zone_id",
    "health_check_id",
    "unique_id",
    "create_date",
    "name_servers",
    "primary_name_server",
    "caller_reference",
    "etag",
    "version_id",
    "lineage",
];

/// What is there in the end: what the servers hold, and the state without what is chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) live: Vec<String>,
    pub(super) state: Json,
}

impl End {
    /// What is there now.
    #[track_caller]
    pub(super) fn of(stage: &Stage) -> Self {
        let mut live = stage.left();
        for line in &mut live {
            // A health check's name is given by the server.
            if line.starts_with("health check ") {
                "health check".clone_into(line);
            }
        }
        let shown = stage.expect(&["show", "-json"], 0);
        let mut state: Json = serde_json::from_str(&shown.stdout).unwrap();
        hide(&mut state);
        Self { live, state }
    }

    /// How many of its objects the other does not have.
    pub(super) fn extra(&self, other: &Self) -> usize {
        let mut others = other.live.clone();
        let mut extra = 0;
        for object in &self.live {
            match others.iter().position(|is| is == object) {
                Some(at) => drop(others.swap_remove(at)),
                None => extra += 1,
            }
        }
        extra
    }

    /// Fails unless the stage has come to the same end.
    #[track_caller]
    pub(super) fn check(&self, stage: &Stage) {
        let is = Self::of(stage);
        stage.same(is.live, self.live.clone(), "what is on the servers");
        stage.same(is.state, self.state.clone(), "the state");
    }
}

/// What a role record says, which is an object's content.
fn role_record(name: &str, value: &Json) -> Option<Json> {
    let text = value.as_str().filter(|_| name == "content")?;
    serde_json::from_str(text).ok().filter(Json::is_object)
}

/// Replaces what is chance.
fn hide(json: &mut Json) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                if CHANCE.contains(&name.as_str()) && !value.is_null() {
                    *value = Json::from("?");
                } else if let Some(mut inner) = role_record(name, value) {
                    hide(&mut inner);
                    *value = Json::from(inner.to_string());
                } else {
                    hide(value);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}
