//! What objects tell, and what it comes to.

use super::*;

const A: &str = "us-east-1";
const B: &str = "us-west-2";
const C: &str = "eu-central-1";

/// An object of a block in a region: the regions that it tells of; nothing where it could not be read.
fn witness(block: &str, region: &str, part: Part, told: Option<&[&str]>) -> Witness {
    let address = Address::parse(&format!("{block}.aws_thing[\"{region}\"]")).unwrap();
    let told = match told {
        Some(regions) => Told::As(regions.iter().map(|region| Name::from(*region)).collect()),
        None => Told::Unread("the line is dead".to_owned()),
    };
    Witness { address, region: region.into(), part, told }
}

fn bucket(region: &str, told: Option<&[&str]>) -> Witness {
    witness("bucket.exports", region, Part::Writers, told)
}

fn record(region: &str, told: Option<&[&str]>) -> Witness {
    witness("dns_failover.web", region, Part::Traffic, told)
}

fn agreed(witnesses: Vec<Witness>) -> Result<String, (&'static str, String)> {
    let acting = Acting::of(A, 3, witnesses);
    acting.agreed(None).map(|to| to.to_string()).map_err(|why| (why.code, why.detail))
}

#[track_caller]
fn divided(witnesses: Vec<Witness>, says: &str) {
    let (code, detail) = agreed(witnesses).unwrap_err();
    assert_eq!(code, "promotion::divided", "{detail}");
    assert!(detail.contains(says), "{detail}");
}

#[test]
fn all_that_decides_must_name_the_same_region() {
    let swapped = || vec![bucket(A, Some(&[B])), bucket(B, Some(&[B]))];
    let switched = || vec![record(A, Some(&[B])), record(B, Some(&[B]))];
    assert_eq!(agreed([swapped(), switched()].concat()), Ok(B.to_owned()));
    let stays = vec![record(A, Some(&[A])), record(B, Some(&[A]))];
    divided([swapped(), stays.clone()].concat(), "dns_failover.web says us-east-1");
    let half = vec![record(A, Some(&[B])), record(B, Some(&[A]))];
    divided([swapped(), half].concat(), "The objects of dns_failover.web");
    let none = vec![record(A, Some(&[])), record(B, Some(&[B]))];
    divided([swapped(), none].concat(), "in no role");
    // Which way data is copied changes after a promotion.
    let copies = witness("replication.exports", A, Part::Copies, Some(&[A]));
    assert_eq!(agreed([swapped(), switched(), vec![copies]].concat()), Ok(B.to_owned()));
    for untouched in [vec![], stays, vec![bucket(A, Some(&[A]))]] {
        assert_eq!(agreed(untouched).unwrap_err().0, "promotion::nothing_by_hand");
    }
}

#[test]
fn two_regions_that_take_writes_are_told_as_that() {
    let both = vec![bucket(A, Some(&[A])), bucket(B, Some(&[B]))];
    divided(both.clone(), "two writers");
    let drift = Acting::of(A, 3, both).role_drift().unwrap();
    assert!(drift.detail.contains("Parts of bucket.exports"), "{drift:?}");
}

#[test]
fn what_could_not_be_read_agrees_with_nobody_but_for_the_fence_of_the_old_primary() {
    let switched = || vec![record(A, Some(&[B])), record(B, Some(&[B]))];
    let silent = vec![bucket(A, None), bucket(B, Some(&[B]))];
    assert_eq!(agreed([silent, switched()].concat()), Ok(B.to_owned()));
    // The old primary took no more writes; whether the other takes them is not known.
    let unknown = vec![bucket(A, Some(&[B])), bucket(B, None)];
    divided([unknown, switched()].concat(), "could not be read");
    divided([vec![bucket(A, None), bucket(B, None)], switched()].concat(), "the line is dead");
    let records = vec![record(A, None), record(B, Some(&[B]))];
    divided([vec![bucket(B, Some(&[B]))], records].concat(), "could not be read");
}

#[test]
fn of_three_regions_the_one_that_takes_writes_is_named() {
    let swapped =
        || vec![bucket(A, Some(&[B, C])), bucket(B, Some(&[A, C])), bucket(C, Some(&[C]))];
    assert_eq!(agreed(swapped()), Ok(C.to_owned()));
    let acting = Acting::of(A, 3, swapped());
    assert_eq!([B, C].map(|region| acting.is_towards(region)), [false, true]);
    // That the old primary is fenced does not say for whom.
    let fenced = vec![bucket(A, Some(&[B, C])), bucket(B, Some(&[A, C]))];
    assert_eq!(Acting::of(A, 3, fenced).role_drift(), None);
    assert_eq!(acting.agreed(Some(B)).unwrap_err().code, "promotion::divided");
}

#[test]
fn capacity_alone_is_no_role_drift() {
    let part = Part::Capacity { fences: true };
    let scaled = vec![witness("service.api", A, part, Some(&[B]))];
    assert_eq!(Acting::of(A, 3, scaled).role_drift(), None);
}

#[test]
fn role_drift_says_who_and_what_to_do() {
    let swapped = || vec![bucket(A, Some(&[B])), bucket(B, Some(&[B]))];
    let whole = Acting::of(A, 3, swapped()).role_drift().unwrap();
    assert_eq!(whole.code, "promotion::role_drift");
    assert!(whole.detail.starts_with("bucket.exports is as if us-west-2 were"), "{whole:?}");
    assert!(whole.help.unwrap().contains("`lifeboat adopt us-west-2`"));
    let rest = vec![record(A, Some(&[A])), record(B, Some(&[A]))];
    let part = Acting::of(A, 3, [swapped(), rest].concat()).role_drift().unwrap();
    assert!(part.detail.contains("dns_failover.web is not."), "{part:?}");
    assert!(part.help.unwrap().contains("`lifeboat promote -continue us-west-2`"));
}
