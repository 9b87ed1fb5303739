//! What a service has told last, kept for a moment: in a rush very many browsers look at the same at the same time. Only for
//! what a page shows. What is ordered is asked anew, and decided by the service that has it.

use std::{
    hash::Hash,
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::Remembered;

/// Answers by what was asked for, each with when that was.
#[derive(Debug)]
pub(crate) struct Lately<K, V> {
    known: Remembered<K, (Instant, Arc<V>)>,
}

impl<K: Eq + Hash, V> Lately<K, V> {
    /// Keeps the answers to so many questions at most.
    pub(crate) fn new(most: usize) -> Self {
        Self { known: Remembered::new(most) }
    }

    /// What was told at most so long ago, or else is told now. A failure is not kept.
    ///
    /// # Errors
    /// That of asking.
    pub(crate) async fn told<E>(
        &self,
        key: K,
        oldest: Duration,
        ask: impl Future<Output = Result<V, E>>,
    ) -> Result<Arc<V>, E> {
        let now = Instant::now();
        if let Some((at, told)) = self.known.get(&key)
            && now - at < oldest
        {
            return Ok(told);
        }
        let told = Arc::new(ask.await?);
        self.known.put(key, (now, told.clone()));
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_told_is_kept_for_a_moment_and_a_failure_is_not() {
        let lately = Lately::new(2);
        let (long, never) = (Duration::from_secs(3600), Duration::ZERO);
        let told = async |oldest, answer: Result<u32, &'static str>| {
            lately.told("menu", oldest, async { answer }).await.map(|told| *told)
        };
        assert_eq!(told(long, Err("away")).await, Err("away"));
        assert_eq!(told(long, Ok(1)).await, Ok(1));
        assert_eq!(told(long, Ok(2)).await, Ok(1), "it was told a moment ago");
        assert_eq!(told(never, Ok(3)).await, Ok(3), "who orders is told anew");
        assert_eq!(told(long, Ok(4)).await, Ok(3), "and so is whoever looks after that");
        assert_eq!(told(never, Err("away")).await, Err("away"), "what was is no answer to who orders");
    }
}
