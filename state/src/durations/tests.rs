//! What is learnt, forgotten, and read back.

use super::*;
use crate::store::MemoryDisk;

fn work(kind: &str) -> Work {
    Work { kind: kind.to_owned(), operation: "create".to_owned(), location: "us-east-1".to_owned() }
}

fn seconds(all: &[u64]) -> Vec<Duration> {
    all.iter().copied().map(Duration::from_secs).collect()
}

/// One bucket's durations.
fn learnt(runs: &[&[u64]]) -> Durations {
    let mut durations = Durations::default();
    for run in runs {
        durations.learn(work("aws_s3_bucket"), seconds(run));
    }
    durations
}

async fn stored(disk: &MemoryDisk) -> Vec<u8> {
    let name = Name::new("durations").unwrap();
    disk.get(&name).await.unwrap().map(|stored| stored.bytes.to_vec()).unwrap_or_default()
}

async fn overwrite(disk: &MemoryDisk, bytes: Vec<u8>) {
    let name = Name::new("durations").unwrap();
    let version = disk.get(&name).await.unwrap().unwrap().version;
    disk.swap(&name, &version, bytes.into()).await.unwrap();
}

#[test]
fn one_slow_object_and_one_slow_run_do_not_decide() {
    let durations = learnt(&[&[2, 2, 90], &[80, 81, 82], &[3, 2, 2]]);
    assert_eq!(durations.expected(&work("aws_s3_bucket")), Some(Duration::from_secs(2)));
    assert_eq!(durations.expected(&work("aws_iam_role")), None);
    assert!(learnt(&[&[]]).is_empty());
}

#[test]
fn what_was_long_ago_is_forgotten() {
    let runs: Vec<&[u64]> = [&[60][..]; 20].into_iter().chain([&[1][..]; KEPT]).collect();
    let durations = learnt(&runs);
    assert_eq!(durations.expected(&work("aws_s3_bucket")), Some(Duration::from_secs(1)));
    assert_eq!(durations.runs[&work("aws_s3_bucket")].len(), KEPT);
}

#[tokio::test]
async fn the_record_reads_back_and_a_slower_writer_changes_nothing() {
    let disk = MemoryDisk::default();
    let (first, second) = (learnt(&[&[1]]), learnt(&[&[1], &[2]]));
    let missing = read(&disk).await.unwrap();
    assert!(matches!(missing, Kept::Missing));
    write(&disk, &missing, &first).await.unwrap();
    write(&disk, &missing, &second).await.unwrap();
    let Kept::Whole(kept, version) = read(&disk).await.unwrap() else { panic!("it is whole") };
    assert_eq!(kept, first);
    let kept = Kept::Whole(kept, version);
    write(&disk, &kept, &second).await.unwrap();
    write(&disk, &kept, &first).await.unwrap();
    assert!(matches!(read(&disk).await.unwrap(), Kept::Whole(kept, _) if kept == second));
}

#[tokio::test]
async fn a_damaged_record_is_written_anew_and_a_newer_one_is_left_alone() {
    let disk = MemoryDisk::default();
    write(&disk, &Kept::Missing, &learnt(&[&[1]])).await.unwrap();
    let whole = stored(&disk).await;
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        overwrite(&disk, bytes).await;
        assert!(matches!(read(&disk).await.unwrap(), Kept::Damaged(_)), "bit {bit}");
    }
    let damaged = read(&disk).await.unwrap();
    write(&disk, &damaged, &learnt(&[&[5]])).await.unwrap();
    assert!(matches!(read(&disk).await.unwrap(), Kept::Whole(kept, _) if kept == learnt(&[&[5]])));

    let newer = crate::line::encode(0, crate::digest::Digest::ZERO, r#"{"version":2,"new":1}"#);
    overwrite(&disk, newer.clone().into_bytes()).await;
    let kept = read(&disk).await.unwrap();
    assert!(matches!(kept, Kept::Newer));
    write(&disk, &kept, &learnt(&[&[5]])).await.unwrap();
    assert_eq!(stored(&disk).await, newer.into_bytes());
}

#[test]
fn version_one_reads_and_writes_as_it_was_frozen() {
    let frozen = include_str!("../../tests/data/v1.durations");
    let Ok(durations) = v1::decode(frozen.as_bytes()) else { panic!("it is whole") };
    assert_eq!(durations.expected(&work("aws_s3_bucket")), Some(Duration::from_millis(1250)));
    assert_eq!(v1::encode(&durations).as_deref(), Some(frozen));
}
