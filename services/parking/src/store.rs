//! Every SQL statement of parking, and the way between rows and the domain. Decides nothing.
//!
//! Lock order: site, bay classes by name, showings, rights by visit. Reactions come in runs of one
//! transaction, so each of them locks the classes before any right.

pub(crate) mod closures;
pub(crate) mod coaches;
pub(crate) mod connections;
pub(crate) mod counting;
pub(crate) mod counts;
pub(crate) mod feeds;
pub(crate) mod forecasts;
pub(crate) mod gates;
pub(crate) mod house;
pub(crate) mod meals;
pub(crate) mod occupancy;
pub(crate) mod partners;
pub(crate) mod plates;
pub(crate) mod quarters;
pub(crate) mod showings;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::values::Text;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    domain::{
        Alternative, BayClass, Charge, ClassCount, LATE, ParkLeg, Right, RightState, SOON, Site, SiteState, Window,
        closures::Closure,
        coaches::Stops,
        counted,
        lanes::{Direction, Verdict},
        meals::Meal,
        open_formats::Place,
    },
    error::Error,
};

#[derive(FromRow)]
struct SiteRow {
    id: String,
    name: Json<Text>,
    state: String,
    reason: Json<Text>,
    walk_minutes: i32,
    walk_uncertainty_seconds: i32,
    park_seconds: i32,
    park_uncertainty_seconds: i32,
    alternatives: Json<Vec<Alternative>>,
    revision: i64,
    observed_at: DateTime<Utc>,
    described_at: DateTime<Utc>,
    closure_id: Option<Uuid>,
    closed_until: Option<DateTime<Utc>>,
    kerb_places: i32,
}

#[derive(FromRow)]
struct ClassRow {
    class: String,
    capacity: i32,
    occupied: i32,
    count_known: bool,
    expected: i64,
}

#[derive(FromRow)]
struct RightRow {
    visit_id: Uuid,
    showing_id: Uuid,
    class: String,
    state: String,
    valid_from: DateTime<Utc>,
    valid_until: DateTime<Utc>,
    given_from: DateTime<Utc>,
    given_until: DateTime<Utc>,
    set_down_from: Option<DateTime<Utc>>,
    set_down_until: Option<DateTime<Utc>>,
    pick_up_from: Option<DateTime<Utc>>,
    pick_up_until: Option<DateTime<Utc>>,
    lead_seconds: Option<i64>,
    early_seconds: i64,
    stay_seconds: Option<i64>,
    meal_until: Option<DateTime<Utc>>,
    meal_cancelled: bool,
    expires_at: DateTime<Utc>,
    reference: String,
    charges: Json<Vec<Charge>>,
    entered_at: Option<DateTime<Utc>>,
    left_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    lost_at: Option<DateTime<Utc>>,
}

fn class_named(name: &str) -> Result<BayClass, Error> {
    BayClass::named(name).ok_or_else(|| Error::Stored(format!("bay class {name}")))
}

fn stop(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Option<Window> {
    Some(Window { from: from?, until: until? })
}

impl RightRow {
    fn read(self) -> Result<Right, Error> {
        Ok(Right {
            visit: self.visit_id,
            showing: self.showing_id,
            class: class_named(&self.class)?,
            state: RightState::named(&self.state)
                .ok_or_else(|| Error::Stored(format!("right state {}", self.state)))?,
            window: Window { from: self.valid_from, until: self.valid_until },
            given: Window { from: self.given_from, until: self.given_until },
            stops: Stops {
                set_down: stop(self.set_down_from, self.set_down_until),
                pick_up: stop(self.pick_up_from, self.pick_up_until),
            },
            lead: self.lead_seconds.map(TimeDelta::seconds),
            early: TimeDelta::seconds(self.early_seconds),
            stay: self.stay_seconds.map(TimeDelta::seconds),
            meal: Meal { until: self.meal_until, cancelled: self.meal_cancelled },
            expires_at: self.expires_at,
            reference: self.reference,
            charges: self.charges.0,
            entered_at: self.entered_at,
            left_at: self.left_at,
            cancelled_at: self.cancelled_at,
            lost_at: self.lost_at,
        })
    }
}

/// Locks the site: whoever changes what its live stream shows comes first here.
pub(crate) async fn lock_site(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query("select 1 from site for update").fetch_optional(conn).await?.map(|_| ()).ok_or(Error::NotSetUp)
}

/// Locks bay classes, always in the same order: one, or all of them.
pub(crate) async fn lock_classes(conn: &mut PgConnection, only: Option<BayClass>) -> Result<(), Error> {
    sqlx::query("select 1 from bay_class where $1::text is null or class = $1 order by class for update")
        .bind(only.map(BayClass::name))
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn site(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Site, Error> {
    let row: SiteRow = sqlx::query_as(
        "select s.*, c.until_at as closed_until from site s left join closure c on c.closure_id = s.closure_id",
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotSetUp)?;
    let mut alternatives = row.alternatives.0;
    feeds::look(conn, &mut alternatives, now).await?;
    let lanes = gates::lanes(conn).await?;
    let by_hand = match counted::blind_since(&lanes, now) {
        Some(_) => occupancy::all_counted(conn).await?,
        None => None,
    };
    Ok(Site {
        id: row.id,
        name: row.name.0,
        state: SiteState::named(&row.state).ok_or_else(|| Error::Stored(format!("site state {}", row.state)))?,
        reason: row.reason.0,
        walk_minutes: row.walk_minutes.unsigned_abs(),
        walk_uncertainty_seconds: row.walk_uncertainty_seconds.unsigned_abs(),
        park: ParkLeg {
            seconds: row.park_seconds.unsigned_abs(),
            uncertainty_seconds: row.park_uncertainty_seconds.unsigned_abs(),
        },
        alternatives,
        revision: row.revision.unsigned_abs(),
        observed_at: row.observed_at,
        described_at: row.described_at,
        counted: counted::counted(row.observed_at, &lanes, by_hand, now),
        lanes,
        by_hand,
        classes: class_counts(conn, now).await?,
        kerb_places: row.kerb_places.unsigned_abs(),
        closure: row.closure_id.map(|id| Closure { id, until: row.closed_until }),
    })
}

/// Where the site is, if the house file says so.
pub(crate) async fn place(conn: &mut PgConnection) -> Result<Option<Place>, Error> {
    let place: Option<Option<Json<Place>>> = sqlx::query_scalar("select place from site").fetch_optional(conn).await?;
    Ok(place.flatten().map(|place| place.0))
}

async fn class_counts(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<ClassCount>, Error> {
    let rows: Vec<ClassRow> = sqlx::query_as(
        "select c.class, c.capacity, c.occupied, c.count_known,
                (select count(*) from parking_right r where r.class = c.class and r.state = 'confirmed'
                    and r.valid_from <= $2 and r.valid_until > $1) as expected
         from bay_class c order by array_position($3, c.class)",
    )
    .bind(now)
    .bind(now + SOON)
    .bind(BayClass::ALL.map(BayClass::name))
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ClassCount {
                class: class_named(&row.class)?,
                capacity: row.capacity.unsigned_abs(),
                occupied: row.occupied.unsigned_abs(),
                is_known: row.count_known,
                expected: u32::try_from(row.expected).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

/// The price rows of a class on a day: none when the class is free, an error when no row is valid.
pub(crate) async fn charges_on(conn: &mut PgConnection, class: BayClass, day: NaiveDate) -> Result<Vec<Charge>, Error> {
    let free: bool = sqlx::query_scalar("select free_of_charge from bay_class where class = $1")
        .bind(class.name())
        .fetch_optional(&mut *conn)
        .await?
        .ok_or(Error::NoSuchClass(class))?;
    if free {
        return Ok(Vec::new());
    }
    let row: Option<(String, Json<Text>, i64, String, i32)> = sqlx::query_as(
        "select f.id, f.label, f.cents, x.id, x.basis_points from tariff f join tax x on x.id = f.tax_id
         where f.class = $1 and f.valid_from <= $2 order by f.valid_from desc limit 1",
    )
    .bind(class.name())
    .bind(day)
    .fetch_optional(conn)
    .await?;
    let (tariff_id, label, cents, tax_id, basis_points) = row.ok_or(Error::NoTariff(class))?;
    Ok(vec![Charge { label: label.0, cents, tariff_id, tax_id, tax_basis_points: basis_points.unsigned_abs() }])
}

pub(crate) async fn right(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Right>, Error> {
    sqlx::query_as::<_, RightRow>("select * from parking_right where visit_id = $1")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(RightRow::read)
        .transpose()
}

pub(crate) async fn lock_right(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Right>, Error> {
    sqlx::query_as::<_, RightRow>("select * from parking_right where visit_id = $1 for update")
        .bind(visit)
        .fetch_optional(conn)
        .await?
        .map(RightRow::read)
        .transpose()
}

/// The visit behind a ticket.
pub(crate) async fn visit_of_ticket(conn: &mut PgConnection, ticket: Uuid) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar("select visit_id from visit_ticket where ticket_id = $1")
        .bind(ticket)
        .fetch_optional(conn)
        .await?)
}

/// The rights behind a short reference, the latest first: it is not unique for ever.
pub(crate) async fn rights_of_reference(conn: &mut PgConnection, reference: &str) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>("select * from parking_right where reference = $1 order by valid_until desc limit 20")
        .bind(reference)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(RightRow::read)
        .collect()
}

/// Whether a code of this generation was issued anew.
pub(crate) async fn is_replaced(conn: &mut PgConnection, id: Uuid, generation: u16) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select 1 from reissued where id = $1 and generation > $2)")
        .bind(id)
        .bind(i32::from(generation))
        .fetch_one(conn)
        .await?)
}

/// Notes from which generation on codes are good; an older word changes nothing.
pub(crate) async fn save_reissued(conn: &mut PgConnection, id: Uuid, generation: u32) -> Result<(), Error> {
    sqlx::query(
        "insert into reissued (id, generation) values ($1, $2)
         on conflict (id) do update set generation = greatest(reissued.generation, $2)",
    )
    .bind(id)
    .bind(i32::try_from(generation).unwrap_or(i32::MAX))
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn save_tickets(conn: &mut PgConnection, tickets: &[(Uuid, Uuid)]) -> Result<(), Error> {
    let (visits, tickets): (Vec<Uuid>, Vec<Uuid>) = tickets.iter().copied().unzip();
    sqlx::query(
        "insert into visit_ticket (ticket_id, visit_id) select t.ticket, t.visit
         from unnest($1::uuid[], $2::uuid[]) t (visit, ticket)
         where exists (select 1 from parking_right r where r.visit_id = t.visit) on conflict do nothing",
    )
    .bind(visits)
    .bind(tickets)
    .execute(conn)
    .await?;
    Ok(())
}

/// Rights whose window touches a span, in the order of their beginnings.
pub(crate) async fn rights_touching(conn: &mut PgConnection, span: Window) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>(
        "select * from parking_right where valid_from < $2 and valid_until > $1
         order by valid_from, visit_id limit 2000",
    )
    .bind(span.from)
    .bind(span.until)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RightRow::read)
    .collect()
}

/// Locks the rights of a showing whose window may still move.
pub(crate) async fn lock_rights_of_showing(conn: &mut PgConnection, showing: Uuid) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>(
        "select * from parking_right where showing_id = $1 and state in ('held', 'confirmed', 'suspended', 'checked_in')
         order by visit_id for update",
    )
    .bind(showing)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RightRow::read)
    .collect()
}

pub(crate) async fn save_right(conn: &mut PgConnection, right: &Right) -> Result<(), Error> {
    quarters::save_rights(conn, std::slice::from_ref(right)).await
}

/// Ends what time has ended: unpaid holds, rights that nobody used, suspended ones that never came back, and those whose
/// car nobody has seen leave. Nobody sees bicycles come, so none has failed to. No count changes by that: an unnamed car has been counted out by whoever saw it. As they
/// are then.
pub(crate) async fn run_out(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Right>, Error> {
    sqlx::query_as::<_, RightRow>(
        "update parking_right r set state =
             case when r.state = 'confirmed' and r.class = 'bicycle' then 'left' when r.state = 'confirmed' then 'no_show'
                 when r.state = 'checked_in' then 'left' else 'expired' end
         from (select visit_id from parking_right
               where (state = 'held' and expires_at <= $1) or (state in ('confirmed', 'suspended') and valid_until < $1)
                   or (state = 'checked_in' and valid_until < $2)
               order by visit_id for update skip locked) as over
         where r.visit_id = over.visit_id returning r.*",
    )
    .bind(now)
    .bind(now - LATE)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RightRow::read)
    .collect()
}

/// The site's live stream has something new; `observed` when a lane has confirmed the occupancy.
pub(crate) async fn bump_site(conn: &mut PgConnection, observed: Option<DateTime<Utc>>) -> Result<(), Error> {
    sqlx::query("update site set revision = revision + 1, observed_at = coalesce($1, observed_at)")
        .bind(observed)
        .execute(conn)
        .await?;
    Ok(())
}

/// The site after a lane has counted a car, for its live stream and for others, who are told of it: of what was read under
/// its lock only the counts are others now.
pub(crate) async fn site_counted(conn: &mut PgConnection, before: &Site, now: DateTime<Utc>) -> Result<Site, Error> {
    let revision: i64 = sqlx::query_scalar(
        "update site set revision = revision + 1, observed_at = $1, told_at = $1 returning revision",
    )
    .bind(now)
    .fetch_one(&mut *conn)
    .await?;
    Ok(Site {
        revision: revision.unsigned_abs(),
        observed_at: now,
        counted: counted::counted(now, &before.lanes, before.by_hand, now),
        classes: class_counts(conn, now).await?,
        ..before.clone()
    })
}

/// Others are told of the site.
pub(crate) async fn site_told(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query("update site set told_at = $1").bind(now).execute(conn).await?;
    Ok(())
}

/// Whether others were told of the site since then.
pub(crate) async fn is_told_since(conn: &mut PgConnection, since: DateTime<Utc>) -> Result<bool, Error> {
    let told: Option<bool> =
        sqlx::query_scalar("select told_at >= $1 from site").bind(since).fetch_optional(conn).await?.flatten();
    Ok(told.unwrap_or(false))
}

/// A line of the lanes' log.
pub(crate) struct LaneEvent<'a> {
    pub(crate) key: Uuid,
    pub(crate) lane: &'a str,
    pub(crate) direction: Direction,
    pub(crate) visit: Option<Uuid>,
    pub(crate) class: Option<BayClass>,
    pub(crate) verdict: Verdict,
    /// "decided", "journal" or "by_hand"
    pub(crate) kind: &'static str,
    pub(crate) at: DateTime<Utc>,
}

/// What a lane was answered to an event, and when its car was there; none: it was told of no such event.
pub(crate) async fn lane_answer(conn: &mut PgConnection, key: Uuid) -> Result<Option<(Verdict, DateTime<Utc>)>, Error> {
    let row: Option<(String, DateTime<Utc>)> =
        sqlx::query_as("select verdict, at from lane_event where idempotency_key = $1")
            .bind(key)
            .fetch_optional(conn)
            .await?;
    let Some((name, at)) = row else { return Ok(None) };
    let verdict = Verdict::named(&name).ok_or_else(|| Error::Stored(format!("verdict {name}")))?;
    Ok(Some((verdict, at)))
}

pub(crate) async fn log_lane(conn: &mut PgConnection, event: &LaneEvent<'_>) -> Result<(), Error> {
    sqlx::query(
        "insert into lane_event (idempotency_key, lane, direction, visit_id, class, verdict, at, kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event.key)
    .bind(event.lane)
    .bind(event.direction.name())
    .bind(event.visit)
    .bind(event.class.map(BayClass::name))
    .bind(event.verdict.name())
    .bind(event.at)
    .bind(event.kind)
    .execute(conn)
    .await?;
    Ok(())
}
