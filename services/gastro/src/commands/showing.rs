//! Meals follow their showing. Everything is computed from the times as they are known now, so that
//! hearing of the same time again changes nothing.

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{kitchen::end_holds, lock_kitchen, replanning};
use crate::{
    domain::{Order, Wish},
    error::Error,
    store,
};

pub(crate) use crate::store::showings::Told;

/// What the door says of a showing's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prediction {
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) has_begun: bool,
}

/// Reservations told the times of some showings, each once: however many have moved, it is one plan.
pub(crate) async fn told(tx: &mut Tx, told: &[Told]) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    store::showings::save_all(tx.conn(), told).await?;
    let showings: Vec<Uuid> = told.iter().map(|it| it.showing).collect();
    follow(tx, &showings).await
}

/// The door predicts the end. Most often the one that it predicted before: then the kitchen is not kept
/// waiting.
pub(crate) async fn end_predicted(tx: &mut Tx, showing: Uuid, prediction: Prediction) -> Result<(), Error> {
    let Prediction { ends_at, at, has_begun } = prediction;
    // Read without a lock: only the door's events, one after the other, write it.
    if store::showings::prediction(tx.conn(), showing).await? == Some((Some(ends_at), has_begun)) {
        return store::showings::save_prediction(tx.conn(), showing, ends_at, at, has_begun).await;
    }
    lock_kitchen(tx).await?;
    store::showings::save_prediction(tx.conn(), showing, ends_at, at, has_begun).await?;
    follow(tx, &[showing]).await
}

/// Moves the pickups of the showings' meals that are not being made yet.
async fn follow(tx: &mut Tx, showings: &[Uuid]) -> Result<(), Error> {
    end_holds(tx).await?;
    let times = store::showings::all_times(tx.conn(), showings).await?;
    let moved = |mut order: Order| {
        let times = times.get(&order.showing)?;
        let wish = Wish { starts_at: times.starts_at, ends_at: times.at_counter(), ..order.wish };
        let has_moved = wish.anchor() != order.wish.anchor();
        order.wish = wish;
        has_moved.then_some(order)
    };
    let unfired = store::lock_unfired_of_showings(tx.conn(), showings).await?;
    replanning::follow(tx, unfired.into_iter().filter_map(moved).collect()).await
}
