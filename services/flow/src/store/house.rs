//! The one row of the house's state.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

use super::stored;
use crate::{
    domain::{House, HouseState},
    error::Error,
};

#[derive(FromRow)]
struct HouseRow {
    state: String,
    since: DateTime<Utc>,
    by: String,
    cleared_by: String,
    reason: String,
    exercise: bool,
    revision: i64,
}

impl HouseRow {
    fn read(self) -> Result<House, Error> {
        Ok(House {
            state: stored(HouseState::named(&self.state), "house state")?,
            since: self.since,
            by: self.by,
            cleared_by: self.cleared_by,
            reason: self.reason,
            exercise: self.exercise,
            revision: self.revision.unsigned_abs(),
        })
    }
}

pub(crate) async fn house(conn: &mut PgConnection) -> Result<House, Error> {
    sqlx::query_as::<_, HouseRow>("select * from house_state").fetch_one(conn).await?.read()
}

pub(crate) async fn lock_house(conn: &mut PgConnection) -> Result<House, Error> {
    sqlx::query_as::<_, HouseRow>("select * from house_state for update").fetch_one(conn).await?.read()
}

pub(crate) async fn save_house(conn: &mut PgConnection, house: &House) -> Result<(), Error> {
    let statement = "update house_state
         set state = $1, since = $2, by = $3, cleared_by = $4, reason = $5, revision = $6, exercise = $7";
    sqlx::query(statement)
        .bind(house.state.name())
        .bind(house.since)
        .bind(&house.by)
        .bind(&house.cleared_by)
        .bind(&house.reason)
        .bind(house.revision.cast_signed())
        .bind(house.exercise)
        .execute(conn)
        .await?;
    Ok(())
}
