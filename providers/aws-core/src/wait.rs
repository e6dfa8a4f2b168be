//! Waiting until something has become what it should be.

use std::future::Future;
use std::time::Duration;

use lifeboat_sdk::{Class, Ctx, Failure};
use tokio::time::Instant;

/// The first pause between two looks: what takes no longer is not waited for longer. Each is twice the one
/// before, so that it costs two looks more than a first pause of 200 ms.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// Looks until `look` has an answer, with longer and longer pauses, for at most `limit`.
/// `what` ends the sentence "it took too long until …".
///
/// # Errors
/// The first failed look; the limit; an interrupt.
pub async fn until<T, F, Fut>(
    ctx: &Ctx,
    limit: Duration,
    what: &str,
    mut look: F,
) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>, Failure>>,
{
    let end = Instant::now() + limit;
    let mut pause = FIRST;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() + pause > end {
            let text = format!("it took longer than {} s until {what}", limit.as_secs());
            return Err(Failure::new(Class::TooSlow, text));
        }
        ctx.wait(pause).await?;
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use lifeboat_sdk::session::{Purpose, Session};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_an_answer_or_at_the_limit() {
        let ctx = Ctx::read_only(Arc::new(Session::new(Purpose::Apply)));
        let looks = Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            let found = (looks.get() == 4).then_some("done");
            async move { Ok(found) }
        };
        let found = until(&ctx, Duration::from_secs(60), "it is done", look).await.unwrap();
        assert_eq!((found, looks.get()), ("done", 4));
        let never = || async { Ok(None::<()>) };
        let failure = until(&ctx, Duration::from_secs(3), "it is", never).await.unwrap_err();
        assert_eq!(failure.class, Class::TooSlow);
    }
}
