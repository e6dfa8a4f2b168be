//! What is not believed of a state that may be old.

use lifeboat_state::model::State;

use crate::address::Address;
use crate::desired::Part;
use crate::engine::asked::Asked;
use crate::engine::{fencing, records};
use crate::plan::promotion::Parts;
use crate::plan::{ByHand, PlanMode, Wish};
use crate::refresh::record::RoleRecord;

/// A state in whose second epoch "a" is the primary.
fn state() -> State {
    let mut state = State::new("lineage", "0.1.0");
    (state.epoch, state.primary) = (2, Some("a".to_owned()));
    state
}

/// The records of three regions.
fn parts() -> Parts {
    let at = |region: &str| {
        Address::parse(&format!("region.{region}.aws_s3_object[\"{region}\"]")).unwrap()
    };
    ["a", "b", "c"].map(|region| (at(region), Part::Record)).into()
}

fn record(epoch: u64, primary: &str) -> RoleRecord {
    let (lineage, primary) = ("lineage".to_owned(), primary.to_owned());
    RoleRecord { version: 1, lineage, epoch, primary, fenced: Vec::new() }
}

fn told<'p>(parts: &'p Parts, said: &[RoleRecord]) -> Vec<(&'p Address, RoleRecord)> {
    parts.keys().zip(said.iter().cloned()).collect()
}

/// What is not more than half of three.
fn too_few() -> [Vec<RoleRecord>; 4] {
    let ours = record(2, "a");
    [vec![], vec![ours.clone()], vec![record(1, "a")], vec![ours, record(2, "b")]]
}

/// What is: the second was out of reach in the last claim, and of none that came later.
fn enough() -> [Vec<RoleRecord>; 2] {
    let ours = record(2, "a");
    [vec![ours.clone(), ours.clone()], vec![ours, record(1, "b")]]
}

/// Of a stale state, or of one that is cut off, nobody takes the word that its region may write.
#[test]
fn the_primary_is_opened_only_where_more_than_half_of_the_records_name_nobody_later() {
    let (mut state, parts) = (state(), parts());
    let asked = Asked { fencing: Some(Wish::Open("a".into())), ..Asked::default() };
    let code = |said: &[RoleRecord]| {
        let records = told(&parts, said);
        fencing::confirmed(&asked, &parts, Some(&state), &records).map_err(|why| why.code)
    };
    for said in enough() {
        assert_eq!(code(&said), Ok(()), "{said:?}");
    }
    for said in too_few() {
        assert_eq!(code(&said), Err("fence::unconfirmed"), "{said:?}");
    }
    // A standby takes no writes by its role, whatever is opened.
    state.primary = Some("b".to_owned());
    assert!(fencing::confirmed(&asked, &parts, Some(&state), &[]).is_ok());
}

/// A fence that others placed in the primary stays as long as they may have promoted another region: by what
/// somebody attested they may have claimed with the record that nobody reads. A fence that is gone elsewhere
/// is placed where more than half of the records name nobody later.
#[test]
fn a_fence_of_others_is_taken_away_only_where_every_record_names_nobody_later() {
    let (state, parts) = (state(), parts());
    let code = |region: &str, said: &[RoleRecord]| {
        let fence = format!("bucket.x.aws_s3_bucket_policy[\"{region}\"]");
        let fence = Address::parse(&fence).unwrap();
        let told = told(&parts, said);
        let silent: Vec<&Address> = parts.keys().skip(said.len()).collect();
        records::overtaken(&parts, &state, ("a", &fence), &told, &silent).map_err(|why| why.code)
    };
    for said in enough() {
        assert_eq!(code("b", &said), Ok(()), "{said:?}");
        assert_eq!(code("a", &said), Err("promotion::unconfirmed"), "{said:?}");
        let whole = [said, vec![record(1, "c")]].concat();
        assert_eq!(code("a", &whole), Ok(()), "{whole:?}");
        let other = [&whole[..2], &[record(2, "c")]].concat();
        assert_eq!(code("a", &other), Err("promotion::unconfirmed"), "{other:?}");
    }
    for said in too_few() {
        assert_eq!(code("a", &said), Err("promotion::unconfirmed"), "{said:?}");
        assert_eq!(code("b", &said), Err("promotion::unconfirmed"), "{said:?}");
    }
}

/// Who does by hand what a plan says moves the records, too: then the state is behind them by the promotion
/// that is adopted, and by no other.
#[test]
fn a_state_follows_records_that_people_moved_to_the_region_that_is_adopted() {
    let (state, parts) = (state(), parts());
    let adopts = Asked { by_hand: Some(ByHand::Adopted), acting: true, ..Asked::default() };
    let looks = Asked { mode: PlanMode::RefreshOnly, acting: true, ..Asked::default() };
    let follow = |asked: &Asked, said: &[RoleRecord], to: &str| {
        records::follow(asked, Some(&state), &told(&parts, said), Some(to))
    };
    let (ours, moved) = (record(2, "a"), record(3, "b"));
    for said in [vec![ours.clone(), moved.clone()], vec![moved.clone(); 3]] {
        assert!(follow(&adopts, &said, "b"), "{said:?}");
        assert!(!follow(&adopts, &said, "c"), "another region is agreed on: {said:?}");
        assert!(follow(&looks, &said, "a"), "who looks plans with the primary of state: {said:?}");
        let others = [
            Asked::default(),
            Asked { by_hand: Some(ByHand::Continued), acting: true, ..Asked::default() },
            Asked { mode: PlanMode::RefreshOnly, ..Asked::default() },
        ];
        for asked in others {
            assert!(!follow(&asked, &said, "b"), "nothing else may: {said:?}");
        }
        let help = records::behind(Some(&state), &told(&parts, &said)).unwrap_err().help;
        assert!(help.is_some_and(|help| help.contains("lifeboat adopt b")), "{said:?}");
    }
    let strange = RoleRecord { lineage: "another".to_owned(), ..moved.clone() };
    let later = record(4, "b");
    let split = record(3, "c");
    for other in [strange, later, split] {
        for said in [vec![ours.clone(), other.clone()], vec![moved.clone(), other.clone()]] {
            let divided = said.len() == 2 && said[0].epoch == 3;
            let named = &*other.primary;
            let alone = other.epoch == 3 && *other.lineage == *state.lineage && !divided;
            assert_eq!(follow(&adopts, &said, named), alone, "{said:?}");
        }
    }
    assert!(
        !follow(&adopts, &[ours.clone(), ours], "b"),
        "where no record is ahead all is as ever"
    );
}
