//! What an order takes besides station time: stock, the parts of flat prices, what its party avoids; and the rules that
//! it is held against. Stock is changed with the kitchen locked, like station time.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        choosing::{Portions, Share},
        rules::Rules,
    },
    error::Error,
};

type RulesRow = (i32, i32, i32, i32, Vec<String>, i32, i32);

/// The house's rules; None: it has none.
pub(crate) async fn rules(conn: &mut PgConnection) -> Result<Option<Rules>, Error> {
    let row: Option<RulesRow> = sqlx::query_as(
        "select lead_minutes, most_pieces, group_most_pieces, most_trays, tray_labels, most_people_per_slot,
             showing_share_percent
         from order_rules",
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(lead, most, group, trays, tray_labels, people, share)| Rules {
        lead: TimeDelta::minutes(lead.into()),
        most_pieces: most.unsigned_abs(),
        group_most_pieces: group.unsigned_abs(),
        most_trays: trays.unsigned_abs(),
        tray_labels,
        most_people_per_slot: people.unsigned_abs(),
        showing_share_percent: share.unsigned_abs(),
    }))
}

/// Seconds by station and quarter.
type Seconds = BTreeMap<(String, DateTime<Utc>), u32>;

/// What the quarters of a span have of orders, held ones too: the station time of some showings, and everybody's people.
pub(crate) async fn taken(
    conn: &mut PgConnection,
    showings: &[Uuid],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(BTreeMap<Uuid, Seconds>, BTreeMap<DateTime<Utc>, u32>), Error> {
    let rows: Vec<(Uuid, String, DateTime<Utc>, i32)> = sqlx::query_as(
        "select o.showing_id, c.station_id, c.slot_at, sum(c.seconds)::integer
         from meal_order o join slot_claim c using (order_id)
         where o.showing_id = any ($1) and o.state in ('held', 'scheduled') and c.slot_at >= $2 and c.slot_at < $3
         group by o.showing_id, c.station_id, c.slot_at",
    )
    .bind(showings)
    .bind(from)
    .bind(until)
    .fetch_all(&mut *conn)
    .await?;
    let mut by_showing: BTreeMap<Uuid, Seconds> = BTreeMap::new();
    for (showing, station, slot_at, sum) in rows {
        by_showing.entry(showing).or_default().insert((station, slot_at), sum.unsigned_abs());
    }
    let rows: Vec<(DateTime<Utc>, i32)> = sqlx::query_as(
        "select date_bin('15 minutes', pickup_at, 'epoch'), sum(people)::integer from meal_order
         where pickup_at >= $1 and pickup_at < $2 and state in ('held', 'scheduled', 'fired', 'preparing')
             and pickup_day between ($1 at time zone 'UTC')::date and ($2 at time zone 'UTC')::date
         group by 1",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    Ok((by_showing, rows.into_iter().map(|(slot_at, sum)| (slot_at, sum.unsigned_abs())).collect()))
}

/// Portions of an item that an order takes out of the stock of a day.
#[derive(Debug)]
pub(crate) struct Stock {
    pub(crate) order: Uuid,
    pub(crate) item: String,
    pub(crate) day: NaiveDate,
    pub(crate) portions: u32,
}

impl Stock {
    /// Those of one order.
    pub(crate) fn of(order: Uuid, day: NaiveDate, portions: &Portions) -> Vec<Self> {
        let stock = |(item, portions): (&String, &u32)| Self { order, item: item.clone(), day, portions: *portions };
        portions.iter().map(stock).collect()
    }
}

/// Takes portions for orders. Breaks `stock_not_oversold` when they are not there.
pub(crate) async fn take_stock(conn: &mut PgConnection, stock: &[Stock]) -> Result<(), Error> {
    let orders: Vec<Uuid> = stock.iter().map(|stock| stock.order).collect();
    let items: Vec<&str> = stock.iter().map(|stock| stock.item.as_str()).collect();
    let days: Vec<NaiveDate> = stock.iter().map(|stock| stock.day).collect();
    let portions: Vec<i32> = stock.iter().map(|stock| stock.portions.cast_signed()).collect();
    sqlx::query(
        "with wanted as (
             select n.order_id, n.item_id, n.day, n.portions, i.portions_per_day
             from unnest($1::uuid[], $2::text[], $3::date[], $4::integer[]) as n (order_id, item_id, day, portions)
             join menu_item i using (item_id)),
         taken as (
             insert into stock_day as d (item_id, day, portions, taken)
             select item_id, day, min(portions_per_day), sum(portions) from wanted
             group by item_id, day order by item_id, day
             on conflict (item_id, day) do update set taken = d.taken + excluded.taken returning d.item_id, d.day)
         insert into stock_claim (order_id, item_id, day, portions)
         select w.order_id, w.item_id, w.day, w.portions from wanted w join taken using (item_id, day)
         on conflict (order_id, item_id) do update set portions = stock_claim.portions + excluded.portions",
    )
    .bind(orders)
    .bind(items)
    .bind(days)
    .bind(portions)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives back what orders have taken of the stock.
pub(crate) async fn free_stock(conn: &mut PgConnection, orders: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "with gone as (delete from stock_claim where order_id = any ($1) returning item_id, day, portions),
         sums as (select item_id, day, sum(portions)::integer as portions from gone group by item_id, day)
         update stock_day d set taken = d.taken - s.portions from sums s where d.item_id = s.item_id and d.day = s.day",
    )
    .bind(orders)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives back what an order has taken of one item.
pub(crate) async fn give_back_stock(
    conn: &mut PgConnection,
    order: Uuid,
    item: &str,
    portions: u32,
) -> Result<(), Error> {
    for statement in [
        "update stock_day d set taken = d.taken - $3 from stock_claim c
         where c.order_id = $1 and c.item_id = $2 and d.item_id = c.item_id and d.day = c.day",
        "delete from stock_claim where order_id = $1 and item_id = $2 and portions = $3",
        "update stock_claim set portions = portions - $3 where order_id = $1 and item_id = $2",
    ] {
        sqlx::query(statement).bind(order).bind(item).bind(portions.cast_signed()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Keeps what a flat price was split into.
pub(crate) async fn save_share(conn: &mut PgConnection, share: &Share) -> Result<(), Error> {
    sqlx::query(
        "insert into combo_share (price_id, mix, tax_id, cents) values ($1, $2, $3, $4)
         on conflict (price_id, mix, tax_id) do update set cents = $4",
    )
    .bind(&share.price_id)
    .bind(&share.mix)
    .bind(&share.tax_id)
    .bind(share.cents)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save_avoids(
    conn: &mut PgConnection,
    order: Uuid,
    allergens: &[u32],
    acknowledged: bool,
) -> Result<(), Error> {
    let allergens: Vec<i32> = allergens.iter().map(|number| number.cast_signed()).collect();
    sqlx::query("insert into order_avoids (order_id, allergens, acknowledged) values ($1, $2, $3)")
        .bind(order)
        .bind(allergens)
        .bind(acknowledged)
        .execute(conn)
        .await?;
    Ok(())
}

/// What the party of an order avoids.
pub(crate) async fn avoided(conn: &mut PgConnection, order: Uuid) -> Result<Vec<u32>, Error> {
    let numbers: Option<Vec<i32>> = sqlx::query_scalar("select allergens from order_avoids where order_id = $1")
        .bind(order)
        .fetch_optional(conn)
        .await?;
    Ok(numbers.unwrap_or_default().into_iter().map(i32::unsigned_abs).collect())
}

/// Erases what parties avoid whose meals were picked up before a day, or will not be made: holds that ran out before
/// `given_up` are taken by no late money any more. As long as a meal is made, somebody may put another dish into it; one
/// that nobody takes off the board is over half a day later.
pub(crate) async fn erase_avoids(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    given_up: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "delete from order_avoids a using meal_order o
         where o.order_id = a.order_id
           and case when o.on_board then o.pickup_at < $1 - interval '12 hours'
                    else o.pickup_at < $1 or o.state in ('cancelled', 'collected', 'rejected')
                        or (o.state = 'expired' and o.state_at < $2) end",
    )
    .bind(before)
    .bind(given_up)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets what the trays of orders were called that are over since before a day, or will not be made.
pub(crate) async fn erase_trays(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    given_up: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        r#"update meal_order set lines = (
             select jsonb_agg(line || '{"tray": ""}' order by nth) from jsonb_array_elements(lines) with ordinality as l (line, nth))
         where not on_board and (pickup_at < $1 or state in ('cancelled', 'rejected') or (state = 'expired' and state_at < $2))
             and jsonb_path_exists(lines, '$[*].tray ? (@ != "")')"#,
    )
    .bind(before)
    .bind(given_up)
    .execute(&mut *conn)
    .await?;
    // The first answers to those who ordered name them too; after a day nobody asks for one again.
    sqlx::query(
        "delete from idempotency where method in ('HoldOrder', 'PlaceWalkUp', 'NoteGivenBack')
             and created_at < $1 - interval '1 day'",
    )
    .bind(before)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
