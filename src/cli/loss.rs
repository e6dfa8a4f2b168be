//! How much may be lost, as a person accepts it: a ceiling, or `unknown`; and since when nothing more
//! is.

use jiff::{SignedDuration, Timestamp};
use lifeboat_sdk::{Diagnostic, Value};

use super::approval::Asking;
use super::args;
use super::env;
use super::exit::Exit;
use super::workspace::Workspace;
use crate::plan::Promotion;
use crate::topology::duration::Duration;
use crate::view::escape::line;
use crate::view::loss::{bound, ceiling, components};

/// The word that accepts whatever is lost.
pub const UNKNOWN: &str = "unknown";

/// `-since`: an instant, or how long ago it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// Then.
    At(Timestamp),
    /// So many seconds ago.
    Ago(u64),
}

impl Since {
    /// What was typed.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let ago = Duration::parse(text.strip_suffix(" ago").unwrap_or(text));
        let ago = ago.map(|ago| Self::Ago(ago.seconds));
        ago.map_err(|_| "it is no time such as 2026-11-21T18:00:00Z, or 15m".to_owned())
    }

    /// When that was.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::Ago(seconds) => {
                let ago = SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(i64::MAX));
                now.checked_sub(ago).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

/// What is accepted of a loss.
enum Accepted {
    /// Whatever it is.
    Any,
    /// No more than so many seconds.
    AtMost(u64),
}

impl Accepted {
    fn of(text: &str) -> Result<Self, String> {
        if text == UNKNOWN {
            return Ok(Self::Any);
        }
        let parsed = Duration::parse(text).map(|parsed| Self::AtMost(parsed.seconds));
        parsed.map_err(|error| format!("-accept-loss={text}: {error}. It is 5m, or `unknown`."))
    }

    fn takes(&self, bound: Option<u64>) -> bool {
        match self {
            Self::Any => true,
            Self::AtMost(most) => bound.is_some_and(|bound| bound <= *most),
        }
    }
}

/// Adds to an approval how much may be lost, and that it is accepted; asks for that where it was not
/// said.
///
/// # Errors
/// It is more than was accepted, or nobody accepts it; that has been told.
pub(super) async fn accept(
    asking: &Asking<'_>,
    word: &args::Word,
    promotion: &Promotion,
    approval: Value,
) -> Result<Value, Exit> {
    let losses = &promotion.losses;
    // What is not fenced may take writes until this moment.
    let now = env::now();
    let most = losses.bound(now);
    let of = components(losses, &promotion.to, now);
    let said = match &word.accept_loss {
        Some(said) => {
            let accepted = Accepted::of(said).map_err(|text| unusable(asking, &text))?;
            if !accepted.takes(most) {
                let refused = above(promotion, line(said).as_ref(), most, &of);
                asking.workspace.tell(&refused.into());
                return Err(Exit::Refused);
            }
            said.clone()
        }
        None => asked(asking, promotion, most, &of).await?,
    };
    let text = |text: &str| Value::string(text);
    let most = most.map_or_else(|| UNKNOWN.to_owned(), |most| format!("{most}s"));
    let mut approval = approval.with("accepted_loss", text(&said)).with("loss_bound", text(&most));
    if !of.is_empty() {
        approval = approval.with("loss", text(&of.join("; ")));
    }
    if let Some(since) = losses.since {
        approval = approval.with("since", text(&since.to_string()));
    }
    Ok(approval)
}

/// How many seconds may be lost at most, where no more than was accepted may be.
///
/// # Errors
/// More may be lost, or nobody knows how much; that has been told.
pub(super) fn within(
    workspace: &Workspace,
    word: &args::Word,
    promotion: &Promotion,
) -> Result<Option<u64>, Exit> {
    let Some(said) = &word.accept_loss else { return Ok(None) };
    let accepted = Accepted::of(said).map_err(|text| {
        workspace.output.error("The options cannot be used", &line(&text));
        Exit::Error
    })?;
    let now = env::now();
    let most = promotion.losses.bound(now);
    if accepted.takes(most) {
        return Ok(most);
    }
    let of = components(&promotion.losses, &promotion.to, now);
    workspace.tell(&above(promotion, line(said).as_ref(), most, &of).into());
    Err(Exit::Refused)
}

/// Checks a ceiling that was given where nobody need accept anything.
///
/// # Errors
/// More may be lost; that has been told.
pub(super) fn check(
    asking: &Asking<'_>,
    word: &args::Word,
    promotion: &Promotion,
) -> Result<(), Exit> {
    let silent = promotion.is_silent() && !promotion.losses.of.is_empty();
    let Some(said) = word.accept_loss.as_ref().filter(|_| silent) else { return Ok(()) };
    let accepted = Accepted::of(said).map_err(|text| unusable(asking, &text))?;
    let (losses, now) = (&promotion.losses, env::now());
    let most = losses.bound(now);
    if accepted.takes(most) {
        return Ok(());
    }
    let of = components(losses, &promotion.to, now);
    asking.workspace.tell(&above(promotion, line(said).as_ref(), most, &of).into());
    Err(Exit::Refused)
}

/// That it is accepted that nobody proves that all is copied, where a part was done by hand, or nothing
/// that copies it can be read.
///
/// # Errors
/// It is not; that has been told.
pub(super) async fn unproven(
    asking: &Asking<'_>,
    word: &args::Word,
    promotion: &Promotion,
) -> Result<(), Exit> {
    if word.accept_loss.as_deref() == Some(UNKNOWN) {
        return Ok(());
    }
    let question = "\nHow much of what was written last is lost is not known.\n  Type 'unknown' to accept \
                    that: ";
    let above = match &word.accept_loss {
        Some(ceiling) => format!(", and whether it is more than {}", line(ceiling)),
        None => String::new(),
    };
    let why = match promotion.by_hand {
        Some(_) => "A part of the promotion was done by hand",
        None => "There is nothing that copies it to there, or it cannot be read",
    };
    let refusal = format!(
        "{why}, so that nobody proves that {} has all that {} took ({}){above}.\nIf that is accepted: \
         -accept-loss=unknown",
        line(&promotion.to),
        line(&promotion.from),
        line(&promotion.unproven.join(", "))
    );
    asking.exactly(question, UNKNOWN, &refusal).await
}

/// What somebody types who accepts it.
async fn asked(
    asking: &Asking<'_>,
    promotion: &Promotion,
    most: Option<u64>,
    of: &[String],
) -> Result<String, Exit> {
    let from = line(&promotion.from);
    let list: String = of.iter().map(|one| format!("  {one}\n")).collect();
    let Some(most) = most else {
        let question = format!(
            "\nHow much of what was written last is lost is not known.\n{list}  Type 'unknown' to accept \
             that: "
        );
        let refusal = format!(
            "{from} does not answer, so that nobody can tell how much of what was written there last is \
             lost.\n{list}If that is accepted: -accept-loss=unknown"
        );
        asking.exactly(&question, UNKNOWN, &refusal).await?;
        return Ok(UNKNOWN.to_owned());
    };
    let (bound, ceiling) = (bound(Some(most)), ceiling(most));
    let question = format!(
        "\n{from} does not answer, so that what was written there last is lost: at most {bound} of \
         it.\n{list}  Type '{bound}' to accept that: "
    );
    let refusal = format!(
        "{from} does not answer, so that what was written there last is lost: at most {bound} of it.\n\
         {list}If that is accepted: -accept-loss={ceiling}, or -accept-loss=unknown"
    );
    asking.exactly(&question, &bound, &refusal).await?;
    Ok(bound)
}

/// That more may be lost than is accepted.
fn above(promotion: &Promotion, said: &str, most: Option<u64>, of: &[String]) -> Diagnostic {
    let Promotion { from, to, .. } = promotion;
    let (summary, bound) = match most {
        Some(most) => ("More may be lost than is accepted", format!("up to {}", bound(Some(most)))),
        None => ("It is unknown how much may be lost", "an unknown part".to_owned()),
    };
    let list: String = of.iter().map(|one| format!("\n  {one}")).collect();
    let detail = format!(
        "{from} does not answer. Of what was written there last {bound} may be lost where {to} takes \
         over, and at most {said} is accepted.{list}"
    );
    let either = most.map(|most| format!("-accept-loss={}, or ", ceiling(most)));
    let help = format!(
        "If that is accepted: {}-accept-loss=unknown. Where it is known since when {from} takes no \
         writes: -since=TIME.",
        either.unwrap_or_default()
    );
    let code = match most {
        Some(_) => "promotion::loss_above_ceiling",
        None => "promotion::loss_unknown",
    };
    Diagnostic::error(code, summary, detail).help(help)
}

fn unusable(asking: &Asking<'_>, text: &str) -> Exit {
    asking.workspace.output.error("The options cannot be used", &line(text));
    Exit::Error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impact_is_an_instant_or_so_long_ago() {
        let now: Timestamp = "2026-11-21T18:00:00Z".parse().unwrap();
        let at = |text: &str| Since::parse(text).map(|since| since.at(now).to_string());
        assert_eq!(at("2026-11-21T17:00:00Z").as_deref(), Ok("2026-11-21T17:00:00Z"));
        assert_eq!(at("15m").as_deref(), Ok("2026-11-21T17:45:00Z"));
        assert_eq!(at("1h30m ago").as_deref(), Ok("2026-11-21T16:30:00Z"));
        assert!(at("yesterday").is_err() && at("").is_err() && at("15").is_err());
    }

    #[test]
    fn a_ceiling_takes_what_is_known_to_be_no_more() {
        let takes = |text: &str, bound| Accepted::of(text).map(|it| it.takes(bound));
        assert_eq!(takes("5m", Some(300)), Ok(true));
        assert_eq!(takes("5m", Some(301)), Ok(false));
        assert_eq!(takes("5m", None), Ok(false));
        assert_eq!(takes("0s", Some(0)), Ok(true));
        assert_eq!(takes("unknown", None), Ok(true));
        assert!(Accepted::of("soon").is_err());
    }
}
