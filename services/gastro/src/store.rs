//! Every SQL statement about stations, orders and the board, and the way between rows and the domain.
//! Decides nothing.
//!
//! Lock order: kitchen, orders, slots. With the kitchen locked the others cannot be waited for in
//! another order.

pub(crate) mod affected;
pub(crate) mod claims;
pub(crate) mod given_back;
pub(crate) mod house;
pub(crate) mod kds_tokens;
pub(crate) mod kitchen;
pub(crate) mod letters;
pub(crate) mod menu;
pub(crate) mod ordering;
pub(crate) mod pictures;
pub(crate) mod pushes;
pub(crate) mod put_off;
pub(crate) mod receipts;
pub(crate) mod showings;
pub(crate) mod slots;
pub(crate) mod stock;
pub(crate) mod tickets;
pub(crate) mod tse;
pub(crate) mod waste;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kernel::values::{Text, day_of, midnight};
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{Charge, Order, OrderState, OrderedItem, Pickup, Station, StationState, Wish},
    error::Error,
};

/// The board shows so many orders at most: several of the fullest days.
const MOST_ON_BOARD: i64 = 5_000;

#[derive(FromRow)]
struct OrderRow {
    order_id: Uuid,
    visit_id: Uuid,
    showing_id: Uuid,
    state: String,
    state_at: DateTime<Utc>,
    pickup: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    apart_seconds: Option<i32>,
    pickup_at: DateTime<Utc>,
    prep_seconds: i32,
    expires_at: DateTime<Utc>,
    number: Option<i32>,
    lines: Json<Vec<OrderedItem>>,
    charges: Json<Vec<Charge>>,
    people: i32,
    on_board: bool,
    walk_up: bool,
    regardless: bool,
}

impl OrderRow {
    fn read(self) -> Result<Order, Error> {
        let unknown = |what: &str, name: &str| Error::Stored(format!("{what} {name}"));
        Ok(Order {
            id: self.order_id,
            visit: self.visit_id,
            showing: self.showing_id,
            state: OrderState::named(&self.state).ok_or_else(|| unknown("order state", &self.state))?,
            state_at: self.state_at,
            wish: Wish {
                pickup: Pickup::named(&self.pickup).ok_or_else(|| unknown("pickup", &self.pickup))?,
                starts_at: self.starts_at,
                ends_at: self.ends_at,
                apart: self.apart_seconds.map(|seconds| TimeDelta::seconds(seconds.into())),
            },
            pickup_at: self.pickup_at,
            preparation: TimeDelta::seconds(self.prep_seconds.into()),
            expires_at: self.expires_at,
            number: self.number.map(i32::unsigned_abs),
            lines: self.lines.0,
            charges: self.charges.0,
            people: self.people.unsigned_abs(),
            on_board: self.on_board,
            walk_up: self.walk_up,
            regardless: self.regardless,
        })
    }
}

fn read_all(rows: Vec<OrderRow>) -> Result<Vec<Order>, Error> {
    rows.into_iter().map(OrderRow::read).collect()
}

pub(crate) async fn lock_kitchen(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select 1 from kitchen for update").execute(conn).await?;
    Ok(())
}

pub(crate) async fn bump_board(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("update kitchen set revision = revision + 1").execute(conn).await?;
    Ok(())
}

pub(crate) async fn revision(conn: &mut PgConnection) -> Result<u64, Error> {
    let revision: i64 = sqlx::query_scalar("select revision from kitchen").fetch_one(conn).await?;
    Ok(revision.unsigned_abs())
}

pub(crate) async fn stations(conn: &mut PgConnection) -> Result<Vec<Station>, Error> {
    let rows: Vec<(String, Json<Text>, String, i32)> =
        sqlx::query_as("select station_id, name, state, delay_seconds from station order by station_id")
            .fetch_all(conn)
            .await?;
    rows.into_iter()
        .map(|(id, name, state, delay)| {
            Ok(Station {
                id,
                name: name.0,
                state: StationState::named(&state).ok_or_else(|| Error::Stored(format!("station state {state}")))?,
                delay: TimeDelta::seconds(delay.into()),
            })
        })
        .collect()
}

pub(crate) async fn set_station_state(conn: &mut PgConnection, station: &Station) -> Result<(), Error> {
    sqlx::query("update station set state = $2, delay_seconds = $3 where station_id = $1")
        .bind(&station.id)
        .bind(station.state.name())
        .bind(i32::try_from(station.delay.num_seconds()).unwrap_or_default())
        .execute(conn)
        .await?;
    Ok(())
}

/// Stations that the kitchen's own system has paused, if they rest.
pub(crate) async fn paused_by_system(conn: &mut PgConnection) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar("select station_id from station where paused_by_system").fetch_all(conn).await?)
}

/// Who has set a station: the kitchen's own system, or staff.
pub(crate) async fn set_paused_by_system(conn: &mut PgConnection, station: &str, by_system: bool) -> Result<(), Error> {
    sqlx::query("update station set paused_by_system = $2 where station_id = $1 and paused_by_system <> $2")
        .bind(station)
        .bind(by_system)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn order_of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Order>, Error> {
    sqlx::query_as::<_, OrderRow>("select * from meal_order where visit_id = $1")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(OrderRow::read)
        .transpose()
}

/// Locks the orders of some visits, by visit.
pub(crate) async fn lock_orders_of_visits(
    conn: &mut PgConnection,
    visits: &[Uuid],
) -> Result<BTreeMap<Uuid, Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where visit_id = any ($1) order by order_id for update",
    )
    .bind(visits)
    .fetch_all(conn)
    .await?;
    Ok(read_all(rows)?.into_iter().map(|order| (order.visit, order)).collect())
}

pub(crate) async fn lock_order_of_visit(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Order>, Error> {
    sqlx::query_as::<_, OrderRow>("select * from meal_order where visit_id = $1 for update")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(OrderRow::read)
        .transpose()
}

pub(crate) async fn lock_order(conn: &mut PgConnection, order: Uuid) -> Result<Option<Order>, Error> {
    sqlx::query_as::<_, OrderRow>("select * from meal_order where order_id = $1 for update")
        .bind(order)
        .fetch_optional(conn)
        .await?
        .map(OrderRow::read)
        .transpose()
}

/// Held and scheduled meals of some showings, in the order of their pickups.
pub(crate) async fn lock_unfired_of_showings(conn: &mut PgConnection, showings: &[Uuid]) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where showing_id = any ($1) and state in ('held', 'scheduled')
         order by pickup_at, order_id for update",
    )
    .bind(showings)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Meals that wait for their time and need a station, in the order of their pickups.
pub(crate) async fn lock_scheduled_of_station(conn: &mut PgConnection, station: &str) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where state = 'scheduled' and (lines @> $1 or lines @> $2)
         order by pickup_at, order_id for update",
    )
    .bind(serde_json::json!([{ "station": station }]))
    .bind(serde_json::json!([{ "also_at": [{ "station": station }] }]))
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Meals that are confirmed and not handed out.
pub(crate) async fn lock_open(conn: &mut PgConnection) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where state in ('scheduled', 'fired', 'preparing', 'ready', 'recalled')
         order by pickup_at, order_id for update",
    )
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Orders by id, in the order of the ids given; those that are not there are missing.
pub(crate) async fn orders(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where order_id = any ($1) order by array_position($1, order_id)",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Orders by id, in the order of their pickups.
pub(crate) async fn lock_orders(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where order_id = any ($1) order by pickup_at, order_id for update",
    )
    .bind(ids)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Meals that the kitchen must begin by now. Those that wait for a decision wait.
pub(crate) async fn lock_due(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order o where on_board and state = 'scheduled' and fire_at <= $1
             and not exists (select from affected_order a where a.order_id = o.order_id)
         order by fire_at, number for update",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Meals that have been in a state since before an instant and still stand there.
pub(crate) async fn lock_standing(
    conn: &mut PgConnection,
    state: OrderState,
    since: DateTime<Utc>,
) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where on_board and state = $1 and state_at <= $2 order by order_id for update",
    )
    .bind(state.name())
    .bind(since)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// What the kitchen must see, in fire order: what is under way, what begins on this day, and of other days what somebody
/// must decide about. Tomorrow's numbers begin with 1 again.
pub(crate) async fn board(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order o where on_board and (state <> 'scheduled' or fire_at < $1
             or exists (select from affected_order a where a.order_id = o.order_id))
         order by fire_at, day, number limit $2",
    )
    .bind(midnight(day + Days::new(1)))
    .bind(MOST_ON_BOARD)
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// What is scheduled to be fetched on a day, by pickup: what is only held may come to nothing.
pub(crate) async fn scheduled_for(conn: &mut PgConnection, day: NaiveDate) -> Result<Vec<Order>, Error> {
    let rows = sqlx::query_as::<_, OrderRow>(
        "select * from meal_order where state = 'scheduled' and pickup_at >= $1 and pickup_at < $2
             and pickup_day between ($1 at time zone 'UTC')::date and ($2 at time zone 'UTC')::date
         order by pickup_at, number",
    )
    .bind(midnight(day))
    .bind(midnight(day + Days::new(1)))
    .fetch_all(conn)
    .await?;
    read_all(rows)
}

/// Notes which day it is; true: it is another one than before.
pub(crate) async fn turn_day(conn: &mut PgConnection, day: NaiveDate) -> Result<bool, Error> {
    let turned = sqlx::query("update kitchen set day = $1 where day <> $1").bind(day).execute(conn).await?;
    Ok(turned.rows_affected() > 0)
}

/// Whether the kitchen's clock has anything to do: asked every second, without any lock.
pub(crate) async fn is_anything_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    cancelled_before: DateTime<Utc>,
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "select exists (select from kitchen where day <> $3)
             or exists (select from meal_order where state = 'held' and expires_at <= $1)
             or exists (select from meal_order o, kitchen_rule r where on_board and (
                    (state = 'scheduled' and fire_at <= $1
                        and not exists (select from affected_order a where a.order_id = o.order_id))
                    or (state = 'ready' and state_at <= $1 - make_interval(secs => r.recall_seconds))
                    or (state = 'recalled' and state_at <= $1 - make_interval(secs => r.give_up_seconds))
                    or (state = 'cancelled' and state_at <= $2)))
             or exists (select from affected_order join meal_order using (order_id)
                    where coalesce(refund_at, answer_until) <= $1 and state = 'scheduled'
                        and (not walk_up or refund_at is not null or later_pickup_at is not null))
             or exists (select from substituted where until_at <= $1)",
    )
    .bind(now)
    .bind(cancelled_before)
    .bind(day_of(now))
    .fetch_one(conn)
    .await?)
}

/// Ends the holds that have run out; answers whose they were.
pub(crate) async fn end_holds(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar(
        "update meal_order set state = 'expired', state_at = $1 where state = 'held' and expires_at <= $1
         returning order_id",
    )
    .bind(now)
    .fetch_all(conn)
    .await?)
}

/// Takes cancelled meals off the board that the kitchen has seen long enough.
pub(crate) async fn clear_cancelled(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done =
        sqlx::query("update meal_order set on_board = false where on_board and state = 'cancelled' and state_at <= $1")
            .bind(before)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

/// Makes way for other orders of the same visits.
pub(crate) async fn forget_orders_of_visits(conn: &mut PgConnection, visits: &[Uuid]) -> Result<(), Error> {
    sqlx::query("delete from meal_order where visit_id = any ($1)").bind(visits).execute(conn).await?;
    Ok(())
}

pub(crate) async fn save_order(conn: &mut PgConnection, order: &Order) -> Result<(), Error> {
    save_orders(conn, std::slice::from_ref(order)).await
}

/// Writes orders, new ones and known ones. What was ordered and is charged stays as it is.
pub(crate) async fn save_orders(conn: &mut PgConnection, orders: &[Order]) -> Result<(), Error> {
    macro_rules! column {
        ($of:expr) => {
            orders.iter().map($of).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "insert into meal_order (order_id, visit_id, showing_id, state, state_at, pickup, starts_at, ends_at,
             pickup_at, prep_seconds, fire_at, expires_at, number, lines, charges, on_board, people, walk_up, apart_seconds)
         select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
             $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::integer[], $11::timestamptz[],
             $12::timestamptz[], $13::integer[], $14::jsonb[], $15::jsonb[], $16::boolean[], $17::integer[],
             $18::boolean[], $19::integer[])
         on conflict (order_id) do update set state = excluded.state, state_at = excluded.state_at,
             starts_at = excluded.starts_at, ends_at = excluded.ends_at, pickup_at = excluded.pickup_at,
             prep_seconds = excluded.prep_seconds, fire_at = excluded.fire_at, expires_at = excluded.expires_at,
             number = excluded.number, on_board = excluded.on_board",
    )
    .bind(column!(|order| order.id))
    .bind(column!(|order| order.visit))
    .bind(column!(|order| order.showing))
    .bind(column!(|order| order.state.name()))
    .bind(column!(|order| order.state_at))
    .bind(column!(|order| order.wish.pickup.name()))
    .bind(column!(|order| order.wish.starts_at))
    .bind(column!(|order| order.wish.ends_at))
    .bind(column!(|order| order.pickup_at))
    .bind(column!(|order| i32::try_from(order.preparation.num_seconds()).unwrap_or(i32::MAX)))
    .bind(column!(Order::fire_at))
    .bind(column!(|order| order.expires_at))
    .bind(column!(|order| order.number.map(u32::cast_signed)))
    .bind(column!(|order| Json(&order.lines)))
    .bind(column!(|order| Json(&order.charges)))
    .bind(column!(|order| order.on_board))
    .bind(column!(|order| order.people.cast_signed()))
    .bind(column!(|order| order.walk_up))
    .bind(column!(|order| order.wish.apart.and_then(|apart| i32::try_from(apart.num_seconds()).ok())))
    .execute(conn)
    .await?;
    Ok(())
}

/// Its visit goes to another showing.
pub(crate) async fn move_order(conn: &mut PgConnection, order: Uuid, showing: Uuid) -> Result<(), Error> {
    sqlx::query("update meal_order set showing_id = $2 where order_id = $1")
        .bind(order)
        .bind(showing)
        .execute(conn)
        .await?;
    Ok(())
}

/// The first of so many numbers of a day, which count from 1.
pub(crate) async fn next_numbers(conn: &mut PgConnection, day: NaiveDate, many: usize) -> Result<u32, Error> {
    let many = i32::try_from(many).unwrap_or(i32::MAX);
    let last: i32 = sqlx::query_scalar(
        "insert into day_number as d (day, last) values ($1, $2)
         on conflict (day) do update set last = d.last + $2 returning last",
    )
    .bind(day)
    .bind(many)
    .fetch_one(conn)
    .await?;
    Ok((last - many + 1).unsigned_abs())
}

/// The day that orders' numbers count in. It stays, even if a meal moves past midnight.
pub(crate) async fn save_day(conn: &mut PgConnection, orders: &[Uuid], day: NaiveDate) -> Result<(), Error> {
    sqlx::query("update meal_order set day = $2 where order_id = any ($1)")
        .bind(orders)
        .bind(day)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn is_refused(conn: &mut PgConnection, visit: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select from refusal where visit_id = $1)")
        .bind(visit)
        .fetch_one(conn)
        .await?)
}

/// False when the visit was told before.
pub(crate) async fn note_refusal(conn: &mut PgConnection, visit: Uuid, at: DateTime<Utc>) -> Result<bool, Error> {
    let done = sqlx::query("insert into refusal (visit_id, at) values ($1, $2) on conflict do nothing")
        .bind(visit)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
