//! Writing records: one atomic request for the changes of a zone, then waiting for all servers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::error::SdkError;
use aws_sdk_route53::operation::change_resource_record_sets::{
    ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput,
};
use aws_sdk_route53::types::{
    Change as ApiChange, ChangeAction as Action, ChangeBatch, ResourceRecordSet, RrType,
};
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Change, ChangeAction, Class, Failure, Outcome, Present, WriteFailure};

use super::batch::{Edit, Request, requests};
use super::convert::{from_api, id, policy, to_api};
use super::lookup::{self, Seen};
use super::name::{self, Key, RecordId};
use super::{CHANGE, Record};
use crate::Api;
use crate::zone::{self, GONE};

/// Names whose live records are looked up without asking how large the zone is.
const FEW: usize = 2;

/// Makes the changes, zone by zone.
pub(super) async fn write(api: Api<'_>, changes: &[Change<Record>]) -> Vec<Outcome<Record>> {
    let mut zones: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (n, change) in changes.iter().enumerate() {
        let zone = name::zone_id(&record(&change.action).zone_id).to_owned();
        zones.entry(zone).or_default().push(n);
    }
    let mut outcomes: BTreeMap<usize, Outcome<Record>> = BTreeMap::new();
    for (zone, members) in zones {
        let batch: Vec<&Change<Record>> = members.iter().filter_map(|n| changes.get(*n)).collect();
        let made = match prepare(api, &zone, &batch).await {
            Ok(edits) => make(api, &zone, &batch, &edits).await,
            Err(failure) => batch.iter().map(|_| Err(failure.clone().into())).collect(),
        };
        outcomes.extend(members.into_iter().zip(made));
    }
    outcomes.into_values().collect()
}

/// The record of a change that names its zone.
fn record(action: &ChangeAction<Record>) -> &Record {
    match action {
        ChangeAction::Create { after } | ChangeAction::Update { after, .. } => after,
        ChangeAction::Delete { before, .. } => before,
    }
}

/// The record as it is, where it is there.
fn before(action: &ChangeAction<Record>) -> Option<&Record> {
    match action {
        ChangeAction::Create { .. } => None,
        ChangeAction::Update { before, .. } | ChangeAction::Delete { before, .. } => Some(before),
    }
}

/// What a change takes away: what is deleted, and what becomes another record of its group. A
/// record that changes its routing policy is made anew, because the members of a group must have
/// the same one.
pub(super) fn replaced(action: &ChangeAction<Record>) -> Option<&Record> {
    match action {
        ChangeAction::Update { before, after, .. }
            if id(before) == id(after) && policy(before) == policy(after) =>
        {
            None
        }
        other => before(other),
    }
}

/// Decides what is done to which record set, so that either all can be asked for or nothing is.
async fn prepare(
    api: Api<'_>,
    zone: &str,
    batch: &[&Change<Record>],
) -> Result<Vec<Edit>, Failure> {
    let going: Vec<&Record> = batch.iter().filter_map(|c| replaced(&c.action)).collect();
    let known = batch.iter().all(|c| before(&c.action).is_some_and(|r| r.fqdn.is_some()));
    let mut found = None;
    if !known || going.len() > FEW {
        found = match zone::name_and_count(api, zone).await {
            Ok(found) => Some(found),
            Err(failure) if failure.class == Class::NotFound && all_go(batch) => {
                return Ok(vec![Edit::default(); batch.len()]);
            }
            Err(failure) => return Err(failure),
        };
    }
    let zone_name = found.as_ref().map(|(name, _)| name.as_str()).unwrap_or_default();
    let fqdn = |record: &Record| match before_name(record) {
        Some(name) => name,
        None => name::absolute(&id(record).name, zone_name),
    };
    let key = |record: &Record| {
        let RecordId { kind, set, .. } = id(record);
        Key { name: fqdn(record), kind, set }
    };
    let keys: BTreeSet<Key> = going.iter().map(|record| key(record)).collect();
    let count = found.as_ref().and_then(|(_, count)| *count);
    let seen = if keys.is_empty() {
        Seen::default()
    } else {
        lookup::read(api, (zone, count), &keys).await?
    };
    let mut edits = Vec::with_capacity(batch.len());
    for change in batch {
        let old = before(&change.action).unwrap_or_else(|| record(&change.action));
        let mut edit = Edit { name: fqdn(old), ..Edit::default() };
        if let Some(going) = replaced(&change.action) {
            edit.delete = live(&seen, going, &key(going))?;
        }
        edit.put = put(&change.action, &edit.name)?;
        edits.push(edit);
    }
    Ok(edits)
}

fn all_go(batch: &[&Change<Record>]) -> bool {
    batch.iter().all(|change| matches!(change.action, ChangeAction::Delete { .. }))
}

/// The whole name of a record that was read.
fn before_name(record: &Record) -> Option<String> {
    record.fqdn.as_deref().map(name::canonical)
}

/// A record that shall go, exactly as it is live: Route 53 wants to be told the same values. If
/// somebody changed it since it was read, it does not go.
fn live(seen: &Seen, going: &Record, key: &Key) -> Result<Option<ResourceRecordSet>, Failure> {
    let id = id(going);
    let set = match seen.find(key) {
        Ok(Ok(set)) => set,
        // The zone, or only the record, is not there any more.
        Ok(Err(_)) => return Ok(None),
        Err(failure) if failure.class == Class::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let found = from_api(set, &id, going.allow_overwrite)?;
    let expected = from_api(&to_api(going, &key.name)?, &id, going.allow_overwrite)?;
    if found == expected {
        return Ok(Some(set.clone()));
    }
    let text = format!("the record {id} was changed by somebody else since it was read");
    Err(Failure::new(Class::Conflict, text))
}

/// What is put in its place, and how.
pub(super) fn put(
    action: &ChangeAction<Record>,
    fqdn: &str,
) -> Result<Option<(Action, ResourceRecordSet)>, Failure> {
    Ok(match action {
        ChangeAction::Create { after } => {
            let action = if after.allow_overwrite { Action::Upsert } else { Action::Create };
            Some((action, to_api(after, fqdn)?))
        }
        ChangeAction::Update { after, .. } => {
            let action = if replaced(action).is_some() { Action::Create } else { Action::Upsert };
            Some((action, to_api(after, fqdn)?))
        }
        ChangeAction::Delete { .. } => None,
    })
}

/// Sends the requests and waits until all servers know them.
async fn make(
    api: Api<'_>,
    zone: &str,
    batch: &[&Change<Record>],
    edits: &[Edit],
) -> Vec<Outcome<Record>> {
    let requests = match requests(edits) {
        Ok(requests) => requests,
        Err(failure) => return batch.iter().map(|_| Err(failure.clone().into())).collect(),
    };
    let mut sent = Vec::with_capacity(requests.len());
    for request in requests {
        let answer = send(api, zone, &request.changes).await;
        sent.push((request, answer));
    }
    // What no request names was gone already.
    let mut outcomes: Vec<Outcome<Record>> = batch.iter().map(|_| Ok(None)).collect();
    for (Request { members, .. }, answer) in sent {
        let waited = match &answer {
            Ok(answer) => crate::change::in_sync(api, answer.change_info.as_ref()).await,
            Err(_) => Ok(()),
        };
        for n in members {
            if let (Some(outcome), Some(change), Some(edit)) =
                (outcomes.get_mut(n), batch.get(n), edits.get(n))
            {
                *outcome = settle(change, edit, answer.as_ref().err(), waited.as_ref().err());
            }
        }
    }
    outcomes
}

/// The outcome of one member of a request.
fn settle(
    change: &Change<Record>,
    edit: &Edit,
    refused: Option<&Failure>,
    unwaited: Option<&Failure>,
) -> Outcome<Record> {
    if let Some(failure) = refused {
        return Err(failure.clone().into());
    }
    let after = record(&change.action);
    let present = match &edit.put {
        Some((_, set)) => {
            let id = id(after);
            let record = from_api(set, &id, after.allow_overwrite)?;
            Some(Present::new(id.to_string(), record))
        }
        None => None,
    };
    match unwaited {
        None => Ok(present),
        Some(failure) => Err(WriteFailure { failure: failure.clone(), half_made: present }),
    }
}

async fn send(
    api: Api<'_>,
    zone: &str,
    changes: &[ApiChange],
) -> Result<ChangeResourceRecordSetsOutput, Failure> {
    let batch = ChangeBatch::builder().set_changes(Some(changes.to_vec())).build();
    let batch = batch.map_err(|e| Failure::new(Class::Invalid, e.to_string()))?;
    let call = || async {
        let input = api.client.change_resource_record_sets().hosted_zone_id(zone);
        input.change_batch(batch.clone()).send().await.map_err(refusal)
    };
    api.ctx.call(&CHANGE, api.scope, call).await.map_err(stale)
}

type Refusal = SdkError<ChangeResourceRecordSetsError, aws_sdk_route53::config::http::HttpResponse>;

/// A refused batch. The API reference shows it as a document of its own, without a code.
fn refusal(error: Refusal) -> Failure {
    let listed: Vec<String> = match error.as_service_error() {
        Some(ChangeResourceRecordSetsError::InvalidChangeBatch(e)) => e.messages().to_vec(),
        _ => messages(&error),
    };
    let mut failure = failure(error).not_found(GONE);
    if failure.class == Class::Garbled && !listed.is_empty() {
        failure.class = Class::Invalid;
        failure.code = Some("InvalidChangeBatch".to_owned());
    }
    if !listed.is_empty() {
        failure.message = listed.join("; ");
    }
    failure
}

/// The messages of an `InvalidChangeBatch` document.
fn messages(error: &Refusal) -> Vec<String> {
    let body = error.raw_response().and_then(|answer| answer.body().bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    if !text.contains("<InvalidChangeBatch") {
        return Vec::new();
    }
    let parts = text.split("<Message>").skip(1);
    parts.filter_map(|part| part.split("</Message>").next()).map(str::to_owned).collect()
}

/// What a refused batch means once it is not tried again: something of that name exists, or
/// somebody changed it since it was read.
fn stale(failure: Failure) -> Failure {
    if failure.code.as_deref() != Some("InvalidChangeBatch") {
        return failure;
    }
    let says = |text: &str| failure.message.contains(text);
    let class = if says("already exists") {
        Class::Exists
    } else if says("not found") || says("do not match") {
        Class::Conflict
    } else {
        failure.class
    };
    Failure { class, ..failure }
}

/// Removes all records of a zone but those that are the zone's own, so that it can be deleted.
pub(crate) async fn purge(api: Api<'_>, zone: &str) -> Result<(), Failure> {
    let (zone_name, _) = zone::name_and_count(api, zone).await?;
    let all = lookup::walk(api, zone).await?;
    let own = |set: &ResourceRecordSet| {
        matches!(set.r#type, RrType::Ns | RrType::Soa) && name::canonical(&set.name) == zone_name
    };
    let gone = |set: &ResourceRecordSet| Edit {
        name: name::canonical(&set.name),
        delete: Some(set.clone()),
        put: None,
    };
    let edits: Vec<Edit> = all.items().iter().filter(|set| !own(set)).map(gone).collect();
    for request in requests(&edits)? {
        send(api, zone, &request.changes).await?;
    }
    Ok(())
}
