//! Admissions: a showing's row at the door.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde_json::json;
use sqlx::{Arguments, AssertSqlSafe, FromRow, PgConnection, postgres::PgArguments, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::{Admission, AdmissionState, HouseState, clock::Policy, steps::Step},
    error::Error,
};

#[derive(FromRow)]
pub(super) struct AdmissionRow {
    showing_id: Uuid,
    title: Json<Text>,
    hall: String,
    is_public: bool,
    state: String,
    scheduled_starts_at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    predicted_end_at: DateTime<Utc>,
    doors_at: DateTime<Utc>,
    last_entry_at: DateTime<Utc>,
    capacity: i32,
    admitted: i32,
    booked: i32,
    outside: i32,
    state_since: Option<DateTime<Utc>>,
    shut_at: Option<DateTime<Utc>>,
    cleaned_at: Option<DateTime<Utc>>,
    revision: i64,
}

impl AdmissionRow {
    pub(super) fn read(self) -> Result<Admission, Error> {
        Ok(Admission {
            showing: self.showing_id,
            title: self.title.0,
            hall: self.hall,
            is_public: self.is_public,
            state: stored(AdmissionState::named(&self.state), "admission state")?,
            scheduled_starts_at: self.scheduled_starts_at,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            predicted_end_at: self.predicted_end_at,
            doors_at: self.doors_at,
            last_entry_at: self.last_entry_at,
            capacity: self.capacity.unsigned_abs(),
            booked: self.booked.unsigned_abs(),
            admitted: self.admitted.unsigned_abs(),
            outside: self.outside.unsigned_abs(),
            state_since: self.state_since,
            shut_at: self.shut_at,
            cleaned_at: self.cleaned_at,
            revision: self.revision.unsigned_abs(),
        })
    }
}

pub(crate) async fn admission(conn: &mut PgConnection, showing: Uuid) -> Result<Option<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>("select * from admission where showing_id = $1")
        .bind(showing)
        .fetch_optional(conn)
        .await?
        .map(AdmissionRow::read)
        .transpose()
}

/// Whoever had to wait for the lock gets the row as it is after the wait.
pub(crate) async fn lock_admission(conn: &mut PgConnection, showing: Uuid) -> Result<Option<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>("select * from admission where showing_id = $1 for update")
        .bind(showing)
        .fetch_optional(conn)
        .await?
        .map(AdmissionRow::read)
        .transpose()
}

#[derive(FromRow)]
struct InHouse {
    #[sqlx(flatten)]
    admission: AdmissionRow,
    house_state: String,
    policy: Option<Json<Policy>>,
}

impl InHouse {
    fn read(self) -> Result<(Admission, HouseState, Policy), Error> {
        let house = stored(HouseState::named(&self.house_state), "house state")?;
        Ok((self.admission.read()?, house, self.policy.map(|policy| policy.0).unwrap_or_default()))
    }
}

/// An admission with the state of the house and its policy.
pub(crate) async fn admission_in_house(
    conn: &mut PgConnection,
    showing: Uuid,
) -> Result<Option<(Admission, HouseState, Policy)>, Error> {
    sqlx::query_as::<_, InHouse>(
        "select a.*, h.state as house_state, (select policy from clock_policy)
         from admission a cross join house_state h where a.showing_id = $1",
    )
    .bind(showing)
    .fetch_optional(conn)
    .await?
    .map(InHouse::read)
    .transpose()
}

/// The same, and nobody else changes the admission until the end of the transaction.
pub(crate) async fn lock_admission_in_house(
    conn: &mut PgConnection,
    showing: Uuid,
) -> Result<Option<(Admission, HouseState, Policy)>, Error> {
    // In two steps: whoever waits for the lock would get the admission as it is then, and the house as it was before.
    lock_admissions(conn, &[showing]).await?;
    admission_in_house(conn, showing).await
}

/// Admissions of showings that start in a window, by start.
pub(crate) async fn admissions(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>(
        "select * from admission where starts_at >= $1 and starts_at < $2 order by starts_at, hall",
    )
    .bind(from)
    .bind(until)
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(AdmissionRow::read)
    .collect()
}

/// Those whose doors are open.
pub(crate) async fn admitting(conn: &mut PgConnection) -> Result<Vec<Admission>, Error> {
    sqlx::query_as::<_, AdmissionRow>(
        "select * from admission where state in ('doors_open', 'last_call') order by starts_at, hall",
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(AdmissionRow::read)
    .collect()
}

/// One that is there keeps everything but whether it is public: that may not have been kept when it was told first.
pub(crate) async fn add_admission(conn: &mut PgConnection, admission: &Admission) -> Result<(), Error> {
    sqlx::query(
        "insert into admission (showing_id, title, hall, scheduled_starts_at, starts_at, ends_at, predicted_end_at,
             doors_at, last_entry_at, capacity, is_public, booked)
         values ($1, $2, $3, $4, $4, $5, $5, $6, $7, $8, $9,
             (select count(*) from door_ticket where showing_id = $1 and live))
         on conflict (showing_id) do update set is_public = excluded.is_public
             where admission.is_public <> excluded.is_public",
    )
    .bind(admission.showing)
    .bind(Json(&admission.title))
    .bind(&admission.hall)
    .bind(admission.starts_at)
    .bind(admission.ends_at)
    .bind(admission.doors_at)
    .bind(admission.last_entry_at)
    .bind(admission.capacity.cast_signed())
    .bind(admission.is_public)
    .execute(conn)
    .await?;
    Ok(())
}

/// Saves what changes of an admission, and raises its revision.
pub(crate) async fn save_admission(conn: &mut PgConnection, admission: &mut Admission) -> Result<(), Error> {
    admission.revision += 1;
    sqlx::query(
        "update admission set state = $2, starts_at = $3, ends_at = $4, predicted_end_at = $5, doors_at = $6,
             last_entry_at = $7, admitted = $8, outside = $9, state_since = $10, cleaned_at = $11, revision = $12,
             shut_at = $13
         where showing_id = $1",
    )
    .bind(admission.showing)
    .bind(admission.state.name())
    .bind(admission.starts_at)
    .bind(admission.ends_at)
    .bind(admission.predicted_end_at)
    .bind(admission.doors_at)
    .bind(admission.last_entry_at)
    .bind(admission.admitted.cast_signed())
    .bind(admission.outside.cast_signed())
    .bind(admission.state_since)
    .bind(admission.cleaned_at)
    .bind(admission.revision.cast_signed())
    .bind(admission.shut_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// What staff have moved by one state, as expressions of one statement: the admission as it is then, the act for the
/// record, and the step that can be taken back, if it can. Nothing is done when the admission is not at the revision, or the
/// house not in the state, in which it is expected.
pub(crate) const MOVE: &str = "
    done as (
        update admission set state = $9, predicted_end_at = $10, state_since = $1, revision = $11, shut_at = $14
        where showing_id = $3 and ($12::bigint is null or revision = $12)
            and ($13::text is null or exists (select from house_state where state = $13))
        returning true as done),
    act as (
        insert into audit (at, who, act, about, before, after)
        select $1, $2, 'move_admission', $3::uuid::text, $4, $5 from done),
    step as (
        insert into door_step (id, about, showing_id, what, change, by, at)
        select $6, $3::uuid::text, $3, $7, $8, $2, $1 from done where $6 is not null
        on conflict (about) do update
            set id = excluded.id, showing_id = excluded.showing_id, what = excluded.what, change = excluded.change,
                by = excluded.by, at = excluded.at, undone = false)";

/// What [`MOVE`] takes: the admission as it is then, its revision raised; none is expected where it is locked.
pub(crate) fn arguments_of_move(
    admission: &Admission,
    from: AdmissionState,
    by: &str,
    step: Option<&Step>,
    expected: Option<(u64, HouseState)>,
) -> Result<PgArguments, Error> {
    let state = |state: AdmissionState| json!({"state": state.name()});
    let mut arguments = PgArguments::default();
    let mut add = || {
        arguments.add(admission.state_since)?;
        arguments.add(by)?;
        arguments.add(admission.showing)?;
        arguments.add(state(from))?;
        arguments.add(state(admission.state))?;
        arguments.add(step.map(|step| step.id))?;
        arguments.add(step.map(|step| Json(&step.what)))?;
        arguments.add(step.map(|step| Json(&step.change)))?;
        arguments.add(admission.state.name())?;
        arguments.add(admission.predicted_end_at)?;
        arguments.add(admission.revision.cast_signed())?;
        arguments.add(expected.map(|(revision, _)| revision.cast_signed()))?;
        arguments.add(expected.map(|(_, house)| house.name()))?;
        arguments.add(admission.shut_at)
    };
    add().map_err(sqlx::Error::Encode)?;
    Ok(arguments)
}

/// Saves what staff have moved `from` one state; the admission must be locked. Raises its revision.
pub(crate) async fn save_move(
    conn: &mut PgConnection,
    admission: &mut Admission,
    from: AdmissionState,
    by: &str,
    step: Option<&Step>,
) -> Result<(), Error> {
    admission.revision += 1;
    let arguments = arguments_of_move(admission, from, by, step, None)?;
    sqlx::query_with(AssertSqlSafe(format!("with {MOVE} select done from done")), arguments).execute(conn).await?;
    Ok(())
}

/// Counts the live tickets of showings again, and says so. They must be locked, by a statement before.
pub(crate) async fn recount(conn: &mut PgConnection, showings: &[Uuid]) -> Result<(), Error> {
    sqlx::query(
        "update admission a set revision = revision + 1,
             booked = (select count(*) from door_ticket t where t.showing_id = a.showing_id and t.live)
         where showing_id = any($1)",
    )
    .bind(showings)
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks the rows of several showings, in the order that everybody keeps.
pub(crate) async fn lock_admissions(conn: &mut PgConnection, showings: &[Uuid]) -> Result<(), Error> {
    sqlx::query("select 1 from admission where showing_id = any($1) order by showing_id for update")
        .bind(showings)
        .execute(conn)
        .await?;
    Ok(())
}

/// Staff have reported a hall clean.
pub(crate) async fn save_cleaned(conn: &mut PgConnection, showing: Uuid, by: &str) -> Result<(), Error> {
    sqlx::query("update admission set cleaned_by = $2 where showing_id = $1")
        .bind(showing)
        .bind(by)
        .execute(conn)
        .await?;
    Ok(())
}

/// Says that something that is shown with admissions has changed.
pub(crate) async fn raise_revisions(conn: &mut PgConnection, showings: &[Uuid]) -> Result<(), Error> {
    // By their ids, as everybody locks them.
    sqlx::query(
        "with mine as (select showing_id from admission where showing_id = any($1) order by showing_id for update)
         update admission a set revision = revision + 1 from mine where a.showing_id = mine.showing_id",
    )
    .bind(showings)
    .execute(conn)
    .await?;
    Ok(())
}
