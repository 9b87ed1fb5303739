//! Rules of the house, firing, moves by hand, and plans for many orders at once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Order, OrderState,
        hours::Hours,
        kitchen::{Beside, LastMove, Rules, given_back_undo_until},
    },
    error::Error,
};

pub(crate) async fn rules(conn: &mut PgConnection) -> Result<Rules, Error> {
    let (recall, give_up, undo, pause): (i32, i32, i32, i32) =
        sqlx::query_as("select recall_seconds, give_up_seconds, undo_seconds, pause_seconds from kitchen_rule")
            .fetch_one(conn)
            .await?;
    let seconds = |it: i32| TimeDelta::seconds(it.into());
    Ok(Rules { recall: seconds(recall), give_up: seconds(give_up), undo: seconds(undo), pause: seconds(pause) })
}

/// When meals are handed out.
pub(crate) async fn hours(conn: &mut PgConnection) -> Result<Hours, Error> {
    let hours: Json<Hours> = sqlx::query_scalar("select hours from kitchen_rule").fetch_one(conn).await?;
    Ok(hours.0)
}

/// How the kitchen calls itself to other systems: account, location, channel.
pub(crate) async fn names(conn: &mut PgConnection) -> Result<(String, String, String), Error> {
    Ok(sqlx::query_as("select account, location, channel from kitchen_rule").fetch_one(conn).await?)
}

/// Notes that orders are fired now. Answers those that had not been: each is answered once, whatever comes again.
pub(crate) async fn note_firing(
    conn: &mut PgConnection,
    orders: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashSet<Uuid>, Error> {
    let fresh: Vec<Uuid> = sqlx::query_scalar(
        "insert into firing (order_id, fired_at) select id, $2 from unnest($1::uuid[]) as n (id)
         on conflict on constraint firing_once do nothing returning order_id",
    )
    .bind(orders)
    .bind(now)
    .fetch_all(conn)
    .await?;
    Ok(fresh.into_iter().collect())
}

/// Brings the state of many orders up to date in one statement.
pub(crate) async fn save_states(conn: &mut PgConnection, orders: &[Order]) -> Result<(), Error> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let states: Vec<&str> = orders.iter().map(|order| order.state.name()).collect();
    let at: Vec<DateTime<Utc>> = orders.iter().map(|order| order.state_at).collect();
    let on_board: Vec<bool> = orders.iter().map(|order| order.on_board).collect();
    sqlx::query(
        "update meal_order o set state = n.state, state_at = n.at, on_board = n.on_board
         from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::boolean[]) as n (id, state, at, on_board)
         where o.order_id = n.id",
    )
    .bind(ids)
    .bind(states)
    .bind(at)
    .bind(on_board)
    .execute(conn)
    .await?;
    Ok(())
}

/// Brings an order's state up to date; answers whether there is a kitchen system to tell.
pub(crate) async fn save_state(conn: &mut PgConnection, order: &Order) -> Result<bool, Error> {
    Ok(sqlx::query_scalar(
        "update meal_order set state = $2, state_at = $3, on_board = $4 where order_id = $1
         returning exists (select from kds_push_on)",
    )
    .bind(order.id)
    .bind(order.state.name())
    .bind(order.state_at)
    .bind(order.on_board)
    .fetch_one(conn)
    .await?)
}

/// Brings the times of many orders up to date in one statement.
pub(crate) async fn save_plans(conn: &mut PgConnection, orders: &[Order]) -> Result<(), Error> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let times = |of: fn(&Order) -> DateTime<Utc>| orders.iter().map(of).collect::<Vec<_>>();
    let seconds: Vec<i32> =
        orders.iter().map(|it| i32::try_from(it.preparation.num_seconds()).unwrap_or(i32::MAX)).collect();
    sqlx::query(
        "update meal_order o set starts_at = n.starts_at, ends_at = n.ends_at, pickup_at = n.pickup_at,
             fire_at = n.fire_at, prep_seconds = n.seconds, regardless = n.regardless
         from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
             $6::integer[], $7::boolean[]) as n (id, starts_at, ends_at, pickup_at, fire_at, seconds, regardless)
         where o.order_id = n.id and (o.starts_at, o.ends_at, o.pickup_at, o.fire_at, o.prep_seconds, o.regardless)
             is distinct from (n.starts_at, n.ends_at, n.pickup_at, n.fire_at, n.seconds, n.regardless)",
    )
    .bind(ids)
    .bind(times(|it| it.wish.starts_at))
    .bind(times(|it| it.wish.ends_at))
    .bind(times(|it| it.pickup_at))
    .bind(times(Order::fire_at))
    .bind(seconds)
    .bind(orders.iter().map(|order| order.regardless).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

/// What an order is made of, after a substitution.
pub(crate) async fn save_lines(conn: &mut PgConnection, order: &Order) -> Result<(), Error> {
    sqlx::query("update meal_order set lines = $2 where order_id = $1")
        .bind(order.id)
        .bind(Json(&order.lines))
        .execute(conn)
        .await?;
    Ok(())
}

/// Saves what a meal costs now.
pub(crate) async fn save_charges(conn: &mut PgConnection, order: &Order) -> Result<(), Error> {
    sqlx::query("update meal_order set charges = $2 where order_id = $1")
        .bind(order.id)
        .bind(Json(&order.charges))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn save_move(conn: &mut PgConnection, order: Uuid, last: &LastMove) -> Result<(), Error> {
    let (station, part) = last.part.as_ref().map(|(station, from)| (station, from.name())).unzip();
    sqlx::query(
        "insert into last_move (order_id, from_state, to_state, at, station_id, part_from)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (order_id) do update
             set from_state = $2, to_state = $3, at = $4, station_id = $5, part_from = $6",
    )
    .bind(order)
    .bind(last.from.name())
    .bind(last.to.name())
    .bind(last.at)
    .bind(station)
    .bind(part)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whatever was done last cannot be taken back any more.
pub(crate) async fn forget_move(conn: &mut PgConnection, order: Uuid) -> Result<(), Error> {
    sqlx::query("delete from last_move where order_id = $1").bind(order).execute(conn).await?;
    Ok(())
}

type MoveRow = (Uuid, String, String, DateTime<Utc>, Option<String>, Option<String>);

/// The last move of each of some orders.
pub(crate) async fn last_moves(conn: &mut PgConnection, orders: &[Uuid]) -> Result<HashMap<Uuid, LastMove>, Error> {
    let rows: Vec<MoveRow> = sqlx::query_as(
        "select order_id, from_state, to_state, at, station_id, part_from from last_move where order_id = any ($1)",
    )
    .bind(orders)
    .fetch_all(conn)
    .await?;
    let state = |name: &str| OrderState::named(name).ok_or_else(|| Error::Stored(format!("order state {name}")));
    let read = |(order, from, to, at, station, part): MoveRow| {
        let part = match station.zip(part) {
            Some((station, from)) => Some((station, state(&from)?)),
            None => None,
        };
        Ok((order, LastMove { from: state(&from)?, to: state(&to)?, at, part }))
    };
    rows.into_iter().map(read).collect()
}

/// What is known of orders besides themselves.
pub(crate) async fn beside(conn: &mut PgConnection, orders: &[Order]) -> Result<HashMap<Uuid, Beside>, Error> {
    let ids: Vec<Uuid> = orders.iter().map(|order| order.id).collect();
    let rules = rules(conn).await?;
    let mut affected = super::affected::of_orders(conn, &ids).await?;
    let moves = last_moves(conn, &ids).await?;
    let mut parts = super::tickets::of_orders(conn, &ids).await?;
    let substituted = super::put_off::untils(conn, &ids).await?;
    let gives_back = super::put_off::gives_back(conn, &ids).await?;
    let at_counter: Vec<Uuid> = orders.iter().filter(|order| order.walk_up).map(|order| order.id).collect();
    let mut given_back = HashMap::new();
    if !at_counter.is_empty() {
        given_back = super::given_back::of_orders(conn, &at_counter).await?;
    }
    let mut beside = |order: &Order| {
        let last = moves.get(&order.id).and_then(|last| last.undo_until(order.state, &rules));
        let undo_until = substituted.get(&order.id).copied().or(last);
        let parts = parts.remove(&order.id).unwrap_or_default();
        let affected = affected.remove(&order.id);
        let (done, pending) = gives_back.get(&order.id).copied().unwrap_or_default();
        // Of a meal that is not made at all everything goes back, whatever was to take the place of a dish.
        let all = affected.as_ref().is_some_and(|it| it.refund_at.is_some());
        let pending = if all { order.cents() } else { pending };
        let gives_back = if order.walk_up { done + pending } else { 0 };
        let given_back = given_back.remove(&order.id).unwrap_or_default();
        let given_back_undo_until = given_back_undo_until(&given_back, &rules);
        (order.id, Beside { affected, undo_until, parts, gives_back, given_back, given_back_undo_until })
    };
    Ok(orders.iter().map(&mut beside).collect())
}

/// Numbers that the café's monitor shows, in the order in which they came into their state.
pub(crate) async fn numbers(conn: &mut PgConnection) -> Result<Vec<(u32, OrderState)>, Error> {
    let rows: Vec<(i32, String)> = sqlx::query_as(
        "select number, state from meal_order
         where on_board and number is not null and state in ('fired', 'preparing', 'ready', 'recalled')
         order by state_at, number",
    )
    .fetch_all(conn)
    .await?;
    let read = |(number, state): (i32, String)| {
        let state = OrderState::named(&state).ok_or_else(|| Error::Stored(format!("order state {state}")))?;
        Ok((number.unsigned_abs(), state))
    };
    rows.into_iter().map(read).collect()
}
