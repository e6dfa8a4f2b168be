//! Many who ask for the name and keep nothing: which share of them is sent where, by the weights of the
//! moment.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lifeboat_testbed::Zone;
use lifeboat_testbed::dns::Bridge;

use super::client::{first, question};
use super::endpoint::region_at;
use crate::scenarios::web::EAST;

/// How many ask at once, and how often.
const ASKING: usize = 20;
const EVERY: Duration = Duration::from_millis(20);

/// How many standard deviations a share may be away from what the weights say. By chance it is more once in
/// two million times.
const TOLERANCE: f64 = 5.0;

/// How many answers make a share.
const ENOUGH: u64 = 200;

/// While these weights were served: answers with the first region, and with the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) weights: [u32; 2],
    pub(super) answers: [u64; 2],
}

impl Step {
    /// The share of the first region by the weights, and as it was seen.
    pub(super) fn shares(&self) -> [f64; 2] {
        let share = |[first, second]: [f64; 2]| first / (first + second).max(1.0);
        #[expect(clippy::cast_precision_loss, reason = "they are counts of a few seconds")]
        let seen = share(self.answers.map(|count| count as f64));
        [share(self.weights.map(f64::from)), seen]
    }

    /// How many answers there were.
    pub(super) fn count(&self) -> u64 {
        self.answers.iter().sum()
    }

    /// How far the share may be from what the weights say.
    pub(super) fn tolerance(&self) -> f64 {
        let [due, _] = self.shares();
        #[expect(clippy::cast_precision_loss, reason = "it is a count of a few seconds")]
        let count = self.count() as f64;
        TOLERANCE * (due * (1.0 - due) / count.max(1.0)).sqrt()
    }

    /// Whether so many were answered that a share means something.
    pub(super) fn has_enough(&self) -> bool {
        self.count() >= ENOUGH
    }

    /// Whether it does, and is as it should be.
    pub(super) fn is_kept(&self) -> bool {
        let [due, seen] = self.shares();
        self.has_enough() && (due - seen).abs() <= self.tolerance()
    }
}

/// They ask until this is dropped.
#[derive(Debug)]
pub(super) struct Crowd {
    steps: Arc<Mutex<Result<Vec<Step>, String>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// They ask the name server of this bridge.
    pub(super) fn start(bridge: &Arc<Bridge>, name: &'static str) -> Self {
        let (steps, over) = (Arc::new(Mutex::new(Ok(Vec::new()))), Arc::<AtomicBool>::default());
        let (enters, ends, bridge) = (Arc::clone(&steps), Arc::clone(&over), Arc::clone(bridge));
        let ask = move || {
            while !ends.load(Ordering::SeqCst) {
                let before = bridge.served();
                let asked = round(bridge.addr(), name);
                let mut steps = enters.lock().unwrap();
                match asked {
                    Ok(answers) if before.is_some() && before == bridge.served() => {
                        let weights = before.and_then(|zone| weights(&zone, name));
                        if let (Some(weights), Ok(steps)) = (weights, steps.as_mut()) {
                            enter(steps, weights, answers);
                        }
                    }
                    // By which weights it was answered nobody knows.
                    Ok(_) => {}
                    Err(error) if steps.is_ok() => *steps = Err(error.to_string()),
                    Err(_) => {}
                }
                drop(steps);
                thread::park_timeout(EVERY);
            }
        };
        let thread = Some(thread::spawn(ask));
        Self { steps, over, thread }
    }

    /// What they were answered, by the weights in the order in which they were served.
    pub(super) fn steps(&self) -> Result<Vec<Step>, String> {
        self.steps.lock().unwrap().clone()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

fn enter(steps: &mut Vec<Step>, weights: [u32; 2], [first, second]: [u64; 2]) {
    match steps.last_mut() {
        Some(last) if last.weights == weights => {
            last.answers = [last.answers[0] + first, last.answers[1] + second];
        }
        _ => steps.push(Step { weights, answers: [first, second] }),
    }
}

/// Each of them asks once.
fn round(server: SocketAddr, name: &str) -> std::io::Result<[u64; 2]> {
    let query = question(name).map_err(std::io::Error::other)?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut answers = [0, 0];
    for _ in 0..ASKING {
        socket.send(&query)?;
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer)?;
        let found = first(&answer[..length]).map_err(std::io::Error::other)?;
        let (ip, _) = found.ok_or_else(|| std::io::Error::other("no address"))?;
        answers[usize::from(region_at(ip) != EAST)] += 1;
    }
    Ok(answers)
}

/// The weights of the two regions by which a zone is answered: `s0 => [ 127.0.0.2, 80 ]`, or the one
/// address of the name.
fn weights(zone: &Zone, name: &str) -> Option<[u32; 2]> {
    let mut weights = [0, 0];
    let mut at = |ip: &str, weight: u32| {
        weights[usize::from(region_at(ip.parse().ok()?) != EAST)] = weight;
        Some(())
    };
    let line = zone.text.lines().find(|line| line.starts_with(name))?;
    if let Some((_, ip)) = line.split_once(" A ") {
        at(ip, 1)?;
    }
    for one in zone.weighted.split('[').skip(1) {
        let (ip, weight) = one.split_once(']')?.0.split_once(',')?;
        at(ip.trim(), weight.trim().parse().ok()?)?;
    }
    Some(weights)
}
