//! Halls to sell: laid out straight in the database, because a planetarium of 200,000 places has no
//! house file. Car park and kitchen have one: the real house's with more bays and more hands.

use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::timestamp;
use prost::{Message, Name};
use sky_proto::reservations::v1::{Audience, ShowingScheduled};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::house::{HALLE, House};

/// So many showings that start in a month, each in a hall with so many rows of so many places.
pub async fn showings(house: &House, count: i32, rows: i32, seats: i32) -> anyhow::Result<Vec<Uuid>> {
    showings_at(house, count, rows, seats, TimeDelta::days(30), TimeDelta::zero()).await
}

/// The same; the first one starts after so long, each other one so much later than the one before.
pub async fn showings_at(
    house: &House,
    count: i32,
    rows: i32,
    seats: i32,
    first: TimeDelta,
    apart: TimeDelta,
) -> anyhow::Result<Vec<Uuid>> {
    let mut connection = PgConnection::connect(&house.database_url).await?;
    let layout = format!("load-{rows}x{seats}");
    sqlx::query(
        "insert into reservations.layout (id, hall, name, permit) values ($1, 'load', '{\"de\":\"\",\"en\":\"\"}', 'none')
         on conflict do nothing",
    )
    .bind(&layout)
    .execute(&mut connection)
    .await?;
    sqlx::query(
        "insert into reservations.layout_seat (layout_id, label, row_name, row_place, number, features)
         select $1, 'R' || r || '-' || n, 'R' || r, r, n, '{}' from generate_series(0, $2 - 1) r, generate_series(1, $3) n
         on conflict do nothing",
    )
    .bind(&layout)
    .bind(rows)
    .bind(seats)
    .execute(&mut connection)
    .await?;
    let first = kernel::clock::wall_now() + first;
    let starts_at: Vec<DateTime<Utc>> = (0..count).map(|number| first + apart * number).collect();
    let ids: Vec<Uuid> = starts_at.iter().map(|_| Uuid::now_v7()).collect();
    sqlx::query(
        "insert into reservations.showing
             (id, title_id, hall, layout_id, starts_at, ends_at, doors_at, last_entry_at, scheduled_starts_at, state,
              audience, numbered, notice, capacity, wheelchair_places, door_quota, staff_quota, told_revision)
         select id, (select min(id) from reservations.title where category = 'public'), 'load', $2, at,
                at + interval '1 hour', at - interval '20 minutes', at, at, 'on_sale', 'public', true,
                '{\"de\":\"\",\"en\":\"\"}', $4, 0, 0, 0, 1
         from unnest($1::uuid[], $3::timestamptz[]) showing (id, at)",
    )
    .bind(&ids)
    .bind(&layout)
    .bind(&starts_at)
    .bind(rows * seats)
    .execute(&mut connection)
    .await?;
    tell(&mut connection, &ids, &starts_at, rows * seats).await?;
    Ok(ids)
}

/// The real house file with as many bays and hands as a house file may have.
pub fn roomy_house() -> anyhow::Result<String> {
    let mut house: toml::Table = toml::from_str(&std::fs::read_to_string(HALLE)?)?;
    let rows = |house: &mut toml::Table, service: &str, rows: &str, key: &str, value: i64| -> anyhow::Result<()> {
        let rows = house.get_mut(service).and_then(|service| service.get_mut(rows)).and_then(toml::Value::as_array_mut);
        for row in rows.context("the house file has other tables now")? {
            row.as_table_mut().context("no table")?.insert(key.to_owned(), value.into());
        }
        Ok(())
    };
    rows(&mut house, "parking", "bays", "count", 10_000)?;
    rows(&mut house, "gastro", "stations", "seconds_per_slot", 9_000)?;
    // No showing leaves anything to the others, and the counter has room for all.
    house.get_mut("gastro").and_then(toml::Value::as_table_mut).context("no kitchen")?.remove("rules");
    Ok(toml::to_string(&house)?)
}

/// Tells the house of them the way it always hears of showings, and waits until the door knows them.
async fn tell(
    connection: &mut PgConnection,
    ids: &[Uuid],
    starts_at: &[DateTime<Utc>],
    capacity: i32,
) -> anyhow::Result<()> {
    let event = |(id, starts_at): (&Uuid, &DateTime<Utc>)| ShowingScheduled {
        showing_id: id.to_string(),
        hall: "load".to_owned(),
        starts_at: Some(timestamp(*starts_at)),
        ends_at: Some(timestamp(*starts_at + TimeDelta::hours(1))),
        doors_at: Some(timestamp(*starts_at - TimeDelta::minutes(20))),
        last_entry_at: Some(timestamp(*starts_at)),
        capacity: capacity.unsigned_abs(),
        audience: Audience::Public.into(),
        title: None,
    };
    let payloads: Vec<Vec<u8>> = ids.iter().zip(starts_at).map(|showing| event(showing).encode_to_vec()).collect();
    sqlx::query(
        "with told as (
             insert into reservations.outbox
                 (event_id, aggregate_id, aggregate_version, type, subject, payload, occurred_at)
             select gen_random_uuid(), id, 1, $3, 'reservations.v1.showing_scheduled.' || id, payload, $4
             from unnest($1::text[], $2::bytea[]) t (id, payload))
         insert into reservations.aggregate_head (aggregate_id, version) select id, 1 from unnest($1::text[]) id",
    )
    .bind(ids.iter().map(Uuid::to_string).collect::<Vec<_>>())
    .bind(payloads)
    .bind(ShowingScheduled::full_name())
    .bind(kernel::clock::wall_now())
    .execute(&mut *connection)
    .await?;
    let deadline = Instant::now() + Duration::from_secs(60);
    let known = "select count(*) from flow.admission where showing_id = any($1)";
    while sqlx::query_scalar::<_, i64>(known).bind(ids).fetch_one(&mut *connection).await? < ids.len() as i64 {
        anyhow::ensure!(Instant::now() < deadline, "the door has not heard of the showings within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
