//! What is noted, kept and read back.

use super::*;
use crate::store::MemoryDisk;

fn position(about: &str, epoch: u64, until: i64) -> Position {
    Position {
        about: about.to_owned(),
        from: "us-east-1".to_owned(),
        to: "us-west-2".to_owned(),
        epoch,
        until,
        at: until + 5,
        how: "7 objects compared once".to_owned(),
    }
}

fn until(positions: &Positions, about: &str, epoch: u64) -> Option<i64> {
    let known = positions.get("a-lineage", epoch, [about, "us-east-1", "us-west-2"]);
    known.map(|position| position.until)
}

#[test]
fn what_says_less_is_no_news_and_another_epoch_begins_anew() {
    let mut positions = Positions::of("a-lineage");
    for (epoch, at) in [(3, 100), (3, 90), (3, 120), (2, 500)] {
        positions.note(position("replication.exports", epoch, at));
    }
    assert_eq!(until(&positions, "replication.exports", 3), Some(120));
    assert_eq!(until(&positions, "replication.exports", 2), None);
    assert_eq!(until(&positions, "replication.logs", 3), None);
    positions.note(position("replication.exports", 5, 7));
    assert_eq!(until(&positions, "replication.exports", 5), Some(7));
    assert_eq!(until(&positions, "replication.exports", 3), None);
    // Of another state nothing is known.
    let copy = ["replication.exports", "us-east-1", "us-west-2"];
    assert_eq!(positions.get("other", 5, copy), None);
    assert_eq!(positions.get("a-lineage", 5, [copy[0], copy[2], copy[1]]), None);
}

#[test]
fn a_record_adds_to_another_where_it_says_more_of_a_copy() {
    let of = |all: &[(&str, i64)]| {
        let mut positions = Positions::of("a-lineage");
        all.iter().for_each(|(about, until)| positions.note(position(about, 3, *until)));
        let stored = v1::encode(&positions).unwrap();
        assert_eq!(Positions::of_stored(stored.as_bytes()), positions);
        positions
    };
    let (none, one, later) = (of(&[]), of(&[("a", 10)]), of(&[("a", 20)]));
    let both = of(&[("b", 10), ("a", 10)]);
    for (record, other, adds) in [
        (&none, &one, false),
        (&one, &none, true),
        (&one, &one, false),
        (&one, &later, false),
        (&later, &one, true),
        (&one, &both, false),
        (&both, &one, true),
        (&both, &later, true),
        (&later, &both, true),
    ] {
        assert_eq!(record.adds_to(other), adds, "{record:?} {other:?}");
    }
    assert!(one.adds_to(&Positions::of_stored(b"other")));
}

#[tokio::test]
async fn all_who_note_at_once_are_kept_and_those_of_another_state_are_not() {
    let disk = MemoryDisk::default();
    let (one, two) = (position("replication.a", 1, 10), position("replication.b", 1, 20));
    let both = tokio::join!(
        note(&disk, "a-lineage", std::slice::from_ref(&one)),
        note(&disk, "a-lineage", std::slice::from_ref(&two)),
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    note(&disk, "a-lineage", &[position("replication.a", 1, 9)]).await.unwrap();
    let known = read(&disk).await.unwrap();
    assert_eq!(until(&known, "replication.a", 1), Some(10));
    assert_eq!(until(&known, "replication.b", 1), Some(20));
    note(&disk, "other", &[one]).await.unwrap();
    assert_eq!(until(&read(&disk).await.unwrap(), "replication.b", 1), None);
}

#[tokio::test]
async fn what_is_damaged_counts_as_never_measured_and_a_newer_record_is_left_alone() {
    let disk = MemoryDisk::default();
    let name = Name::new("positions").unwrap();
    note(&disk, "a-lineage", &[position("replication.a", 1, 10)]).await.unwrap();
    let whole = disk.get(&name).await.unwrap().unwrap().bytes.to_vec();
    let overwrite = async |bytes: Vec<u8>| {
        let version = disk.get(&name).await.unwrap().unwrap().version;
        disk.swap(&name, &version, bytes.into()).await.unwrap();
    };
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        overwrite(bytes).await;
        assert_eq!(read(&disk).await.unwrap(), Positions::default(), "bit {bit}");
    }
    note(&disk, "a-lineage", &[position("replication.a", 1, 11)]).await.unwrap();
    assert_eq!(until(&read(&disk).await.unwrap(), "replication.a", 1), Some(11));
    let newer = crate::line::encode(0, crate::digest::Digest::ZERO, r#"{"version":2,"new":1}"#);
    overwrite(newer.clone().into_bytes()).await;
    note(&disk, "a-lineage", &[position("replication.a", 1, 12)]).await.unwrap();
    assert_eq!(disk.get(&name).await.unwrap().unwrap().bytes, newer.as_bytes());
}

#[test]
fn version_one_reads_and_writes_as_it_was_frozen() {
    let frozen = include_str!("../../tests/data/v1.positions");
    let Ok(positions) = v1::decode(frozen.as_bytes()) else { panic!("it is whole") };
    assert_eq!(until(&positions, "replication.exports", 3), Some(1_767_225_600));
    assert_eq!(v1::encode(&positions).as_deref(), Some(frozen));
}
