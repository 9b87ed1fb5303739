//! The SQL of many visits at once: one statement, however many they are. Decides nothing.
//! Each statement names the ids it wants besides joining them: a plan that was made while the table was empty would
//! read all of it otherwise.

use std::collections::{HashMap, HashSet};

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{VisitRow, all};
use crate::{
    domain::{Method, Showing, Visit},
    error::Error,
    store::showings::{ShowingRow, read},
};

/// The visits with these ids, as far as they are there.
pub(crate) async fn visits(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Visit>, Error> {
    all(sqlx::query_as("select * from visit where id = any($1)").bind(ids).fetch_all(conn).await?)
}

/// Showings whose times are known.
pub(crate) async fn showings(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Showing>, Error> {
    by_id(sqlx::query_as("select * from showing where showing_id = any($1)").bind(ids).fetch_all(conn).await?)
}

fn by_id(rows: Vec<ShowingRow>) -> Result<HashMap<Uuid, Showing>, Error> {
    let mut showings = HashMap::new();
    for row in rows {
        if let Some(showing) = read(Some(row))? {
            showings.insert(showing.id, showing);
        }
    }
    Ok(showings)
}

/// The visits with these ids, locked in the order of their ids; those that are not there are left out.
pub(crate) async fn lock_all(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Visit>, Error> {
    let rows: Vec<VisitRow> = sqlx::query_as("select * from visit where id = any($1) order by id for update")
        .bind(ids)
        .fetch_all(conn)
        .await?;
    Ok(all(rows)?.into_iter().map(|visit| (visit.id, visit)).collect())
}

/// A visit that is about to be held, with the key and the hash of its request.
pub(crate) type Begun<'a> = (&'a Visit, Uuid, &'a [u8]);

/// Adds visits that are about to be held; answers which were added. For the others a request with their key has made
/// one before.
pub(crate) async fn add_all(conn: &mut PgConnection, begun: &[Begun<'_>]) -> Result<HashSet<Uuid>, Error> {
    let of = |read: fn(&Visit) -> String| begun.iter().map(|(visit, ..)| read(visit)).collect::<Vec<_>>();
    let added: Vec<Uuid> = sqlx::query_scalar(
        "insert into visit (id, maker, idempotency_key, request_hash, state, deadline, revision, showing_id, language,
             party, people, held_at, hold_expires_at)
         select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bytea[], $5::text[], $6::timestamptz[],
             $7::bigint[], $8::uuid[], $9::text[], $10::jsonb[], $11::integer[], $12::timestamptz[],
             $13::timestamptz[])
         on conflict (maker, idempotency_key) do nothing returning id",
    )
    .bind(begun.iter().map(|(visit, ..)| visit.id).collect::<Vec<_>>())
    .bind(of(|visit| visit.maker.clone()))
    .bind(begun.iter().map(|(_, key, _)| *key).collect::<Vec<_>>())
    .bind(begun.iter().map(|(.., hash)| *hash).collect::<Vec<_>>())
    .bind(of(|visit| visit.state.name().to_owned()))
    .bind(begun.iter().map(|(visit, ..)| visit.deadline).collect::<Vec<_>>())
    .bind(begun.iter().map(|(visit, ..)| visit.revision).collect::<Vec<_>>())
    .bind(begun.iter().map(|(visit, ..)| visit.showing).collect::<Vec<_>>())
    .bind(of(|visit| visit.language.clone()))
    .bind(begun.iter().map(|(visit, ..)| Json(&visit.party)).collect::<Vec<_>>())
    .bind(begun.iter().map(|(visit, ..)| i32::try_from(visit.size()).unwrap_or(i32::MAX)).collect::<Vec<_>>())
    .bind(begun.iter().map(|(visit, ..)| visit.held_at).collect::<Vec<_>>())
    .bind(begun.iter().map(|(visit, ..)| visit.hold_expires_at).collect::<Vec<_>>())
    .fetch_all(conn)
    .await?;
    Ok(added.into_iter().collect())
}

/// Frees the keys of requests that failed without a refusal, so that they may be tried anew; one that has ended meanwhile
/// keeps its own.
pub(crate) async fn forget_keys(conn: &mut PgConnection, ids: &[Uuid]) -> Result<(), Error> {
    sqlx::query("update visit set idempotency_key = null where id = any($1) and state = 'holding'")
        .bind(ids)
        .execute(conn)
        .await?;
    Ok(())
}

const SAVE: &str = "update visit v set state = n.state, deadline = n.deadline, revision = n.revision, seats = n.seats,
        seat_items = n.seat_items, booking = n.booking, bay = n.bay, meal = n.meal,
        booked_starts_at = n.booked_starts_at, booked_ends_at = n.booked_ends_at, hold_expires_at = n.hold_expires_at,
        refusal = n.refusal, contact_name = n.contact_name, contact_email = n.contact_email, method = n.method,
        payment_state = n.payment_state, payment_url = n.payment_url, payment_expires_at = n.payment_expires_at,
        ordered_at = n.ordered_at, entered_at = n.entered_at, left_at = n.left_at, admitted = n.admitted,
        notice = n.notice
    from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[], $5::jsonb[], $6::jsonb[], $7::text[],
            $8::jsonb[], $9::jsonb[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::jsonb[],
            $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::timestamptz[], $20::timestamptz[],
            $21::timestamptz[], $22::timestamptz[], $23::integer[], $24::jsonb[])
        as n (id, state, deadline, revision, seats, seat_items, booking, bay, meal, booked_starts_at, booked_ends_at,
            hold_expires_at, refusal, contact_name, contact_email, method, payment_state, payment_url,
            payment_expires_at, ordered_at, entered_at, left_at, admitted, notice)
    where v.id = n.id and v.id = any($1) and v.revision = n.revision - 1
    returning v.id";

/// Saves all that changes in the lives of visits, and gives each its next revision. Answers which were saved: one that
/// was read without a lock may have been changed by somebody else since.
pub(crate) async fn save_all(conn: &mut PgConnection, visits: &mut [&mut Visit]) -> Result<HashSet<Uuid>, Error> {
    macro_rules! column {
        (|$visit:ident| $value:expr) => {
            visits.iter().map(|$visit| $value).collect::<Vec<_>>()
        };
    }
    if visits.is_empty() {
        return Ok(HashSet::new());
    }
    for visit in visits.iter_mut() {
        visit.revision += 1;
    }
    let saved: Vec<Uuid> = sqlx::query_scalar(SAVE)
        .bind(column!(|visit| visit.id))
        .bind(column!(|visit| visit.state.name()))
        .bind(column!(|visit| visit.deadline))
        .bind(column!(|visit| visit.revision))
        .bind(column!(|visit| Json(&visit.seats)))
        .bind(column!(|visit| Json(&visit.seat_items)))
        .bind(column!(|visit| visit.booking.name()))
        .bind(column!(|visit| visit.bay.as_ref().map(Json)))
        .bind(column!(|visit| visit.meal.as_ref().map(Json)))
        .bind(column!(|visit| visit.booked_starts_at))
        .bind(column!(|visit| visit.booked_ends_at))
        .bind(column!(|visit| visit.hold_expires_at))
        .bind(column!(|visit| visit.refusal.as_ref().map(Json)))
        .bind(column!(|visit| visit.contact.name.as_str()))
        .bind(column!(|visit| visit.contact.email.as_str()))
        .bind(column!(|visit| visit.method.map(Method::name)))
        .bind(column!(|visit| visit.money.name()))
        .bind(column!(|visit| visit.payment_url.as_str()))
        .bind(column!(|visit| visit.payment_expires_at))
        .bind(column!(|visit| visit.ordered_at))
        .bind(column!(|visit| visit.entered_at))
        .bind(column!(|visit| visit.left_at))
        .bind(column!(|visit| i32::try_from(visit.admitted).unwrap_or(i32::MAX)))
        .bind(column!(|visit| Json(&visit.notice)))
        .fetch_all(conn)
        .await?;
    Ok(saved.into_iter().collect())
}

/// Reads showings and keeps them as they are until the end of the transaction; others may do the same. Those whose
/// times are not known are left out: two who both wanted to write them then would wait for each other.
pub(crate) async fn share_all(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<Uuid, Showing>, Error> {
    let rows: Vec<ShowingRow> = sqlx::query_as(
        "select * from showing where showing_id = any($1) and starts_at is not null order by showing_id for share",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    by_id(rows)
}
