//! Meals follow their showing. Everything is computed from the times as they are known now, so that
//! hearing of the same time again changes nothing.

use chrono::{DateTime, Utc};
use kernel::Tx;
use uuid::Uuid;

use super::{find_place, kitchen::end_holds, kitchen::touch_board, lock_kitchen, take};
use crate::{
    domain::{Order, OrderState, Placing, Wish, need},
    error::Error,
    events, store,
};

/// What the door says of a showing's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prediction {
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) has_begun: bool,
}

/// Reservations told a showing's times.
pub(crate) async fn told(
    tx: &mut Tx,
    showing: Uuid,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    told_at: DateTime<Utc>,
) -> Result<(), Error> {
    lock_kitchen(tx).await?;
    store::showings::save(tx.conn(), showing, starts_at, ends_at, told_at).await?;
    follow(tx, showing).await
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
    follow(tx, showing).await
}

/// Moves the pickups of a showing's meals that are not being made yet. Those that move give their time
/// back first, so that they can take each other's; they are placed in the order of their old pickups.
async fn follow(tx: &mut Tx, showing: Uuid) -> Result<(), Error> {
    let Some(times) = store::showings::times(tx.conn(), showing).await? else {
        return Ok(());
    };
    end_holds(tx).await?;
    let mut moving = Vec::new();
    for mut order in store::lock_unfired_of_showing(tx.conn(), showing).await? {
        let wish = Wish { starts_at: times.starts_at, ends_at: times.end(), ..order.wish };
        if wish.anchor() != order.wish.anchor() {
            order.wish = wish;
            moving.push(order);
        }
    }
    if moving.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = moving.iter().map(|order| order.id).collect();
    store::slots::free(tx.conn(), &ids).await?;
    for mut order in moving {
        let before = order.pickup_at;
        place_again(tx, &mut order).await?;
        store::save_order(tx.conn(), &order).await?;
        if order.pickup_at == before {
            continue;
        }
        tx.append(&order.visit.to_string(), &events::order_moved(&order)).await?;
        if order.state == OrderState::Scheduled {
            touch_board(tx).await?;
        }
    }
    Ok(())
}

/// A meal that was promised is made: near its new time, else at the nearest one that fits.
async fn place_again(tx: &mut Tx, order: &mut Order) -> Result<(), Error> {
    let need = need(&order.lines);
    match find_place(tx, &order.wish, &need).await {
        Ok((Placing::Fits(place) | Placing::Instead(Some(place)), preparation)) => {
            take(tx, order, &place, preparation, &need).await
        }
        Ok((Placing::Instead(None), _)) | Err(Error::TooMuch(_)) => {
            tracing::warn!(order = %order.id, "no station time for hours; the meal keeps its old pickup");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
