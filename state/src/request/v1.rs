//! The frozen form of requests and answers, version 1: one line in the envelope of [`crate::line`].
//! Nothing here changes: a new version is a new file.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Answer, Request, Unread, What};
use crate::digest::Digest;
use crate::journal::RunId;
use crate::line;

const VERSION: u32 = 1;

#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRequest {
    version: u32,
    id: String,
    lineage: String,
    run: String,
    epoch: u64,
    what: String,
    step: Option<String>,
    attested: Vec<String>,
    accepted_loss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loss_bound: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    no_edit: bool,
    reason: String,
    who: String,
    at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAnswer {
    version: u32,
    taken: bool,
    how: String,
    at: String,
}

/// The bytes of a request.
pub(super) fn encode(request: &Request) -> String {
    let request = request.clone();
    write(&StoredRequest {
        version: VERSION,
        id: request.id,
        lineage: request.lineage,
        run: request.run.to_string(),
        epoch: request.epoch,
        what: request.what.word().to_owned(),
        step: request.step,
        attested: request.attested,
        accepted_loss: request.accepted_loss,
        loss_bound: request.loss_bound,
        since: request.since,
        no_edit: request.no_edit,
        reason: request.reason,
        who: request.who,
        at: request.at,
    })
}

/// A request as it was written.
pub(super) fn decode(bytes: &[u8]) -> Result<Request, Unread> {
    let stored: StoredRequest = read(bytes)?;
    Ok(Request {
        id: stored.id,
        lineage: stored.lineage,
        run: RunId::new(stored.run).map_err(|_| Unread::Damaged)?,
        epoch: stored.epoch,
        what: What::of(&stored.what).ok_or(Unread::Damaged)?,
        step: stored.step,
        attested: stored.attested,
        accepted_loss: stored.accepted_loss,
        loss_bound: stored.loss_bound,
        since: stored.since,
        no_edit: stored.no_edit,
        reason: stored.reason,
        who: stored.who,
        at: stored.at,
    })
}

/// The bytes of an answer.
pub(super) fn encode_answer(answer: &Answer) -> String {
    let Answer { taken, how, at } = answer.clone();
    write(&StoredAnswer { version: VERSION, taken, how, at })
}

/// An answer as it was written.
pub(super) fn decode_answer(bytes: &[u8]) -> Result<Answer, Unread> {
    let StoredAnswer { version: _, taken, how, at } = read(bytes)?;
    Ok(Answer { taken, how, at })
}

/// Texts and numbers always have a JSON form.
fn write(stored: &impl Serialize) -> String {
    line::encode(0, Digest::ZERO, &serde_json::to_string(stored).unwrap_or_default())
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    let (line, length) = line::parse(bytes).map_err(|_| Unread::Damaged)?;
    if length != bytes.len() {
        return Err(Unread::Damaged);
    }
    let AnyVersion { version } = serde_json::from_str(line.json).map_err(|_| Unread::Damaged)?;
    if version != VERSION {
        return Err(Unread::Newer { found: version, supported: VERSION });
    }
    serde_json::from_str(line.json).map_err(|_| Unread::Damaged)
}
