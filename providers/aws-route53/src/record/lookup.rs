//! Reading the records of a zone: the cheaper of walking its pages and looking up names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use lifeboat_aws_core::{Codes as _, failure};
use lifeboat_sdk::{Class, CompleteListing, Failure, Listing, Proof};

use super::LIST;
use super::name::{Key, wire};
use crate::Api;
use crate::zone::GONE;

/// Record sets in one page (API reference, `ListResourceRecordSets`).
const PAGE: u64 = 300;

/// What was seen of a zone's records.
#[derive(Default)]
pub(super) struct Seen {
    sets: BTreeMap<Key, ResourceRecordSet>,
    /// The whole zone was read: what was not seen is not there.
    whole: Option<Proof>,
    /// Names of which all records were read, or why they were not.
    names: BTreeMap<String, Result<Proof, Failure>>,
}

impl Seen {
    /// A record, or the proof that it is not there, or why that is not known.
    pub(super) fn find(&self, key: &Key) -> Result<Result<&ResourceRecordSet, Proof>, Failure> {
        if let Some(set) = self.sets.get(key) {
            return Ok(Ok(set));
        }
        match (&self.whole, self.names.get(&key.name)) {
            (Some(proof), _) => Ok(Err(proof.clone())),
            (None, Some(proof)) => proof.clone().map(Err),
            (None, None) => Err(Failure::new(Class::Other, "the record was not looked for")),
        }
    }
}

/// Reads what `keys` name; `count` is the number of record sets of the zone, where it is known.
pub(super) async fn read(
    api: Api<'_>,
    (zone, count): (&str, Option<i64>),
    keys: &BTreeSet<Key>,
) -> Result<Seen, Failure> {
    let names: BTreeSet<&str> = keys.iter().map(|key| &*key.name).collect();
    let pages = count.and_then(|n| u64::try_from(n).ok()).map_or(u64::MAX, |n| n.div_ceil(PAGE));
    if pages <= u64::try_from(names.len()).unwrap_or(u64::MAX) {
        let all = walk(api, zone).await?;
        let sets = all.items().iter().map(|set| (key(set), set.clone())).collect();
        let whole = Some(all.proof(&format!("the records of the zone {zone}")));
        return Ok(Seen { sets, whole, ..Seen::default() });
    }
    let mut seen = Seen::default();
    for name in names {
        let wanted = |key: &&Key| key.name == name;
        if keys.iter().filter(wanted).all(|key| seen.sets.contains_key(key)) {
            // The page of an earlier name held all of this one that is looked for.
            continue;
        }
        let read = look_up(api, zone, name, &mut seen.sets).await;
        seen.names.insert(name.to_owned(), read);
    }
    Ok(seen)
}

/// All records of a zone, read once in a refresh.
pub(super) async fn walk(
    api: Api<'_>,
    zone: &str,
) -> Result<Arc<CompleteListing<ResourceRecordSet>>, Failure> {
    let make = || async {
        let mut pages = Pages::new(api, zone, None);
        let mut listing = Listing::default();
        while let Some((sets, more)) = pages.next().await? {
            listing.page(sets, more);
        }
        let garbled = |why| Failure::new(Class::Garbled, why).of(&LIST, api.scope);
        let all = listing.complete().ok_or_else(|| garbled("the pages of records do not end"))?;
        // Every zone has one (Developer Guide, "NS and SOA records"): without it this is no zone.
        if all.items().iter().any(|set| set.r#type == RrType::Soa) {
            Ok(all)
        } else {
            Err(garbled("the records of a zone without the zone's own SOA record"))
        }
    };
    api.ctx.shared(api.scope, &format!("records:{zone}"), make).await
}

/// Reads all records of a name. A listing that begins with a name answers its records first, so
/// that the first other name, or the end, proves that there are no more of it.
async fn look_up(
    api: Api<'_>,
    zone: &str,
    name: &str,
    into: &mut BTreeMap<Key, ResourceRecordSet>,
) -> Result<Proof, Failure> {
    let mut pages = Pages::new(api, zone, Some(name));
    let mut listing = Listing::default();
    while let Some((sets, more)) = pages.next().await? {
        let beyond = sets.iter().any(|set| key(set).name != name);
        into.extend(sets.into_iter().map(|set| (key(&set), set)));
        listing.page([()], more && !beyond);
        if beyond {
            break;
        }
    }
    let all = listing.complete();
    let proof = all.map(|all| all.proof(&format!("the records named {name} of the zone {zone}")));
    let garbled = || Failure::new(Class::Garbled, "the pages of records do not end");
    proof.ok_or_else(|| garbled().of(&LIST, api.scope))
}

/// What tells a record set apart.
pub(super) fn key(set: &ResourceRecordSet) -> Key {
    Key::new(&set.name, &set.r#type, set.set_identifier.as_deref())
}

/// Where a page begins.
type Start = (String, Option<RrType>, Option<String>);

/// The pages of a listing. One that brings nothing new is garbled: moto does not tell where in
/// a group of one name the next page begins, and would answer the same page for ever.
struct Pages<'a> {
    api: Api<'a>,
    zone: &'a str,
    start: Option<Start>,
    seen: BTreeSet<Key>,
    ended: bool,
}

impl<'a> Pages<'a> {
    fn new(api: Api<'a>, zone: &'a str, name: Option<&str>) -> Self {
        let start = name.map(|name| (wire(name), None, None));
        Self { api, zone, start, seen: BTreeSet::new(), ended: false }
    }

    /// The next page without what was seen before, and whether there is another.
    async fn next(&mut self) -> Result<Option<(Vec<ResourceRecordSet>, bool)>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let page = self.page().await?;
        let sets = page.resource_record_sets.into_iter();
        let fresh: Vec<_> = sets.filter(|set| self.seen.insert(key(set))).collect();
        let garbled = |why: &str| Failure::new(Class::Garbled, why).of(&LIST, self.api.scope);
        if page.max_items == 0 {
            return Err(garbled("a page of records that does not say how long it may be"));
        }
        self.ended = !page.is_truncated;
        if page.is_truncated {
            let Some(name) = page.next_record_name.filter(|_| !fresh.is_empty()) else {
                return Err(garbled("the pages of records do not end"));
            };
            self.start = Some((name, page.next_record_type, page.next_record_identifier));
        }
        Ok(Some((fresh, page.is_truncated)))
    }

    async fn page(&self) -> Result<ListResourceRecordSetsOutput, Failure> {
        let call = || async {
            let mut input = self.api.client.list_resource_record_sets().hosted_zone_id(self.zone);
            if let Some((name, kind, set)) = self.start.clone() {
                input = input.start_record_name(name).set_start_record_type(kind);
                input = input.set_start_record_identifier(set);
            }
            input.send().await.map_err(|e| failure(e).not_found(GONE))
        };
        self.api.ctx.call(&LIST, self.api.scope, call).await
    }
}
