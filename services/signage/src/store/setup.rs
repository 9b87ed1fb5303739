//! Every SQL statement about how displays are set up: what the house file says, what staff want otherwise, and the
//! parts of the day that have a name.

use std::collections::HashMap;

use chrono::{DateTime, NaiveTime, Utc};
use kernel::{Tx, clock::wall_now, values::Text};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use super::wall::forget_views;
use crate::{
    domain::{Hung, Profile, Setup, Wall, Wanted},
    error::Error,
};

/// A display of the house file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Configured {
    /// Slug.
    pub display_id: String,
    /// For staff.
    pub name: Text,
    /// Where it hangs.
    pub location: String,
    /// The groups that messages address.
    pub groups: Vec<String>,
    /// Its letters must be readable from here.
    pub viewing_distance_m: i32,
    /// "landscape" or "portrait"
    pub orientation: String,
    /// Those that take its message while it is silent, the nearest first.
    pub neighbours: Vec<String>,
    /// The UUID of a player that speaks SMIL.
    pub player: Option<Uuid>,
    /// The rest.
    pub setup: Setup,
}

/// What staff want otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Where it hangs.
    pub location: String,
    /// "landscape" or "portrait"
    pub orientation: String,
    /// Its letters must be readable from here.
    pub viewing_distance_m: i32,
    /// What it is there for.
    pub profile: Profile,
    /// The groups that messages address, its own first.
    pub groups: Vec<String>,
}

impl Configured {
    /// With what staff want otherwise.
    #[must_use]
    pub fn changed(&self, change: Option<&Change>) -> Self {
        let mut it = self.clone();
        if let Some(change) = change.cloned() {
            (it.location, it.orientation, it.groups) = (change.location, change.orientation, change.groups);
            it.viewing_distance_m = change.viewing_distance_m;
            // A house file that takes the directions away takes the profile with them.
            if change.profile != Profile::Wayfinding || !it.setup.wayfinding.is_empty() {
                it.setup.profile = change.profile;
            }
        }
        it.setup.viewing_distance_m = it.viewing_distance_m;
        it
    }

    /// As the wall wants it.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted {
            id: self.display_id.clone(),
            groups: self.groups.clone(),
            setup: self.setup.clone(),
            neighbours: self.neighbours.clone(),
        }
    }
}

/// All displays that hang, as the house file says.
///
/// # Errors
/// The database's error.
pub async fn configured(tx: &mut Tx) -> Result<Vec<Configured>, Error> {
    let rows: Vec<(Json<Configured>,)> =
        sqlx::query_as("select configured from display where retired_at is null order by display_id")
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|(Json(it),)| it).collect())
}

/// What staff want otherwise, by display.
///
/// # Errors
/// The database's error.
pub async fn changes(tx: &mut Tx) -> Result<HashMap<String, Change>, Error> {
    let rows: Vec<(String, Json<Change>)> =
        sqlx::query_as("select display_id, changed from display where changed is not null")
            .fetch_all(tx.conn())
            .await?;
    Ok(rows.into_iter().map(|(id, Json(change))| (id, change)).collect())
}

/// Staff want this display otherwise; None: as the house file says.
///
/// # Errors
/// The database's error.
pub async fn keep_change(tx: &mut Tx, display_id: &str, change: Option<&Change>) -> Result<(), Error> {
    sqlx::query("update display set changed = $2 where display_id = $1")
        .bind(display_id)
        .bind(change.map(Json))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Hangs the displays as the wall says: `wanted` is `configured`, the house file, with what staff want otherwise.
/// Retires all others.
///
/// # Errors
/// The database's error.
pub async fn hang(tx: &mut Tx, configured: &[Configured], wanted: &[Configured], wall: &Wall) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Row<'a> {
        #[serde(flatten)]
        wanted: &'a Configured,
        configured: &'a Configured,
        profile: &'a str,
        configured_at: DateTime<Utc>,
        view_id: Uuid,
        view_since: i64,
    }
    let row = |((configured, wanted), hung): ((&'_ Configured, &'_ Configured), &Hung)| {
        serde_json::to_value(Row {
            wanted,
            configured,
            profile: wanted.setup.profile.name(),
            configured_at: hung.view.base.configured_at,
            view_id: hung.view_id,
            view_since: hung.since,
        })
    };
    let rows: Vec<serde_json::Value> =
        configured.iter().zip(wanted).zip(&wall.displays).map(row).collect::<Result<_, _>>()?;
    sqlx::query(
        "with wanted as materialized (
             select * from jsonb_to_recordset($1) as n (display_id text, name jsonb, location text, groups text[],
                 profile text, viewing_distance_m integer, orientation text, neighbours text[],
                 player uuid, setup jsonb, configured jsonb, configured_at timestamptz, view_id uuid,
                 view_since bigint)),
         gone as (
             update display set retired_at = $2, view_id = null, silent = false, there = false
             where retired_at is null and display_id not in (select display_id from wanted))
         insert into display (display_id, name, location, groups, profile, viewing_distance_m, orientation, neighbours,
                              player, setup, configured, configured_at, view_id, view_since, hung_at)
         select display_id, name, location, groups, profile, viewing_distance_m, orientation, neighbours, player, setup,
                configured, configured_at, view_id, view_since, $3
         from wanted
         on conflict (display_id) do update
         set name = excluded.name, location = excluded.location, groups = excluded.groups, profile = excluded.profile,
             viewing_distance_m = excluded.viewing_distance_m, orientation = excluded.orientation,
             neighbours = excluded.neighbours, player = excluded.player, setup = excluded.setup,
             configured = excluded.configured, configured_at = excluded.configured_at,
             view_id = excluded.view_id, view_since = excluded.view_since, retired_at = null,
             hung_at = case when display.retired_at is null then display.hung_at else excluded.hung_at end",
    )
    .bind(Json(rows))
    .bind(tx.now())
    .bind(wall_now())
    .execute(tx.conn())
    .await?;
    forget_views(tx).await
}

/// A part of the day that has a name.
#[derive(Clone, Debug, FromRow)]
pub struct Part {
    /// Slug.
    pub part_id: String,
    /// For staff.
    #[sqlx(json)]
    pub name: Text,
    /// From this time of the day on …
    pub from_time: NaiveTime,
    /// … until this one.
    pub until_time: NaiveTime,
}

/// These are all parts of the day.
///
/// # Errors
/// The database's error.
pub async fn keep_parts(tx: &mut Tx, parts: &[Part]) -> Result<(), Error> {
    sqlx::query("delete from day_part").execute(tx.conn()).await?;
    for (place, part) in (0_i32..).zip(parts) {
        sqlx::query("insert into day_part (part_id, place, name, from_time, until_time) values ($1, $2, $3, $4, $5)")
            .bind(&part.part_id)
            .bind(place)
            .bind(Json(&part.name))
            .bind(part.from_time)
            .bind(part.until_time)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// The parts of the day, in the order of the house file.
///
/// # Errors
/// The database's error.
pub async fn parts(pool: &PgPool) -> Result<Vec<Part>, Error> {
    Ok(sqlx::query_as("select part_id, name, from_time, until_time from day_part order by place")
        .fetch_all(pool)
        .await?)
}
