//! What an order takes besides station time: stock, the parts of flat prices, what its party avoids; and the rules that
//! it is held against. Stock is changed with the kitchen locked, like station time.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        choosing::{Portions, Share},
        rules::{Rules, Taken},
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

/// What the quarters of a span have of orders: one showing's station time, and everybody's people.
pub(crate) async fn taken(
    conn: &mut PgConnection,
    showing: Uuid,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Taken, Error> {
    let rows: Vec<(DateTime<Utc>, Option<String>, i32)> = sqlx::query_as(
        "select c.slot_at, c.station_id, sum(c.seconds)::integer
         from meal_order o join slot_claim c using (order_id)
         where o.showing_id = $1 and o.state in ('held', 'scheduled') and c.slot_at >= $2 and c.slot_at < $3
         group by c.slot_at, c.station_id
         union all
         select date_bin('15 minutes', pickup_at, 'epoch'), null, sum(people)::integer from meal_order
         where pickup_at >= $2 and pickup_at < $3 and state in ('held', 'scheduled', 'fired', 'preparing')
         group by 1",
    )
    .bind(showing)
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?;
    let mut taken = Taken::default();
    for (slot_at, station, sum) in rows {
        match station {
            Some(station) => taken.by_showing.insert((station, slot_at), sum.unsigned_abs()),
            None => taken.people.insert(slot_at, sum.unsigned_abs()),
        };
    }
    Ok(taken)
}

/// Takes portions of a day for an order. Breaks `stock_not_oversold` when they are not there.
pub(crate) async fn take_stock(
    conn: &mut PgConnection,
    order: Uuid,
    day: NaiveDate,
    portions: &Portions,
) -> Result<(), Error> {
    let items: Vec<&str> = portions.keys().map(String::as_str).collect();
    let counts: Vec<i32> = portions.values().map(|count| count.cast_signed()).collect();
    sqlx::query(
        "with wanted as (
             select n.item_id, n.portions, i.portions_per_day
             from unnest($3::text[], $4::integer[]) as n (item_id, portions) join menu_item i using (item_id)),
         taken as (
             insert into stock_day as d (item_id, day, portions, taken)
             select item_id, $2, portions_per_day, portions from wanted order by item_id
             on conflict (item_id, day) do update set taken = d.taken + excluded.taken returning d.item_id)
         insert into stock_claim (order_id, item_id, day, portions)
         select $1, w.item_id, $2, w.portions from wanted w join taken using (item_id)
         on conflict (order_id, item_id) do update set portions = stock_claim.portions + excluded.portions",
    )
    .bind(order)
    .bind(day)
    .bind(items)
    .bind(counts)
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

/// Erases what parties avoid whose meals were picked up before a day.
pub(crate) async fn erase_avoids(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, Error> {
    let done = sqlx::query(
        "delete from order_avoids a using meal_order o
         where o.order_id = a.order_id and (o.pickup_at < $1 or o.state in ('cancelled', 'collected'))",
    )
    .bind(before)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
