//! Waiting in tests: for an event, with a limit, and with a word for what was waited for.
//!
//! Where nothing announces the event (a process that has to start, a foreign program's answer) this
//! asks again and again; nowhere else in the tests does anything sleep.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How long anything in a test may take. Generous: two slow cores build and test at once.
pub const LIMIT: Duration = Duration::from_secs(45);

/// How long until it is asked again.
const PAUSE: Duration = Duration::from_millis(30);

/// Asks until there is an answer.
pub async fn until<T, F>(what: &str, ask: F) -> Result<T>
where
    F: AsyncFnMut() -> Result<Option<T>>,
{
    within(LIMIT, what, ask).await
}

async fn within<T, F>(limit: Duration, what: &str, mut ask: F) -> Result<T>
where
    F: AsyncFnMut() -> Result<Option<T>>,
{
    let end = Instant::now() + limit;
    loop {
        let problem = match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() > end {
            let problem = problem.map_or_else(String::new, |error| format!(": {error:#}"));
            bail!("waited {} s for {what}{problem}", limit.as_secs());
        }
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_answer_ends_the_wait() {
        let mut asked = 0;
        let answer = until("the third question", async || {
            asked += 1;
            Ok((asked == 3).then_some("here"))
        });
        assert_eq!(answer.await.unwrap(), "here");
    }

    #[tokio::test]
    async fn a_wait_has_an_end_and_says_for_what_it_waited() {
        let never = within(Duration::ZERO, "nothing", async || bail!("not today"));
        let answer: Result<()> = never.await;
        assert_eq!(
            answer.unwrap_err().to_string(),
            "waited 0 s for nothing: not today"
        );
    }
}
