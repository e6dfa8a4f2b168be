//! Command lines of the AWS CLI, version 2, that do by hand what kinds do.

use lifeboat_sdk::{Command, Scope};
use serde_json::Value as Json;

/// A command of the AWS CLI where a scope is: `aws SERVICE OPERATION --region REGION`.
pub fn aws(scope: &Scope, service: &str, operation: &str) -> Command {
    let region = scope.location.region().to_string();
    Command::new(&["aws", service, operation]).option("--region", region)
}

/// A document without what is null: the CLI takes a member that is null for one that is set.
pub fn dense(document: Json) -> Json {
    match document {
        Json::Object(members) => {
            let set = members.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(set.map(|(name, value)| (name, dense(value))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(dense).collect()),
        other => other,
    }
}
