//! What people type after `watch`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::args::{Values, whole};
use crate::engine::watch::Patience;
use crate::topology::duration;

/// `watch`
#[derive(Clone, Debug, Args)]
pub struct Watch {
    /// The standby that would take over; without one, the first
    #[arg(value_name = "REGION")]
    pub region: Option<String>,
    /// How long to wait between two looks
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = interval)]
    pub interval: Duration,
    /// Looks in a row at which the primary is silent until that is told
    #[arg(long, value_name = "COUNT", default_value = "3", value_parser = count)]
    pub threshold: NonZeroU32,
    /// Looks in a row at which it answers until it is told to be back
    #[arg(long, value_name = "COUNT", default_value = "5", value_parser = count)]
    pub recovery: NonZeroU32,
    /// Compare the copies with their sources so often while the primary answers, and keep what is seen:
    /// it bounds what is lost when the primary does not
    #[arg(long, value_name = "DURATION", value_parser = interval)]
    pub compare: Option<Duration>,
    /// A program that is started with each notice; what it is told is in its environment
    #[arg(long, value_name = "PROGRAM")]
    pub notify_command: Option<String>,
    /// A server that each notice is sent to, as JSON with POST
    #[arg(long, value_name = "URL", value_parser = url)]
    pub notify_url: Option<String>,
    /// The file with the token that this server asks for
    #[arg(long, value_name = "FILE", requires = "notify_url")]
    pub notify_token_file: Option<PathBuf>,
    /// Look once, tell and notify what is seen, and end: 0 the primary answers, 6 it does not or
    /// nobody can tell
    #[arg(long, conflicts_with_all = ["interval", "threshold", "recovery"])]
    pub once: bool,
    /// Print a JSON object per line, also where something fails
    #[arg(long)]
    pub json: bool,
    /// Values of variables.
    #[command(flatten)]
    pub values: Values,
}

impl Watch {
    /// How many looks change an opinion.
    pub fn patience(&self) -> Patience {
        if self.once {
            return Patience { threshold: 1, recovery: 1 };
        }
        Patience { threshold: self.threshold.get(), recovery: self.recovery.get() }
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let parsed = duration::Duration::parse(text).map_err(|error| error.to_string())?;
    let time = Duration::from_secs(parsed.seconds);
    if time.is_zero() { Err("at least 1s is needed".to_owned()) } else { Ok(time) }
}

fn count(text: &str) -> Result<NonZeroU32, String> {
    let count: u32 = whole(text)?;
    NonZeroU32::new(count).ok_or_else(|| "at least 1 is needed".to_owned())
}

fn url(text: &str) -> Result<String, String> {
    let known = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    if known { Ok(text.to_owned()) } else { Err("write it as https://host/path".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_a_duration_of_the_files() {
        assert_eq!(interval("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(interval("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["0s", "30", "soon", ""] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
        assert!(url("ops.example.com").is_err() && url("https://ops.example.com").is_ok());
    }
}
