//! The regions of AWS that are known by name: topologies and the AWS provider check theirs by it.

use crate::suggest;

/// All regions, by partition. New ones appear, so that a name that is not here need not be wrong.
///
/// Of the partition table that AWS gives its SDKs (`partitions.json`, endpoints of the Rust SDKs of
/// 2026; AWS general reference, "AWS service endpoints").
pub const REGIONS: [&str; 46] = [
    // aws
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    // aws-cn, aws-us-gov, aws-eusc
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "eusc-de-east-1",
    // the isolated ones
    "eu-isoe-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
];

/// What a name is among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// A region.
    Known,
    /// No region, but near to the name of one.
    Misspelt(&'static str),
    /// Maybe a region that is newer than the list. So is a further number of a known place:
    /// `eu-west-4` is no slip of the hand for `eu-west-3`.
    New,
}

/// Judges the name of a region.
pub fn judge(name: &str) -> Judged {
    if REGIONS.contains(&name) {
        return Judged::Known;
    }
    let place = |name: &str| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    if REGIONS.iter().any(|known| place(known) == place(name)) {
        return Judged::New;
    }
    suggest::nearest(name, REGIONS).map_or(Judged::New, Judged::Misspelt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_regions_are_told_from_new_ones() {
        assert_eq!(judge("us-west-2"), Judged::Known);
        assert_eq!(judge("us-est-1"), Judged::Misspelt("us-east-1"));
        assert_eq!(judge("eu-wset-1"), Judged::Misspelt("eu-west-1"));
        assert_eq!(judge("eu-west-4"), Judged::New);
        assert_eq!(judge("ar-central-1"), Judged::Misspelt("ca-central-1"));
        assert_eq!(judge("pacific-islands-1"), Judged::New);
    }
}
