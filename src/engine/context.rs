//! What functions need from outside, made for one evaluation at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::eval::Renderer;
use crate::function::{Context, Entropy};

use super::files::Files;

/// Files, clock and chance of one run.
#[derive(Clone)]
pub struct Contexts {
    /// Files.
    pub files: Arc<Files>,
    /// The instant of `timestamp` and `plantimestamp`.
    pub now: jiff::Timestamp,
    /// Whether `timestamp`, `uuid` and `bcrypt` yield results: inside apply.
    pub settled: bool,
    /// Chance.
    pub seed: u64,
}

/// Repeatable chance: the same seed, the same bytes.
pub struct Seeded {
    seed: u64,
    drawn: AtomicU64,
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let nth = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&nth.to_le_bytes());
        hasher.finalize_xof().fill(buffer);
    }
}

impl Contexts {
    /// Chance, from the start.
    pub fn entropy(&self) -> Seeded {
        Seeded { seed: self.seed, drawn: AtomicU64::new(0) }
    }

    /// The evaluator of templates.
    pub fn renderer<'a>(&'a self, entropy: &'a Seeded) -> Renderer<'a> {
        Renderer::new(&*self.files, entropy, self.now, self.settled)
    }

    /// The context of functions.
    pub fn context<'a>(&'a self, entropy: &'a Seeded, renderer: &'a Renderer<'a>) -> Context<'a> {
        Context {
            files: &*self.files,
            templates: renderer,
            entropy,
            now: self.now,
            settled: self.settled,
            in_template: false,
        }
    }

    /// Calls `f` with a context.
    pub fn with<T>(&self, f: impl FnOnce(&Context<'_>) -> T) -> T {
        let entropy = self.entropy();
        let renderer = self.renderer(&entropy);
        f(&self.context(&entropy, &renderer))
    }
}
