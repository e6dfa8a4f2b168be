//! Approvals of promotions (design.md, section 9): who may give them, the text that they sign, and
//! whether a signature is one of theirs over that text. Pure: `docs/approvals.md` has the format.

mod approver;
mod signature;
mod statement;
#[cfg(test)]
mod tests;

pub use approver::{Approver, KeyError};
pub use signature::{NAMESPACE, SignatureError};
pub use statement::{Loss, Statement};

/// How many must approve a promotion, and who may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How many of the approvers; none where a promotion needs no signature.
    pub needed: u32,
    /// Those who may, by name.
    approvers: Vec<Approver>,
}

/// A policy, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// As the last apply bound it.
    pub before: Policy,
    /// As the files have it.
    pub after: Policy,
}

impl Policy {
    /// Of approvers in any order.
    pub fn new(needed: u32, mut approvers: Vec<Approver>) -> Self {
        approvers.sort();
        Self { needed, approvers }
    }

    /// Of lines as [`Policy::lines`] gives them.
    ///
    /// # Errors
    /// A line that is no key which can approve.
    pub fn of_lines(needed: u32, lines: &[String]) -> Result<Self, KeyError> {
        let approvers = lines.iter().map(|line| Approver::parse(line));
        Ok(Self::new(needed, approvers.collect::<Result<_, _>>()?))
    }

    /// The approvers as OpenSSH writes public keys.
    pub fn lines(&self) -> Vec<String> {
        self.approvers.iter().map(|approver| approver.line().to_owned()).collect()
    }

    /// Those who may approve, by name.
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// The names of those who may approve: `alice, bob`.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.approvers.iter().map(Approver::name).collect();
        names.join(", ")
    }
}

impl PolicyChange {
    /// Those who may approve from now on.
    pub fn added(&self) -> impl Iterator<Item = &Approver> {
        self.after.approvers.iter().filter(|a| !self.before.approvers.contains(a))
    }

    /// Those who may approve no more.
    pub fn removed(&self) -> impl Iterator<Item = &Approver> {
        self.before.approvers.iter().filter(|a| !self.after.approvers.contains(a))
    }
}
