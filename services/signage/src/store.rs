//! Every SQL statement about displays and what devices say of themselves. Decides nothing.

pub mod absences;
pub mod audit;
pub mod devices;
pub mod feeds;
pub mod media;
pub mod setup;
pub mod standby;
pub mod wall;

use chrono::{DateTime, Utc};
use kernel::{Tx, combine::Keyed, values::Text};
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    domain::{About, Content, Health},
    error::Error,
};

/// What a display shows, as stored.
#[derive(Clone, Debug, FromRow)]
pub struct Computed {
    /// Which.
    pub revision: i64,
    /// What.
    pub content: Json<Content>,
    /// When.
    pub computed_at: DateTime<Utc>,
    /// When the display was set up as it is.
    pub configured_at: DateTime<Utc>,
}

/// A display as staff see it.
#[derive(Clone, Debug, FromRow)]
pub struct Listed {
    /// Slug.
    pub display_id: String,
    /// For staff.
    pub name: Json<Text>,
    /// Where it hangs.
    pub location: String,
    /// The groups that messages address.
    pub groups: Vec<String>,
    /// What it is there for.
    pub profile: String,
    /// "landscape" or "portrait"
    pub orientation: String,
    /// Its letters must be readable from here.
    pub viewing_distance_m: i32,
    /// Those that take its message while it is silent.
    pub neighbours: Vec<String>,
    /// Found silent, so that a neighbour takes its message.
    pub silent: bool,
    /// Heard of lately, so that it can take a neighbour's message.
    pub there: bool,
    /// Nobody can read its screen, so that another neighbour takes it if there is one.
    pub dark: bool,
    /// Its player is one of others, which asks and does not beat.
    pub asks_seldom: bool,
    /// Staff have set it up otherwise than the house file says.
    pub is_changed: bool,
    /// Taken down.
    pub retired_at: Option<DateTime<Utc>>,
    /// The revision computed for it.
    pub revision: Option<i64>,
    /// The class computed for it.
    pub class: Option<i16>,
    /// The headline of its content.
    pub headline: Option<Json<Text>>,
    /// Since when it should show that.
    pub shown_since: Option<DateTime<Utc>>,
    /// The revision it says it shows.
    pub rendered_revision: i64,
    /// When it said so.
    pub rendered_at: Option<DateTime<Utc>>,
    /// By the machine's clock.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// What its last heartbeat said.
    pub health: Option<Json<Health>>,
    /// Of its device.
    pub pairing: Option<String>,
    /// How many are open.
    pub faults: i64,
}

/// What a display shows.
///
/// # Errors
/// No such display, or the database's error.
pub async fn shown(pool: &PgPool, display_id: &str) -> Result<Computed, Error> {
    sqlx::query_as(
        "select greatest(v.revision, d.view_since) as revision, v.content::json as content, v.computed_at,
                d.configured_at
         from display d join view v using (view_id) where d.display_id = $1",
    )
    .bind(display_id)
    .fetch_optional(pool)
    .await?
    .ok_or_else(|| Error::NoSuchDisplay(display_id.to_owned()))
}

/// All displays that hang, or all that were taken down, for staff.
///
/// # Errors
/// The database's error.
pub async fn list(pool: &PgPool, retired: bool) -> Result<Vec<Listed>, Error> {
    Ok(sqlx::query_as(
        "select d.display_id, d.name, d.location, d.groups, d.profile, d.orientation, d.viewing_distance_m, d.neighbours,
                d.retired_at, greatest(v.revision, d.view_since) as revision, v.class,
                v.content::json->'headline' as headline, v.computed_at as shown_since,
                coalesce(p.rendered_revision, 0) as rendered_revision, p.rendered_at, p.last_seen_at, p.health,
                pairing.state as pairing,
                (select count(*) from fault f where f.display_id = d.display_id and over_at is null) as faults, d.silent,
                d.there, d.dark, d.changed is not null as is_changed, d.player is not null as asks_seldom
         from display d left join view v using (view_id) left join presence p using (display_id)
             left join pairing using (display_id)
         where (d.retired_at is not null) = $1 order by d.display_id",
    )
    .bind(retired)
    .fetch_all(pool)
    .await?)
}

/// The display that has this player, and the revision that it has said to show.
///
/// # Errors
/// The database's error.
pub async fn display_of_player(pool: &PgPool, player: Uuid) -> Result<Option<(String, i64)>, Error> {
    let statement =
        "select display_id, coalesce(rendered_revision, 0) from display left join presence using (display_id)
         where player = $1 and retired_at is null";
    Ok(sqlx::query_as(statement).bind(player).fetch_optional(pool).await?)
}

/// A display says that it shows a revision.
#[derive(Clone, Debug)]
pub struct Said {
    /// Which display.
    pub display_id: String,
    /// Which revision.
    pub revision: i64,
}

impl Keyed for Said {
    fn batch_key(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, self.display_id.as_bytes())
    }
}

/// What became of a display's word that it shows a revision.
#[derive(Clone, Debug, FromRow)]
pub struct Rendered {
    /// Which display.
    pub display_id: String,
    /// What it should show now.
    pub revision: i64,
    /// Of which class that is.
    pub class: i16,
    /// The directives and incidents that it tells.
    pub abouts: Json<Vec<About>>,
    /// True when it is the first to say so of this revision or a later one.
    pub fresh: bool,
}

/// Displays say which revisions they show, each at most once. Those that are not in the answer do not exist;
/// of those that say what was never computed nothing is noted.
///
/// # Errors
/// The database's error.
pub async fn rendered(tx: &mut Tx, said: &[Said]) -> Result<Vec<Rendered>, Error> {
    let (ids, revisions): (Vec<&str>, Vec<i64>) = said.iter().map(|it| (it.display_id.as_str(), it.revision)).unzip();
    Ok(sqlx::query_as(
        "with asked as materialized (
             select d.display_id, n.revision as said, d.view_id, d.view_since
             from unnest($1::text[], $2::bigint[]) as n (display_id, revision) join display d using (display_id)),
         shown as materialized (
             select view_id, revision, class,
                    jsonb_path_query_array(content::jsonb, '$.lines[*].about ? (@ != null)') as abouts
             from view where view_id in (select view_id from asked)),
         said as materialized (
             select a.display_id, a.said, greatest(v.revision, a.view_since) as revision, v.class, v.abouts
             from asked a join shown v using (view_id)),
         noted as (
             insert into presence as p (display_id, rendered_revision, rendered_at)
             select display_id, said, $3 from said where said between 1 and revision order by display_id
             on conflict (display_id) do update
             set rendered_revision = excluded.rendered_revision, rendered_at = excluded.rendered_at
             where p.rendered_revision < excluded.rendered_revision
             returning display_id)
         select said.display_id, revision, class, abouts, noted.display_id is not null as fresh
         from said left join noted on noted.display_id = said.display_id",
    )
    .bind(ids)
    .bind(revisions)
    .bind(tx.now())
    .fetch_all(tx.conn())
    .await?)
}
