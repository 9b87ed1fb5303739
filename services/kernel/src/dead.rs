//! Dead events: what could not be applied, what waits behind it, and applying it again.

use crate::{
    Code, Event, Failure, Tx,
    follower::{Follower, Reacted},
    position,
};

/// The columns of an [`Event`].
const EVENT: &str = "pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at";

/// Nobody applies events of this producer until the end of the transaction: what [`bury`] needs before the events are taken
/// from where they were kept.
///
/// # Errors
/// The database's error.
pub async fn stand_still(tx: &mut Tx, producer: &str) -> Result<(), sqlx::Error> {
    position::lock(tx, producer).await.map(drop)
}

/// Buries what a service has kept for later of one aggregate, in its order, because the first of it cannot be applied: the
/// others are parked behind it, and so is what is told of the aggregate after them. [`stand_still`] comes first.
///
/// # Errors
/// The database's error.
pub async fn bury(
    tx: &mut Tx,
    service: &'static str,
    producer: &'static str,
    kept: &[Event],
    error: &str,
) -> Result<(), sqlx::Error> {
    for (place, event) in kept.iter().enumerate() {
        match place {
            0 => {
                metrics::counter!("sky_dead_events_total", "service" => service, "producer" => producer).increment(1);
                insert(tx, producer, event, error, 1, false).await?;
            }
            _ => insert(tx, producer, event, BEHIND, 0, true).await?,
        }
    }
    Ok(())
}

/// What is said of an event that was never tried.
const BEHIND: &str = "an earlier event of this aggregate is dead";

async fn insert(
    tx: &mut Tx,
    producer: &str,
    event: &Event,
    error: &str,
    attempts: u32,
    parked: bool,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query(
        "insert into dead_events (producer, pub_seq, event_id, aggregate_id, aggregate_version, type, payload, occurred_at, error, attempts, parked, died_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing",
    )
    .bind(producer)
    .bind(event.pub_seq)
    .bind(event.event_id)
    .bind(&event.aggregate_id)
    .bind(event.aggregate_version)
    .bind(&event.type_name)
    .bind(&event.payload)
    .bind(event.occurred_at)
    .bind(error)
    .bind(attempts.cast_signed())
    .bind(parked)
    .bind(now)
    .execute(tx.conn())
    .await?;
    sqlx::query("update consumer_pos set any_dead = true where producer = $1 and not any_dead")
        .bind(producer)
        .execute(tx.conn())
        .await?;
    Ok(())
}

impl Follower {
    /// Later events of an aggregate wait behind its dead one.
    pub(crate) async fn park(&self, tx: &mut Tx, event: &Event) -> Result<bool, sqlx::Error> {
        let dead: bool =
            sqlx::query_scalar("select exists (select 1 from dead_events where producer = $1 and aggregate_id = $2)")
                .bind(self.producer)
                .bind(&event.aggregate_id)
                .fetch_one(tx.conn())
                .await?;
        if dead {
            insert(tx, self.producer, event, BEHIND, 0, true).await?;
        }
        Ok(dead)
    }

    /// It cannot be applied.
    pub(crate) async fn bury(&self, tx: &mut Tx, event: &Event, error: &str, attempts: u32) -> Result<(), sqlx::Error> {
        insert(tx, self.producer, event, error, attempts, false).await
    }

    /// Applies a dead event again and, if that works, those parked behind it. Answers how many.
    ///
    /// # Errors
    /// There is no such event, an earlier one of its aggregate is dead, or it fails again.
    pub(crate) async fn replay(&self, pub_seq: i64) -> Result<u32, Failure> {
        let behind = format!(
            "select {EVENT} from dead_events where producer = $1 and aggregate_id =
             (select aggregate_id from dead_events where producer = $1 and pub_seq = $2) order by pub_seq"
        );
        let events: Vec<Event> = sqlx::query_as(sqlx::AssertSqlSafe(behind))
            .bind(self.producer)
            .bind(pub_seq)
            .fetch_all(self.db.pool())
            .await?;
        match events.first() {
            None => return Err(Failure::new(Code::NotFound, "pub_seq: there is no such dead event")),
            Some(first) if first.pub_seq != pub_seq => {
                let earlier = format!("an earlier event of the same aggregate is dead: replay {} first", first.pub_seq);
                return Err(Failure::new(Code::FailedPrecondition, earlier));
            }
            Some(_) => {}
        }
        let mut applied = 0;
        for event in events {
            let this = self.clone();
            let outcome = self
                .db
                .transact(move |tx| {
                    Box::pin(async move {
                        // The position first, as everywhere, so that none is buried meanwhile.
                        this.lock_position(tx).await?;
                        this.react(tx, std::slice::from_ref(&event)).await.map_err(Reacted)?;
                        this.finish(tx).await.map_err(Reacted)?;
                        sqlx::query("delete from dead_events where producer = $1 and pub_seq = $2")
                            .bind(this.producer)
                            .bind(event.pub_seq)
                            .execute(tx.conn())
                            .await?;
                        sqlx::query(
                            "update consumer_pos set any_dead = exists (select from dead_events where producer = $1)
                             where producer = $1",
                        )
                        .bind(this.producer)
                        .execute(tx.conn())
                        .await?;
                        Ok(())
                    })
                })
                .await;
            match outcome {
                Ok(()) => applied += 1,
                Err(Reacted(failure)) if applied == 0 => return Err(failure),
                Err(Reacted(failure)) => {
                    tracing::warn!(error = failure.message, "a parked event failed in its turn and stays dead");
                    break;
                }
            }
        }
        Ok(applied)
    }
}
