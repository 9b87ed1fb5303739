//! What is given of the classes, as the database counts it, and rights of many at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::values::quarter;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use super::{RightRow, class_named};
use crate::{
    domain::{BayClass, Channel, Right, Window, quarters::Given},
    error::Error,
};

#[derive(FromRow)]
struct ClassRow {
    class: String,
    most: i32,
    sold_by: Vec<String>,
    strangers: i64,
}

/// What is given of some classes in the quarters that a span touches. A class that the site has none of is left out.
pub(crate) async fn given(
    conn: &mut PgConnection,
    classes: &[BayClass],
    span: Window,
    now: DateTime<Utc>,
) -> Result<BTreeMap<BayClass, Given>, Error> {
    let names: Vec<&str> = classes.iter().map(|class| class.name()).collect();
    let rows: Vec<ClassRow> = sqlx::query_as(
        "select c.class, most_given(c.capacity, c.overbooking_percent) as most, c.sold_by,
                greatest(0, c.occupied - (select count(*) from parking_right r
                    where r.class = c.class and r.state = 'checked_in' and r.valid_until > $2)) as strangers
         from bay_class c where c.class = any ($1)",
    )
    .bind(&names)
    .bind(now)
    .fetch_all(&mut *conn)
    .await?;
    let mut given = BTreeMap::new();
    for row in rows {
        let strangers = u32::try_from(row.strangers).unwrap_or(u32::MAX);
        let sold_by = row.sold_by.iter().filter_map(|name| Channel::named(name)).collect();
        let none = Given { most: row.most.unsigned_abs(), sold_by, strangers, ..Given::default() };
        given.insert(class_named(&row.class)?, none);
    }
    let rows: Vec<(String, DateTime<Utc>, i32)> = sqlx::query_as(
        "select class, slot_at, given from bay_use
         where class = any ($1) and slot_at >= $2 and slot_at < $3 and given > 0",
    )
    .bind(&names)
    .bind(quarter(span.from))
    .bind(span.until)
    .fetch_all(conn)
    .await?;
    for (class, slot_at, bays) in rows {
        if let Some(given) = given.get_mut(&class_named(&class)?) {
            given.bays.insert(slot_at, bays.unsigned_abs());
        }
    }
    Ok(given)
}

/// Ends the holds that have run out: their bays are free.
pub(crate) async fn end_holds(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update parking_right set state = 'expired' where state = 'held' and expires_at <= $1")
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks the rights of some visits.
pub(crate) async fn lock_rights(conn: &mut PgConnection, visits: &[Uuid]) -> Result<BTreeMap<Uuid, Right>, Error> {
    let rows: Vec<RightRow> =
        sqlx::query_as("select * from parking_right where visit_id = any ($1) order by visit_id for update")
            .bind(visits)
            .fetch_all(conn)
            .await?;
    rows.into_iter().map(|row| row.read().map(|right| (right.visit, right))).collect()
}

/// Writes rights, new ones and known ones, each visit's once.
pub(crate) async fn save_rights(conn: &mut PgConnection, rights: &[Right]) -> Result<(), Error> {
    if rights.is_empty() {
        return Ok(());
    }
    macro_rules! column {
        ($of:expr) => {
            rights.iter().map($of).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "insert into parking_right (visit_id, showing_id, class, state, valid_from, valid_until, given_from, given_until,
             lead_seconds, stay_seconds, expires_at, reference, charges, entered_at, left_at, cancelled_at, lost_at,
             set_down_from, set_down_until, pick_up_from, pick_up_until, early_seconds,
             meal_until, meal_cancelled)
         select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
             $7::timestamptz[], $8::timestamptz[], $9::bigint[], $10::bigint[], $11::timestamptz[], $12::text[],
             $13::jsonb[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
             $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[], $22::bigint[],
             $23::timestamptz[], $24::boolean[])
         on conflict (visit_id) do update set showing_id = excluded.showing_id, class = excluded.class,
             state = excluded.state, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
             given_from = excluded.given_from, given_until = excluded.given_until,
             lead_seconds = excluded.lead_seconds, stay_seconds = excluded.stay_seconds,
             expires_at = excluded.expires_at, reference = excluded.reference, charges = excluded.charges,
             entered_at = excluded.entered_at, left_at = excluded.left_at, cancelled_at = excluded.cancelled_at,
             lost_at = excluded.lost_at, set_down_from = excluded.set_down_from,
             set_down_until = excluded.set_down_until, pick_up_from = excluded.pick_up_from,
             pick_up_until = excluded.pick_up_until, early_seconds = excluded.early_seconds,
             meal_until = excluded.meal_until, meal_cancelled = excluded.meal_cancelled",
    )
    .bind(column!(|right| right.visit))
    .bind(column!(|right| right.showing))
    .bind(column!(|right| right.class.name()))
    .bind(column!(|right| right.state.name()))
    .bind(column!(|right| right.window.from))
    .bind(column!(|right| right.window.until))
    .bind(column!(|right| right.given.from))
    .bind(column!(|right| right.given.until))
    .bind(column!(|right| right.lead.map(|span| span.num_seconds())))
    .bind(column!(|right| right.stay.map(|span| span.num_seconds())))
    .bind(column!(|right| right.expires_at))
    .bind(column!(|right| right.reference.as_str()))
    .bind(column!(|right| Json(&right.charges)))
    .bind(column!(|right| right.entered_at))
    .bind(column!(|right| right.left_at))
    .bind(column!(|right| right.cancelled_at))
    .bind(column!(|right| right.lost_at))
    .bind(column!(|right| right.stops.set_down.map(|stop| stop.from)))
    .bind(column!(|right| right.stops.set_down.map(|stop| stop.until)))
    .bind(column!(|right| right.stops.pick_up.map(|stop| stop.from)))
    .bind(column!(|right| right.stops.pick_up.map(|stop| stop.until)))
    .bind(column!(|right| right.early.num_seconds()))
    .bind(column!(|right| right.meal.until))
    .bind(column!(|right| right.meal.cancelled))
    .execute(conn)
    .await?;
    Ok(())
}
