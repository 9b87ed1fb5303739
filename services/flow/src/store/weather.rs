//! Weather warnings, and the zones that are to be closed for them. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::stored;
use crate::{
    domain::weather::{Kind, Rule, Severity, Warning},
    error::Error,
};

/// Keeps what a warning says now; what is long over is forgotten.
pub(crate) async fn keep(conn: &mut PgConnection, warning: &Warning) -> Result<(), Error> {
    sqlx::query(
        "with old as (delete from weather_warning where valid_until < $5 - interval '1 day' and id <> $1)
         insert into weather_warning (id, kind, severity, text, told_at, valid_until) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set kind = $2, severity = $3, text = $4, told_at = $5, valid_until = $6
         where weather_warning.told_at <= $5",
    )
    .bind(warning.id)
    .bind(warning.kind.name())
    .bind(warning.severity.name())
    .bind(Json(&warning.text))
    .bind(warning.told_at)
    .bind(warning.valid_until)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn forget(conn: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query("delete from weather_warning where id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Those that hold, the gravest first.
pub(crate) async fn warnings(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Warning>, Error> {
    type Row = (Uuid, String, String, Json<Text>, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, kind, severity, text, told_at, valid_until from weather_warning where valid_until > $1 order by id",
    )
    .bind(now)
    .fetch_all(conn)
    .await?;
    let read = |(id, kind, severity, text, told_at, valid_until): Row| {
        Ok(Warning {
            id,
            kind: stored(Kind::named(&kind), "warning's kind")?,
            severity: stored(Severity::named(&severity), "warning's severity")?,
            text: text.0,
            told_at,
            valid_until,
        })
    };
    let mut warnings: Vec<Warning> = rows.into_iter().map(read).collect::<Result<_, Error>>()?;
    warnings.sort_by_key(|warning| std::cmp::Reverse(warning.severity));
    Ok(warnings)
}

pub(crate) async fn rules(conn: &mut PgConnection) -> Result<Vec<Rule>, Error> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("select zone_id, warning, from_severity from weather_rule order by place")
            .fetch_all(conn)
            .await?;
    let read = |(zone, kind, from): (String, String, String)| {
        Ok(Rule {
            zone,
            kind: stored(Kind::named(&kind), "weather rule's warning")?,
            from: stored(Severity::named(&from), "weather rule's severity")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Writes the rules as the house file has them.
pub(crate) async fn save_rules(conn: &mut PgConnection, rules: &[Rule]) -> Result<(), Error> {
    sqlx::query("delete from weather_rule").execute(&mut *conn).await?;
    for (place, rule) in (0_i32..).zip(rules) {
        sqlx::query("insert into weather_rule (place, zone_id, warning, from_severity) values ($1, $2, $3, $4)")
            .bind(place)
            .bind(&rule.zone)
            .bind(rule.kind.name())
            .bind(rule.from.name())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
