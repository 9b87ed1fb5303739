//! Combining: requests of one kind that wait at the same moment are served in one transaction. However many they
//! are, it begins and commits once, and what all of them need is read and written in one statement each.
//!
//! Decides nothing: the work is the service's. It must leave no trace of an item that it refuses, because the
//! others of its batch are committed.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{BoxFuture, Code, Coded, Context, Db, Tasks, Tx};

/// Before it takes the queue, the counter lets those in who are at the door.
const LET_IN: usize = 4;

/// So long an item waits for its turn at most, then whoever asked is told to come again: well before anybody who asks gives
/// up by themselves. A queue that is bounded by its length alone says nothing while whoever serves it stands still.
const LONGEST: Duration = Duration::from_secs(4);

/// The turn of an item that waits. Either it comes, or who asked has waited too long: never both, so that nobody is sent
/// away who is served all the same.
#[derive(Clone, Debug, Default)]
pub struct Turn(Arc<AtomicBool>);

impl Turn {
    /// It comes; false: who asked has been sent away.
    #[must_use]
    pub fn comes(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }

    /// Waits for the answer. An item whose turn does not come in time is not served any more.
    ///
    /// # Errors
    /// [`Unserved::Busy`] when it has waited too long, [`Unserved::Interrupted`] when nobody will answer.
    pub async fn answered<T>(&self, answer: oneshot::Receiver<T>) -> Result<T, Unserved> {
        self.within(LONGEST, answer).await
    }

    async fn within<T>(&self, longest: Duration, mut answer: oneshot::Receiver<T>) -> Result<T, Unserved> {
        let answered = match tokio::time::timeout(longest, &mut answer).await {
            Err(_) if self.comes() => return Err(Unserved::Busy),
            Err(_) => answer.await,
            Ok(answered) => answered,
        };
        answered.map_err(|_| Unserved::Interrupted)
    }
}

/// Why an item was not served at all.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum Unserved {
    /// Too many wait already, or it has waited too long.
    #[error("very many people are asking at this moment; try again in a second")]
    Busy,
    /// The process stops, or the work broke off.
    #[error("the request was interrupted; ask again with the same key")]
    Interrupted,
}

impl Coded for Unserved {
    fn code(&self) -> Code {
        match self {
            Self::Busy => Code::ResourceExhausted,
            Self::Interrupted => Code::Unavailable,
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Something that is asked for.
pub trait Keyed: Clone + Send + Sync + 'static {
    /// Two items with the same key are not served in the same batch: the later one sees what became of the first.
    fn batch_key(&self) -> Uuid;
}

/// Parts a refusal, which concerns one item alone, from a fault, which ends the whole batch.
///
/// # Errors
/// The fault.
pub fn refused_or_broken<O, E: Coded>(answer: Result<O, E>) -> Result<Result<O, E>, E> {
    match answer {
        Err(fault) if matches!(fault.code(), Code::Internal | Code::Unavailable) => Err(fault),
        answer => Ok(answer),
    }
}

/// Serves a batch of items with different keys: an answer for each, in their order. An error means that nothing was
/// done for any of them.
type Work<I, O, E> =
    Arc<dyn for<'t> Fn(&'t mut Tx, &'t [I]) -> BoxFuture<'t, Result<Vec<Result<O, E>>, E>> + Send + Sync>;

struct Waiting<I, O, E> {
    item: I,
    turn: Turn,
    reply: oneshot::Sender<Result<O, E>>,
}

/// The way into the queue.
pub struct Combiner<I, O, E> {
    queue: mpsc::Sender<Waiting<I, O, E>>,
}

impl<I, O, E> Clone for Combiner<I, O, E> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<I, O, E> std::fmt::Debug for Combiner<I, O, E> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Combiner").finish_non_exhaustive()
    }
}

impl<I, O, E> Combiner<I, O, E>
where
    I: Keyed,
    O: Send + 'static,
    E: Coded + From<sqlx::Error> + From<Unserved> + Send + 'static,
{
    /// Serves up to `most` items at once; `may_wait` more may wait, and whoever comes then is told so at once. Nobody waits
    /// for their turn for longer than a few seconds.
    pub fn start(
        context: &Context,
        may_wait: usize,
        most: usize,
        work: impl for<'t> Fn(&'t mut Tx, &'t [I]) -> BoxFuture<'t, Result<Vec<Result<O, E>>, E>> + Send + Sync + 'static,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(may_wait);
        let counter = Counter { db: context.db.clone(), tasks: context.tasks.clone(), most, work: Arc::new(work) };
        context.tasks.spawn_until_stop(counter.serve_all(waiting));
        Self { queue }
    }

    /// Has an item served together with all others that wait.
    ///
    /// # Errors
    /// What the work answers for it, or why it was not served.
    pub async fn run(&self, item: I) -> Result<O, E> {
        let (reply, answer) = oneshot::channel();
        let turn = Turn::default();
        self.queue.try_send(Waiting { item, turn: turn.clone(), reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unserved::Busy,
            mpsc::error::TrySendError::Closed(_) => Unserved::Interrupted,
        })?;
        turn.answered(answer).await?
    }
}

/// Where it is served.
struct Counter<I, O, E> {
    db: Db,
    tasks: Tasks,
    most: usize,
    work: Work<I, O, E>,
}

impl<I, O, E> Counter<I, O, E>
where
    I: Keyed,
    O: Send + 'static,
    E: Coded + From<sqlx::Error> + From<Unserved> + Send + 'static,
{
    async fn serve_all(self, mut queue: mpsc::Receiver<Waiting<I, O, E>>) {
        let mut waiting = Vec::new();
        loop {
            if waiting.is_empty() {
                let Some(first) = queue.recv().await else { return };
                waiting.push(first);
            }
            for _ in 0..LET_IN {
                tokio::task::yield_now().await;
            }
            while waiting.len() < self.most
                && let Ok(next) = queue.try_recv()
            {
                waiting.push(next);
            }
            let mut keys = HashSet::new();
            // Whoever has gone away is not served.
            let here = waiting.into_iter().filter(|it| !it.reply.is_closed());
            let (mut batch, later): (Vec<_>, Vec<_>) = here.partition(|it| keys.insert(it.item.batch_key()));
            waiting = later;
            batch.retain(|it| it.turn.comes());
            if !batch.is_empty() {
                self.serve(batch).await;
            }
        }
    }

    /// Serves a batch; if that fails as a whole, each by itself: one that cannot be served must not keep the others.
    async fn serve(&self, batch: Vec<Waiting<I, O, E>>) {
        let (items, replies): (Vec<I>, Vec<_>) = batch.into_iter().map(|it| (it.item, it.reply)).unzip();
        match self.transact(items.clone()).await {
            Ok(answers) => replies.into_iter().zip(answers).for_each(|(reply, answer)| {
                // Whoever has gone away asks again with the same key.
                let _ = reply.send(answer);
            }),
            Err(error) if items.len() > 1 => {
                tracing::debug!(%error, items = items.len(), "a batch was not served; each is served by itself");
                for (item, reply) in items.into_iter().zip(replies) {
                    let alone = self.transact(vec![item]).await;
                    let _ = reply
                        .send(alone.and_then(|mut answers| {
                            answers.pop().unwrap_or_else(|| Err(Unserved::Interrupted.into()))
                        }));
                }
            }
            Err(error) => {
                let mut error = Some(error);
                for reply in replies {
                    let _ = reply.send(Err(error.take().unwrap_or_else(|| Unserved::Interrupted.into())));
                }
            }
        }
    }

    /// In a task of its own: a panic ends this batch, not the counter.
    async fn transact(&self, items: Vec<I>) -> Result<Vec<Result<O, E>>, E> {
        let (db, work) = (self.db.clone(), self.work.clone());
        let served = self.tasks.spawn(async move {
            db.transact(move |tx| {
                Box::pin(async move {
                    let mut answers = work(tx, &items).await?;
                    if !answers.iter().any(Result::is_err) {
                        return Ok(answers);
                    }
                    if answers.len() == 1 {
                        return answers
                            .pop()
                            .unwrap_or_else(|| Err(Unserved::Interrupted.into()))
                            .map(|it| vec![Ok(it)]);
                    }
                    // A refusal that a constraint has spoken has spoiled the transaction: PostgreSQL would answer the
                    // commit with a rollback and no error.
                    sqlx::query("select 1").execute(tx.conn()).await?;
                    Ok(answers)
                })
            })
            .await
        });
        served.await.unwrap_or_else(|_| Err(Unserved::Interrupted.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_too_long_is_sent_away_and_never_served() {
        let (reply, answer) = oneshot::channel::<u8>();
        let turn = Turn::default();
        let told = turn.within(Duration::ZERO, answer).await;
        assert!(matches!(told, Err(Unserved::Busy)), "{told:?}");
        assert!(!turn.comes() && reply.is_closed(), "and nothing is done for them");
    }

    #[tokio::test]
    async fn whose_turn_has_come_gets_the_answer_however_long_it_takes() {
        let (reply, answer) = oneshot::channel();
        let turn = Turn::default();
        assert!(turn.comes());
        let served = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            reply.send(7).expect("they are there");
        };
        let (told, ()) = tokio::join!(turn.within(Duration::ZERO, answer), served);
        assert!(matches!(told, Ok(7)), "{told:?}");
    }
}
