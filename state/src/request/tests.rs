//! Requests as they are made, read and answered.

use super::*;
use crate::digest::Digest;
use crate::line;
use crate::store::MemoryDisk;
use crate::store::memory::Fault;

fn request(id: &str, what: What) -> Request {
    Request {
        id: id.to_owned(),
        lineage: crate::testing::LINEAGE.to_owned(),
        run: RunId::new("run-1").unwrap(),
        epoch: 1,
        what,
        step: None,
        attested: Vec::new(),
        accepted_loss: None,
        loss_bound: Some(7),
        since: Some("2026-11-20T13:00:00Z".to_owned()),
        no_edit: false,
        reason: "the vendor is on the phone".to_owned(),
        who: "ann@host".to_owned(),
        at: "2026-11-22T06:00:00Z".to_owned(),
    }
}

fn answer(how: &str) -> Answer {
    Answer { taken: true, how: how.to_owned(), at: "2026-11-22T06:00:01Z".to_owned() }
}

fn over(disk: &MemoryDisk) -> Requests {
    Requests::new(Arc::new(disk.clone()))
}

fn numbers(open: &[Open]) -> Vec<u64> {
    open.iter().map(|open| open.number).collect()
}

#[tokio::test]
async fn requests_of_two_terminals_keep_their_order_and_each_is_answered_once() {
    let disk = MemoryDisk::default();
    let (ann, bob) = (over(&disk), over(&disk));
    let none = BTreeSet::new();
    assert!(ann.open(&none).await.unwrap().is_empty());
    let (pause, resume) = (request("a", What::Pause), request("b", What::Resume));
    assert_eq!(ann.append(&pause).await.unwrap(), 1);
    assert_eq!(bob.append(&resume).await.unwrap(), 2);
    let open = ann.open(&none).await.unwrap();
    assert_eq!(numbers(&open), [1, 2]);
    assert_eq!(open[0].request.as_ref(), Ok(&pause));
    assert_eq!(open[1].request.as_ref(), Ok(&resume));

    ann.answer(1, &answer("paused")).await.unwrap();
    bob.answer(1, &answer("too late")).await.unwrap();
    assert_eq!(bob.answered(1).await.unwrap(), Some(Ok(answer("paused"))));
    assert_eq!(bob.answered(2).await.unwrap(), None);
    assert_eq!(numbers(&bob.open(&none).await.unwrap()), [2]);
    assert!(bob.open(&BTreeSet::from([2])).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_request_whose_reply_is_lost_is_made_once() {
    for nth in 1..=6 {
        let disk = MemoryDisk::default();
        let requests = over(&disk);
        disk.fail(nth, Fault::LostReply, false);
        let made = requests.append(&request("a", What::Pause)).await;
        disk.heal();
        let there = numbers(&requests.open(&BTreeSet::new()).await.unwrap());
        match made {
            Ok(number) => assert_eq!(there, [number], "call {nth}"),
            Err(error) => assert!(there.len() < 2, "call {nth}: {error}"),
        }
    }
}

#[tokio::test]
async fn looking_costs_one_listing_and_a_read_for_what_is_new() {
    let disk = MemoryDisk::default();
    let requests = over(&disk);
    for id in ["a", "b", "c"] {
        requests.append(&request(id, What::Pause)).await.unwrap();
    }
    requests.answer(1, &answer("paused")).await.unwrap();
    let before = disk.calls();
    requests.open(&BTreeSet::from([2])).await.unwrap();
    assert_eq!(disk.calls() - before, 2);
}

#[tokio::test]
async fn only_the_newest_are_kept_and_no_number_is_given_twice() {
    let disk = MemoryDisk::default();
    let requests = over(&disk);
    for made in 1..=KEEP as u64 + 3 {
        assert_eq!(requests.append(&request(&made.to_string(), What::Pause)).await.unwrap(), made);
        requests.answer(made, &answer("paused")).await.unwrap();
    }
    let names = disk.list(&folder().unwrap()).await.unwrap();
    assert_eq!(names.len(), KEEP * 2);
    assert_eq!(number(&names[0]), Some(4));
}

#[test]
fn every_flipped_bit_and_a_newer_format_are_noticed() {
    let whole = v1::encode(&request("a", What::Skip));
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(v1::decode(&bytes), Err(Unread::Damaged), "bit {bit}");
    }
    let newer = line::encode(0, Digest::ZERO, r#"{"version":2,"wish":"pause"}"#);
    let unread = v1::decode(newer.as_bytes()).unwrap_err();
    assert_eq!(unread, Unread::Newer { found: 2, supported: 1 });
    assert!(unread.to_string().contains("a newer lifeboat wrote it, in format 2"));
    let other = whole.replace("\"skip\"", "\"stop\"");
    assert_eq!(v1::decode(other.as_bytes()), Err(Unread::Damaged));
}

#[test]
fn version_one_reads_and_writes_as_it_was_frozen() {
    let frozen = include_str!("../../tests/data/v1.request");
    let asked = v1::decode(frozen.as_bytes()).unwrap();
    assert_eq!(asked.what, What::Ungraceful);
    assert_eq!(asked.attested, ["us-east-1"]);
    assert_eq!(v1::encode(&asked), frozen);
    let frozen = include_str!("../../tests/data/v1.answer");
    let answer = v1::decode_answer(frozen.as_bytes()).unwrap();
    assert!(!answer.taken);
    assert_eq!(v1::encode_answer(&answer), frozen);
}
