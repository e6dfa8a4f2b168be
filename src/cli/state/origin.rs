//! What wrote a generation. An apply commits under the name of its run, whose journal has the rest;
//! a command without a journal says it in the token itself: `state-mv TIME LOCK_ID WHO`.

use std::collections::BTreeMap;

use lifeboat_state::generation::Header;
use lifeboat_state::journal::{Headline, RunId};
use lifeboat_state::lock::LockInfo;

use crate::view::history::Origin;

/// The token of a commit by a command of `state`: no other commit has it.
pub(super) fn token(command: &str, info: &LockInfo) -> String {
    format!("{} {} {} {}", command.replace(' ', "-"), info.created, info.id, info.who)
}

/// What wrote the generation with this header.
pub(super) fn of(header: &Header, runs: &BTreeMap<RunId, Headline>) -> Origin {
    if let Some(origin) = of_token(&header.commit) {
        return origin;
    }
    // A run that died commits under its name and the term of who settled it.
    let settled = header.commit.rsplit_once('-').map(|(run, _)| run);
    let names = [Some(&*header.commit), settled];
    let found = names.into_iter().flatten().find_map(|name| runs.get(&RunId::new(name).ok()?));
    if let Some(Headline { begin, end }) = found {
        let end = end.as_ref().filter(|end| end.serial == header.serial);
        let at = end.map_or(&begin.at, |end| &end.at);
        return Origin {
            command: begin.command.clone(),
            run: Some(begin.run.to_string()),
            by: None,
            at: Some(at.clone()),
        };
    }
    match header.restored {
        Some(_) => Origin { command: "state restore".to_owned(), ..Origin::default() },
        None => Origin { run: Some(header.commit.clone()), ..Origin::default() },
    }
}

fn of_token(commit: &str) -> Option<Origin> {
    let mut words = commit.splitn(4, ' ');
    let command = words.next()?.strip_prefix("state-")?;
    let (at, _, by) = (words.next()?, words.next()?, words.next()?);
    Some(Origin {
        command: format!("state {command}"),
        run: None,
        by: Some(by.to_owned()).filter(|by| !by.is_empty()),
        at: Some(at.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_it_is_of() {
        let info = LockInfo {
            id: "0191".to_owned(),
            operation: "OperationTypeStateMv".to_owned(),
            info: String::new(),
            who: "a b@host".to_owned(),
            version: String::new(),
            created: "2026-11-21T15:40:12Z".to_owned(),
            path: String::new(),
            host: String::new(),
            pid: 1,
        };
        let origin = of_token(&token("state mv", &info)).unwrap();
        assert_eq!(origin.command, "state mv");
        assert_eq!(origin.by.as_deref(), Some("a b@host"));
        assert_eq!(origin.at.as_deref(), Some("2026-11-21T15:40:12Z"));
        for run in ["6f1e8a52-6c1d-4d5e-9a55-0d9f5a3f7a11", "", "state-", "state-mv now"] {
            assert_eq!(of_token(run), None, "{run}");
        }
    }
}
