//! Ownership tags: whose an object is, kept out of the tags that users see.

use std::collections::BTreeMap;

use lifeboat_sdk::Owner;

/// Tags of an object.
pub type Tags = BTreeMap<String, String>;

/// The topology that owns the object, or the lineage of a state without one.
pub const TOPOLOGY: &str = "lifeboat:topology";
/// The lineage, as design.md names it where there is no topology; read like [`TOPOLOGY`].
pub const LINEAGE: &str = "lifeboat:lineage";
/// The object's address, in the alphabet of tag values.
pub const ADDRESS: &str = "lifeboat:address";

/// The step that made the object, for kinds whose API takes no idempotency token: an attempt whose
/// reply was lost is found by it, also beside an older object of the same address.
pub const STEP: &str = "lifeboat:step";

/// Characters that a tag value may hold everywhere besides letters and digits (AWS, "Tag naming
/// limits"). `=` is one of them and is what escapes the others.
const PLAIN: &str = " _.:/+-@";
/// Characters of a tag value.
const LONGEST: usize = 256;

/// An address as a tag value: `aws_s3_bucket.a["x"]` becomes `aws_s3_bucket.a=5B=22x=22=5D`.
/// One that is too long is cut and ends in a digest.
pub fn encode(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_ascii_alphanumeric() || PLAIN.contains(c) {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("={byte:02X}"));
            }
        }
    }
    if out.len() > LONGEST {
        let digest = format!("=={:016x}", digest(address));
        out.truncate(LONGEST - digest.len());
        out.push_str(&digest);
    }
    out
}

/// The address that a tag value stands for; what is not of our making stays as it is.
pub fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'=').then(|| tail.get(..2)).flatten();
        let byte = escaped
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

/// FNV-1a: a short digest that never changes, for names and not for secrets.
pub fn digest(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

/// The value of [`STEP`] for a step's token.
pub fn step(token: &str) -> String {
    format!("{:016x}", digest(token))
}

/// Whether AWS itself set the tag: users can neither set nor remove it.
pub fn is_system(key: &str) -> bool {
    key.starts_with("aws:")
}

/// Parts live tags into the user's and the owner; those of AWS itself are left out. `address` is
/// the one whose object is looked for: it is recognised also where its tag value is cut.
pub fn split(
    live: impl IntoIterator<Item = (String, String)>,
    address: &str,
) -> (Tags, Option<Owner>) {
    let mut tags: Tags = live.into_iter().filter(|(key, _)| !is_system(key)).collect();
    let topology = tags.remove(TOPOLOGY);
    let topology = tags.remove(LINEAGE).or(topology);
    let value = tags.remove(ADDRESS);
    tags.remove(STEP);
    let owner = topology.zip(value).map(|(topology, value)| {
        let known = value == encode(address);
        let address = if known { address.to_owned() } else { decode(&value) };
        Owner { topology: topology.into(), address: address.into() }
    });
    (tags, owner)
}

/// The user's tags and the owner's, as they are written.
pub fn join(tags: &Tags, owner: Option<&Owner>) -> Tags {
    let mut all = tags.clone();
    if let Some(owner) = owner {
        all.insert(TOPOLOGY.to_owned(), owner.topology.to_string());
        all.insert(ADDRESS.to_owned(), encode(&owner.address));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_joined_is_split() {
        let tags = Tags::from([("team".to_owned(), "dr".to_owned())]);
        let long = format!("module.{}.aws_s3_bucket.b[\"x\"]", "m".repeat(300));
        for address in ["aws_s3_bucket.a", "module.ä[0].aws_s3_bucket.b[\"x=5B\"]", &long] {
            let owner = Owner { topology: "shop".into(), address: address.into() };
            let live = join(&tags, Some(&owner));
            assert!(live[ADDRESS].len() <= LONGEST);
            assert_eq!(split(live, address), (tags.clone(), Some(owner)));
        }
        let owner = Owner { topology: "shop".into(), address: "x.y[\"z\"]".into() };
        let mut live = join(&tags, Some(&owner));
        live.insert(STEP.to_owned(), step("token"));
        assert_eq!(live[ADDRESS], "x.y=5B=22z=22=5D");
        assert_eq!(split(live, "other"), (tags.clone(), Some(owner)));
        assert_eq!(split(tags.clone(), "other"), (tags, None));
    }
}
