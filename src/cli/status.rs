//! `lifeboat status`: one page about the topology, from state alone, or with a look at what is live.

use std::collections::BTreeMap;

use lifeboat_state::backend::{BackendError, StateBackend as _, StoreBackend};
use lifeboat_state::model::{Alone, Backfill, Lone};
use lifeboat_state::positions::Position;
use lifeboat_state::request::{Open, Request};
use serde_json::{Value as Json, json};

use super::args;
use super::exit::Exit;
use super::plan::failed;
use super::workspace::{Workspace, has_files};
use crate::apply::Known;
use crate::engine::alone::count;
use crate::engine::{Asked, planning};
use crate::event::Silent;
use crate::plan::PlanMode;
use crate::topology::Topology;
use crate::view::json::{kept, policy};
use crate::view::live::Live;
use crate::view::report::{seconds, seen};
use crate::view::status::{Page, text};

/// Runs `status`. Reads state only, unless it is asked to look at what is live.
pub async fn run(workspace: &Workspace, args: &args::Status) -> Exit {
    let (backend, known) = match workspace.standing().await {
        Ok(standing) => standing,
        Err(exit) => return exit,
    };
    let holder = match backend.holder().await {
        Ok(holder) => holder,
        Err(error) => return workspace.failed(&error),
    };
    let host = workspace.lock_info("").host;
    let ended = match &holder {
        Some(holder) => backend.has_ended(holder, &host).await.unwrap_or(false),
        None => false,
    };
    let requests =
        match backend.requests().open(&known.controls.taken.keys().copied().collect()).await {
            Ok(open) => pending(&known, open),
            Err(error) => return workspace.failed(&BackendError::from(error)),
        };
    let live = match args.live {
        true => match look(workspace, &known).await {
            Ok(live) => Some(live),
            Err(exit) => return exit,
        },
        false => None,
    };
    let page = Page {
        live,
        requests,
        copies: copies(&backend, &known).await,
        ..Page::of(&known, declared(workspace).as_ref(), (holder.as_ref(), ended))
    };
    if args.json {
        let document = document(&page);
        workspace.output.result(&format!("{document:#}\n"));
    } else {
        workspace.output.result(&text(&page));
    }
    Exit::Done
}

/// Looks at everything that the state holds.
///
/// # Errors
/// It cannot be looked; that has been told.
async fn look(workspace: &Workspace, known: &Known) -> Result<Live, Exit> {
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(None);
    let loaded = workspace.load(&settings, &contexts).await?;
    let asked = Asked { mode: PlanMode::RefreshOnly, ..Asked::default() };
    let (state, interrupt) = (known.state.as_ref(), workspace.interrupt.clone());
    let made =
        planning::plan(&loaded, &settings, &contexts, state, &asked, &Silent, interrupt).await;
    if made.diagnostics.has_errors() {
        workspace.output.diagnostics(&made.diagnostics, &loaded.config.sources);
        return Err(failed(&made.diagnostics));
    }
    Ok(Live::of(&made.plan, &made.diagnostics))
}

/// Up to when copies were seen to have all; what cannot be read was never seen.
async fn copies(backend: &StoreBackend, known: &Known) -> Vec<Position> {
    let Some(state) = &known.state else { return Vec::new() };
    let positions = backend.copies().known().await.unwrap_or_default();
    positions.all(&state.lineage, state.epoch).cloned().collect()
}

/// The page for programs.
fn document(page: &Page) -> Json {
    json!({
        "format_version": "1.0",
        "topology": page.topology,
        "primary": page.primary,
        "epoch": page.epoch,
        "promotion": page.promoting.as_ref().map(|(from, to)| json!({ "from": from, "to": to })),
        "paused": page.paused.as_ref().map(|paused| json!({
            "by": paused.who,
            "since": paused.at,
            "reason": paused.reason,
        })),
        "requests": page.requests.iter().map(|(number, request)| json!({
            "number": number,
            "what": request.what.word(),
            "step": request.step,
            "who": request.who,
            "at": request.at,
            "reason": request.reason,
        })).collect::<Vec<_>>(),
        "last_promotion": page.measured().map(|last| json!({
            "from": last.passage.from,
            "to": last.passage.to,
            "epoch": last.passage.epoch,
            "mode": last.passage.mode,
            "by_hand": last.by_hand(),
            "standing": last.standing.word(),
            "stage": last.stage(page.unprotected.as_deref(), page.protected.as_deref()).word(),
            "begun": last.begun(),
            "ended": last.ended(),
            "rto_seconds": last.rto.map(seconds),
            "rto_objective_seconds": page.objective.rto.as_ref().map(|rto| rto.seconds),
            "resolvers": last.seen.iter().map(seen).collect::<Vec<_>>(),
        })),
        "live": page.live.as_ref().map(Live::json),
        "unprotected": page.unprotected,
        "copies": page.copies.iter().map(copy).collect::<Vec<_>>(),
        "fenced": page.fenced,
        "evacuated": page.evacuated,
        "retired": page.retired.iter().map(kept).collect::<Vec<_>>(),
        "backfills": page.backfills.iter().flat_map(backfills).collect::<Vec<_>>(),
        "diverged": page.alone.iter().map(diverged).collect::<Vec<_>>(),
        "owed": page.owed.iter().map(|(address, owed)| json!({
            "address": address,
            "region": owed.region,
            "epoch": owed.epoch,
            "since": owed.since,
        })).collect::<Vec<_>>(),
        "approvals": page.approvals.as_ref().map(policy),
        "returns_writable": page.unguarded,
        "serial": page.serial,
        "lineage": page.lineage,
        "accounts": page.accounts,
        "objects": page.objects,
        "unread": page.unread,
        "incomplete": page.incomplete,
        "in_doubt": page.in_doubt,
        "locked_by": page.locked_by,
    })
}

/// The requests to the open promotion that no run has taken yet.
fn pending(known: &Known, open: Vec<Open>) -> Vec<(u64, Request)> {
    let ours = |request: &Request| known.promotion.is_some() && known.open.contains(&request.run);
    let open = open.into_iter().filter_map(|open| Some((open.number, open.request.ok()?)));
    open.filter(|(_, request)| ours(request)).collect()
}

/// The topology, where there are files that declare one: what is wrong with them is not the matter of
/// commands that tell what state holds.
pub(super) fn declared(workspace: &Workspace) -> Option<Topology> {
    if !has_files(&workspace.root) {
        return None;
    }
    let contexts = workspace.contexts(false);
    let (loaded, _) = workspace.load_quietly(&workspace.settings(None), &contexts);
    loaded.topology
}

/// Up to when a copy was seen to have all.
fn copy(position: &Position) -> Json {
    let time = |second| jiff::Timestamp::from_second(second).ok().map(|at| at.to_string());
    json!({
        "about": position.about,
        "from": position.from,
        "to": position.to,
        "until": time(position.until),
        "compared": time(position.at),
        "how": position.how,
    })
}

/// What is still to be copied that replication does not bring by itself.
fn backfills(
    (address, regions): (&String, &BTreeMap<String, Backfill>),
) -> impl Iterator<Item = Json> {
    regions.iter().map(move |(region, of)| {
        json!({ "address": address, "region": region, "since": of.since, "given_up": of.given_up })
    })
}

/// What a region holds alone: all that is kept of it.
fn diverged((region, of): (&String, &Alone)) -> Json {
    let lone = |one: &Lone| {
        let written = one.written.and_then(|at| jiff::Timestamp::from_second(at).ok());
        json!({
            "key": one.key,
            "version_id": one.version,
            "etag": one.tag,
            "size": one.size,
            "last_modified": written.map(|at| at.to_string()),
            "differs": one.differs,
            "deleted": one.deleted,
        })
    };
    let found = of.found.iter().map(|(about, found)| {
        json!({
            "copied_by": about,
            "at": found.at,
            "compared": found.compared,
            "count": found.count,
            "first": found.first.iter().map(lone).collect::<Vec<_>>(),
        })
    });
    json!({
        "region": region,
        "epoch": of.epoch,
        "since": of.since,
        "count": count(of),
        "found": found.collect::<Vec<_>>(),
    })
}
