//! What a plan is bound to: refused before the first call where one of these is no longer so.

use lifeboat_sdk::{Diagnostic, Diagnostics};

use super::Inputs;

/// How things are when a saved plan is to be applied.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// The instant, RFC 3339 in UTC.
    pub instant: String,
    /// The version of lifeboat.
    pub tool_version: String,
    /// The state's lineage, serial and epoch; `None` without a state.
    pub state: Option<(String, u64, u64)>,
    /// Whether the state notes that this very plan was applied.
    pub applied: bool,
    /// The files of the folder: name and content. Empty where there are none.
    pub files: Vec<(String, Vec<u8>)>,
    /// Who we are by provider.
    pub identities: Vec<(String, String)>,
}

/// Checks a plan's inputs against how things are.
pub fn check(inputs: &Inputs, expires: &str, now: &Now) -> Diagnostics {
    let mut found = Diagnostics::new();
    let instant = |text: &str| text.parse::<jiff::Timestamp>().ok();
    if instant(expires).is_none_or(|e| instant(&now.instant).is_none_or(|n| n > e)) {
        let text = format!("It could be applied until {expires}.");
        found.push(refused("plan::expired", "The plan has expired", text));
    }
    if inputs.tool_version != now.tool_version {
        let text =
            format!("lifeboat {} made it, this is {}.", inputs.tool_version, now.tool_version);
        found.push(refused("plan::other_version", "Another version made the plan", text));
    }
    state(inputs, now, &mut found);
    files(inputs, now, &mut found);
    for (provider, account) in &now.identities {
        if let Some(planned) = inputs.identities.get(provider)
            && planned != account
        {
            let text = format!("{provider} was account {planned}, now it is {account}.");
            found.push(refused("plan::other_account", "The plan is for another account", text));
        }
    }
    found
}

/// Checks a standing plan: state may have gone on since, but for the epoch. What has changed by that
/// is found when it is planned anew ([`super::lasting::differences`]).
pub fn lasting(inputs: &Inputs, expires: &str, now: &Now) -> Diagnostics {
    let left = |(lineage, ..): (String, u64, u64)| (lineage, inputs.serial, inputs.epoch);
    let state = now.state.clone().map(left);
    let mut found = check(inputs, expires, &Now { state, ..now.clone() });
    if let Some((_, _, epoch)) = now.state.as_ref().filter(|(_, _, epoch)| *epoch != inputs.epoch) {
        let left = inputs.epoch;
        let text = format!("It leaves epoch {left}, and the state is at epoch {epoch}.");
        found.push(refused("plan::stale", "Saved plan is stale", text));
    }
    found
}

fn refused(code: &'static str, summary: &'static str, text: String) -> Diagnostic {
    Diagnostic::error(code, summary, text).help("Make the plan again, read it, and apply that.")
}

fn state(inputs: &Inputs, now: &Now, found: &mut Diagnostics) {
    let (lineage, serial, epoch) = match (&inputs.lineage, &now.state) {
        (None, None) => return,
        (planned, live) => (
            planned.clone().unwrap_or_default(),
            inputs.serial,
            (inputs.epoch, live.clone().unwrap_or_default()),
        ),
    };
    let (planned_epoch, (live_lineage, live_serial, live_epoch)) = epoch;
    if inputs.lineage.is_some() && lineage != live_lineage {
        let text = format!("It was made for the state {lineage}, this is {live_lineage:?}.");
        found.push(refused("plan::other_lineage", "The plan is for another state", text));
        return;
    }
    if now.applied {
        let text = "A plan is applied once; what it left undone is planned anew.".to_owned();
        found.push(refused("plan::applied", "This plan was applied already", text));
        return;
    }
    if serial != live_serial || planned_epoch != live_epoch {
        let text = format!(
            "The state was at serial {serial} (epoch {planned_epoch}) when the plan was made, \
             now it is at {live_serial} (epoch {live_epoch}): something was applied in between."
        );
        found.push(refused("plan::stale", "Saved plan is stale", text));
    }
}

fn files(inputs: &Inputs, now: &Now, found: &mut Diagnostics) {
    let changed: Vec<String> = now
        .files
        .iter()
        .filter(|(name, content)| inputs.files.get(name) != Some(content))
        .map(|(name, _)| name.clone())
        .collect();
    if !changed.is_empty() {
        let text = format!("These files are not as they were: {}.", changed.join(", "));
        found.push(refused("plan::other_files", "The plan was made from other files", text));
    }
}
