//! The frozen form of a bundle, version 1. Nothing here changes: a new version is a new file.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{About, Bundle, BundleError, Measured, Move, Packed, Standing};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    topology: String,
    lineage: String,
    epoch: u64,
    serial: u64,
    primary: String,
    promotion: Option<Promotion>,
    identities: BTreeMap<String, String>,
    folder: String,
    tool_version: String,
    at: String,
    files: BTreeMap<String, Content>,
    generation: Content,
    journals: BTreeMap<String, Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    standing: Option<Ahead>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    positions: Option<Content>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    durations: Option<Content>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ahead {
    plan: Content,
    commands: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promotion {
    from: String,
    to: String,
    epoch: u64,
}

/// Text as it is, so that people can read it without lifeboat; else base64.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Bytes(Base64),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base64 {
    base64: String,
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes(Base64 { base64: STANDARD.encode(bytes) }),
        }
    }

    fn bytes(self) -> Result<Vec<u8>, BundleError> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes(Base64 { base64 }) => {
                STANDARD.decode(base64).map_err(|_| BundleError::Base64)
            }
        }
    }
}

pub(super) fn text(bundle: &Bundle) -> Result<String, BundleError> {
    let Bundle { about, files, state } = bundle;
    let About { promotion, .. } = about;
    let Measured { positions, durations } = &state.measured;
    let journals = state.journals.iter();
    let document = Document {
        topology: about.topology.clone(),
        lineage: about.lineage.clone(),
        epoch: about.epoch,
        serial: about.serial,
        primary: about.primary.clone(),
        promotion: promotion.as_ref().map(|Move { from, to, epoch }| Promotion {
            from: from.clone(),
            to: to.clone(),
            epoch: *epoch,
        }),
        identities: about.identities.clone(),
        folder: about.folder.clone(),
        tool_version: about.tool_version.clone(),
        at: about.at.clone(),
        files: files.iter().map(|(name, bytes)| (name.clone(), Content::of(bytes))).collect(),
        generation: Content::of(&state.generation),
        journals: journals.map(|(name, bytes)| (name.clone(), Content::of(bytes))).collect(),
        standing: state.standing.as_ref().map(|standing| Ahead {
            plan: Content::of(&standing.plan),
            commands: standing.commands.clone(),
        }),
        positions: positions.as_deref().map(Content::of),
        durations: durations.as_deref().map(Content::of),
    };
    Ok(serde_json::to_string(&document)?)
}

pub(super) fn read(text: &str) -> Result<Bundle, BundleError> {
    let document: Document = serde_json::from_str(text)?;
    let contents = |all: BTreeMap<String, Content>| {
        let read = all.into_iter().map(|(name, content)| Ok((name, content.bytes()?)));
        read.collect::<Result<BTreeMap<String, Vec<u8>>, BundleError>>()
    };
    let journals = contents(document.journals)?;
    let about = About {
        topology: document.topology,
        lineage: document.lineage,
        epoch: document.epoch,
        serial: document.serial,
        primary: document.primary,
        promotion: document.promotion.map(|Promotion { from, to, epoch }| Move { from, to, epoch }),
        identities: document.identities,
        folder: document.folder,
        tool_version: document.tool_version,
        at: document.at,
    };
    let standing = document.standing.map(|Ahead { plan, commands }| {
        Ok::<_, BundleError>(Standing { plan: plan.bytes()?.into(), commands })
    });
    let record = |content: Option<Content>| content.map(Content::bytes).transpose();
    let measured = Measured {
        positions: record(document.positions)?.map(Bytes::from),
        durations: record(document.durations)?.map(Bytes::from),
    };
    let state = Packed {
        generation: document.generation.bytes()?.into(),
        journals: journals.into_iter().map(|(name, bytes)| (name, Bytes::from(bytes))).collect(),
        standing: standing.transpose()?,
        measured,
    };
    Ok(Bundle { about, files: contents(document.files)?, state })
}
