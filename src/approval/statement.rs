//! `Statement`: the text that approvers sign. A public contract: `docs/approvals.md`.

use std::fmt;

/// How much of what was written last may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing is accepted.
    None,
    /// However much it is.
    Unknown,
    /// So many seconds of writes.
    Seconds(u64),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Unknown => f.write_str("unknown"),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

/// What is approved: this plan, under these conditions, until then. Its `Display` is the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The topology's name.
    pub topology: String,
    /// The state's lineage.
    pub lineage: String,
    /// The region that is left.
    pub from: String,
    /// The new primary.
    pub to: String,
    /// The epoch that is left.
    pub from_epoch: u64,
    /// `graceful` or `ungraceful`.
    pub mode: &'static str,
    /// The digest of the plan file: BLAKE3, in hex.
    pub plan: String,
    /// How much may be lost.
    pub accept_loss: Loss,
    /// The regions that are attested to be down.
    pub attested: Vec<String>,
    /// Until when it may be applied, RFC 3339.
    pub expires: String,
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attested = match &*self.attested {
            [] => "none".to_owned(),
            regions => regions.join(" "),
        };
        let (epoch, loss) = (self.from_epoch.to_string(), self.accept_loss.to_string());
        f.write_str("lifeboat approval 1\n")?;
        for (name, value) in [
            ("topology", &*self.topology),
            ("lineage", &self.lineage),
            ("from", &self.from),
            ("to", &self.to),
            ("from-epoch", &epoch),
            ("mode", self.mode),
            ("plan", &self.plan),
            ("accept-loss", &loss),
            ("attested", &attested),
            ("expires", &self.expires),
        ] {
            writeln!(f, "{name} {}", Plain(value))?;
        }
        Ok(())
    }
}

/// A value on one line of ASCII, so that no two texts look alike.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            ' '..='~' => write!(f, "{c}"),
            other => write!(f, "{}", other.escape_unicode()),
        })
    }
}
