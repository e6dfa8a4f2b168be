//! `lifeboat import`: one object that exists becomes known to the state, as it is.
//!
//! It is an apply of a plan with one step, which makes no call: the lock, the journal and what
//! follows a death are those of every apply.

use lifeboat_sdk::Diagnostic;

use super::apply;
use super::args;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::address::{Address, Mode};

/// Runs `import`.
pub async fn run(workspace: &Workspace, args: args::Import) -> Exit {
    let args::Import { values, locking, input, json, address, id } = args;
    let at = match target(&address, &id) {
        Ok(at) => at,
        Err(why) => {
            workspace.tell(&why.into());
            return Exit::Error;
        }
    };
    let telling = args::Telling { json, input, compact: false };
    let planning = args::Planning { values, telling, parallelism: 1, ..Default::default() };
    // Nothing is changed, so there is nothing to approve.
    let consent = args::Consent { auto_approve: true, ..Default::default() };
    let import = Some((at, id.into()));
    let given = args::Apply { planning, consent, locking, import, ..args::Apply::default() };
    apply::run(workspace, given).await
}

/// The address of one object that can be managed.
fn target(address: &str, id: &str) -> Result<Address, Diagnostic> {
    let refused = |detail: String| {
        Diagnostic::error("engine::import_target", "This cannot be imported", detail)
    };
    let Some(at) = Address::parse(address) else {
        let detail = format!("{address} is not the address of an object.");
        return Err(refused(detail).help(
            "Write it as the files have it: aws_s3_bucket.logs, aws_s3_bucket.logs[\"a\"], \
             module.web.aws_s3_bucket.logs.",
        ));
    };
    if at.mode == Mode::Data {
        let detail = format!("{at} is a data source: it is read again by every plan.");
        return Err(refused(detail).help("Give the address of a resource."));
    }
    if id.is_empty() {
        let detail = format!("The id by which {at} is to be imported is empty.");
        return Err(refused(detail).help("Give the id as the provider knows the object."));
    }
    Ok(at)
}
