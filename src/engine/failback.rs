//! Whether the region that the last promotion left may become the primary again: only when it has all
//! data once more and has had it for a while. Pure.

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::Diagnostic;
use lifeboat_state::model::State;

use crate::topology::duration::Duration;

/// The region to go back to: `home` where the files declare it, else the one that the last promotion left.
///
/// # Errors
/// There was no promotion, or its home is the primary.
pub fn target(state: Option<&State>, home: Option<&str>) -> Result<String, Box<Diagnostic>> {
    let left = state.and_then(|state| state.promotions.left.clone());
    let primary = state.and_then(|state| state.primary.as_deref());
    if let Some(home) = home.filter(|home| left.is_some() && primary == Some(*home)) {
        let detail = format!("{home} is declared as home, and is the primary.");
        let summary = "There is nothing to fail back to";
        let help = "To make another region the primary, run `lifeboat promote REGION`.";
        return Err(Box::new(
            Diagnostic::error("promotion::no_failback", summary, detail).help(help),
        ));
    }
    let left = left.map(|left| home.map_or(left, str::to_owned));
    left.ok_or_else(|| {
        let detail = "No promotion has left a region yet. `lifeboat status` tells the primary.";
        let summary = "There is nothing to fail back to";
        let help = "To make another region the primary, run `lifeboat promote REGION`.";
        Box::new(Diagnostic::error("promotion::no_failback", summary, detail).help(help))
    })
}

/// Whether it is time to go back.
///
/// # Errors
/// The data has no healthy copy there yet, or `soak` is not over.
pub fn judge(
    state: &State,
    home: Option<&str>,
    soak: Option<&Duration>,
    now: Timestamp,
) -> Result<(), Box<Diagnostic>> {
    let to = target(Some(state), home)?;
    let promotions = &state.promotions;
    let early = |code: &'static str, detail: String, help: String| {
        let help = format!("{help} To go back all the same: `lifeboat promote {to}`.");
        Box::new(Diagnostic::error(code, "It is too early to fail back", detail).help(help))
    };
    if let Some(since) = &promotions.unprotected {
        let detail = format!(
            "The topology is unprotected since {since}: {to} has not all that was written since the \
             promotion."
        );
        let help = "Run `lifeboat apply`, which lets it follow again.".to_owned();
        return Err(early("promotion::unprotected", detail, help));
    }
    let Some(soak) = soak else { return Ok(()) };
    // A promotion without data was never unprotected; one that was given up moved nothing.
    let switched = || promotions.all().find_map(|passage| passage.reached.get("switch"));
    let Some(since) = promotions.protected.as_ref().or_else(switched) else { return Ok(()) };
    let wait = SignedDuration::from_secs(i64::try_from(soak.seconds).unwrap_or(i64::MAX));
    let over = since.parse::<Timestamp>().ok().and_then(|since| since.checked_add(wait).ok());
    match over {
        Some(over) if now >= over => Ok(()),
        Some(over) => {
            let detail = format!(
                "{to} follows again since {since}, and soak = {:?} asks for so much time before.",
                &*soak.text
            );
            Err(early("promotion::soak", detail, format!("Wait until {over}.")))
        }
        None => {
            let detail =
                format!("Since when {to} follows again is not known: {since:?} is no time.");
            Err(early("promotion::soak", detail, "Look at `lifeboat status`.".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use lifeboat_state::model::Passage;

    use super::*;

    fn state(left: Option<&str>) -> State {
        let mut state = State::new("a-lineage", "0.1.0");
        state.promotions.left = left.map(str::to_owned);
        state
    }

    fn code(state: &State, soak: Option<&str>, now: &str) -> Result<(), &'static str> {
        let soak = soak.map(|text| Duration::parse(text).unwrap());
        judge(state, None, soak.as_ref(), now.parse().unwrap()).map_err(|why| why.code)
    }

    #[test]
    fn nothing_was_left_and_nothing_is_gone_back_to() {
        let none = state(None);
        assert_eq!(target(Some(&none), None).unwrap_err().code, "promotion::no_failback");
        assert_eq!(target(None, None).unwrap_err().code, "promotion::no_failback");
        assert_eq!(target(Some(&state(Some("us-east-1"))), None).unwrap(), "us-east-1");
    }

    /// From A to B and on to C: back is where the files say, not where it was last.
    #[test]
    fn home_is_where_one_goes_back_to() {
        let mut state = state(Some("us-west-2"));
        state.primary = Some("eu-west-1".to_owned());
        assert_eq!(target(Some(&state), Some("us-east-1")).unwrap(), "us-east-1");
        assert_eq!(target(Some(&state), None).unwrap(), "us-west-2");
        let home = target(Some(&state), Some("eu-west-1")).unwrap_err();
        assert_eq!(home.code, "promotion::no_failback");
        state.promotions.left = None;
        assert!(target(Some(&state), Some("us-east-1")).is_err(), "nothing was left yet");
    }

    #[test]
    fn the_data_is_there_again_and_has_been_for_the_time_that_is_declared() {
        let (plain, soaking) = (None, Some("24h"));
        let mut state = state(Some("us-east-1"));
        let now = "2026-11-22T12:00:00Z";
        state.promotions.unprotected = Some("2026-11-22T11:00:00Z".to_owned());
        assert_eq!(code(&state, plain, now), Err("promotion::unprotected"));
        state.promotions.unprotected = None;
        state.promotions.protected = Some("2026-11-21T12:00:01Z".to_owned());
        assert_eq!(code(&state, plain, now), Ok(()));
        assert_eq!(code(&state, soaking, now), Err("promotion::soak"));
        assert_eq!(code(&state, soaking, "2026-11-22T12:00:01Z"), Ok(()));
        state.promotions.protected = Some("yesterday".to_owned());
        assert_eq!(code(&state, soaking, now), Err("promotion::soak"));
    }

    /// Nothing was ever unprotected: the time counts from where the traffic went.
    #[test]
    fn without_data_the_time_counts_from_the_switch() {
        let mut state = state(Some("us-east-1"));
        let reached = [("switch".to_owned(), "2026-11-22T11:00:00Z".to_owned())].into();
        let passage = Passage { reached, ..Passage::default() };
        state.promotions.last = Some(passage.clone());
        assert_eq!(code(&state, Some("24h"), "2026-11-22T12:00:00Z"), Err("promotion::soak"));
        // Nor does one that was given up since begin it anew.
        (state.promotions.last, state.promotions.earlier) =
            (Some(Passage::default()), vec![passage]);
        assert_eq!(code(&state, Some("24h"), "2026-11-22T12:00:00Z"), Err("promotion::soak"));
        assert_eq!(code(&state, Some("24h"), "2026-11-23T12:00:00Z"), Ok(()));
    }
}
