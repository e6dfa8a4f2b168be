//! What state keeps of an object, made from what the plan says of it.

use lifeboat_sdk::{Location, Ownership, RegionName, Scope};
use lifeboat_state::model::{
    Deposed, Document, Index, Mode as RecordMode, ObjectRecord, ObjectStatus,
    Ownership as RecordOwnership, RecordScope,
};

use crate::address::{Address, Key, Mode};
use crate::plan::ObjectChange;
use crate::registry::Providers;

/// A record of an object as `change` describes it.
pub fn record(
    change: &ObjectChange,
    providers: &Providers,
    document: Document,
    identity: Option<String>,
    status: ObjectStatus,
) -> ObjectRecord {
    let Address { module, mode, kind, name, key } = &change.address;
    let ownership = providers.kind(&change.provider, kind).map(|kind| kind.ownership());
    ObjectRecord {
        address: change.address.to_string(),
        module: module.to_string(),
        mode: match mode {
            Mode::Data => RecordMode::Data,
            Mode::Managed if change.operated => RecordMode::Operated,
            Mode::Managed => RecordMode::Managed,
        },
        kind: kind.to_string(),
        name: name.to_string(),
        index: key.as_ref().map(index),
        provider: change.provider.to_string(),
        schema_version: change.schema_version.into(),
        status,
        document,
        identity,
        depends_on: change.depends_on.iter().map(ToString::to_string).collect(),
        create_before_destroy: change.create_before_destroy,
        prevent_destroy: change.prevent_destroy,
        scope: record_scope(change.scope.as_ref(), change),
        stale: None,
        deposed: Vec::new(),
        ownership: match ownership {
            Some(Ownership::Tags) => RecordOwnership::Tags,
            Some(Ownership::Parent) => RecordOwnership::Parent,
            Some(Ownership::Name | Ownership::Operated) => RecordOwnership::Name,
            Some(Ownership::StateOnly) | None => RecordOwnership::StateOnly,
        },
        secret_hashes: Default::default(),
    }
}

/// The record under another address.
pub fn moved(record: ObjectRecord, to: &Address) -> ObjectRecord {
    ObjectRecord {
        address: to.to_string(),
        module: to.module.to_string(),
        kind: to.kind.to_string(),
        name: to.name.to_string(),
        index: to.key.as_ref().map(index),
        ..record
    }
}

fn index(key: &Key) -> Index {
    match key {
        Key::Index(n) => Index::Number(*n),
        Key::Text(text) => Index::Text(text.to_string()),
    }
}

/// The current object of a record as a deposed one.
pub fn depose(record: &ObjectRecord, key: &str) -> Deposed {
    Deposed {
        key: key.to_owned(),
        provider: record.provider.clone(),
        schema_version: record.schema_version,
        document: record.document.clone(),
        identity: record.identity.clone(),
        depends_on: record.depends_on.clone(),
        scope: record.scope.clone(),
        retired: None,
    }
}

/// A scope as state keeps it; what has no remote side is in its provider only.
fn record_scope(scope: Option<&Scope>, change: &ObjectChange) -> RecordScope {
    match scope {
        Some(Scope { provider, account, location, service }) => RecordScope {
            provider: provider.to_string(),
            account: account.to_string(),
            location: location.to_string(),
            service: service.to_string(),
        },
        None => RecordScope {
            provider: change.provider.to_string(),
            account: String::new(),
            location: String::new(),
            service: change.provider.to_string(),
        },
    }
}

/// The scope that a record names.
pub fn scope(record: &RecordScope) -> Scope {
    let location = match record.location.strip_prefix("global@") {
        Some(home) => Location::Global { home: RegionName::from(home) },
        None => Location::Region(RegionName::from(&*record.location)),
    };
    Scope {
        provider: record.provider.as_str().into(),
        account: record.account.as_str().into(),
        location,
        service: record.service.as_str().into(),
    }
}

/// The scope of what has no remote side.
pub fn nowhere(provider: &str) -> Scope {
    Scope {
        provider: provider.into(),
        account: "".into(),
        location: Location::Region(RegionName::from("")),
        service: provider.into(),
    }
}
