//! `bench figures`: what is to be reached, what Terraform needs, and what was measured.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lifeboat_testbed::{Fault, Rule};

use super::measure::{Bench, Measured, median};
use super::{scenarios, terraform};
use crate::cargo::{self, lifeboat};
use crate::{Result, tools};

/// What must not be exceeded; `None` is not asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Limit {
    cpu: Option<Duration>,
    wall: Option<Duration>,
    /// In MB of 10⁶ bytes.
    peak: Option<u64>,
    calls: Option<usize>,
}

const FREE: Limit = Limit { cpu: None, wall: None, peak: None, calls: None };

/// A row of the table.
struct Row {
    work: String,
    /// What Terraform needs: as `baselines.md` has it, and as it was measured here.
    terraform: String,
    limit: Limit,
    measured: Measured,
}

/// A figure: its name, and the rows that it gives.
type Figure = (&'static str, fn(&Path) -> Result<Vec<Row>>);

#[rustfmt::skip]
const FIGURES: &[Figure] = &[
    ("version", version),
    ("data", data),
    ("growth", growth),
    ("nothing", nothing),
    ("s3", buckets),
    ("latency", latency),
    ("dns", names),
    ("record", record),
    ("limit", limit),
    ("outage", outage),
    ("promotion", promotion),
];

/// Measures all figures, or those with such names, with the program as it is released.
pub(super) fn bench(names: &[String]) -> Result {
    if let Some(name) = names.iter().find(|name| !FIGURES.iter().any(|(of, _)| of == name)) {
        let all: Vec<_> = FIGURES.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no figure `{name}`; there are {}", all.join(", ")).into());
    }
    tools::check()?;
    let program = lifeboat(true)?;
    println!("\nload before: {}", load());
    println!("\n| work | Terraform 1.11.4 | to reach | CPU s | wall s | peak MB | calls | |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, figure) in FIGURES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            for row in figure(&program)? {
                println!("{}", row.line());
            }
        }
    }
    println!("\nload after: {}", load());
    Ok(())
}

/// The load averages of the machine.
fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<_> = load.split(' ').take(3).collect();
    if load.is_empty() { "unknown".to_owned() } else { load.join(" ") }
}

impl Row {
    fn new(
        work: impl Into<String>,
        terraform: impl Into<String>,
        limit: Limit,
        measured: Measured,
    ) -> Self {
        Self { work: work.into(), terraform: terraform.into(), limit, measured }
    }

    fn line(&self) -> String {
        let Measured { cost, calls, .. } = self.measured;
        let met = if self.limit.is_met(&self.measured) { "" } else { "**missed**" };
        format!(
            "| {} | {} | {} | {:.3} | {:.3} | {} | {} | {met} |",
            self.work,
            self.terraform,
            self.limit.shown(),
            cost.cpu.as_secs_f64(),
            cost.wall.as_secs_f64(),
            cost.peak / 1_000_000,
            calls.map_or_else(String::new, |calls| calls.to_string()),
        )
    }
}

impl Limit {
    fn is_met(&self, measured: &Measured) -> bool {
        let Measured { cost, calls, .. } = measured;
        self.cpu.is_none_or(|limit| cost.cpu <= limit)
            && self.wall.is_none_or(|limit| cost.wall <= limit)
            && self.peak.is_none_or(|limit| cost.peak <= limit * 1_000_000)
            && self.calls.is_none_or(|limit| calls.is_some_and(|calls| calls <= limit))
    }

    fn shown(&self) -> String {
        let seconds = |time: Duration| time.as_secs_f64();
        let parts = [
            self.calls.map(|calls| format!("{calls} calls")),
            self.cpu.map(|cpu| format!("{} CPU s", seconds(cpu))),
            self.wall.map(|wall| format!("{:.2} s", seconds(wall))),
            self.peak.map(|peak| format!("{peak} MB")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

const fn millis(millis: u64) -> Option<Duration> {
    Some(Duration::from_millis(millis))
}

const PLAN: &[&str] = &["plan", "-input=false", "-detailed-exitcode"];
const APPLY: &[&str] = &["apply", "-input=false", "-auto-approve"];

fn version(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::new(program, "")?;
    let limit = Limit { cpu: millis(10), ..FREE };
    let measured = bench.median(&["version"], 0)?;
    Ok(vec![Row::new("`version`", "40 ms CPU, 56 MB", limit, measured)])
}

fn data(program: &Path) -> Result<Vec<Row>> {
    let limit = Limit { cpu: millis(600), peak: Some(100), ..FREE };
    let mut rows = Vec::new();
    let styles = [
        ("blocks", scenarios::data_blocks(10_000), "29 CPU s, 1.06 GB"),
        ("of one `count`", scenarios::data_count(10_000), "223 s"),
    ];
    for (style, files, terraform) in styles {
        let bench = Bench::new(program, &files)?;
        bench.once(APPLY, 0)?;
        let work = format!("plan without changes, 10,000 `terraform_data`, {style}");
        let ours = bench.median(PLAN, 0)?;
        let live = match style {
            "blocks" => terraform::plan(10_000)?,
            _ => None,
        };
        rows.push(Row::new(work, beside(terraform, live, &ours), limit, ours));
    }
    let bench = Bench::new(program, &scenarios::data_blocks(1000))?;
    let mut runs = Vec::new();
    for _ in 0..5 {
        bench.forget()?;
        runs.push(bench.once(APPLY, 0)?);
    }
    let limit = Limit { wall: millis(1000), ..FREE };
    let ours = median(runs)?;
    let terraform = beside("25–52 s wall", terraform::apply(1000)?, &ours);
    rows.push(Row::new("apply of 1,000 `terraform_data`", terraform, limit, ours));
    Ok(rows)
}

/// What Terraform needed, as it was recorded and as it was measured here.
fn beside(recorded: &str, live: Option<Measured>, ours: &Measured) -> String {
    let Some(Measured { cost, .. }) = live else { return recorded.to_owned() };
    let (cpu, wall) = (cost.cpu.as_secs_f64(), cost.wall.as_secs_f64());
    let times = cpu / ours.cost.cpu.as_secs_f64();
    let megabytes = cost.peak / 1_000_000;
    format!("{recorded}; here {cpu:.1} CPU s ({times:.0} ×), {wall:.1} s wall, {megabytes} MB")
}

/// From one line to the next the number of objects doubles.
fn growth(program: &Path) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    for args in [APPLY, PLAN] {
        let mut before: Option<Duration> = None;
        for doublings in (0..6).rev() {
            let count = 50_000 >> doublings;
            let bench = Bench::new(program, &scenarios::data_blocks(count))?;
            if args == PLAN {
                bench.once(APPLY, 0)?;
            }
            let measured = bench.once(args, 0)?;
            let cpu = before.map(|before| before.mul_f64(2.2));
            let work = format!("{} of {count} `terraform_data`", args[0]);
            rows.push(Row::new(work, "quadratic", Limit { cpu, ..FREE }, measured));
            before = Some(measured.cost.cpu);
        }
    }
    Ok(rows)
}

fn nothing(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, scenarios::NOTHING)?;
    let limit = Limit { cpu: millis(200), peak: Some(40), ..FREE };
    let measured = bench.median(PLAN, 0)?;
    let terraform = "11.5–12.5 CPU s, 400 MB";
    Ok(vec![Row::new("plan, two regions and nothing declared", terraform, limit, measured)])
}

fn buckets(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::buckets(100))?;
    let apply = bench.once(APPLY, 0)?;
    let limit = Limit { wall: millis(10_000), ..FREE };
    let noop = Limit { calls: Some(1020), cpu: millis(1500), peak: Some(80), ..FREE };
    let plan = bench.median(PLAN, 0)?;
    Ok(vec![
        Row::new("apply of s3-100", "212–672 s", limit, apply),
        Row::new("plan without changes, s3-100", "4,307 calls, 33 CPU s, 480 MB", noop, plan),
    ])
}

/// 64 calls at once is what the limit stands for.
fn latency(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::buckets(100))?;
    bench.once(APPLY, 0)?;
    let near = bench.median(PLAN, 0)?;
    let each = Duration::from_millis(50);
    if let Some(bed) = &bench.bed {
        bed.proxy.inject(Rule::new(Fault::Latency(each)));
    }
    let calls = u32::try_from(near.calls.unwrap_or_default())?;
    let wall = (each * calls / 64).max(near.cost.wall).mul_f64(1.3);
    let limit = Limit { wall: Some(wall), ..FREE };
    let far = bench.median(PLAN, 0)?;
    Ok(vec![
        Row::new("plan without changes, s3-100, calls of 0 ms", "", FREE, near),
        Row::new("the same, calls of 50 ms", "", limit, far),
    ])
}

fn names(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::names(100, 60, 0))?;
    let limit = Limit { wall: millis(5000), ..FREE };
    let apply = Row::new("apply of dns-100", "182–652 s", limit, bench.once(APPLY, 0)?);
    drop(bench);
    let bench = Bench::on_servers(program, &scenarios::names(1000, 60, 0))?;
    bench.once(APPLY, 0)?;
    let limit = Limit { calls: Some(25), cpu: millis(500), ..FREE };
    let plan = bench.median(PLAN, 0)?;
    let noop = Row::new("plan without changes, dns-1000", "4,203 calls, 78 CPU s", limit, plan);
    bench.write(&scenarios::names(1000, 60, 5))?;
    let plan = bench.once(PLAN, 0)?;
    let limited = Row::new("the same, at most five calls a second", "at least 841 s", FREE, plan);
    Ok(vec![apply, noop, limited])
}

fn record(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::names(10, 60, 0))?;
    bench.once(APPLY, 0)?;
    bench.write(&scenarios::names(10, 30, 0))?;
    let whole = bench.once(APPLY, 0)?;
    let mut accepted = whole;
    accepted.cost.wall = whole.cost.wall.saturating_sub(bench.since("ChangeResourceRecordSets"));
    let limit = Limit { wall: millis(500), ..FREE };
    Ok(vec![
        Row::new("change of a pair of records, until it is accepted", "30 s", limit, accepted),
        Row::new("the same, until it is in sync and recorded", "30 s", FREE, whole),
    ])
}

/// Changes in waves while each is waited for, at most five calls a second: no more are made, and a
/// write waits for other writes only. Six of them are ready at a time.
fn limit(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::zones(24, 6, 60, 0))?;
    bench.once(APPLY, 0)?;
    bench.write(&scenarios::zones(24, 6, 30, 5))?;
    let (measured, log) = bench.logged(APPLY, 0)?;
    let busiest = bench.busiest_second("route53");
    let write = |line: &&str| line.contains("operation=\"ChangeResourceRecordSets\"");
    let waited = |line: &str| {
        let after = line.split("waited_ms=").nth(1)?;
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let writes: Vec<u64> = log.lines().filter(write).filter_map(waited).collect();
    let longest = writes.iter().max().ok_or("no write is in the log")?;
    // A slot is a fiftieth longer than 200 ms; the rest is the machine's.
    if busiest > 5 || *longest > 6 * 204 + 100 {
        return Err(format!("{busiest} calls in a second, a write waited {longest} ms").into());
    }
    let work = format!(
        "change of {} records in {} zones, six at a time, at most five calls a second: {busiest} in \
         the busiest second, a write waited {longest} ms at most",
        writes.len(),
        24
    );
    Ok(vec![Row::new(work, "", FREE, measured)])
}

/// The healthy plan sets the limit: ten seconds more.
fn outage(program: &Path) -> Result<Vec<Row>> {
    let bench = Bench::on_servers(program, &scenarios::buckets(10))?;
    bench.once(APPLY, 0)?;
    let well = bench.median(PLAN, 0)?;
    let limit = Limit { wall: Some(well.cost.wall + Duration::from_secs(10)), ..FREE };
    let mut rows = vec![Row::new("plan, s3-10, all regions well", "29–41 s", FREE, well)];
    let faults = [
        ("hangs", Fault::BlackHole, "no answer in 300 s"),
        ("resets", Fault::Reset, "an error"),
        ("answers 503", Fault::Status503, "no answer in 300 s"),
        ("refuses", Fault::Refuse, "56 s, an error"),
    ];
    for (what, fault, terraform) in faults {
        if let Some(bed) = &bench.bed {
            bed.proxy.clear();
            bed.proxy.inject(Rule::new(fault).region("us-east-1").regional());
        }
        let measured = bench.once(PLAN, 0)?;
        rows.push(Row::new(format!("the same, us-east-1 {what}"), terraform, limit, measured));
    }
    Ok(rows)
}

/// There and back, with calls of 50 ms: what else it takes. The path is what `simulate` tells of the plan, from
/// what earlier promotions took; the chain is what the calls themselves tell.
fn promotion(program: &Path) -> Result<Vec<Row>> {
    const CALL: Duration = Duration::from_millis(50);
    let example = fs::read_to_string(cargo::root().join("examples/two-region-web/main.dr.hcl"))?;
    let unlimited = "\nprovider \"aws\" {\n  rate_limits {\n    route53 = 0\n  }\n}\n";
    let bench = Bench::on_servers(program, &(example + unlimited))?;
    bench.once(APPLY, 0)?;
    if let Some(bed) = &bench.bed {
        bed.proxy.inject(Rule::new(Fault::Least(CALL)));
    }
    let mut rows = Vec::new();
    for epoch in 1..6_u64 {
        let (from, to) = match epoch % 2 {
            1 => ("us-east-1", "us-west-2"),
            _ => ("us-west-2", "us-east-1"),
        };
        let lose = format!("-lose={from}");
        let simulate = ["simulate", &lose, "-mode=graceful", "-duration=call=50ms", "-json"];
        let told: serde_json::Value = serde_json::from_str(&bench.told(&simulate)?)?;
        let seconds = |name: &str| told[name].as_f64().unwrap_or_default();
        let path = Duration::from_secs_f64(seconds("reading_seconds") + seconds("steps_seconds"));
        let epoch = format!("-from-epoch={epoch}");
        let promote = ["promote", to, "-input=false", "-no-reprotect", &epoch];
        let measured = bench.once(&promote, 0)?;
        let (wall, chain) = (measured.cost.wall.as_secs_f64(), bench.chain());
        let calls = CALL * u32::try_from(chain.len())?;
        let work = format!(
            "promotion of {to}, calls of 50 ms: {} one after the other ({:.2} s, {:.2} ×), {:.2} s by `simulate` \
             ({:.2} ×)",
            chain.len(),
            calls.as_secs_f64(),
            wall / calls.as_secs_f64(),
            path.as_secs_f64(),
            wall / path.as_secs_f64(),
        );
        bench.once(APPLY, 0)?;
        // Nothing was measured before the first.
        if epoch == "-from-epoch=1" {
            continue;
        }
        if rows.is_empty() {
            println!("<!-- one after the other:\n{}\n-->", chain.join("\n"));
        }
        let limit = Limit { wall: Some(calls.mul_f64(1.15)), ..FREE };
        rows.push(Row::new(work, "", limit, measured));
    }
    Ok(rows)
}
