//! Claims: who has which place, held or sold. Decides nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Booking, HeldSeat, Place},
    error::Error,
};

/// The places of a showing that nobody can have any more, with why they are blocked; None: a visit has it.
pub(crate) async fn taken(
    conn: &mut PgConnection,
    showing: Uuid,
    now: DateTime<Utc>,
) -> Result<HashMap<String, Option<String>>, Error> {
    let taken: Vec<(String, Option<String>)> = sqlx::query_as(
        "select seat, reason from seat_claim left join blocked_seat using (showing_id, seat)
         where showing_id = $1 and (expires_at is null or expires_at > $2)",
    )
    .bind(showing)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(taken.into_iter().collect())
}

/// Claims places for a visit, taking over expired holds; answers how many it got. Whoever gets fewer
/// than asked for must roll back.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    showing: Uuid,
    visit: Uuid,
    channel: &str,
    seats: &[(String, Place)],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let (labels, places): (Vec<&str>, Vec<&str>) =
        seats.iter().map(|(label, place)| (label.as_str(), place.name())).unzip();
    let done = sqlx::query(
        "insert into seat_claim as c (showing_id, seat, visit_id, channel, place, expires_at)
         select $1, wanted.seat, $2, $3, wanted.place, $6 from unnest($4::text[], $5::text[]) as wanted (seat, place)
         on conflict on constraint seat_claim_one_holder do update
             set visit_id = $2, channel = $3, place = excluded.place, expires_at = $6
             where c.expires_at <= $7 or (c.visit_id = $2 and c.expires_at is not null)",
    )
    .bind(showing)
    .bind(visit)
    .bind(channel)
    .bind(&labels)
    .bind(&places)
    .bind(expires_at)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Frees every place that a booking has; answers how many those were.
pub(crate) async fn free_places(conn: &mut PgConnection, booking: &Booking) -> Result<u64, Error> {
    let done = sqlx::query("delete from seat_claim where showing_id = $1 and seat = any($2) and visit_id = $3")
        .bind(booking.showing)
        .bind(booking.labels())
        .bind(booking.visit)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Moves the end of a booking's claims. False: it does not have all of them any more.
pub(crate) async fn extend_claims(conn: &mut PgConnection, booking: &Booking) -> Result<bool, Error> {
    let done = sqlx::query(
        "update seat_claim set expires_at = $4
         where showing_id = $1 and seat = any($2) and visit_id = $3 and expires_at is not null",
    )
    .bind(booking.showing)
    .bind(booking.labels())
    .bind(booking.visit)
    .bind(booking.expires_at)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == booking.seats.len() as u64)
}

/// Showings with holds that ran out.
pub(crate) async fn with_expired_holds(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    let showings =
        sqlx::query_scalar("select distinct showing_id from seat_claim where expires_at <= $1 order by showing_id")
            .bind(now)
            .fetch_all(conn)
            .await?;
    Ok(showings)
}

/// Removes a showing's holds that ran out by `limit`; answers how many places came free.
pub(crate) async fn drop_expired(conn: &mut PgConnection, showing: Uuid, limit: DateTime<Utc>) -> Result<u64, Error> {
    let freed: i64 = sqlx::query_scalar(
        "with gone as (delete from seat_claim where showing_id = $1 and expires_at <= $2 returning visit_id),
              ended as (
                  update booking set state = 'expired'
                  where visit_id in (select visit_id from gone) and state = 'held' and expires_at <= $2)
         select count(*) from gone",
    )
    .bind(showing)
    .bind(limit)
    .fetch_one(conn)
    .await?;
    Ok(freed.unsigned_abs())
}

/// The places of held seats with their kinds, for [`claim`].
pub(crate) fn with_places(seats: &[HeldSeat]) -> Vec<(String, Place)> {
    let place = |held: &HeldSeat| {
        let has = |feature: &str| held.features.iter().any(|known| known == feature);
        if has(Place::Wheelchair.name()) {
            Place::Wheelchair
        } else if has(Place::Companion.name()) {
            Place::Companion
        } else {
            Place::General
        }
    };
    seats.iter().map(|held| (held.label.clone(), place(held))).collect()
}
