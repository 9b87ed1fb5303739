//! Which quarters are offered around a showing. A pure read; the kitchen is not kept waiting for it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        Need, Pickup, Wish, reach,
        rules::{Taken, quarters},
    },
    error::Error,
    store,
};

/// A quarter, and the seconds that the tightest working station has left in it for one showing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) pickup: Pickup,
    pub(crate) at: DateTime<Utc>,
    pub(crate) free_seconds: u32,
    /// The same of the station that has most.
    pub(crate) most_free_seconds: u32,
}

/// The quarters before and after a showing, for an order of one person.
pub(crate) async fn around(
    conn: &mut PgConnection,
    showing: Uuid,
    (starts_at, ends_at): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<Vec<Offer>, Error> {
    // As a hold would place it: by the times as they are known here, and with the way to the counter.
    let known = store::showings::times(conn, showing).await?;
    let (starts_at, ends_at) = known.map_or((starts_at, ends_at), |times| (times.starts_at, times.at_counter()));
    let stations = store::stations(conn).await?;
    let hours = store::kitchen::hours(conn).await?;
    let rules = store::ordering::rules(conn).await?;
    let lead = rules.as_ref().map_or(TimeDelta::zero(), |rules| rules.lead);
    let mut offers = Vec::new();
    for pickup in [Pickup::Before, Pickup::After] {
        let wish = Wish { pickup, starts_at, ends_at, apart: None };
        let open: Vec<&str> =
            stations.iter().filter(|it| it.takes_for(wish.anchor(), now)).map(|it| it.id.as_str()).collect();
        if open.is_empty() {
            continue;
        }
        let need: Need = open.iter().map(|id| ((*id).to_owned(), 1)).collect();
        let (from, until) = reach(&wish, now);
        let mut room = store::slots::room_for_sale(conn, &hours, &open, from, until).await?;
        if let Some(rules) = &rules {
            let (by_showing, people) = store::ordering::taken(conn, &[showing], from, until).await?;
            let by_showing = by_showing.get(&showing).cloned().unwrap_or_default();
            rules.restrict(&mut room, &need, Taken { by_showing: &by_showing, people: &people }, 1);
        }
        let quarters = quarters(&wish, now + lead).into_iter().filter(|(slot_at, _)| hours.is_open(*slot_at));
        offers.extend(quarters.map(|(slot_at, at)| Offer {
            pickup,
            at,
            free_seconds: open.iter().map(|id| room.left(id, slot_at)).min().unwrap_or_default(),
            most_free_seconds: open.iter().map(|id| room.left(id, slot_at)).max().unwrap_or_default(),
        }));
    }
    Ok(offers)
}
