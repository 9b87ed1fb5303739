//! What happens to a showing happens to its visits.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{Tx, values::Text};
use uuid::Uuid;

use super::{VISIT_TOPIC, notices, save_changed, take};
use crate::{
    domain::{Admission, Times, Visit, join, notices::NewStart},
    error::Error,
    saga, store,
};

/// Its visitors see something new.
async fn touch_visits(tx: &mut Tx, showing: Uuid) -> Result<(), Error> {
    for visit in store::showings::bump_live(tx.conn(), showing).await? {
        tx.touch(VISIT_TOPIC, visit.to_string());
    }
    Ok(())
}

/// It is planned.
pub(crate) async fn scheduled(tx: &mut Tx, id: Uuid, title: &Text, hall: &str, times: Times) -> Result<(), Error> {
    store::showings::set_times(tx.conn(), id, Some(title), times, None).await?;
    store::showings::set_hall(tx.conn(), id, hall).await?;
    touch_visits(tx, id).await
}

/// It begins at another time, as reservations told it then.
pub(crate) async fn delayed(
    tx: &mut Tx,
    id: Uuid,
    times: Times,
    reason: &Text,
    told_at: DateTime<Utc>,
) -> Result<(), Error> {
    let start = times.starts_at.with_timezone(&Berlin).format("%H:%M");
    let was = store::showings::get(tx.conn(), id).await?.map(|showing| showing.starts_at);
    let moved = if was.is_some_and(|was| was > times.starts_at) {
        Text {
            de: format!("Die Vorstellung beginnt doch schon um {start} Uhr."),
            en: format!("The showing starts earlier again, at {start}."),
            plain: format!("Die Vorstellung fängt doch früher an: um {start} Uhr."),
        }
    } else {
        Text {
            de: format!("Die Vorstellung beginnt erst um {start} Uhr."),
            en: format!("The showing starts later, at {start}."),
            plain: format!("Die Vorstellung fängt später an: um {start} Uhr."),
        }
    };
    store::showings::set_times(tx.conn(), id, None, times, Some(&join(&moved, reason))).await?;
    if let Some(was) = was {
        notices::delayed(tx, id, NewStart { was, starts_at: times.starts_at, told_at }, reason).await?;
    }
    touch_visits(tx, id).await
}

/// The door has moved on, or predicts another end.
pub(crate) async fn admission_moved(
    tx: &mut Tx,
    id: Uuid,
    admission: Admission,
    predicted_end_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    store::showings::set_admission(tx.conn(), id, admission, predicted_end_at).await?;
    touch_visits(tx, id).await
}

/// It does not take place: every visit is called off, all in a few statements, and the money goes back.
pub(crate) async fn cancelled(tx: &mut Tx, id: Uuid, reason: &Text) -> Result<(), Error> {
    let off =
        Text::new("Die Vorstellung fällt aus.", "The showing is cancelled.").plainly("Es gibt keine Vorstellung.");
    let off = join(&off, reason);
    store::showings::set_cancelled(tx.conn(), id, &off).await?;
    let locked = store::showings::lock_live(tx.conn(), id).await?;
    let before: HashMap<Uuid, Visit> = locked.iter().map(|visit| (visit.id, visit.clone())).collect();
    let mut visits = HashMap::with_capacity(locked.len());
    for mut visit in locked {
        let next = saga::showing_cancelled(&visit, off.clone());
        take(tx, &mut visit, next).await?;
        visits.insert(visit.id, visit);
    }
    save_changed(tx, &before, &mut visits).await
}
