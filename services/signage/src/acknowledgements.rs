//! Displays say that they show something, thousands of them at once in an evacuation: everything that has come
//! is noted in one transaction, and everybody is answered.

use std::{collections::hash_map::Entry, time::Duration};

use kernel::{Context, Db};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use crate::{
    commands::{self, Said},
    error::Error,
};

/// Most that wait; more are told to come again.
const WAITING: usize = 20_000;
/// Most in one transaction.
const BATCH: usize = 1_000;
/// So long others of the same crowd are waited for.
const GATHER: Duration = Duration::from_millis(5);

struct Word {
    display_id: String,
    revision: i64,
    answer: oneshot::Sender<Result<(), Status>>,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Acknowledgements(mpsc::Sender<Word>);

impl Acknowledgements {
    /// Begins to take them.
    pub(crate) fn take(context: &Context) -> Self {
        let (sender, mut words) = mpsc::channel(WAITING);
        let db = context.db.clone();
        context.tasks.spawn_until_stop(async move {
            let mut batch = Vec::new();
            while words.recv_many(&mut batch, BATCH).await > 0 {
                if batch.len() > 1 && batch.len() < BATCH {
                    tokio::time::sleep(GATHER).await;
                    while batch.len() < BATCH
                        && let Ok(word) = words.try_recv()
                    {
                        batch.push(word);
                    }
                }
                note(&db, std::mem::take(&mut batch)).await;
            }
        });
        Self(sender)
    }

    /// A display says that it shows a revision.
    ///
    /// # Errors
    /// No such display, a revision that was never computed, too many at once, or the database's error.
    pub async fn say(&self, display_id: String, revision: u64) -> Result<(), Status> {
        let (answer, answered) = oneshot::channel();
        let word = Word { display_id, revision: i64::try_from(revision).unwrap_or(i64::MAX), answer };
        self.0.try_send(word).map_err(|_| Error::Busy)?;
        answered.await.map_err(|_| Error::Busy)?
    }
}

/// Notes many and answers each.
async fn note(db: &Db, words: Vec<Word>) {
    let mut said = Said::new();
    for word in &words {
        match said.entry(word.display_id.clone()) {
            // Of several from one display the latest counts.
            Entry::Occupied(mut earlier) => *earlier.get_mut() = word.revision.max(*earlier.get()),
            Entry::Vacant(first) => {
                first.insert(word.revision);
            }
        }
    }
    let noted = db.transact(move |tx| Box::pin(async move { commands::acknowledge(tx, &said).await })).await;
    let noted = noted.map_err(Status::from);
    for Word { display_id, revision, answer } in words {
        let verdict = match &noted {
            Err(status) => Err(status.clone()),
            Ok(noted) => match noted.get(&display_id) {
                None => Err(Error::NoSuchDisplay(display_id).into()),
                Some(computed) if revision < 1 || revision > *computed => {
                    Err(Error::NeverComputed(revision.unsigned_abs()).into())
                }
                Some(_) => Ok(()),
            },
        };
        // Who has gone away is not told.
        let _ = answer.send(verdict);
    }
}
