//! Counted repetitions of regular expressions.

use std::iter::Peekable;
use std::str::CharIndices;

/// How often something repeats.
pub(super) struct Counts {
    pub(super) low: u32,
    pub(super) high: High,
}

/// Its upper limit.
pub(super) enum High {
    /// The lower one.
    Same,
    /// None.
    Open,
    /// This.
    UpTo(u32),
}

/// Reads `n}`, `n,}` or `n,m}`.
pub(super) fn read_counts(chars: &mut Peekable<CharIndices<'_>>) -> Option<Counts> {
    let low = read_number(chars)?;
    let high = match chars.next()? {
        (_, '}') => return Some(Counts { low, high: High::Same }),
        (_, ',') if chars.next_if(|(_, c)| *c == '}').is_some() => High::Open,
        (_, ',') => {
            let high = read_number(chars)?;
            chars.next_if(|(_, c)| *c == '}')?;
            High::UpTo(high)
        }
        _ => return None,
    };
    Some(Counts { low, high })
}

/// A number without needless zeros; the highest one for those that are too large.
fn read_number(chars: &mut Peekable<CharIndices<'_>>) -> Option<u32> {
    let mut digits = String::new();
    while let Some((_, c)) = chars.next_if(|(_, c)| c.is_ascii_digit()) {
        digits.push(c);
    }
    let odd = digits.is_empty() || (digits.len() > 1 && digits.starts_with('0'));
    if odd { None } else { Some(digits.parse().unwrap_or(u32::MAX)) }
}
