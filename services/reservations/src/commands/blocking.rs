//! Places that are not sold: staff block what nobody has, and sell it again.

use kernel::{Tx, values::invalid};
use uuid::Uuid;

use super::changed;
use crate::{
    domain::hall::Misfit,
    error::Error,
    store::{self, blocked},
};

/// Blocks places of a showing, or sells them again (`blocked` false). Again changes nothing.
///
/// # Errors
/// No such showing or place, over, or somebody has one of them: then none is blocked.
pub(crate) async fn set_blocked(
    tx: &mut Tx,
    showing: Uuid,
    labels: &[String],
    blocked: bool,
    (reason, by): (&str, &str),
) -> Result<(), Error> {
    let now = tx.now();
    let showing = store::lock_showing(tx.conn(), showing).await?;
    if now >= showing.ends_at {
        return Err(Error::Ended);
    }
    let plan = store::seats(tx.conn(), &showing.layout).await?;
    let seat = |label: &String| plan.iter().find(|seat| seat.label == *label);
    if let Some(unknown) = labels.iter().find(|label| seat(label).is_none()) {
        return Err(Misfit::NoSuchSeat(unknown.clone()).into());
    }
    if !blocked {
        return if blocked::unblock(tx.conn(), showing.id, labels).await? > 0 {
            changed(tx, showing.id, true).await
        } else {
            Ok(())
        };
    }
    if reason.is_empty() {
        return Err(invalid("reason", "is missing; say in a few words why they are not sold").into());
    }
    let taken = blocked::taken_of(tx.conn(), showing.id, labels, now).await?;
    if !taken.is_empty() {
        return Err(Error::SeatsTaken(taken));
    }
    let seats: Vec<_> = labels.iter().filter_map(seat).collect();
    blocked::block(tx.conn(), showing.id, &seats, (reason, by), now).await?;
    changed(tx, showing.id, true).await
}
