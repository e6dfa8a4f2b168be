//! The live line of long work on a terminal: how many objects of how many, since when, and what
//! the last one was. Elsewhere there is one line per event and no bar.

use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::escape::line;

/// The columns of the terminal behind stderr.
pub fn columns() -> Option<usize> {
    Term::stderr().size_checked().map(|(_, columns)| columns.into())
}

/// A live line on stderr; hidden where that is no terminal.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for `total` objects; `shown` says whether people watch.
    pub fn new(total: usize, shown: bool) -> Self {
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        bar.set_draw_target(target);
        let style = "{spinner} {pos}/{len} [{elapsed}, about {eta} left] {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        if shown {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self(bar)
    }

    /// One object more is done.
    pub fn done(&self, what: &str) {
        self.0.set_message(line(what));
        self.0.inc(1);
    }

    /// Prints above the bar, so that neither overwrites the other.
    pub fn above(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
