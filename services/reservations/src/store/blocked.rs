//! Places that are not sold, with their claims of nobody's visit. Decides nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{Place, Seat},
    error::Error,
};

/// Which of some places a visit has.
pub(crate) async fn taken_of(
    conn: &mut PgConnection,
    showing: Uuid,
    labels: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<String>, Error> {
    let taken = sqlx::query_scalar(
        "select seat from seat_claim where showing_id = $1 and seat = any($2) and channel <> 'blocked'
             and (expires_at is null or expires_at > $3) order by seat",
    )
    .bind(showing)
    .bind(labels)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(taken)
}

/// Blocks places that nobody has. The showing must be locked.
pub(crate) async fn block(
    conn: &mut PgConnection,
    showing: Uuid,
    seats: &[&Seat],
    (reason, by): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let labels: Vec<&str> = seats.iter().map(|seat| seat.label.as_str()).collect();
    let places: Vec<&str> = seats.iter().map(|seat| Place::name(seat.place())).collect();
    sqlx::query(
        "with claimed as (
             insert into seat_claim as c (showing_id, seat, visit_id, channel, place, expires_at)
             select $1, seat, $2, 'blocked', place, null from unnest($3::text[], $4::text[]) wanted (seat, place)
             on conflict on constraint seat_claim_one_holder do update
                 set visit_id = $2, channel = 'blocked', place = excluded.place, expires_at = null)
         insert into blocked_seat (showing_id, seat, reason, by, at) select $1, seat, $5, $6, $7 from unnest($3::text[]) seat
         on conflict on constraint blocked_seat_once do update set reason = $5, by = $6, at = $7",
    )
    .bind(showing)
    .bind(Uuid::nil())
    .bind(labels)
    .bind(places)
    .bind(reason)
    .bind(by)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// Sells places again that were blocked; answers how many those were.
pub(crate) async fn unblock(conn: &mut PgConnection, showing: Uuid, labels: &[String]) -> Result<u64, Error> {
    let done = sqlx::query(
        "with gone as (delete from blocked_seat where showing_id = $1 and seat = any($2))
         delete from seat_claim where showing_id = $1 and seat = any($2) and channel = 'blocked'",
    )
    .bind(showing)
    .bind(labels)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
