//! Between the model and the frozen types, sealing and opening documents on the way.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{v1, v2};
use crate::model::{
    Alone, Backfill, Deposed, Document, Evidence, Gate, Index, Lone, Mode, ObjectRecord,
    ObjectStatus, Output, Owed, Ownership, Passage, Promotions, RecordScope, Resolver, Retired,
    State, Unmerged,
};
use crate::secret::{Sealer, SecretError, open_document, seal_document};

/// The state as payload, every sensitive value sealed.
pub(super) fn to_payload(state: &State, sealer: &Sealer) -> Result<v2::Payload, SecretError> {
    let seal = |address: &str, document: &Document| {
        let sealed = seal_document(sealer, &state.lineage, address, document.raw())?;
        Ok::<_, SecretError>(sealed.unwrap_or_else(|| document.raw().to_owned()))
    };
    let outputs = state.outputs.iter().map(|(name, output)| {
        let document = seal(&output_address(name), &output.document)?;
        Ok((name.clone(), v1::Output { sensitive: output.sensitive, document }))
    });
    let objects = state.objects.iter().map(|(address, object)| {
        let mut stored = v1::Object::from(object);
        stored.document = seal(address, &object.document)?;
        for (stored, deposed) in stored.deposed.iter_mut().zip(&object.deposed) {
            stored.document = seal(&deposed_address(address, &deposed.key), &deposed.document)?;
        }
        Ok((address.clone(), stored))
    });
    let promotions = v2::Promotions { retired: retired(state), ..state.promotions.clone().into() };
    Ok(v2::Payload {
        tool_version: state.tool_version.clone(),
        topology: state.topology.clone(),
        primary: state.primary.clone(),
        promotions,
        identities: state.identities.clone(),
        consumed_plans: state.consumed_plans.clone(),
        outputs: outputs.collect::<Result<_, SecretError>>()?,
        objects: objects.collect::<Result<_, SecretError>>()?,
    })
}

/// The state that a payload holds, every sealed value opened, or left alone without a sealer.
pub(super) fn from_payload(
    header: &super::Header,
    payload: v2::Payload,
    sealer: Option<&Sealer>,
) -> Result<State, SecretError> {
    let open = |address: &str, document: Box<RawValue>| {
        let Some(sealer) = sealer else { return Ok(Document::from(document)) };
        let opened = open_document(sealer, &header.lineage, address, &document)?;
        Ok::<_, SecretError>(Document::from(opened.unwrap_or(document)))
    };
    let outputs = payload.outputs.into_iter().map(|(name, output)| {
        let document = open(&output_address(&name), output.document)?;
        Ok((name, Output { document, sensitive: output.sensitive }))
    });
    let mut kept = payload.promotions.retired;
    let promotions = v2::Promotions { retired: BTreeMap::new(), ..payload.promotions };
    let objects = payload.objects.into_iter().map(|(address, stored)| {
        let mut kept = kept.remove(&address).unwrap_or_default();
        let mut object = ObjectRecord::from((address, stored));
        object.document = open(&object.address, object.document.raw().to_owned())?;
        for deposed in &mut object.deposed {
            let address = deposed_address(&object.address, &deposed.key);
            deposed.document = open(&address, deposed.document.raw().to_owned())?;
            let retired = kept.remove(&deposed.key);
            deposed.retired = retired.map(|v2::Retired { epoch, since }| Retired { epoch, since });
        }
        Ok((object.address.clone(), object))
    });
    Ok(State {
        lineage: header.lineage.clone(),
        serial: header.serial,
        term: header.term,
        epoch: header.epoch,
        topology: payload.topology,
        primary: payload.primary,
        promotions: promotions.into(),
        identities: payload.identities,
        outputs: outputs.collect::<Result<_, SecretError>>()?,
        objects: objects.collect::<Result<_, SecretError>>()?,
        consumed_plans: payload.consumed_plans,
        tool_version: payload.tool_version,
    })
}

/// What is kept on purpose, by address and key: objects have the format of version 1.
fn retired(state: &State) -> BTreeMap<String, BTreeMap<String, v2::Retired>> {
    let mut all: BTreeMap<String, BTreeMap<String, v2::Retired>> = BTreeMap::new();
    for (address, object) in &state.objects {
        for deposed in &object.deposed {
            let Some(Retired { epoch, since }) = deposed.retired.clone() else { continue };
            let of = all.entry(address.clone()).or_default();
            of.insert(deposed.key.clone(), v2::Retired { epoch, since });
        }
    }
    all
}

fn output_address(name: &str) -> String {
    format!("output.{name}")
}

fn deposed_address(address: &str, key: &str) -> String {
    format!("{address} (deposed {key})")
}

impl From<&ObjectRecord> for v1::Object {
    /// Documents are taken over as they are: the caller seals them.
    fn from(object: &ObjectRecord) -> Self {
        Self {
            module: object.module.clone(),
            mode: object.mode.into(),
            kind: object.kind.clone(),
            name: object.name.clone(),
            index: object.index.clone().map(v1::Index::from),
            provider: object.provider.clone(),
            schema_version: object.schema_version,
            status: object.status.into(),
            stale: object.stale.clone(),
            identity: object.identity.clone(),
            scope: object.scope.clone().into(),
            ownership: object.ownership.into(),
            depends_on: object.depends_on.clone(),
            create_before_destroy: object.create_before_destroy,
            prevent_destroy: object.prevent_destroy,
            document: object.document.raw().to_owned(),
            secret_hashes: object.secret_hashes.clone(),
            deposed: object.deposed.iter().map(v1::Deposed::from).collect(),
        }
    }
}

impl From<(String, v1::Object)> for ObjectRecord {
    /// Documents are taken over as they are: the caller opens them.
    fn from((address, stored): (String, v1::Object)) -> Self {
        Self {
            address,
            module: stored.module,
            mode: stored.mode.into(),
            kind: stored.kind,
            name: stored.name,
            index: stored.index.map(Index::from),
            provider: stored.provider,
            schema_version: stored.schema_version,
            status: stored.status.into(),
            document: stored.document.into(),
            identity: stored.identity,
            depends_on: stored.depends_on,
            create_before_destroy: stored.create_before_destroy,
            prevent_destroy: stored.prevent_destroy,
            scope: stored.scope.into(),
            stale: stored.stale,
            deposed: stored.deposed.into_iter().map(Deposed::from).collect(),
            ownership: stored.ownership.into(),
            secret_hashes: stored.secret_hashes,
        }
    }
}

impl From<&Deposed> for v1::Deposed {
    fn from(deposed: &Deposed) -> Self {
        Self {
            key: deposed.key.clone(),
            provider: deposed.provider.clone(),
            schema_version: deposed.schema_version,
            identity: deposed.identity.clone(),
            scope: deposed.scope.clone().into(),
            depends_on: deposed.depends_on.clone(),
            document: deposed.document.raw().to_owned(),
        }
    }
}

impl From<v1::Deposed> for Deposed {
    fn from(stored: v1::Deposed) -> Self {
        Self {
            key: stored.key,
            provider: stored.provider,
            schema_version: stored.schema_version,
            document: stored.document.into(),
            identity: stored.identity,
            depends_on: stored.depends_on,
            scope: stored.scope.into(),
            retired: None,
        }
    }
}

impl From<Promotions> for v2::Promotions {
    fn from(promotions: Promotions) -> Self {
        let Promotions {
            left,
            unprotected,
            protected,
            owed,
            fenced,
            evacuated,
            alone,
            backfills,
            gates,
            last,
            earlier,
            approvals,
            approvers,
        } = promotions;
        let owed = owed.into_iter().map(|(address, Owed { region, epoch, since })| {
            (address, v2::Owed { region, epoch, since })
        });
        let gates = gates
            .into_iter()
            .map(|(block, Gate { region, since })| (block, v2::Gate { region, since }));
        let last = last.map(v2::Passage::from);
        let earlier = earlier.into_iter().map(v2::Passage::from).collect();
        let (owed, gates) = (owed.collect(), gates.collect());
        let alone = alone.into_iter().map(|(region, of)| (region, of.into())).collect();
        let backfills = backfills.into_iter().map(each).collect();
        Self {
            left,
            unprotected,
            protected,
            owed,
            fenced,
            evacuated,
            alone,
            backfills,
            gates,
            last,
            earlier,
            approvals,
            approvers,
            retired: BTreeMap::new(),
        }
    }
}

impl From<v2::Promotions> for Promotions {
    fn from(promotions: v2::Promotions) -> Self {
        let v2::Promotions {
            left,
            unprotected,
            protected,
            owed,
            fenced,
            evacuated,
            alone,
            backfills,
            gates,
            last,
            earlier,
            approvals,
            approvers,
            retired: _,
        } = promotions;
        let owed = owed.into_iter().map(|(address, v2::Owed { region, epoch, since })| {
            (address, Owed { region, epoch, since })
        });
        let gates = gates
            .into_iter()
            .map(|(block, v2::Gate { region, since })| (block, Gate { region, since }));
        let last = last.map(Passage::from);
        let earlier = earlier.into_iter().map(Passage::from).collect();
        let (owed, gates) = (owed.collect(), gates.collect());
        let alone = alone.into_iter().map(|(region, of)| (region, of.into())).collect();
        let backfills = backfills.into_iter().map(each).collect();
        Self {
            left,
            unprotected,
            protected,
            owed,
            fenced,
            evacuated,
            alone,
            backfills,
            gates,
            last,
            earlier,
            approvals,
            approvers,
        }
    }
}

/// The same for each region of an address.
fn each<A, B: From<A>>(
    (address, of): (String, BTreeMap<String, A>),
) -> (String, BTreeMap<String, B>) {
    (address, of.into_iter().map(|(region, one)| (region, one.into())).collect())
}

impl From<Backfill> for v2::Backfill {
    fn from(Backfill { since, given_up }: Backfill) -> Self {
        Self { since, given_up }
    }
}

impl From<v2::Backfill> for Backfill {
    fn from(v2::Backfill { since, given_up }: v2::Backfill) -> Self {
        Self { since, given_up }
    }
}

impl From<Alone> for v2::Alone {
    fn from(Alone { epoch, since, found }: Alone) -> Self {
        let found = found.into_iter().map(|(name, of)| (name, of.into())).collect();
        Self { epoch, since, found }
    }
}

impl From<Unmerged> for v2::Unmerged {
    fn from(Unmerged { at, compared, count, first }: Unmerged) -> Self {
        let first = first.into_iter().map(Into::into).collect();
        Self { at, compared, count, first }
    }
}

impl From<Lone> for v2::Lone {
    fn from(Lone { key, version, tag, size, written, differs, deleted }: Lone) -> Self {
        Self { key, version, tag, size, written, differs, deleted }
    }
}

impl From<v2::Alone> for Alone {
    fn from(v2::Alone { epoch, since, found }: v2::Alone) -> Self {
        let found = found.into_iter().map(|(name, of)| (name, of.into())).collect();
        Self { epoch, since, found }
    }
}

impl From<v2::Unmerged> for Unmerged {
    fn from(v2::Unmerged { at, compared, count, first }: v2::Unmerged) -> Self {
        let first = first.into_iter().map(Into::into).collect();
        Self { at, compared, count, first }
    }
}

impl From<v2::Lone> for Lone {
    fn from(v2::Lone { key, version, tag, size, written, differs, deleted }: v2::Lone) -> Self {
        Self { key, version, tag, size, written, differs, deleted }
    }
}

impl From<Passage> for v2::Passage {
    fn from(passage: Passage) -> Self {
        let Passage { from, to, epoch, approval, reached, told, mode, owed, left_out, evidence } =
            passage;
        let evidence = evidence.into_iter().map(|(name, of)| (name, of.into())).collect();
        Self { from, to, epoch, approval, reached, told, mode, owed, left_out, evidence }
    }
}

impl From<Evidence> for v2::Evidence {
    fn from(of: Evidence) -> Self {
        let Evidence { act, phase, at, failed, output, compared, resolvers } = of;
        let resolvers = resolvers.into_iter().map(Into::into).collect();
        Self { act, phase, at, failed, output, compared, resolvers }
    }
}

impl From<Resolver> for v2::Resolver {
    fn from(of: Resolver) -> Self {
        let Resolver { at, region, moved, until, unknown } = of;
        Self { at, region, moved, until, unknown }
    }
}

impl From<v2::Passage> for Passage {
    fn from(passage: v2::Passage) -> Self {
        let v2::Passage {
            from,
            to,
            epoch,
            approval,
            reached,
            told,
            mode,
            owed,
            left_out,
            evidence,
        } = passage;
        let evidence = evidence.into_iter().map(|(name, of)| (name, of.into())).collect();
        Self { from, to, epoch, approval, reached, told, mode, owed, left_out, evidence }
    }
}

impl From<v2::Evidence> for Evidence {
    fn from(of: v2::Evidence) -> Self {
        let v2::Evidence { act, phase, at, failed, output, compared, resolvers } = of;
        let resolvers = resolvers.into_iter().map(Into::into).collect();
        Self { act, phase, at, failed, output, compared, resolvers }
    }
}

impl From<v2::Resolver> for Resolver {
    fn from(of: v2::Resolver) -> Self {
        let v2::Resolver { at, region, moved, until, unknown } = of;
        Self { at, region, moved, until, unknown }
    }
}

impl From<RecordScope> for v1::Scope {
    fn from(RecordScope { provider, account, location, service }: RecordScope) -> Self {
        Self { provider, account, location, service }
    }
}

impl From<v1::Scope> for RecordScope {
    fn from(v1::Scope { provider, account, location, service }: v1::Scope) -> Self {
        Self { provider, account, location, service }
    }
}

/// Both directions between two enums of the same shape, so that a variant added to one of them
/// does not compile before it has its place in the other.
macro_rules! same_variants {
    ($model:ident, $stored:path, $($variant:ident $(($field:ident))?),+) => {
        impl From<$model> for $stored {
            fn from(value: $model) -> Self {
                match value { $($model::$variant $(($field))? => Self::$variant $(($field))?),+ }
            }
        }

        impl From<$stored> for $model {
            fn from(value: $stored) -> Self {
                type Stored = $stored;
                match value { $(Stored::$variant $(($field))? => Self::$variant $(($field))?),+ }
            }
        }
    };
}

same_variants!(Mode, v1::Mode, Managed, Data, Operated);
same_variants!(Index, v1::Index, Number(number), Text(text));
same_variants!(ObjectStatus, v1::Status, Ok, Incomplete, Fenced, Tainted);
same_variants!(Ownership, v1::Ownership, Tags, Parent, Name, StateOnly);
