//! Waiting until a change has reached all name servers of Route 53.

use std::time::Duration;

use aws_sdk_route53::types::{ChangeInfo, ChangeStatus};
use lifeboat_aws_core::{failure, wait};
use lifeboat_sdk::{Call, Class, Failure};

use crate::Api;

/// Asks how far a change is.
pub(crate) const GET_CHANGE: Call =
    Call::read("route53", "GetChange", "route53:GetChange").global();

/// How long it may take. Changes "generally propagate to all Route 53 name servers within 60
/// seconds" (API reference, `ChangeResourceRecordSets`).
const LIMIT: Duration = Duration::from_secs(300);

/// Waits until the change is in sync; it was accepted already, so this can end early without
/// harm.
pub(crate) async fn in_sync(api: Api<'_>, change: Option<&ChangeInfo>) -> Result<(), Failure> {
    let Some(change) = change.filter(|change| !change.id.is_empty()) else {
        return Err(Failure::new(Class::Garbled, "the answer names no change"));
    };
    if change.status == ChangeStatus::Insync {
        return Ok(());
    }
    let id = change.id.strip_prefix("/change/").unwrap_or(&change.id);
    let look = || async {
        let call = || async { api.client.get_change().id(id).send().await.map_err(failure) };
        let answer = api.ctx.call(&GET_CHANGE, api.scope, call).await?;
        let status = answer.change_info.map(|info| info.status);
        Ok((status == Some(ChangeStatus::Insync)).then_some(()))
    };
    wait::until(api.ctx, LIMIT, "all name servers of Route 53 know the change", look).await
}
