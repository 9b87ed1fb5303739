//! How long one waits: at the dome door, at the desk, in the café. What the door's estimates were is noted, so that
//! the next ones know how sure they are.

use chrono::{DateTime, Utc};
use kernel::Tx;
use sqlx::PgConnection;
use uuid::Uuid;

use super::touch_house;
use crate::{
    domain::{
        Admission, Zone,
        estimates::{self, Band, Boarding, Leaving, PACE, Raw, STAYS, Wait},
    },
    error::Error,
    store,
};

/// The queue at the desk, as the house file names it: who came first is served first.
pub(crate) const DESK: &str = "desk";

/// The doors that are open now, estimated.
async fn raw_doors(
    conn: &mut PgConnection,
    admissions: &[Admission],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Raw)>, Error> {
    let doors: Vec<&Admission> = admissions.iter().filter(|admission| admission.state.admits()).collect();
    if doors.is_empty() {
        return Ok(Vec::new());
    }
    let away_permille = store::history::stay_away_permille(conn).await?;
    let usual = estimates::last_before_start(&store::estimates::last_in(conn).await?);
    let mut found = Vec::new();
    for admission in doors {
        let scanned = store::history::admitted_since(conn, admission.showing, now - PACE).await?;
        let Some((served, first)) = scanned else { continue };
        let boarding = Boarding {
            booked: admission.booked,
            admitted: admission.admitted,
            away_permille,
            served,
            span: now - first,
            last_in: admission.starts_at - usual - now,
        };
        found.extend(estimates::door(&boarding).map(|raw| (admission.showing, raw)));
    }
    Ok(found)
}

/// How long until everybody is in, by showing, with how many are still to come.
pub(crate) async fn doors(
    conn: &mut PgConnection,
    admissions: &[Admission],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, u32, Wait)>, Error> {
    let raw = raw_doors(conn, admissions, now).await?;
    if raw.is_empty() {
        return Ok(Vec::new());
    }
    let band = Band::of(&store::estimates::last_scores(conn).await?);
    Ok(raw.into_iter().map(|(showing, raw)| (showing, raw.people, band.around(&raw))).collect())
}

/// How long one stays in a zone where people queue; None: not measured, or its number is not known.
pub(crate) async fn queue(conn: &mut PgConnection, zone: &Zone, now: DateTime<Utc>) -> Result<Option<Wait>, Error> {
    // No number, no wait: a band is no queue. Nor is there one beside a silent counter, although somebody has counted by hand:
    // nobody has seen who came and left.
    let Some(people) = zone.told().filter(|_| !zone.silent) else { return Ok(None) };
    let minutes = store::estimates::minutes(conn, &zone.id, now - STAYS).await?;
    let silences = store::estimates::silences(conn, &zone.id, now - STAYS, now).await?;
    let leaving = if zone.queue == DESK { Leaving::InOrder } else { Leaving::AsTheyLike };
    Ok(estimates::queue(leaving, &estimates::spans(people, &minutes, &silences, now), now))
}

/// Notes what is estimated of the open doors, once a minute.
pub(super) async fn note(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let admissions = store::admitting(tx.conn()).await?;
    for (showing, raw) in raw_doors(tx.conn(), &admissions, now).await? {
        store::estimates::note(tx.conn(), showing, &raw, now).await?;
    }
    Ok(())
}

/// An estimate grows old while nothing else changes: as long as there is one, the board is told anew, and as long as
/// guests on their way are told something.
pub(crate) async fn renew(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    let admissions = store::admitting(tx.conn()).await?;
    let mut waits = !raw_doors(tx.conn(), &admissions, now).await?.is_empty();
    for zone in store::zones(tx.conn()).await?.iter().filter(|zone| !zone.queue.is_empty()) {
        waits = waits || queue(tx.conn(), zone, now).await?.is_some();
    }
    // So does who is on the way past a directive or a fault: time alone brings guests into its reach.
    waits = waits || store::measures::is_any_shown(tx.conn()).await?;
    if waits { touch_house(tx).await } else { Ok(()) }
}

/// The doors are closed: now it is known how good the estimates were.
pub(super) async fn judge(tx: &mut Tx, admission: &Admission) -> Result<(), Error> {
    let (noted, last) = store::estimates::noted(tx.conn(), admission.showing).await?;
    let Some(last) = last else { return Ok(()) };
    let scores: Vec<(DateTime<Utc>, i32)> =
        noted.into_iter().map(|(at, seconds, spread)| (at, estimates::score(seconds, spread, last - at))).collect();
    let last_in = (admission.starts_at, admission.starts_at - last);
    store::estimates::save_scores(tx.conn(), admission.showing, &scores, last_in).await
}
