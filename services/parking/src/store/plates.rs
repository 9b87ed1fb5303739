//! SQL of plates and cameras.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::{
        EARLY,
        lanes::{Direction, Verdict},
        plates::{Behind, Least},
    },
    error::Error,
};

/// A camera of the house file.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    pub(crate) id: String,
    pub(crate) lane: String,
    pub(crate) direction: Direction,
    pub(crate) least: Least,
}

#[derive(sqlx::FromRow)]
struct CameraRow {
    id: String,
    lane: String,
    direction: String,
    least_score: i32,
    least_dscore: i32,
    spoke: bool,
}

/// Whose token this is the hash of, and whether it is written down that the camera spoke since.
pub(crate) async fn camera_of_token(
    conn: &mut PgConnection,
    hash: &[u8],
    since: DateTime<Utc>,
) -> Result<Option<(Camera, bool)>, Error> {
    let row: Option<CameraRow> = sqlx::query_as(
        "select id, lane, direction, least_score, least_dscore,
             exists (select from token_use where device_id = camera.id and used_at > $2) as spoke
         from camera where token_hash = $1",
    )
    .bind(hash)
    .bind(since)
    .fetch_optional(conn)
    .await?;
    let camera = |row: CameraRow| Camera {
        id: row.id,
        lane: row.lane,
        direction: if row.direction == Direction::In.name() { Direction::In } else { Direction::Out },
        least: Least { score: row.least_score.unsigned_abs(), dscore: row.least_dscore.unsigned_abs() },
    };
    Ok(row.map(|row| {
        let spoke = row.spoke;
        (camera(row), spoke)
    }))
}

/// Notes by how much a camera's readings come late; None: they come in time.
pub(crate) async fn note_clock(conn: &mut PgConnection, camera: &str, behind: Option<Behind>) -> Result<(), Error> {
    sqlx::query(
        "update camera set behind_seconds = $2, behind_since = $3
         where id = $1 and (behind_seconds, behind_since) is distinct from ($2, $3)",
    )
    .bind(camera)
    .bind(behind.map(|behind| behind.by.num_seconds()))
    .bind(behind.map(|behind| behind.since))
    .execute(conn)
    .await?;
    Ok(())
}

/// By how much a camera's readings came late up to now; None: they came in time.
pub(crate) async fn behind(conn: &mut PgConnection, camera: &str) -> Result<Option<Behind>, Error> {
    let noted: Option<(i64, DateTime<Utc>)> = sqlx::query_as(
        "select behind_seconds, behind_since from camera
         where id = $1 and behind_seconds is not null and behind_since is not null",
    )
    .bind(camera)
    .fetch_optional(conn)
    .await?;
    Ok(noted.and_then(|(seconds, since)| Some(Behind { by: TimeDelta::try_seconds(seconds)?, since })))
}

/// Cameras whose last reading did not come in time: of which lane, which, and by how many seconds.
pub(crate) async fn wrong_clocks(conn: &mut PgConnection) -> Result<Vec<(String, String, i64)>, Error> {
    Ok(sqlx::query_as("select lane, id, behind_seconds from camera where behind_seconds is not null order by lane, id")
        .fetch_all(conn)
        .await?)
}

/// A new token for a camera; the one before is good no more. False: no such camera.
pub(crate) async fn set_token(conn: &mut PgConnection, camera: &str, hash: &[u8]) -> Result<bool, Error> {
    let done = sqlx::query("update camera set token_hash = $2 where id = $1").bind(camera).bind(hash).execute(conn);
    Ok(done.await?.rows_affected() > 0)
}

/// What the house file says of a camera; its token stays.
pub(crate) async fn save_camera(conn: &mut PgConnection, camera: &Camera) -> Result<(), Error> {
    sqlx::query(
        "insert into camera (id, lane, direction, least_score, least_dscore) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set lane = $2, direction = $3, least_score = $4, least_dscore = $5",
    )
    .bind(&camera.id)
    .bind(&camera.lane)
    .bind(camera.direction.name())
    .bind(camera.least.score.cast_signed())
    .bind(camera.least.dscore.cast_signed())
    .execute(conn)
    .await?;
    Ok(())
}

/// Cameras that the house file no longer names are gone, and their tokens with them.
pub(crate) async fn keep_cameras(conn: &mut PgConnection, ids: &[&str]) -> Result<(), Error> {
    sqlx::query("delete from camera where id <> all($1)").bind(ids).execute(conn).await?;
    Ok(())
}

pub(crate) async fn save(
    conn: &mut PgConnection,
    visit: Uuid,
    fingerprint: &[u8; 32],
    (for_lanes, day): (&[u8], NaiveDate),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    sqlx::query(
        "insert into plate (visit_id, fingerprint, set_at, lane_hash, lane_day) values ($1, $2, $3, $4, $5)
         on conflict (visit_id) do update set fingerprint = $2, set_at = $3, lane_hash = $4, lane_day = $5",
    )
    .bind(visit)
    .bind(fingerprint.as_slice())
    .bind(now)
    .bind(for_lanes)
    .bind(day)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn forget(conn: &mut PgConnection, visit: Uuid) -> Result<(), Error> {
    sqlx::query("delete from plate where visit_id = $1").bind(visit).execute(conn).await?;
    Ok(())
}

/// What is kept of a visit's plate.
pub(crate) async fn fingerprint(conn: &mut PgConnection, visit: Uuid) -> Result<Option<Vec<u8>>, Error> {
    Ok(sqlx::query_scalar("select fingerprint from plate where visit_id = $1").bind(visit).fetch_optional(conn).await?)
}

/// Whether a visit's plate is known.
pub(crate) async fn is_set(conn: &mut PgConnection, visit: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar("select exists (select 1 from plate where visit_id = $1)")
        .bind(visit)
        .fetch_one(conn)
        .await?)
}

/// The visit with one of these plates whose right is good about now; the likeliest plate first, and whose car is in
/// before whose is not. A suspended one is good at the barrier too: the lane decides, as it does with its code.
/// With it, what the lane was answered to this reading before, if it was.
pub(crate) async fn visit_of(
    conn: &mut PgConnection,
    key: Uuid,
    fingerprints: &[[u8; 32]],
    now: DateTime<Utc>,
) -> Result<(Option<Verdict>, Option<Uuid>), Error> {
    let fingerprints: Vec<&[u8]> = fingerprints.iter().map(<[u8; 32]>::as_slice).collect();
    let (verdict, visit): (Option<String>, Option<Uuid>) = sqlx::query_as(
        "select (select verdict from lane_event where idempotency_key = $4),
             (select p.visit_id from unnest($1::bytea[]) with ordinality f (fingerprint, place)
              join plate p on p.fingerprint = f.fingerprint
              join parking_right r on r.visit_id = p.visit_id
              where r.state = 'checked_in'
                  or (r.state in ('confirmed', 'suspended') and r.valid_from <= $2 and r.valid_until > $3)
              order by f.place, r.state = 'checked_in' desc, r.state = 'suspended', r.valid_from limit 1)",
    )
    .bind(fingerprints)
    .bind(now + EARLY)
    .bind(now)
    .bind(key)
    .fetch_one(conn)
    .await?;
    let named = |name: String| Verdict::named(&name).ok_or_else(|| Error::Stored(format!("verdict {name}")));
    Ok((verdict.map(named).transpose()?, visit))
}

/// Forgets plates of rights that are over, and of those whose window ended before `today`. A suspended right is not over:
/// it may come back any minute. Nor is one that was lost, while its visit may take a bay that is left.
pub(crate) async fn forget_old(
    conn: &mut PgConnection,
    today: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let done = sqlx::query(
        "delete from plate p using parking_right r where r.visit_id = p.visit_id
         and (r.valid_until < $1 or (r.state not in ('held', 'confirmed', 'suspended', 'checked_in')
             and (r.lost_at is null or r.valid_until < $2)))",
    )
    .bind(today)
    .bind(now)
    .execute(conn);
    Ok(done.await?.rows_affected())
}
