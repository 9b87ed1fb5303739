//! What is answered: domain to proto. Decides nothing.

use chrono::{DateTime, Utc};
use kernel::values::timestamp;
use sky_proto::signage::v1 as pb;

use crate::{
    domain::{Arrow, Class, Content, Kind, Line, OFFLINE_AFTER, Status as ShowingStatus},
    events,
    store::Listed,
};

pub(super) fn listed(display: Listed, now: DateTime<Utc>) -> pb::Display {
    let state = match display.last_seen_at {
        None => pb::DisplayState::Unclaimed,
        Some(seen) if now - seen > OFFLINE_AFTER => pb::DisplayState::Offline,
        Some(_) => pb::DisplayState::Active,
    };
    let class = Class::numbered(display.shown_class).map(events::class).unwrap_or_default();
    pb::Display {
        display_id: display.display_id,
        name: Some(display.name.to_proto()),
        location: display.location,
        group: display.groups.into_iter().next().unwrap_or_default(),
        profile: display.profile,
        state: state.into(),
        revision: display.revision.unsigned_abs(),
        rendered_revision: display.rendered_revision.unsigned_abs(),
        rendered_at: display.rendered_at.map(timestamp),
        last_seen_at: display.last_seen_at.map(timestamp),
        shown_class: class.into(),
    }
}

/// What a display shows, in the revision it has to that display.
pub(super) fn content(display_id: &str, revision: i64, content: &Content, computed_at: DateTime<Utc>) -> pb::Content {
    let Content { class, headline, lines, fallback } = content;
    pb::Content {
        display_id: display_id.to_owned(),
        revision: revision.unsigned_abs(),
        priority_class: events::class(*class).into(),
        headline: Some(headline.to_proto()),
        lines: lines.iter().map(line).collect(),
        computed_at: Some(timestamp(computed_at)),
        fallback: Some(fallback.to_proto()),
    }
}

fn line(line: &Line) -> pb::Line {
    let kind = match line.kind {
        Kind::Showing => "showing",
        Kind::Notice => "notice",
        Kind::Wayfinding => "wayfinding",
        Kind::Parking => "parking",
        Kind::Cafe => "cafe",
        Kind::Default => "default",
    };
    let status = line.status.map_or("", |status| match status {
        ShowingStatus::Planned => "planned",
        ShowingStatus::DoorsOpen => "doors_open",
        ShowingStatus::LastCall => "last_call",
        ShowingStatus::Running => "running",
        ShowingStatus::Delayed => "delayed",
        ShowingStatus::Cancelled => "cancelled",
    });
    let arrow = line.arrow.map_or("", |arrow| match arrow {
        Arrow::Up => "up",
        Arrow::Down => "down",
        Arrow::Left => "left",
        Arrow::Right => "right",
        Arrow::Ahead => "ahead",
    });
    pb::Line {
        kind: kind.to_owned(),
        text: Some(line.text.to_proto()),
        detail: Some(line.detail.to_proto()),
        starts_at: line.starts_at.map(timestamp),
        places_left: line.places_left,
        status: status.to_owned(),
        arrow: arrow.to_owned(),
        step_free: line.step_free,
        observed_at: Some(timestamp(line.observed_at)),
        valid_until: line.valid_until.map(timestamp),
        source: line.source.clone(),
    }
}
