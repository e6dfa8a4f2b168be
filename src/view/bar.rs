//! The live lines of long work on a terminal: how much is done and how long the rest will take, and
//! below it what runs. Elsewhere there is one line per event and nothing live.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::time::Instant;

use super::escape::line;
use crate::engine::expected::{Expected, Task};

/// Lines for what runs; the rest is counted.
const SHOWN: usize = 6;
/// Columns where the terminal does not tell.
const COLUMNS: usize = 80;

/// The columns of the terminal behind stderr.
pub fn columns() -> Option<usize> {
    Term::stderr().size_checked().map(|(_, columns)| columns.into())
}

/// A length of time as people read it: `7s`, `1m05s`, `2h03m`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h{minutes:02}m"),
    }
}

/// Live lines on stderr.
pub struct Bar {
    drawn: ProgressBar,
    work: Arc<Mutex<Work>>,
}

/// What is known of the work.
struct Work {
    total: usize,
    begun: Instant,
    done: BTreeSet<Task>,
    running: BTreeMap<Task, (Instant, &'static str)>,
    expected: Arc<Expected>,
}

impl Bar {
    /// Lines for `total` objects.
    pub fn new(total: usize, expected: Arc<Expected>) -> Self {
        let (done, running) = (BTreeSet::new(), BTreeMap::new());
        let work = Work { total, begun: Instant::now(), done, running, expected };
        let work = Arc::new(Mutex::new(work));
        let drawn = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        drawn.set_draw_target(ProgressDrawTarget::stderr());
        let lines = {
            let work = Arc::clone(&work);
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                let text = locked(&work).lines(Instant::now(), columns().unwrap_or(COLUMNS));
                let _drawn_again_if_not = out.write_str(&text);
            }
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {lines}") {
            drawn.set_style(style.with_key("lines", lines));
        }
        drawn.enable_steady_tick(Duration::from_millis(200));
        Self { drawn, work }
    }

    /// A change has begun.
    pub fn begin(&self, task: Task, verb: &'static str) {
        locked(&self.work).running.insert(task, (Instant::now(), verb));
    }

    /// A change is done.
    pub fn done(&self, task: Task) {
        self.failed(&task);
        locked(&self.work).done.insert(task);
        self.drawn.inc(1);
    }

    /// A change is over, and not done.
    pub fn failed(&self, task: &Task) {
        locked(&self.work).running.remove(task);
    }

    /// Prints above the lines, so that neither overwrites the other.
    pub fn above(&self, print: impl FnOnce()) {
        self.drawn.suspend(print);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
    }
}

fn locked(work: &Mutex<Work>) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    /// All lines, none wider than `columns`; the first leaves room for a spinner.
    fn lines(&self, now: Instant, columns: usize) -> String {
        let running: BTreeMap<Task, Duration> = self
            .running
            .iter()
            .map(|(task, (since, _))| (task.clone(), now.duration_since(*since)))
            .collect();
        let mut head = format!("{} of {} done", self.done.len(), self.total);
        if !running.is_empty() {
            head.push_str(&format!(", {} running", running.len()));
        }
        head.push_str(&format!(", {} elapsed", clock(now.duration_since(self.begun))));
        if let Some(left) = self.expected.remaining(&self.done, &running) {
            head.push_str(&format!(", about {} left", clock(left)));
        }
        let mut lines = vec![cut(&head, columns.saturating_sub(2))];
        let mut oldest: Vec<_> = running.iter().collect();
        oldest.sort_by_key(|(_, elapsed)| std::cmp::Reverse(**elapsed));
        for (task, elapsed) in oldest.iter().take(SHOWN) {
            let verb = self.running.get(*task).map_or("", |(_, verb)| verb);
            // What takes less is over before anybody has read it.
            let takes = self.expected.task(task).filter(|takes| takes.as_secs() > 0);
            let time = match takes {
                Some(takes) => format!("{} of about {}", clock(**elapsed), clock(takes)),
                None => clock(**elapsed),
            };
            let text = format!("  {}: {verb}, {time}", line(&task.0.to_string()));
            lines.push(cut(&text, columns));
        }
        if let Some(more @ 1..) = oldest.len().checked_sub(SHOWN) {
            lines.push(format!("  and {more} more"));
        }
        lines.join("\n")
    }
}

/// The text, with its middle left out where it is too wide: both ends tell more than it.
fn cut(text: &str, columns: usize) -> String {
    let width = console::measure_text_width(text);
    if width <= columns {
        return text.to_owned();
    }
    let tail = columns * 3 / 5;
    let head = console::truncate_str(text, columns.saturating_sub(tail + 1), "");
    let mut end = String::new();
    for c in text.chars().rev() {
        if console::measure_text_width(&end) >= tail {
            break;
        }
        end.insert(0, c);
    }
    format!("{head}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::plan::Operation;

    fn task(address: &str) -> Task {
        (Address::parse(address).unwrap(), Operation::Create)
    }

    /// Forty objects, of which `running` run since so many seconds.
    fn lines(running: &[(&str, u64)], columns: usize) -> Vec<String> {
        let begun = Instant::now();
        let now = begun + Duration::from_secs(65);
        let running = running
            .iter()
            .map(|(address, s)| (task(address), (now - Duration::from_secs(*s), "Creating")));
        let work = Work {
            total: 40,
            begun,
            done: BTreeSet::from([task("a_thing.done")]),
            running: running.collect(),
            expected: Arc::default(),
        };
        let text = work.lines(now, columns);
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_has_run_longest_is_shown_first_and_the_rest_is_counted() {
        let names: Vec<String> = (0..9).map(|i| format!("a_thing.n{i}")).collect();
        let running: Vec<(&str, u64)> =
            names.iter().zip(1..).map(|(name, s)| (name.as_str(), s)).collect();
        let lines = lines(&running, 80);
        assert_eq!(lines[0], "1 of 40 done, 9 running, 1m05s elapsed");
        assert_eq!(lines[1], "  a_thing.n8: Creating, 9s");
        assert_eq!(lines.len(), 1 + SHOWN + 1);
        assert_eq!(lines.last().unwrap(), "  and 3 more");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long =
            format!("module.{}.aws_s3_bucket.{}[\"us-east-1\"]", "m".repeat(90), "b".repeat(90));
        let all = lines(&[(&long, 3)], 80);
        assert!(
            all[1].starts_with("  module.mmm")
                && all[1].ends_with("bbb[\"us-east-1\"]: Creating, 3s")
        );
        for columns in [1, 20, 40, 80] {
            for line in lines(&[(&long, 3)], columns) {
                assert!(console::measure_text_width(&line) <= columns.max(1), "{columns}: {line}");
            }
        }
    }

    #[test]
    fn lengths_of_time_read_well() {
        let said = [0, 59, 60, 3599, 3600, 90_000].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(said, ["0s", "59s", "1m00s", "59m59s", "1h00m", "25h00m"]);
    }
}
