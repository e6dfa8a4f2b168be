//! Plans and states as JSON documents in Terraform's shapes (format versions 1.2 and 1.0), with
//! additions of ours: readers of Terraform's JSON ignore what they do not know.

mod configuration;
mod diff;
mod outlook;
mod plan;
mod promotion;
mod state;
mod tfstate;

use lifeboat_sdk::Value;
use lifeboat_sdk::value::json::{Secrets, shown};
use serde_json::value::RawValue;

pub use diff::diff;
pub use plan::{change, plan};
pub use promotion::{approvers, fence, kept, policy, promotion, retiring};
pub use state::{outputs, state};
pub use tfstate::{Head, tfstate};

/// The version of Terraform whose shapes these are.
pub const TERRAFORM_VERSION: &str = "1.11.4";

/// The value with unknown parts left out; secrets are null.
fn raw(value: Option<&Value>) -> Option<Box<RawValue>> {
    let text = shown(value?, Secrets::Hide)?;
    RawValue::from_string(text).ok()
}

/// As [`raw`], `null` where there is nothing.
fn raw_or_null(value: Option<&Value>) -> Box<RawValue> {
    raw(value).unwrap_or_else(|| RawValue::NULL.to_owned())
}
