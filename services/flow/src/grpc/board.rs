//! What the board has besides zones and admissions: escape groups, directives, incidents, lifts, counters, and how
//! long one waits.

use chrono::{DateTime, Utc};
use sky_proto::flow::v1 as pb;
use sqlx::PgConnection;

use crate::{
    commands,
    domain::{Admission, Quality, Zone},
    error::Error,
    events::{
        self, measures,
        zones::{About, estimate},
    },
    store,
};

/// Adds it to a snapshot.
pub(super) async fn fill(
    conn: &mut PgConnection,
    snapshot: &mut pb::FlowSnapshot,
    zones: &[Zone],
    admissions: &[Admission],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let groups = store::escape_groups(conn, zones).await?;
    snapshot.escape_groups = groups.iter().map(events::zones::escape_group).collect();
    snapshot.directives = store::measures::directives(conn, DateTime::<Utc>::MAX_UTC)
        .await?
        .iter()
        .map(|directive| measures::directive(directive, zones))
        .collect();
    snapshot.incidents = store::measures::incidents(conn, DateTime::<Utc>::MAX_UTC)
        .await?
        .iter()
        .map(|incident| measures::incident(incident, zones))
        .collect();
    snapshot.lifts = store::measures::lifts(conn).await?.iter().map(measures::lift).collect();
    snapshot.sensors = store::sensors::all(conn).await?.iter().map(events::zones::sensor).collect();
    snapshot.estimates = estimates(conn, zones, admissions, now).await?;
    Ok(())
}

/// Devices and other services need not know who has decided, nor what staff have noted of a person.
pub(super) fn told_to(is_staff: bool, mut snapshot: pb::FlowSnapshot) -> pb::FlowSnapshot {
    if is_staff {
        return snapshot;
    }
    for incident in &mut snapshot.incidents {
        for text in [&mut incident.note, &mut incident.reported_by, &mut incident.confirmed_by, &mut incident.ended_by]
        {
            text.clear();
        }
    }
    for directive in &mut snapshot.directives {
        for text in [&mut directive.proposed_by, &mut directive.confirmed_by, &mut directive.ended_by] {
            text.clear();
        }
    }
    if let Some(house) = &mut snapshot.house {
        house.by.clear();
        house.cleared_by.clear();
    }
    snapshot
}

/// How long until everybody is in, and how long one waits at the desk and in the café.
pub(crate) async fn estimates(
    conn: &mut PgConnection,
    zones: &[Zone],
    admissions: &[Admission],
    now: DateTime<Utc>,
) -> Result<Vec<pb::Estimate>, Error> {
    let mut found = Vec::new();
    for (showing, people, wait) in commands::estimates::doors(conn, admissions, now).await? {
        found.push(estimate(About::Door(showing), people, wait, Quality::Live, now));
    }
    for zone in zones.iter().filter(|zone| !zone.queue.is_empty()) {
        if let Some(wait) = commands::estimates::queue(conn, zone, now).await? {
            let about = if zone.queue == "desk" { About::Desk(zone.id.clone()) } else { About::Cafe(zone.id.clone()) };
            found.push(estimate(about, zone.count, wait, zone.quality, now));
        }
    }
    Ok(found)
}
