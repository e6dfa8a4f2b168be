//! Terraform on the same work, where it is installed and needs no provider but its own.

use super::measure::{Bench, Measured};
use super::scenarios;
use crate::Result;

/// A plan without changes of so many `terraform_data`.
pub(super) fn plan(count: usize) -> Result<Option<Measured>> {
    let (files, state) = (scenarios::data_blocks(count), state(count));
    let Some(bench) = Bench::of_terraform(&files, Some(&state))? else { return Ok(None) };
    bench.once(&["plan", "-input=false", "-detailed-exitcode"], 0).map(Some)
}

/// The first apply of so many `terraform_data`.
pub(super) fn apply(count: usize) -> Result<Option<Measured>> {
    let files = scenarios::data_blocks(count);
    let Some(bench) = Bench::of_terraform(&files, None)? else { return Ok(None) };
    bench.once(&["apply", "-input=false", "-auto-approve"], 0).map(Some)
}

/// The state of Terraform after the apply, which would take it an hour for 10,000 objects.
fn state(count: usize) -> String {
    let object = |n: usize| {
        serde_json::json!({
            "mode": "managed",
            "type": "terraform_data",
            "name": format!("d{n}"),
            "provider": "provider[\"terraform.io/builtin/terraform\"]",
            "instances": [{
                "schema_version": 0,
                "attributes": {
                    "id": format!("00000000-0000-4000-8000-{n:012}"),
                    "input": { "value": format!("v{n}"), "type": "string" },
                    "output": { "value": format!("v{n}"), "type": "string" },
                    "triggers_replace": null,
                },
                "sensitive_attributes": [],
            }],
        })
    };
    serde_json::json!({
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 1,
        "lineage": "00000000-0000-4000-8000-000000000000",
        "outputs": {},
        "resources": (0..count).map(object).collect::<Vec<_>>(),
        "check_results": null,
    })
    .to_string()
}
