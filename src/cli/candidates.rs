//! `lifeboat promote -to=auto`: which standbys might take over, the best first. A person types the name
//! of one; nothing is chosen without that.

use super::args::Preflight;
use super::exit::Exit;
use super::preflight::judged;
use super::promote::How;
use super::watch::quiet;
use super::workspace::Workspace;
use crate::engine::candidates::{Candidate, ranked};
use crate::registry::Providers;
use crate::view::candidates as view;
use crate::view::escape::line;

/// The region that a person names.
///
/// # Errors
/// None can take over, nobody can be asked, or nobody names one; that has been told.
pub(super) async fn choose(workspace: &Workspace, how: &How) -> Result<String, Exit> {
    let output = &workspace.output;
    let backend = workspace.backend().await?;
    let known = workspace.known(&backend, &Providers::default()).await?;
    let state = known.state.as_ref();
    let Some((primary, epoch)) = state.and_then(|s| Some((s.primary.clone()?, s.epoch))) else {
        let text =
            "Nothing of this topology has been applied yet, so there is no primary to replace.";
        output.error("There is nothing to promote", text);
        return Err(Exit::Error);
    };
    let contexts = workspace.contexts(false);
    let settings = workspace.settings(Some(&how.planning));
    let loaded = workspace.load(&settings, &contexts).await?;
    let regions = loaded.topology.iter().flat_map(|topology| &topology.regions);
    let standbys = regions.enumerate().filter(|(_, region)| *region.name != *primary);
    let mut all = Vec::new();
    for (place, region) in standbys {
        all.push(look(workspace, how, &region.name, place).await);
    }
    let all = ranked(all);
    if output.json {
        view::event(output, &primary, &all);
    } else {
        output.result(&view::text(&primary, &all));
    }
    let Some(best) = all.first().filter(|best| best.barred.is_empty()) else {
        output.error("No region can take over", "Each of them is barred: see why above.");
        return Err(Exit::Refused);
    };
    let asks = how.planning.telling.can_ask();
    if !asks || output.json {
        let down = how.planning.assume_down.iter();
        let down: String = down.map(|region| format!(" -assume-down={}", line(region))).collect();
        let text = format!(
            "-to=auto proposes {to} and chooses nothing, and there is no terminal to ask.\nIf that region is \
             meant:\n  lifeboat promote {to} -from-epoch={epoch}{down}",
            to = line(&best.region)
        );
        output.error("A person must name the region", &text);
        return Err(Exit::Refused);
    }
    let question = format!(
        "\n{} is proposed. Only the name of a region that can be promoted will be accepted.\n\n  Enter the \
         region: ",
        line(&best.region)
    );
    let typed = workspace.ask(&question).await?;
    let named = all.iter().find(|one| one.barred.is_empty() && *one.region == *typed);
    match named {
        Some(one) => Ok(one.region.to_string()),
        None => {
            output.note("\nPromotion cancelled.\n");
            Err(Exit::Error)
        }
    }
}

/// What a preflight finds of a standby.
async fn look(workspace: &Workspace, how: &How, region: &str, place: usize) -> Candidate {
    let quiet = quiet(workspace);
    let preflight = Preflight {
        region: Some(region.to_owned()),
        values: how.planning.values.clone(),
        assume_down: how.planning.assume_down.clone(),
        junit: None,
        json: false,
        input: Some(false),
    };
    let made = judged(&quiet, &preflight, |facts, found| Candidate::of(facts, &found)).await;
    made.map(|(candidate, _)| candidate).unwrap_or_else(|_| {
        let why = quiet.output.found().into_iter().next();
        let why =
            why.map(|found| found.summary).unwrap_or_else(|| "It is not known why".to_owned());
        Candidate {
            region: region.into(),
            place,
            barred: vec![why],
            behind: None,
            raises: 0,
            not_passed: Vec::new(),
        }
    })
}
