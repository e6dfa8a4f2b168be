//! Each fault, as a client with a plain socket sees it, and as server and ledger remember it.

use std::io::{ErrorKind, Read as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lifeboat_testbed::{Bed, Fault, Nth, Outcome, Plane, Rule};

use crate::client::{addr, eventually, exchange, receive, request, send};

const PUT: [&str; 4] = ["s3", "us-west-2", "PUT", "/exports/key"];
const LIST: [&str; 4] = ["s3", "us-west-2", "GET", "/"];

fn bed() -> Bed {
    let bed = Bed::start().unwrap();
    bed.aws().create_bucket("us-west-2", "exports").unwrap();
    bed
}

fn stored(bed: &Bed) -> bool {
    bed.aws().get_object("us-west-2", "exports", "key").unwrap().status == 200
}

#[test]
fn a_black_hole_accepts_and_never_answers() {
    let bed = bed();
    bed.proxy.inject(Rule::new(Fault::BlackHole).region("us-west-2"));
    let mut stream = send(&bed.proxy.endpoint(), &request(PUT, "", "data"));
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    let entry = &bed.proxy.ledger().entries()[0];
    assert_eq!((entry.outcome, entry.ended), (Outcome::Open, None));
    assert_eq!((entry.server, entry.upstream_status), (None, None));
    drop(stream);
    let ledger = bed.proxy.ledger();
    eventually("the caller's end is noticed", || ledger.entries()[0].outcome == Outcome::Abandoned);
    assert!(!stored(&bed));
    // The other region answers meanwhile.
    let other = exchange(&bed.proxy.endpoint(), ["s3", "us-east-1", "GET", "/"], "").unwrap();
    assert_eq!(other.status, 200);
}

#[test]
fn a_region_that_refuses_is_a_closed_port_of_its_own() {
    let bed = bed();
    let east = bed.proxy.endpoint_for("us-east-1").unwrap();
    let west = bed.proxy.endpoint_for("us-west-2").unwrap();
    assert_ne!(addr(&east), addr(&west));
    let mut open = send(&west, &request(LIST, "", ""));
    assert_eq!(receive(&mut open, false).unwrap().status, 200);

    let rule = bed.proxy.inject(Rule::new(Fault::Refuse).region("us-west-2"));
    let refused = TcpStream::connect(addr(&west)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let cut = open.read(&mut [0]);
    assert!(matches!(cut, Ok(0) | Err(_)), "an open connection is cut too: {cut:?}");
    let at_east = exchange(&east, ["s3", "us-east-1", "GET", "/"], "").unwrap();
    assert_eq!(at_east.status, 200);
    // The address for all regions cannot be closed for one: its connection is reset.
    let reset = exchange(&bed.proxy.endpoint(), LIST, "").unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);

    bed.proxy.remove(rule);
    assert_eq!(bed.proxy.endpoint_for("us-west-2").unwrap(), west);
    assert_eq!(exchange(&west, LIST, "").unwrap().status, 200);
}

#[test]
fn a_region_that_refuses_already_gets_its_address_closed() {
    let bed = bed();
    bed.proxy.inject(Rule::new(Fault::Refuse).region("eu-west-1").regional());
    let west = bed.proxy.endpoint_for("eu-west-1").unwrap();
    let refused = TcpStream::connect(addr(&west)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    bed.proxy.clear();
    drop(TcpStream::connect(addr(&west)).unwrap());
}

#[test]
fn a_reset_strikes_before_the_server_sees_the_call() {
    let bed = bed();
    let rule = bed.proxy.inject(Rule::new(Fault::Reset).operation("PutObject"));
    let error = exchange(&bed.proxy.endpoint(), PUT, "data").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let entry = &bed.proxy.ledger().entries()[0];
    assert_eq!((entry.outcome, entry.server), (Outcome::Broken, None));
    assert_eq!(bed.proxy.struck(rule), 1);
    assert!(!stored(&bed));
}

#[test]
fn a_dropped_answer_is_that_of_a_call_which_was_carried_out() {
    let bed = bed();
    bed.proxy.inject(Rule::new(Fault::DropAnswer).operation("PutObject"));
    let error = exchange(&bed.proxy.endpoint(), PUT, "data").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let entry = &bed.proxy.ledger().entries()[0];
    assert_eq!((entry.outcome, entry.upstream_status), (Outcome::Broken, Some(200)));
    assert!(stored(&bed));
}

#[test]
fn a_slow_answer_is_late_though_its_call_was_carried_out_at_once() {
    let bed = bed();
    let delay = Duration::from_secs(2);
    bed.proxy.inject(Rule::new(Fault::Slow(delay)));
    let begun = Instant::now();
    let mut stream = send(&bed.proxy.endpoint(), &request(PUT, "", "data"));
    eventually("the object is there", || stored(&bed));
    assert!(begun.elapsed() < delay, "stored only after {:?}", begun.elapsed());
    assert_eq!(receive(&mut stream, false).unwrap().status, 200);
    assert!(begun.elapsed() >= delay, "answered after {:?}", begun.elapsed());
}

#[test]
fn latency_delays_the_call_itself_and_adds_up() {
    let bed = bed();
    let half = Duration::from_millis(150);
    bed.proxy.inject(Rule::new(Fault::Latency(half)));
    bed.proxy.inject(Rule::new(Fault::Latency(half)).service("s3"));
    let begun = Instant::now();
    assert_eq!(exchange(&bed.proxy.endpoint(), LIST, "").unwrap().status, 200);
    assert!(begun.elapsed() >= 2 * half, "answered after {:?}", begun.elapsed());
    // Who hangs up during it has not been heard.
    bed.proxy.clear();
    bed.proxy.inject(Rule::new(Fault::Latency(Duration::from_secs(60))));
    let stream = send(&bed.proxy.endpoint(), &request(PUT, "", "data"));
    let ledger = bed.proxy.ledger();
    eventually("the call arrives", || ledger.total() == 2);
    drop(stream);
    eventually("it is given up", || ledger.entries()[1].outcome == Outcome::Abandoned);
    assert_eq!(ledger.entries()[1].server, None);
}

#[test]
fn a_cut_body_promises_all_and_brings_half() {
    let bed = bed();
    bed.aws().put_object("us-west-2", "exports", "key", "0123456789").unwrap();
    bed.proxy.inject(Rule::new(Fault::CutBody));
    let get = ["s3", "us-west-2", "GET", "/exports/key"];
    let answer = exchange(&bed.proxy.endpoint(), get, "").unwrap();
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("10")));
    assert_eq!(answer.body, "01234");
}

#[test]
fn a_garbled_body_is_whole_and_is_not_xml() {
    let bed = bed();
    bed.proxy.inject(Rule::new(Fault::GarbleBody));
    let answer = exchange(&bed.proxy.endpoint(), LIST, "").unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length").unwrap(), answer.body.len().to_string());
    assert!(answer.body.starts_with("<?xml") && answer.body.ends_with('\0'), "{}", answer.body);
    assert!(!answer.body.contains("</ListAllMyBucketsResult>"), "{}", answer.body);
}

#[test]
fn a_trickle_brings_a_byte_every_200_ms() {
    let bed = bed();
    bed.aws().put_object("us-west-2", "exports", "key", "abc").unwrap();
    bed.proxy.inject(Rule::new(Fault::TrickleBody));
    let begun = Instant::now();
    let get = ["s3", "us-west-2", "GET", "/exports/key"];
    let answer = exchange(&bed.proxy.endpoint(), get, "").unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "abc"));
    assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
}

#[test]
fn refusals_have_the_status_code_and_shape_of_their_service() {
    let bed = bed();
    let s3 = LIST;
    let dns = ["route53", "us-east-1", "GET", "/2013-04-01/hostedzone"];
    let iam = ["iam", "us-east-1", "POST", "/"];
    let rows = [
        (Fault::Status503, s3, 503, "<Error><Code>ServiceUnavailable</Code>"),
        (Fault::Status503, dns, 503, "<Type>Receiver</Type><Code>ServiceUnavailable</Code>"),
        (Fault::Status500, s3, 500, "<Error><Code>InternalError</Code>"),
        (Fault::Status500, iam, 500, "<Code>InternalFailure</Code>"),
        (Fault::Throttle, s3, 503, "<Error><Code>SlowDown</Code>"),
        (Fault::Throttle, dns, 400, "<Type>Sender</Type><Code>Throttling</Code>"),
        (Fault::Throttle, iam, 400, "<Type>Sender</Type><Code>Throttling</Code>"),
        (Fault::Denied403, s3, 403, "<Error><Code>AccessDenied</Code>"),
        (Fault::Denied403, iam, 403, "not authorized to perform: iam:ListRoles because"),
        (Fault::Denied403, dns, 403, "route53:ListHostedZones"),
        (Fault::Expired, s3, 400, "<Error><Code>ExpiredToken</Code>"),
        (Fault::Expired, iam, 403, "<Type>Sender</Type><Code>ExpiredToken</Code>"),
    ];
    for (fault, call, status, text) in rows {
        let rule = bed.proxy.inject(Rule::new(fault.clone()));
        let answer = exchange(&bed.proxy.endpoint(), call, "Action=ListRoles").unwrap();
        assert_eq!(answer.status, status, "{fault:?} {call:?}");
        assert!(answer.body.contains(text), "{fault:?} {call:?}: {}", answer.body);
        bed.proxy.remove(rule);
    }
    assert_eq!(bed.proxy.ledger().count(|entry| entry.server.is_some()), 0);
}

#[test]
fn nth_picks_among_the_calls_that_a_rule_is_about() {
    let bed = bed();
    let rows = [
        (Nth::All, [503, 503, 503, 503]),
        (Nth::Exactly(2), [200, 503, 200, 200]),
        (Nth::EveryOther, [503, 200, 503, 200]),
        (Nth::First(2), [503, 503, 200, 200]),
        (Nth::After(3), [200, 200, 200, 503]),
    ];
    for (nth, expected) in rows {
        let rule = bed.proxy.inject(Rule::new(Fault::Status503).operation("ListBuckets").nth(nth));
        let seen = expected.map(|_| {
            // A call that the rule is not about does not count.
            let put = exchange(&bed.proxy.endpoint(), PUT, "data").unwrap();
            assert_eq!(put.status, 200);
            exchange(&bed.proxy.endpoint(), LIST, "").unwrap().status
        });
        assert_eq!(seen, expected, "{nth:?}");
        bed.proxy.remove(rule);
    }
}

#[test]
fn losing_a_region_and_losing_the_global_plane_at_home_in_it_are_two_cases() {
    let bed = bed();
    let endpoint = bed.proxy.endpoint();
    let east = ["s3", "us-east-1", "GET", "/"];
    let dns = ["route53", "us-east-1", "GET", "/2013-04-01/hostedzone"];
    let rule = bed.proxy.inject(Rule::new(Fault::Reset).region("us-east-1").regional());
    assert!(exchange(&endpoint, east, "").is_err());
    assert_eq!(exchange(&endpoint, dns, "").unwrap().status, 200);
    bed.proxy.remove(rule);
    bed.proxy.inject(Rule::new(Fault::Reset).region("us-east-1").global());
    assert_eq!(exchange(&endpoint, east, "").unwrap().status, 200);
    assert!(exchange(&endpoint, dns, "").is_err());
    let global = bed.proxy.ledger().count(|entry| entry.plane == Plane::Global);
    assert_eq!(global, 2);
}
