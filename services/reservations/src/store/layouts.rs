//! Seating plans and their places. Decides nothing.

use std::{collections::HashMap, sync::Arc};

use kernel::values::Text;
use sqlx::{PgConnection, types::Json};

use super::seats;
use crate::{
    domain::{Seat, hall::Plan},
    error::Error,
};

/// Layouts by id, with the revision that each is of: an approved plan keeps its places, but not what is said of them.
pub(crate) type Plans = HashMap<String, (i32, Arc<Plan>)>;

/// The hall of a stored plan; None: there is none of that id.
pub(crate) async fn hall_of(conn: &mut PgConnection, id: &str) -> Result<Option<String>, Error> {
    Ok(sqlx::query_scalar("select hall from layout where id = $1").bind(id).fetch_optional(conn).await?)
}

/// Which revision each plan has.
pub(crate) async fn revisions(conn: &mut PgConnection) -> Result<HashMap<String, i32>, Error> {
    let rows: Vec<(String, i32)> = sqlx::query_as("select id, revision from layout").fetch_all(conn).await?;
    Ok(rows.into_iter().collect())
}

/// Saves a plan, and those of its places of which something is new.
pub(crate) async fn save(
    conn: &mut PgConnection,
    id: &str,
    hall: &str,
    name: &Text,
    permit: &str,
    new: &[&Seat],
) -> Result<(), Error> {
    sqlx::query(
        "insert into layout as l (id, hall, name, permit) values ($1, $2, $3, $4)
         on conflict (id) do update set name = $3, permit = $4, revision = l.revision + $5",
    )
    .bind(id)
    .bind(hall)
    .bind(Json(name))
    .bind(permit)
    .bind(i32::from(!new.is_empty()))
    .execute(&mut *conn)
    .await?;
    for seat in new {
        sqlx::query(
            "insert into layout_seat (layout_id, label, row_name, row_place, number, features)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (layout_id, label) do update set row_name = $3, row_place = $4, number = $5, features = $6",
        )
        .bind(id)
        .bind(&seat.label)
        .bind(&seat.row)
        .bind(seat.row_place)
        .bind(seat.number)
        .bind(&seat.features)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A layout arranged for searching, read once for each of its revisions.
pub(crate) async fn plan(
    conn: &mut PgConnection,
    plans: &mut Plans,
    layout: &str,
    revision: i32,
) -> Result<Arc<Plan>, Error> {
    if let Some((_, plan)) = plans.get(layout).filter(|(known, _)| *known == revision) {
        return Ok(plan.clone());
    }
    let plan = Arc::new(Plan::new(seats(conn, layout).await?));
    plans.insert(layout.to_owned(), (revision, plan.clone()));
    Ok(plan)
}
