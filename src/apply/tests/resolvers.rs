//! Resolvers that still hold the old answer, ignore its TTL, change their mind, know nothing or are dead: what
//! is told of them, and that they hold nobody up. Real sockets on loopback, and real time.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lifeboat_sdk::context::IdentifiedSink;
use lifeboat_sdk::future::BoxFuture;
use lifeboat_sdk::{Class, Ctx, Failure, Interrupt, Purpose, Session, Value};
use simple_dns::rdata::{A, CNAME, RData};
use simple_dns::{CLASS, Name, Packet, RCODE, ResourceRecord};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::apply::act::Deed;
use crate::plan::{Act, Task};

const OLD: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const NEW: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// Of a name that stands for the new primary.
const OF_ALIAS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 3);

/// What a resolver sends back.
#[derive(Clone, Debug)]
enum Reply {
    /// This address, for so many seconds.
    With(Ipv4Addr, u32),
    /// An answer to another question with the new address, and then this.
    Forged(Box<Reply>),
    /// This name stands for the name.
    Name(&'static str),
    NoSuchName,
    Nothing,
}

/// A resolver that answers for `www` as it is told, by the number of the question, and knows the alias. It
/// ends with the process.
fn resolver(replies: impl Fn(usize) -> Reply + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        let mut number = 0;
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { return };
            let query = Packet::parse(&buffer[..length]).unwrap();
            let alias = query.questions[0].qname.to_string().starts_with("lb.");
            let mut reply = if alias { Reply::With(OF_ALIAS, 60) } else { replies(number) };
            number += usize::from(!alias);
            if let Reply::Forged(then) = reply {
                let other = answer(&query, query.id().wrapping_add(1), &Reply::With(NEW, 1));
                socket.send_to(&other.unwrap(), from).unwrap();
                reply = *then;
            }
            if let Some(bytes) = answer(&query, query.id(), &reply) {
                socket.send_to(&bytes, from).unwrap();
            }
        }
    });
    at
}

fn answer(query: &Packet<'_>, id: u16, reply: &Reply) -> Option<Vec<u8>> {
    let mut packet = Packet::new_reply(id);
    packet.questions.clone_from(&query.questions);
    match reply {
        Reply::With(ip, ttl) => {
            let (name, data) = (query.questions[0].qname.clone(), A { address: (*ip).into() });
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, *ttl, RData::A(data)));
        }
        Reply::Name(to) => {
            let (name, data) = (query.questions[0].qname.clone(), CNAME(Name::new(to).unwrap()));
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, 60, RData::CNAME(data)));
        }
        Reply::NoSuchName => *packet.rcode_mut() = RCODE::NameError,
        Reply::Nothing | Reply::Forged(_) => return None,
    }
    Some(packet.build_bytes_vec().unwrap())
}

/// Nothing is made here whose id had to be kept.
struct Unheard;

impl IdentifiedSink for Unheard {
    fn identified<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }
}

/// What a promotion from `east` to `west` asks of these, for so many seconds.
fn deed(all: &[SocketAddr], limit: u64) -> Deed {
    let text = |text: String| Value::string(text);
    let values =
        |ip: Ipv4Addr| Value::object([("values".into(), Value::tuple(vec![text(ip.to_string())]))]);
    let alias = Value::object([("alias".into(), Value::string("lb.example.net"))]);
    let answers = [("east", values(OLD)), ("west", values(NEW)), ("north", alias)];
    let answers = answers.map(|(region, by)| (region.into(), by));
    let resolvers = all.iter().map(|at| text(at.to_string())).collect();
    let arguments = Value::object([
        ("name".into(), Value::string("www.example.com.")),
        ("type".into(), Value::string("A")),
        ("from".into(), Value::string("east")),
        ("to".into(), Value::string("west")),
        ("resolvers".into(), Value::tuple(resolvers)),
        ("answers".into(), Value::object(answers)),
    ]);
    let task = Task {
        about: "resolvers.www".into(),
        arguments,
        limit: Duration::from_secs(limit),
        optional: true,
        on: None,
    };
    let (act, kind, root) = (Act::Resolve, None, PathBuf::new());
    Deed { act, task, kind, token: "token".into(), root }
}

/// What came of it, what was said meanwhile, and how long it took.
async fn watched(all: &[SocketAddr], limit: u64) -> (Value, Vec<String>, Duration) {
    let (begun, said) = (Instant::now(), Mutex::new(Vec::new()));
    let ctx = Ctx::writing(Arc::new(Session::new(Purpose::Apply)), Arc::new(Unheard));
    let say = |text| said.lock().unwrap().push(text);
    let told = deed(all, limit).perform(&ctx, None, &say).await.unwrap();
    (told, said.into_inner().unwrap(), begun.elapsed())
}

fn how(told: &Value) -> &str {
    told.get("how").and_then(Value::as_str).unwrap()
}

/// What is kept of one of them.
fn kept(told: &Value, number: usize) -> &Value {
    &told.get("resolvers").and_then(Value::items).unwrap()[number]
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn millis(value: &Value, name: &str) -> Option<i64> {
    value.get(name).and_then(Value::as_i64)
}

#[tokio::test]
async fn who_holds_the_old_answer_is_watched_until_its_ttl_is_over() {
    let begun = Instant::now();
    let holds = resolver(move |_| match begun.elapsed().as_secs() {
        0..2 => Reply::With(OLD, 2),
        _ => Reply::With(NEW, 60),
    });
    let moves = resolver(|_| Reply::With(NEW, 60));
    let (told, said, took) = watched(&[holds, moves], 60).await;
    assert!(said.iter().any(|it| it.contains("1 still answers with east")), "{said:?}");
    assert!(said.iter().any(|it| it.contains("by its TTL for ")), "{said:?}");
    assert!(
        how(&told).starts_with("of 2 resolvers 2 answer with west, the last after "),
        "{told:?}"
    );
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(30), "{took:?}");
    let [first, second] = [0, 1].map(|number| kept(&told, number));
    for one in [first, second] {
        assert_eq!((text(one, "region"), millis(one, "left")), (Some("west"), None), "{told:?}");
    }
    // Who moved first has done so longer ago.
    let ago = |one| millis(one, "moved_ago").unwrap();
    assert!(ago(second) > ago(first) + 1000, "{told:?}");
}

#[tokio::test]
async fn who_ignores_a_ttl_is_told_as_old_when_the_limit_is_over() {
    let stubborn = resolver(|_| Reply::With(OLD, 600));
    let (told, _, took) = watched(&[stubborn], 3).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(how(&told).starts_with("of 1 resolver 1 still answers with east; by its TTL for "));
    let one = kept(&told, 0);
    assert_eq!((text(one, "region"), millis(one, "moved_ago")), (Some("east"), None));
    let left = millis(one, "left").unwrap();
    assert!((500_000..=600_000).contains(&left), "{left}");
}

#[tokio::test]
async fn who_changes_its_mind_has_moved_when_it_did_for_good() {
    // Several caches behind one address.
    let several = resolver(|number| match number {
        1 => Reply::With(OLD, 1),
        _ => Reply::With(NEW, 60),
    });
    let (told, said, took) = watched(&[several], 60).await;
    assert!(said.iter().any(|it| it.contains("1 still answers with east")), "{said:?}");
    let ago = millis(kept(&told, 0), "moved_ago").unwrap();
    assert!(took > Duration::from_millis(u64::try_from(ago).unwrap() + 1000), "{took:?} {ago}");
}

#[tokio::test]
async fn who_tells_nothing_is_unknown_with_a_reason_and_holds_nobody_up() {
    let closed = {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap()
    };
    let all = [
        closed,
        resolver(|_| Reply::NoSuchName),
        resolver(|_| Reply::With(Ipv4Addr::new(198, 51, 100, 7), 60)),
        resolver(|_| Reply::Nothing),
    ];
    let (told, said, took) = watched(&all, 600).await;
    assert_eq!(how(&told), "of 4 resolvers 0 answer with west, 4 unknown");
    assert!(said.is_empty() && took < Duration::from_secs(60), "{said:?} {took:?}");
    let whys = [0, 1, 2, 3].map(|number| text(kept(&told, number), "unknown").unwrap());
    let [_, name, region, nothing] = whys;
    assert!(name.contains("NXDOMAIN") && region.contains("198.51.100.7"), "{whys:?}");
    assert!(nothing.contains("no answer within 2 s"), "{whys:?}");
}

/// What others told is kept.
#[tokio::test]
async fn who_is_slow_when_the_limit_is_over_is_not_waited_for() {
    let (stubborn, silent) = (resolver(|_| Reply::With(OLD, 600)), resolver(|_| Reply::Nothing));
    let (told, _, took) = watched(&[stubborn, silent], 1).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(text(kept(&told, 0), "region"), Some("east"), "{told:?}");
    assert_eq!(text(kept(&told, 1), "region"), None, "{told:?}");
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let forged = resolver(|_| Reply::Forged(Box::new(Reply::With(OLD, 600))));
    let (told, ..) = watched(&[forged], 2).await;
    assert_eq!(text(kept(&told, 0), "region"), Some("east"), "{told:?}");
}

#[tokio::test]
async fn an_alias_is_told_by_what_the_resolver_answers_for_its_target() {
    let knows = resolver(|_| Reply::With(OF_ALIAS, 30));
    let (told, _, took) = watched(&[knows], 600).await;
    assert_eq!(text(kept(&told, 0), "region"), Some("north"), "{told:?}");
    assert!(took < Duration::from_secs(60), "it has left the old region: {took:?}");
    assert!(how(&told).ends_with("1 answers with another region"), "{told:?}");
}

#[tokio::test]
async fn a_name_that_stands_for_a_name_is_compared_whatever_its_case() {
    let named = resolver(|_| Reply::Name("West.Example.NET."));
    let mut deed = deed(&[named], 60);
    let west = Value::tuple(vec![Value::string("west.example.net")]);
    let west = Value::object([("values".into(), west)]);
    let answers = Value::object([("west".into(), west)]);
    let arguments = deed.task.arguments.with("type", Value::string("CNAME"));
    deed.task.arguments = arguments.with("answers", answers);
    let ctx = Ctx::writing(Arc::new(Session::new(Purpose::Apply)), Arc::new(Unheard));
    let told = deed.perform(&ctx, None, &|_| {}).await.unwrap();
    assert_eq!(text(kept(&told, 0), "region"), Some("west"), "{told:?}");
}

#[tokio::test]
async fn who_falls_silent_after_its_ttl_is_not_waited_for() {
    let silent = resolver(|number| match number {
        0 => Reply::With(OLD, 1),
        _ => Reply::Nothing,
    });
    let (told, _, took) = watched(&[silent], 600).await;
    assert!(took < Duration::from_secs(60), "{took:?}");
    let one = kept(&told, 0);
    assert_eq!((text(one, "region"), millis(one, "left")), (Some("east"), Some(0)), "{told:?}");
}

#[tokio::test]
async fn an_interrupt_ends_it_with_what_is_known() {
    let stubborn = resolver(|_| Reply::With(OLD, 600));
    let (interrupt, hears) = watch::channel(Interrupt::None);
    let session = Session::interruptible(Purpose::Apply, hears);
    let ctx = Ctx::writing(Arc::new(session), Arc::new(Unheard));
    let (deed, begun) = (deed(&[stubborn], 600), Instant::now());
    // As soon as it is known.
    let say = |_| interrupt.send(Interrupt::Finish).unwrap();
    let told = deed.perform(&ctx, None, &say).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(text(kept(&told, 0), "region"), Some("east"), "{told:?}");
}

#[test]
fn what_could_not_be_asked_at_all_is_a_warning_of_its_own() {
    let why = Failure::new(Class::Unreachable, "it took longer than 10 s");
    assert_eq!(deed(&[], 10).failed(&why).code, "apply::resolvers");
}
