//! First answers to many requests at once: what [`Tx::first_answer`] and [`Tx::remember`] do for one, with one statement
//! for all of a batch.
//!
//! Decides nothing: whoever serves the batch answers those requests that are new.

use std::collections::HashMap;

use prost::Message;
use uuid::Uuid;

use crate::{
    Coded, Tx,
    combine::refused_or_broken,
    db::{Repeat, request_hash},
};

/// Requests of one method with different keys, and what becomes of each.
#[derive(Debug)]
pub struct Batch<'a, Q, R, E> {
    method: &'static str,
    asked: Vec<(Uuid, &'a Q)>,
    answers: Vec<Option<Result<R, E>>>,
    /// The places of those that were answered now.
    answered: Vec<usize>,
}

impl<'a, Q, R, E> Batch<'a, Q, R, E>
where
    Q: Message,
    R: Message + Default,
    E: Coded + From<Repeat> + From<sqlx::Error>,
{
    /// Looks which of them were answered before. That comes before any check: a late repeat still gets the first answer.
    ///
    /// # Errors
    /// The database's error.
    pub async fn open(
        tx: &mut Tx,
        method: &'static str,
        asked: impl Iterator<Item = (Uuid, &'a Q)>,
    ) -> Result<Self, E> {
        let asked: Vec<_> = asked.collect();
        let first = tx.first_answers(method, &asked).await?;
        let answers = first.into_iter().map(|first| first.map(|it| it.map_err(E::from))).collect();
        Ok(Self { method, asked, answers, answered: Vec::new() })
    }

    /// Those that are new, each with its place.
    pub fn new_ones(&self) -> impl Iterator<Item = (usize, &'a Q)> {
        let new = self.answers.iter().zip(&self.asked).enumerate().filter(|(_, (first, _))| first.is_none());
        new.map(|(place, (_, (_, request)))| (place, *request))
    }

    /// Answers the one at a place.
    ///
    /// # Errors
    /// A fault, which ends the whole batch; a refusal is an answer.
    pub fn answer(&mut self, place: usize, answer: Result<R, E>) -> Result<(), E> {
        self.answers[place] = Some(refused_or_broken(answer)?);
        self.answered.push(place);
        Ok(())
    }

    /// Stores what was answered now; refusals are decided anew next time. The answers in the order of the requests.
    ///
    /// # Errors
    /// [`Repeat::InProgress`] when another transaction is answering one of them, or the database's error.
    ///
    /// # Panics
    /// When one was never answered.
    pub async fn close(self, tx: &mut Tx) -> Result<Vec<Result<R, E>>, E> {
        let given = |place: &usize| {
            let (key, request) = self.asked[*place];
            self.answers[*place].as_ref()?.as_ref().ok().map(|answer| (key, request, answer))
        };
        let answered: Vec<_> = self.answered.iter().filter_map(given).collect();
        tx.remember_all(self.method, &answered).await?;
        Ok(self.answers.into_iter().map(|answer| answer.expect("each request is answered")).collect())
    }
}

impl Tx {
    /// The first answers to those of some requests that were answered before, in their order; None: not yet.
    ///
    /// # Errors
    /// The database's error. [`Repeat::KeyReused`] concerns one request alone and stands in its place.
    async fn first_answers<R: Message + Default>(
        &mut self,
        method: &str,
        asked: &[(Uuid, &impl Message)],
    ) -> Result<Vec<Option<Result<R, Repeat>>>, sqlx::Error> {
        let keys: Vec<String> = asked.iter().map(|(key, _)| key.to_string()).collect();
        let rows: Vec<(String, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("select key, request_hash, response from idempotency where method = $1 and key = any ($2)")
                .bind(method)
                .bind(&keys)
                .fetch_all(self.conn())
                .await?;
        let mut found: HashMap<String, (Vec<u8>, Vec<u8>)> =
            rows.into_iter().map(|(key, hash, response)| (key, (hash, response))).collect();
        let mut answers = Vec::with_capacity(asked.len());
        for (key, (_, request)) in keys.iter().zip(asked) {
            answers.push(match found.remove(key) {
                None => None,
                Some((hash, _)) if hash != request_hash(*request) => Some(Err(Repeat::KeyReused)),
                Some((_, response)) => {
                    Some(Ok(R::decode(response.as_slice()).map_err(|error| sqlx::Error::Decode(error.into()))?))
                }
            });
        }
        Ok(answers)
    }

    /// Stores the answers to some requests under their different keys.
    ///
    /// # Errors
    /// [`Repeat::InProgress`] when another transaction is answering one of them, or the database's error.
    async fn remember_all(
        &mut self,
        method: &str,
        answered: &[(Uuid, &impl Message, &impl Message)],
    ) -> Result<(), Repeat> {
        if answered.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = answered.iter().map(|(key, ..)| key.to_string()).collect();
        let hashes: Vec<Vec<u8>> = answered.iter().map(|(_, request, _)| request_hash(*request)).collect();
        let responses: Vec<Vec<u8>> = answered.iter().map(|(.., response)| response.encode_to_vec()).collect();
        let now = self.now();
        let done = sqlx::query(
            "insert into idempotency (method, key, request_hash, response, created_at)
             select $1, key, hash, response, $5 from unnest($2::text[], $3::bytea[], $4::bytea[]) t (key, hash, response)
             on conflict do nothing",
        )
        .bind(method)
        .bind(keys)
        .bind(hashes)
        .bind(responses)
        .bind(now)
        .execute(self.conn())
        .await?;
        if done.rows_affected() < answered.len() as u64 { Err(Repeat::InProgress) } else { Ok(()) }
    }
}
