//! First answers to many requests at once: what [`Tx::first_answer`] and [`Tx::remember`] do for one, with one statement
//! for all of a batch.

use std::collections::HashMap;

use prost::Message;
use uuid::Uuid;

use crate::{
    Tx,
    db::{Repeat, request_hash},
};

impl Tx {
    /// The first answers to those of some requests that were answered before, in their order; None: not yet.
    ///
    /// # Errors
    /// The database's error. [`Repeat::KeyReused`] concerns one request alone and stands in its place.
    pub async fn first_answers<R: Message + Default>(
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
    pub async fn remember_all(
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
