//! Requests of a batch: which record sets go into which call, pure.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{Change as ApiChange, ChangeAction as Action, ResourceRecordSet};
use lifeboat_sdk::{Class, Failure};

/// Values in one request, those of an UPSERT twice (Developer Guide, "Quotas",
/// `ChangeResourceRecordSets`).
const VALUES: usize = 1000;
/// Characters of all values in one request, those of an UPSERT twice.
const CHARACTERS: usize = 32_000;

/// What one change does to record sets.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    /// The canonical whole name: changes of one name are never parted.
    pub(super) name: String,
    /// What goes, as it is live.
    pub(super) delete: Option<ResourceRecordSet>,
    /// What comes.
    pub(super) put: Option<(Action, ResourceRecordSet)>,
}

/// One request.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Which of the edits are in it.
    pub(super) members: Vec<usize>,
    /// What is sent: first what goes, so that a group may change its routing policy.
    pub(super) changes: Vec<ApiChange>,
}

/// Parts edits into requests, usually one. Edits of one name stay together and in order.
///
/// # Errors
/// Where a change cannot be written.
pub(super) fn requests(edits: &[Edit]) -> Result<Vec<Request>, Failure> {
    let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (n, edit) in edits.iter().enumerate() {
        if edit.delete.is_some() || edit.put.is_some() {
            names.entry(&edit.name).or_default().push(n);
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let (mut values, mut characters) = (0, 0);
    for members in names.into_values() {
        let size = members.iter().filter_map(|n| edits.get(*n)).map(size);
        let (v, c) = size.fold((0, 0), |(v, c), (w, d)| (v + w, c + d));
        let fits = values + v <= VALUES && characters + c <= CHARACTERS;
        match groups.last_mut() {
            Some(group) if fits => {
                group.extend(members);
                (values, characters) = (values + v, characters + c);
            }
            _ => {
                groups.push(members);
                (values, characters) = (v, c);
            }
        }
    }
    groups.into_iter().map(|members| request(members, edits)).collect()
}

fn request(members: Vec<usize>, edits: &[Edit]) -> Result<Request, Failure> {
    let edits = || members.iter().filter_map(|n| edits.get(*n));
    let gone = edits().filter_map(|edit| edit.delete.as_ref().map(|set| (Action::Delete, set)));
    let put = edits().filter_map(|edit| edit.put.as_ref().map(|(act, set)| (act.clone(), set)));
    let write = |(action, set): (Action, &ResourceRecordSet)| {
        let change = ApiChange::builder().action(action).resource_record_set(set.clone()).build();
        change.map_err(|e| Failure::new(Class::Invalid, e.to_string()))
    };
    let changes = gone.chain(put).map(write).collect::<Result<_, _>>()?;
    Ok(Request { members, changes })
}

/// Values and characters of an edit; an alias counts as one value.
fn size(edit: &Edit) -> (usize, usize) {
    let of = |set: &ResourceRecordSet, times: usize| {
        let values = set.resource_records();
        let characters: usize = values.iter().map(|value| value.value.chars().count()).sum();
        (values.len().max(1) * times, characters * times)
    };
    let gone = edit.delete.as_ref().map_or((0, 0), |set| of(set, 1));
    let put = edit
        .put
        .as_ref()
        .map_or((0, 0), |(action, set)| of(set, if *action == Action::Upsert { 2 } else { 1 }));
    (gone.0 + put.0, gone.1 + put.1)
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{ResourceRecord, RrType};

    use super::*;

    fn set(name: &str, set: &str, values: usize, length: usize) -> ResourceRecordSet {
        let value = |_| ResourceRecord::builder().value("x".repeat(length)).build().unwrap();
        ResourceRecordSet::builder()
            .name(name)
            .r#type(RrType::Txt)
            .set_identifier(set)
            .set_resource_records(Some((0..values).map(value).collect()))
            .build()
            .unwrap()
    }

    fn put(name: &str, action: Action, values: usize, length: usize) -> Edit {
        let put = Some((action, set(name, "a", values, length)));
        Edit { name: name.into(), delete: None, put }
    }

    fn members(edits: &[Edit]) -> Vec<Vec<usize>> {
        requests(edits).unwrap().into_iter().map(|request| request.members).collect()
    }

    #[test]
    fn what_goes_is_sent_first() {
        let name = "a".to_owned();
        let edits = [
            Edit {
                name: name.clone(),
                delete: None,
                put: Some((Action::Create, set("a", "new", 1, 1))),
            },
            Edit { name, delete: Some(set("a", "old", 1, 1)), put: None },
            Edit { name: "b".into(), ..Edit::default() },
        ];
        let requests = requests(&edits).unwrap();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].members, [0, 1]);
        let actions: Vec<_> = requests[0].changes.iter().map(|c| c.action.as_str()).collect();
        assert_eq!(actions, ["DELETE", "CREATE"]);
    }

    #[test]
    fn a_batch_is_parted_only_where_it_must_be() {
        let many = |action: Action, n: usize| -> Vec<Edit> {
            (0..n).map(|i| put(&format!("{i:04}"), action.clone(), 1, 10)).collect()
        };
        assert_eq!(members(&many(Action::Create, 1000)).len(), 1);
        assert_eq!(members(&many(Action::Create, 1001)).len(), 2);
        assert_eq!(members(&many(Action::Upsert, 500)).len(), 1);
        assert_eq!(members(&many(Action::Upsert, 501)).len(), 2);
        let long =
            |action: Action| [put("a", action.clone(), 1, 12_000), put("b", action, 1, 12_000)];
        assert_eq!(members(&long(Action::Create)).len(), 1);
        assert_eq!(members(&long(Action::Upsert)).len(), 2);
    }

    #[test]
    fn records_of_one_name_stay_together() {
        let mut edits: Vec<Edit> =
            (0..999).map(|i| put(&format!("{i:04}"), Action::Create, 1, 1)).collect();
        edits.insert(0, put("z", Action::Create, 1, 1));
        edits.push(put("z", Action::Create, 1, 1));
        let found = members(&edits);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], [0, 1000]);
        assert!(members(&[]).is_empty());
    }
}
