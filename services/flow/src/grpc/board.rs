//! What the board has besides zones and admissions: escape groups, directives, incidents, lifts, counters, and how
//! long one waits.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::timestamp;
use sky_proto::flow::v1 as pb;
use sqlx::PgConnection;

use crate::{
    commands,
    domain::{
        Admission, Quality, Zone,
        coming::coming,
        directives::{Directive, Rule, State, UNDO},
        incidents::Incident,
        steps,
    },
    error::Error,
    events::{
        self, measures,
        zones::{About, estimate},
    },
    store,
};

/// For so long staff read that something was pushed without a token that holds.
const REFUSED: TimeDelta = TimeDelta::days(1);

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
    let (ended, open): (Vec<_>, Vec<_>) =
        store::measures::directives(conn, now - UNDO).await?.into_iter().partition(|it| it.state == State::Ended);
    let early = TimeDelta::minutes(store::headcount::policy(conn).await?.early_minutes.into());
    let coming = coming(admissions, zones, early, now);
    let tell = |it: &Directive| measures::directive(it, zones);
    let told = |it: &Directive| {
        let showings = coming.iter().filter(|guests| guests.is_told(it));
        pb::Directive { showing_ids: showings.map(|guests| guests.showing.to_string()).collect(), ..tell(it) }
    };
    snapshot.directives = open.iter().map(told).collect();
    snapshot.just_ended_directives = ended.iter().filter(|it| it.can_resume(now)).map(tell).collect();
    let (ended, open): (Vec<_>, Vec<_>) =
        store::measures::incidents(conn, now - UNDO).await?.into_iter().partition(|it| it.state == State::Ended);
    let lifts = store::measures::lifts(conn).await?;
    let tell = |it: &Incident| measures::incident(it, zones);
    let told = |it: &Incident| {
        let showings = coming.iter().filter(|guests| guests.meets(it, zones, &lifts));
        pb::Incident { showing_ids: showings.map(|guests| guests.showing.to_string()).collect(), ..tell(it) }
    };
    snapshot.incidents = open.iter().map(told).collect();
    snapshot.just_ended_incidents = ended.iter().filter(|it| it.can_resume(now)).map(tell).collect();
    snapshot.plans =
        plans(&store::measures::rules(conn).await?).into_iter().map(|rule| measures::plan(rule, zones)).collect();
    snapshot.lifts = lifts.iter().map(measures::lift).collect();
    let refused = store::sensors::refused_after(conn, now - REFUSED).await?;
    snapshot.refused_push_at = refused.map(timestamp);
    snapshot.estimates = estimates(conn, zones, admissions, now).await?;
    let made = store::steps::since(conn, now - steps::UNDO_COUNT).await?;
    snapshot.undoable = made.iter().filter(|step| step.can_undo(now)).map(events::step).collect();
    Ok(())
}

/// The directives that the policy names, each once, whatever they are proposed for.
fn plans(rules: &[Rule]) -> Vec<&Rule> {
    let mut plans: Vec<&Rule> = Vec::new();
    for rule in rules {
        if !plans.iter().any(|other| rule.is_like(other)) {
            plans.push(rule);
        }
    }
    plans
}

/// Devices and other services need not know who has decided, nor what staff have noted of a person.
pub(super) fn told_to(is_staff: bool, mut snapshot: pb::FlowSnapshot) -> pb::FlowSnapshot {
    if is_staff {
        return snapshot;
    }
    snapshot.undoable.clear();
    snapshot.refused_push_at = None;
    snapshot.just_ended_directives.clear();
    snapshot.just_ended_incidents.clear();
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
        house.proposal = None;
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
            let about = match zone.queue.as_str() {
                commands::estimates::DESK => About::Desk(zone.id.clone()),
                _ => About::Cafe(zone.id.clone()),
            };
            found.push(estimate(about, zone.count, wait, zone.quality, now));
        }
    }
    Ok(found)
}
