//! `Ctx`: the only way by which a kind awaits an API.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument as _;

use crate::call::{Access, Call};
use crate::failure::{Class, Failure};
use crate::future::BoxFuture;
use crate::scope::Scope;
use crate::session::{Guard, Interrupt, Purpose, Session};

/// Told the id of an object as soon as the API answers, before any wait or tag call.
pub trait IdentifiedSink: Send + Sync {
    /// Writes it to the journal.
    fn identified<'a>(
        &'a self,
        address: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// The context of calls.
#[derive(Clone)]
pub struct Ctx {
    session: Arc<Session>,
    access: Access,
    sink: Option<Arc<dyn IdentifiedSink>>,
}

impl fmt::Debug for Ctx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx").field("access", &self.access).finish_non_exhaustive()
    }
}

/// What became of the attempts of one call, for the log.
#[derive(Default)]
struct Made {
    /// Attempts that were made.
    requests: u32,
    /// How long they waited for a permit and for the rate.
    waited: Duration,
}

/// Attempts of one call by what failed.
fn attempts(purpose: Purpose, class: Class) -> u32 {
    match (purpose, class) {
        (Purpose::Refresh, Class::Throttled) => 4,
        (Purpose::Refresh, _) => 2,
        (Purpose::Apply, Class::Throttled | Class::Conflict) => 10,
        (Purpose::Apply, _) => 4,
    }
}

impl Ctx {
    /// A context that cannot change anything: every call with [`Access::Write`] is refused
    /// before it is made.
    pub fn read_only(session: Arc<Session>) -> Self {
        Self { session, access: Access::Read, sink: None }
    }

    /// A context that may change things and tells new ids to `sink`.
    pub fn writing(session: Arc<Session>, sink: Arc<dyn IdentifiedSink>) -> Self {
        Self { session, access: Access::Write, sink: Some(sink) }
    }

    /// The guards.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Makes a call: breaker, permit, rate, deadline, attempts, tracing. `make` is called once
    /// per attempt and must do nothing but that call.
    ///
    /// # Errors
    /// The last attempt's failure, with the call and the scope.
    pub async fn call<T, F, Fut>(
        &self,
        call: &'static Call,
        scope: &Scope,
        make: F,
    ) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let span = tracing::info_span!(
            "call",
            service = call.service,
            operation = call.operation,
            region = %scope.location,
            attempts = tracing::field::Empty,
            outcome = tracing::field::Empty,
            duration_ms = tracing::field::Empty,
            waited_ms = tracing::field::Empty,
        );
        let mut made = Made::default();
        let result = self.attempts(call, scope, make, &mut made).instrument(span.clone()).await;
        span.record("attempts", made.requests);
        span.record("outcome", outcome(result.as_ref().err()).as_str());
        span.record("duration_ms", ms(begun));
        span.record("waited_ms", u64::try_from(made.waited.as_millis()).unwrap_or(u64::MAX));
        result.map_err(|f| f.of(call, scope))
    }

    async fn attempts<T, F, Fut>(
        &self,
        call: &'static Call,
        scope: &Scope,
        make: F,
        made: &mut Made,
    ) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        if call.access == Access::Write && self.access == Access::Read {
            let text = "this run may only read; a changing call was refused before it was made";
            return Err(Failure::new(Class::Other, text));
        }
        let guard = self.session.guard(scope);
        let begun = Instant::now();
        let mut attempt = 0;
        let mut before: Option<Failure> = None;
        loop {
            attempt += 1;
            let left = guard.limits.operation.saturating_sub(begun.elapsed());
            let result = self.attempt(call, &guard, begun, &make, made).await;
            let failure = match (result, before.take()) {
                (Ok(answer), _) => {
                    tracing::debug!(attempt, ms = ms(begun), "answered");
                    return Ok(answer);
                }
                // Cut short because the operation's time was over: what was answered before says
                // more than that nothing was answered now.
                (Err(failure), Some(before))
                    if call.access == Access::Read
                        && failure.class == Class::Unreachable
                        && !guard.budgeted()
                        && left < guard.limits.attempt =>
                {
                    return Err(before);
                }
                (Err(failure), _) => failure.of(call, scope),
            };
            tracing::debug!(attempt, ms = ms(begun), class = ?failure.class, code = failure.code, "failed");
            let unanswered = guard.hurried && failure.class == Class::Unreachable;
            let purpose = if unanswered { Purpose::Refresh } else { self.session.purpose() };
            let last = attempt >= attempts(purpose, failure.class);
            if last || !failure.retryable() || failure.in_doubt() {
                return Err(failure);
            }
            let pause = Duration::from_millis(100 << attempt.min(6));
            if guard.budgeted() {
                guard.waste(pause.min(guard.remaining()));
            } else if begun.elapsed() + pause > guard.limits.operation {
                return Err(failure);
            }
            self.wait(pause).await?;
            before = Some(failure);
        }
    }

    async fn attempt<T, F, Fut>(
        &self,
        call: &'static Call,
        guard: &Guard,
        begun: Instant,
        make: &F,
        made: &mut Made,
    ) -> Result<T, Failure>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        let write = call.access == Access::Write;
        let asked = Instant::now();
        let _entered = guard.enter(write).await?;
        made.waited += asked.elapsed();
        if write && self.session.is_closed() {
            let text = "what it does could not be recorded any more, so it was not made";
            return Err(Failure::new(Class::NotTried, text));
        }
        made.requests += 1;
        let limit = if guard.budgeted() {
            guard.limits.attempt.min(guard.remaining())
        } else if guard.hurried {
            match (guard.is_silent(), write) {
                (true, _) => AGAIN,
                (false, false) => guard.limits.attempt.min(HURRIED),
                (false, true) => guard.limits.operation.min(HURRIED_CHANGE),
            }
        } else if write {
            // A changing call is dropped late: its outcome would be in doubt.
            (guard.limits.attempt * 4).min(guard.limits.operation)
        } else {
            guard.limits.attempt.min(guard.limits.operation.saturating_sub(begun.elapsed()))
        };
        let started = Instant::now();
        let mut interrupt = self.session.interrupt();
        let result = tokio::select! {
            biased;
            result = tokio::time::timeout(limit, make()) => result.unwrap_or_else(|_| {
                let text = format!("no answer within {:.1} s", limit.as_secs_f64());
                Err(Failure::new(Class::Unreachable, text))
            }),
            () = stopped(&mut interrupt) => {
                Err(Failure::new(Class::Interrupted, "the run was interrupted"))
            }
        };
        guard.record(started.elapsed(), result.as_ref().err());
        result
    }

    /// Waits between two looks at something; the first interrupt ends it.
    ///
    /// # Errors
    /// [`Class::Interrupted`]
    pub async fn wait(&self, time: Duration) -> Result<(), Failure> {
        let mut interrupt = self.session.interrupt();
        tokio::select! {
            biased;
            () = finishing(&mut interrupt) => {
                Err(Failure::new(Class::Interrupted, "the run was interrupted while waiting"))
            }
            () = tokio::time::sleep(time) => Ok(()),
        }
    }

    /// Tells the journal the id of a new object, before anything else is awaited.
    ///
    /// # Errors
    /// The journal could not be written: nothing more may be done.
    pub async fn identified(&self, address: &str, id: &str) -> Result<(), Failure> {
        match &self.sink {
            Some(sink) => sink.identified(address, id).await,
            None => Ok(()),
        }
    }

    /// A listing that several reads of a scope share. While refreshing it is made once, also
    /// where many ask at the same time; while applying every call makes it anew.
    ///
    /// # Errors
    /// What `make` failed with, for all who asked.
    pub async fn shared<T, F, Fut>(
        &self,
        scope: &Scope,
        key: &str,
        make: F,
    ) -> Result<Arc<T>, Failure>
    where
        T: Any + Send + Sync,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        if self.session.purpose() == Purpose::Apply {
            return make().await.map(Arc::new);
        }
        let cell = self.session.cache().cell(scope, key);
        let made = cell
            .get_or_init(|| async move {
                make().await.map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>)
            })
            .await
            .clone()?;
        made.downcast().map_err(|_| Failure::new(Class::Other, "a cached listing has another type"))
    }
}

/// How long a reading attempt may take where a region may be lost and others wait for it.
const HURRIED: Duration = Duration::from_secs(3);

/// The same of a change, which has longer: slow is not lost. It is read back then, and the next command
/// goes on without the region.
const HURRIED_CHANGE: Duration = Duration::from_secs(4);

/// The same after one that was not answered there.
const AGAIN: Duration = Duration::from_secs(1);

/// How a call ended, for the log: `ok`, or the class of its failure with the API's code.
fn outcome(failure: Option<&Failure>) -> String {
    match failure {
        None => "ok".to_owned(),
        Some(Failure { class, code: Some(code), .. }) => format!("{class:?} ({code})"),
        Some(Failure { class, .. }) => format!("{class:?}"),
    }
}

fn ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

async fn at_least(interrupt: &mut tokio::sync::watch::Receiver<Interrupt>, level: Interrupt) {
    if interrupt.wait_for(|now| *now >= level).await.is_err() {
        // Nobody can interrupt any more.
        std::future::pending::<()>().await;
    }
}

async fn finishing(interrupt: &mut tokio::sync::watch::Receiver<Interrupt>) {
    at_least(interrupt, Interrupt::Finish).await;
}

async fn stopped(interrupt: &mut tokio::sync::watch::Receiver<Interrupt>) {
    at_least(interrupt, Interrupt::Stop).await;
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, PoisonError};

    use tracing_subscriber::fmt::format::FmtSpan;

    use super::*;
    use crate::scope::Location;

    const GET: Call = Call::read("s3", "GetBucketPolicy", "s3:GetBucketPolicy");
    const PUT: Call = Call::write("s3", "PutBucketPolicy", "s3:PutBucketPolicy");

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn scope() -> Scope {
        Scope {
            provider: "aws".into(),
            account: "123456789012".into(),
            location: Location::Region("us-east-1".into()),
            service: "s3".into(),
        }
    }

    /// A line of the log for each call, at the level info.
    async fn logged(call: &'static Call, answers: &[Result<(), Failure>]) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::INFO)
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(move || writer.clone())
            .finish();
        let scope = scope();
        let left = Mutex::new(answers.iter().rev().cloned().collect::<Vec<_>>());
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or(Ok(()));
        let ctx = Ctx::read_only(Arc::new(Session::new(Purpose::Apply)));
        let guard = tracing::subscriber::set_default(subscriber);
        drop(ctx.call(call, &scope, || std::future::ready(next())).await);
        drop(guard);
        let bytes = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_answered_counts_where_the_last_attempt_had_no_time_left() {
        let session = Session::new(Purpose::Apply);
        let operation = Duration::from_secs(1);
        session.limit("aws", crate::Limits { operation, ..crate::Limits::default() });
        let ctx = Ctx::read_only(Arc::new(session));
        let tries = AtomicU32::new(0);
        let throttled_twice = || async {
            if tries.fetch_add(1, Ordering::Relaxed) < 2 {
                return Err::<(), _>(Failure::new(Class::Throttled, "slow").code("SlowDown"));
            }
            std::future::pending().await
        };
        let failure = ctx.call(&GET, &scope(), throttled_twice).await.unwrap_err();
        assert_eq!((tries.into_inner(), failure.class), (3, Class::Throttled));
    }

    /// Takes ids and does nothing with them.
    struct Deaf;

    impl IdentifiedSink for Deaf {
        fn identified<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_region_that_others_wait_for_is_dropped_early_and_others_are_not() {
        let took = async |hurried: &str, call: &'static Call| {
            let session = Session::new(Purpose::Apply).hurry(Some(hurried.to_owned()));
            let ctx = Ctx::writing(Arc::new(session), Arc::new(Deaf));
            let begun = Instant::now();
            let silent = std::future::pending::<Result<(), Failure>>;
            assert_eq!(
                ctx.call(call, &scope(), silent).await.unwrap_err().class,
                Class::Unreachable
            );
            begun.elapsed().as_millis()
        };
        // Of a change nobody knows whether it was made: it is not tried again.
        assert_eq!([took("us-east-1", &PUT).await, took("us-west-2", &PUT).await], [4000, 20_000]);
        // A read is tried once more, after a pause, and is waited for less.
        assert_eq!(took("us-east-1", &GET).await, 4200);
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_has_a_line_with_the_end_of_each_call() {
        let throttled = || Err(Failure::new(Class::Throttled, "slow").code("SlowDown"));
        let line = logged(&GET, &[throttled(), throttled(), Ok(())]).await;
        let call = "service=\"s3\" operation=\"GetBucketPolicy\" region=us-east-1";
        assert!(line.contains(call), "{line}");
        assert!(line.contains("attempts=3 outcome=\"ok\" duration_ms=600 waited_ms=0"), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        let gone = Err(Failure::new(Class::NotFound, "none").code("NoSuchBucket"));
        let line = logged(&GET, &[gone]).await;
        assert!(line.contains("attempts=1 outcome=\"NotFound (NoSuchBucket)\""), "{line}");
        let line = logged(&PUT, &[]).await;
        assert!(line.contains("attempts=0 outcome=\"Other\" duration_ms=0"), "{line}");
    }
}
