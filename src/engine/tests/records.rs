//! What is not believed of a state that may be old.

use lifeboat_state::model::State;

use crate::address::Address;
use crate::desired::Part;
use crate::engine::asked::Asked;
use crate::engine::{fencing, records};
use crate::plan::Wish;
use crate::plan::promotion::Parts;
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
