//! What resolvers still answer after the traffic of a name was switched: they are asked until all that answer
//! at all have moved. It holds nobody up for longer than they may keep the old answer, and fails nothing: what
//! cannot be told is told as unknown.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use lifeboat_sdk::{Ctx, Failure, Value};
use tokio::time::{Instant, timeout_at};

use super::dns::{Answer, ask, canonical};
use super::{Deed, Say, number};

/// Between two questions to one resolver: until the answer that it has may change, but no longer than this,
/// since there may be several behind one address.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(5);

/// How often in a row one is asked that tells nothing, and how often in a row it must answer with another region
/// than the one that was left.
const TRIES: u32 = 3;
const SURE: u32 = 2;

/// What a region is answered by.
struct Region<'t> {
    name: &'t str,
    values: Vec<String>,
    /// The name that stands for it, where Route 53 answers with the addresses of another name.
    alias: Option<&'t str>,
}

/// A resolver, and what is known of it.
struct Asked {
    at: SocketAddr,
    /// How often in a row it told nothing.
    fails: u32,
    /// The region that it answered with last.
    region: Option<String>,
    /// Since when it answers with another region than the one that was left, and how often it has.
    moved: Option<Instant>,
    times: u32,
    /// Until when it may answer with the region that was left.
    until: Option<Instant>,
    /// Why it told nothing, the last time.
    why: Option<String>,
}

impl Asked {
    fn new(at: SocketAddr) -> Self {
        Self { at, fails: 0, region: None, moved: None, times: 0, until: None, why: None }
    }

    fn is_unknown(&self) -> bool {
        self.region.is_none()
    }

    /// Whether nothing more is to be learnt of it.
    fn is_over(&self, now: Instant) -> bool {
        let holds = self.until.is_some_and(|until| until > now);
        self.times >= SURE || (self.fails >= TRIES && !holds)
    }

    /// Takes what it told: with which region it answered, and for how long it may.
    fn took(&mut self, told: Result<(String, Duration), String>, from: &str, now: Instant) {
        self.fails = if told.is_ok() { 0 } else { self.fails + 1 };
        match told {
            Ok((region, ttl)) => {
                let new = region != from;
                self.until = (!new).then(|| now + ttl);
                self.moved = new.then(|| self.moved.unwrap_or(now));
                self.times = if new { self.times + 1 } else { 0 };
                (self.region, self.why) = (Some(region), None);
            }
            Err(why) => self.why = Some(why),
        }
    }

    /// How long it need not be asked.
    fn pause(&self, now: Instant) -> Duration {
        let left = self.until.map_or(SHORTEST, |until| until.saturating_duration_since(now));
        left.clamp(SHORTEST, LONGEST)
    }

    /// For the journal; times are counted back from now, which is written beside it.
    fn told(&self, now: Instant) -> Value {
        let millis = |time: Duration| number(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let mut told = Value::object([("at".into(), Value::string(self.at.to_string()))]);
        if let Some(region) = &self.region {
            told = told.with("region", Value::string(region.as_str()));
        }
        if let Some(moved) = self.moved {
            told = told.with("moved_ago", millis(now.duration_since(moved)));
        }
        if let Some(until) = self.until {
            told = told.with("left", millis(until.saturating_duration_since(now)));
        }
        match &self.why {
            Some(why) if self.is_unknown() => told.with("unknown", Value::string(why.as_str())),
            _ => told,
        }
    }
}

/// What is asked and of whom, and what was said of it.
struct Board<'w> {
    deed: &'w Deed,
    from: &'w str,
    to: &'w str,
    regions: Vec<Region<'w>>,
    all: Vec<Mutex<Asked>>,
    begun: Instant,
    said: Mutex<String>,
}

/// Asks until all have moved that answer, or the limit is over, or somebody interrupts.
pub(super) async fn watch(deed: &Deed, ctx: &Ctx, say: &Say<'_>) -> Result<Value, Failure> {
    let board = Board {
        deed,
        from: deed.text("from").unwrap_or_default(),
        to: deed.text("to").unwrap_or_default(),
        regions: regions(deed),
        all: resolvers(deed).map(|at| Mutex::new(Asked::new(at))).collect(),
        begun: Instant::now(),
        said: Mutex::default(),
    };
    join_all(board.all.iter().map(|asked| board.follow(asked, ctx, say))).await;
    let now = Instant::now();
    let each = board.all.iter().map(|asked| lock(asked).told(now)).collect();
    Ok(Value::object([
        ("how".into(), Value::string(format!("{}{}", board.summary(), board.rest(now)))),
        ("resolvers".into(), Value::tuple(each)),
    ]))
}

impl Board<'_> {
    /// Asks one of them again and again. Who does not answer keeps nobody else waiting.
    async fn follow(&self, asked: &Mutex<Asked>, ctx: &Ctx, say: &Say<'_>) {
        let (at, end) = (lock(asked).at, self.begun + self.deed.task.limit);
        for round in 0..u16::MAX {
            let told = timeout_at(end, look(self.deed, &self.regions, at, round)).await;
            let Ok(told) = told else { return };
            let now = Instant::now();
            let (over, pause) = {
                let mut asked = lock(asked);
                asked.took(told, self.from, now);
                (asked.is_over(now), asked.pause(now))
            };
            self.tell(say);
            if over || now + pause > end || ctx.wait(pause).await.is_err() {
                return;
            }
        }
    }

    /// Says how many still answer with the region that was left, when that has changed.
    fn tell(&self, say: &Say<'_>) {
        let summary = self.summary();
        let mut said = lock(&self.said);
        if *said != summary && self.all.iter().any(|asked| lock(asked).until.is_some()) {
            say(format!("{summary}{}", self.rest(Instant::now())));
            *said = summary;
        }
    }

    /// How many answer with what, in words.
    fn summary(&self) -> String {
        let (mut old, mut new, mut unknown, mut last) = (0, 0, 0, None);
        for asked in &self.all {
            let asked = lock(asked);
            last = last.max(asked.moved);
            match asked.region.as_deref() {
                None => unknown += 1,
                Some(region) if region == self.from => old += 1,
                Some(region) if region == self.to => new += 1,
                Some(_) => {}
            }
        }
        let all = self.all.len();
        let verb = |count: usize| if count == 1 { "answers" } else { "answer" };
        let mut parts = Vec::new();
        if old > 0 {
            parts.push(format!("{old} still {} with {}", verb(old), self.from));
        }
        if new > 0 || old == 0 {
            let after = last.map(|last| last.duration_since(self.begun).as_secs_f64());
            let after = after.map(|after| format!(", the last after {after:.1} s"));
            let after = after.unwrap_or_default();
            parts.push(format!("{new} {} with {}{after}", verb(new), self.to));
        }
        let others = all - old - new - unknown;
        if others > 0 {
            parts.push(format!("{others} {} with another region", verb(others)));
        }
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        let resolvers = if all == 1 { "resolver" } else { "resolvers" };
        format!("of {all} {resolvers} {}", parts.join(", "))
    }

    /// How long the last of them may answer with the region that was left.
    fn rest(&self, now: Instant) -> String {
        let last = self.all.iter().filter_map(|asked| lock(asked).until).max();
        let left = last.map(|until| until.saturating_duration_since(now).as_secs_f64());
        left.map(|left| format!("; by its TTL for {left:.0} s more")).unwrap_or_default()
    }
}

/// With which region a resolver answers, and for how long it may.
async fn look(
    deed: &Deed,
    regions: &[Region<'_>],
    at: SocketAddr,
    round: u16,
) -> Result<(String, Duration), String> {
    let (name, kind) = (deed.text("name").unwrap_or_default(), deed.text("type").unwrap_or("A"));
    let id = |part: &str| {
        let hash = blake3::hash(format!("{} {at} {part} {round}", deed.token).as_bytes());
        hash.as_bytes().first_chunk().map_or(round, |first| u16::from_be_bytes(*first))
    };
    let Answer { values, ttl } = ask(at, (name, kind), id(name)).await?;
    let by = |own: &[String]| own.iter().any(|value| values.contains(value));
    if let Some(region) = regions.iter().find(|region| by(&region.values)) {
        return Ok((region.name.to_owned(), ttl));
    }
    for (region, alias) in regions.iter().filter_map(|it| Some((it, it.alias?))) {
        // What it does not know of that name says nothing of ours.
        let own = ask(at, (alias, kind), id(alias)).await;
        if own.is_ok_and(|own| by(&own.values)) {
            return Ok((region.name.to_owned(), ttl));
        }
    }
    Err(format!("it answered with {}, which is no region's", values.join(", ")))
}

fn resolvers(deed: &Deed) -> impl Iterator<Item = SocketAddr> {
    let all = deed.task.arguments.get("resolvers").and_then(Value::items).unwrap_or_default();
    all.iter().filter_map(|at| at.as_str()?.parse().ok())
}

/// What each region is answered by: the one that was left first, so that an answer with both counts as old.
fn regions(deed: &Deed) -> Vec<Region<'_>> {
    let from = deed.text("from").unwrap_or_default();
    let all = deed.task.arguments.get("answers").and_then(Value::entries).unwrap_or_default();
    let mut regions: Vec<Region<'_>> = all
        .iter()
        .map(|(name, by)| {
            let values = by.get("values").and_then(Value::items).unwrap_or_default();
            let values = values.iter().filter_map(Value::as_str).map(canonical).collect();
            Region { name, values, alias: by.get("alias").and_then(Value::as_str) }
        })
        .collect();
    regions.sort_by_key(|region| region.name != from);
    regions
}

/// Nothing panics while it is held.
fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
