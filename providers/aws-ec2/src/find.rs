//! Finding objects: by id, by owner tags, by the step that made them; listings read to their end.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use aws_sdk_ec2::types::{Filter, Tag};
use futures_util::future::{join, join_all};
use lifeboat_aws_core::tags::{ADDRESS, STEP, encode, split, step};
use lifeboat_sdk::{
    Call, Class, CompleteListing, Failure, Inventory, Listing, Name, Observation, Present, Proof,
    Target, Value,
};

use crate::{Api, tags};

/// Values that a filter takes (EC2 API reference, `Filter`).
const VALUES: usize = 200;

/// What EC2 lists with filters.
pub(crate) trait Listed: Clone + Send + Sync + Sized {
    /// The sort in messages: `snapshots`.
    const WHAT: &'static str;
    /// The filter by id: `snapshot-id`.
    const ID: &'static str;
    /// The call.
    const LIST: &'static Call;

    /// Its id.
    fn id(&self) -> Option<&str>;

    /// Its tags.
    fn tags(&self) -> &[Tag];

    /// One page, from a token on.
    fn page(
        api: Api<'_>,
        filters: Vec<Filter>,
        token: Option<String>,
    ) -> impl Future<Output = Result<Page<Self>, Failure>> + Send;
}

/// Targets with the ids that their configuration decides, where they are not known yet.
pub(crate) fn named(targets: &[Target], id_of: impl Fn(&Value) -> Option<Name>) -> Vec<Target> {
    let named = |t: &Target| Target { id: t.id.clone().or_else(|| id_of(&t.hint)), ..t.clone() };
    targets.iter().map(named).collect()
}

/// Implements [`Listed`]: the requests of the SDK are alike, and have no trait in common.
macro_rules! listed {
    (
        $live:ty, $what:literal, $filter:literal by $id:ident, $list:path,
        |$client:ident| $input:expr, |$answer:ident| $items:expr
    ) => {
        impl $crate::find::Listed for $live {
            const WHAT: &'static str = $what;
            const ID: &'static str = $filter;
            const LIST: &'static lifeboat_sdk::Call = &$list;

            fn id(&self) -> Option<&str> {
                self.$id.as_deref()
            }

            fn tags(&self) -> &[aws_sdk_ec2::types::Tag] {
                self.tags()
            }

            async fn page(
                api: $crate::Api<'_>,
                filters: Vec<aws_sdk_ec2::types::Filter>,
                token: Option<String>,
            ) -> Result<$crate::find::Page<Self>, lifeboat_sdk::Failure> {
                let call = || async {
                    let $client = api.client;
                    let input = $input.set_filters(Some(filters.clone()));
                    let input = input.set_next_token(token.clone());
                    input.send().await.map_err(lifeboat_aws_core::failure)
                };
                let $answer = api.ctx.call(&$list, api.scope, call).await?;
                let next = $answer.next_token;
                Ok($crate::find::Page { items: $items, next })
            }
        }
    };
}
pub(crate) use listed;

/// One page.
pub(crate) struct Page<T> {
    /// Nothing where the answer does not even hold an empty list.
    pub(crate) items: Option<Vec<T>>,
    /// Where the next one begins.
    pub(crate) next: Option<String>,
}

/// What was found of a target.
#[derive(Clone, Debug)]
pub(crate) enum Found<T> {
    /// It is there.
    There(T),
    /// It is not.
    Absent(Proof),
    /// It could not be looked for.
    Failed(Failure),
}

impl<T> Found<T> {
    /// What a kind makes of it.
    pub(crate) fn observe<O>(
        self,
        api: Api<'_>,
        present: impl FnOnce(T) -> Present<O>,
    ) -> Observation<O> {
        match self {
            Self::There(live) => Observation::Present(present(live)),
            Self::Absent(proof) => Observation::Absent(proof),
            Self::Failed(failure) => Observation::unreadable(api.scope, &failure),
        }
    }
}

/// A filter.
pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}

/// All that the filters let through.
pub(crate) async fn list<T: Listed>(
    api: Api<'_>,
    filters: Vec<Filter>,
) -> Result<CompleteListing<T>, Failure> {
    let garbled = |why: &str| {
        let text = format!("the answer about {} {why}", T::WHAT);
        Failure::new(Class::Garbled, text).of(T::LIST, api.scope)
    };
    let mut listing = Listing::default();
    let mut token: Option<String> = None;
    let mut tokens = BTreeSet::new();
    loop {
        let page = T::page(api, filters.clone(), token.take()).await?;
        let Some(items) = page.items else { return Err(garbled("holds no list")) };
        let next = page.next.filter(|next| !next.is_empty());
        listing.page(items, next.is_some());
        match next {
            None => return listing.complete().ok_or_else(|| garbled("does not end")),
            Some(next) if tokens.insert(next.clone()) => token = Some(next),
            Some(_) => return Err(garbled("goes round in a circle")),
        }
    }
}

/// Looks for all targets with the fewest calls: those with an id by it, the others by their owner
/// tags.
pub(crate) async fn find<T: Listed>(api: Api<'_>, targets: &[Target]) -> Vec<Found<T>> {
    find_where(api, targets, |_| true).await
}

/// The same, where what is listed need not exist any more.
pub(crate) async fn find_where<T: Listed>(
    api: Api<'_>,
    targets: &[Target],
    exists: fn(&T) -> bool,
) -> Vec<Found<T>> {
    let ids: BTreeSet<String> = targets.iter().filter_map(|t| t.id.as_deref()).map(own).collect();
    let unknown = targets.iter().filter(|t| t.id.is_none());
    let addresses: BTreeSet<String> = unknown.map(|t| encode(&t.address)).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let addresses: Vec<String> = addresses.into_iter().collect();
    let by_id = batches::<T>(api, T::ID.to_owned(), &ids);
    let by_address = batches::<T>(api, format!("tag:{ADDRESS}"), &addresses);
    let (by_id, by_address) = join(by_id, by_address).await;
    targets
        .iter()
        .map(|target| match &target.id {
            Some(id) => of_id(&by_id, id, exists),
            None => of_address(&by_address, &target.address),
        })
        .collect()
}

/// What was asked for, and the listing that answers for each value.
type Answers<T> = BTreeMap<String, std::sync::Arc<Result<CompleteListing<T>, Failure>>>;

async fn batches<T: Listed>(api: Api<'_>, name: String, values: &[String]) -> Answers<T> {
    let asked = values.chunks(VALUES).map(|chunk| {
        let filters = vec![filter(&name, chunk.iter().cloned())];
        async move {
            let answer = std::sync::Arc::new(list::<T>(api, filters).await);
            chunk.iter().map(move |value| (value.clone(), answer.clone())).collect::<Vec<_>>()
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

fn of_id<T: Listed>(answers: &Answers<T>, id: &str, exists: fn(&T) -> bool) -> Found<T> {
    let is = |live: &&T| live.id() == Some(id) && exists(live);
    match answers.get(id).map(|answer| &**answer) {
        Some(Ok(listing)) => match listing.items().iter().find(is) {
            Some(live) => Found::There(live.clone()),
            None => Found::Absent(listing.proof(&format!("{} with the id {id}", T::WHAT))),
        },
        Some(Err(failure)) => Found::Failed(failure.clone()),
        None => Found::Failed(Failure::new(Class::Other, "it was not asked for")),
    }
}

fn of_address<T: Listed>(answers: &Answers<T>, address: &Name) -> Found<T> {
    let listing = match answers.get(&encode(address)).map(|answer| &**answer) {
        Some(Ok(listing)) => listing,
        Some(Err(failure)) => return Found::Failed(failure.clone()),
        None => return Found::Failed(Failure::new(Class::Other, "it was not asked for")),
    };
    let ours = |live: &&T| {
        let owner = split(tags::of(live.tags()), address).1;
        live.id().is_some() && owner.is_some_and(|owner| owner.address == *address)
    };
    let ours: Vec<&T> = listing.items().iter().filter(ours).collect();
    match ours[..] {
        [live] => Found::There(live.clone()),
        [] => Found::Absent(listing.proof(&format!("{} with the tags of {address}", T::WHAT))),
        _ => {
            let ids: Vec<&str> = ours.iter().filter_map(|live| live.id()).collect();
            let text = format!("several {} belong to {address}: {}", T::WHAT, ids.join(", "));
            Found::Failed(Failure::new(Class::Other, text))
        }
    }
}

/// All objects whose owner tags name an address of the kind: EC2 knows snapshots, and not what they
/// are copies of. One listing tells their tags too.
pub(crate) async fn inventory<T: Listed>(api: Api<'_>, kind: &str) -> Result<Inventory, Failure> {
    let listing = list::<T>(api, vec![filter("tag-key", [own(ADDRESS)])]).await?;
    let tagged = listing.items().iter().filter_map(|live| {
        let owner = split(tags::of(live.tags()), "").1;
        let owner = owner.filter(|owner| names(&owner.address, kind))?;
        Some((Name::from(live.id()?), Ok(Some(owner))))
    });
    Ok(Inventory::of(tagged))
}

/// Whether an address is that of an object of the kind: `module.m.KIND.x`, `backup.b.KIND["k"]`.
fn names(address: &str, kind: &str) -> bool {
    address.split(['.', '[']).any(|part| part == kind)
}

/// What an earlier attempt of a step made. Creations of these kinds take no client token, so this
/// is looked for before anything is made.
pub(crate) async fn made_by<T: Listed>(api: Api<'_>, token: &str) -> Result<Option<T>, Failure> {
    let found = list::<T>(api, vec![filter(&format!("tag:{STEP}"), [step(token)])]).await?;
    let mut found = found.items().iter().filter(|live| live.id().is_some());
    Ok(found.next().cloned())
}

/// An object by its id; nothing where EC2 does not list it (yet).
pub(crate) async fn get<T: Listed>(api: Api<'_>, id: &str) -> Result<Option<T>, Failure> {
    let found = list::<T>(api, vec![filter(T::ID, [id.to_owned()])]).await?;
    Ok(found.items().iter().find(|live| live.id() == Some(id)).cloned())
}

fn own(text: &str) -> String {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::snapshot;
    use aws_sdk_ec2::types::Snapshot;

    const WEB: &str = "aws_ebs_snapshot.web";

    fn answers(asked: &str, listing: Result<Vec<Snapshot>, Failure>) -> Answers<Snapshot> {
        let complete = |items| {
            let mut listing = Listing::default();
            listing.page(items, false);
            listing.complete().unwrap()
        };
        Answers::from([(asked.to_owned(), Arc::new(listing.map(complete)))])
    }

    fn snapshot(id: &str, address: &str) -> Snapshot {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        Snapshot::builder()
            .snapshot_id(id)
            .tags(tag("lifeboat:topology", "web"))
            .tags(tag(ADDRESS, &encode(address)))
            .build()
    }

    #[test]
    fn only_a_complete_listing_proves_that_something_is_missing() {
        let other = snapshot("snap-2", WEB);
        let found = of_id(&answers("snap-1", Ok(vec![other])), "snap-1", |_| true);
        assert!(matches!(found, Found::Absent(_)), "{found:?}");
        let failure = Failure::new(Class::Denied, "no").of(&snapshot::LIST, &scope());
        for found in [
            of_id(&answers("snap-1", Err(failure.clone())), "snap-1", |_| true),
            of_address(&answers(&encode(WEB), Err(failure)), &WEB.into()),
            of_id(&answers("snap-1", Ok(Vec::new())), "snap-3", |_| true),
        ] {
            assert!(matches!(found, Found::Failed(_)), "{found:?}");
        }
    }

    #[test]
    fn owners_are_compared_and_two_of_one_address_are_told() {
        let of = |items| of_address(&answers(&encode(WEB), Ok(items)), &WEB.into());
        let ours = || snapshot("snap-1", WEB);
        let found = of(vec![snapshot("snap-9", "aws_ebs_snapshot.w"), ours()]);
        assert!(matches!(&found, Found::There(live) if live.id() == Some("snap-1")), "{found:?}");
        let both = of(vec![ours(), snapshot("snap-2", WEB)]);
        assert!(
            matches!(&both, Found::Failed(f) if f.message.contains("snap-1, snap-2")),
            "{both:?}"
        );
    }

    #[test]
    fn copies_are_told_from_snapshots_by_their_addresses() {
        for (address, snapshot, copy) in [
            ("aws_ebs_snapshot.web", true, false),
            ("module.m[\"a.b\"].aws_ebs_snapshot_copy.web[0]", false, true),
            ("backup.nightly.aws_ebs_snapshot[\"us-east-1\"]", true, false),
            ("aws_s3_bucket.aws_ebs", false, false),
        ] {
            let is = |kind| names(address, kind);
            assert_eq!((is("aws_ebs_snapshot"), is("aws_ebs_snapshot_copy")), (snapshot, copy));
        }
    }

    fn scope() -> lifeboat_sdk::Scope {
        lifeboat_sdk::Scope {
            provider: "aws".into(),
            account: "123456789012".into(),
            location: lifeboat_sdk::Location::Region("us-east-1".into()),
            service: "ec2".into(),
        }
    }
}
