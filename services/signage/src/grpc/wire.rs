//! What is answered: domain to proto. Decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::{Text, timestamp};
use sky_proto::{kernel::v1::LocalizedText, signage::v1 as pb};

use crate::{
    domain::{
        Arrow, Class, Content, Health, Item, Kind, Line, Message, Pairing, Presence, Quality, Status as ShowingStatus,
        state,
    },
    events,
    store::{
        Listed,
        devices::Asked,
        standby::{MOST_WAITING, Screens},
    },
};

/// A display as staff see it; `revised_for` is how long the machine's clock has counted since its content changed.
pub(super) fn listed(
    display: Listed,
    standing_in_for: Vec<String>,
    revised_for: TimeDelta,
    now: DateTime<Utc>,
) -> pb::Display {
    let class = display.class.and_then(Class::numbered).map(events::class).unwrap_or_default();
    let revision = display.revision.unwrap_or_default();
    let presence = Presence {
        pairing: display.pairing.as_deref().map(Pairing::named).unwrap_or_default(),
        last_seen_at: display.last_seen_at,
        health: display.health.map(|health| health.0),
        faults: u32::try_from(display.faults).unwrap_or(u32::MAX),
        revision,
        revised_for,
        rendered: display.rendered_revision,
        retired: display.retired_at.is_some(),
        asks_seldom: display.asks_seldom,
    };
    let (is, cause) = state(&presence, now);
    pb::Display {
        display_id: display.display_id,
        name: Some(display.name.to_proto()),
        location: display.location,
        group: display.groups.first().cloned().unwrap_or_default(),
        groups: display.groups,
        profile: display.profile,
        orientation: match display.orientation.as_str() {
            "portrait" => pb::Orientation::Portrait.into(),
            _ => pb::Orientation::Landscape.into(),
        },
        viewing_distance_m: display.viewing_distance_m.unsigned_abs(),
        state: events::display_state(is).into(),
        cause: cause.map(|cause| cause.to_proto()),
        faults: presence.faults,
        revision: revision.unsigned_abs(),
        headline: display.headline.map(|headline| headline.to_proto()),
        shown_since: display.shown_since.map(timestamp),
        rendered_revision: display.rendered_revision.unsigned_abs(),
        rendered_at: display.rendered_at.map(timestamp),
        last_seen_at: display.last_seen_at.map(timestamp),
        shown_class: class.into(),
        neighbours: display.neighbours,
        standing_in_for,
        health: presence.health.map(health),
        changed: display.is_changed,
        retired_at: display.retired_at.map(timestamp),
    }
}

fn health(it: Health) -> pb::DisplayHealth {
    pb::DisplayHealth {
        width: it.width,
        height: it.height,
        available_bytes: it.available_bytes,
        total_bytes: it.total_bytes,
        time_zone: it.time_zone,
        player: it.player,
        skew_millis: it.skew_millis,
        last_command_success: it.last_command_success,
        dark: it.dark,
        device_name: it.device_name,
        lan_address: it.lan_address,
        status: it.status,
        alarm: it.alarm,
    }
}

/// A message that counts now: on how many displays it is to be seen, and which of them have not said so yet.
pub(super) fn message(message: &Message, screens: &[Screens]) -> pb::Message {
    let (mut displays, mut showing, mut waiting) = (0, 0, Vec::new());
    for screen in screens.iter().filter(|screen| screen.content.shows(message)) {
        (displays, showing) = (displays + screen.displays, showing + screen.showing);
        waiting.extend(screen.waiting.iter().cloned());
    }
    waiting.sort_unstable();
    waiting.truncate(usize::try_from(MOST_WAITING).unwrap_or_default());
    let state = match showing {
        0 => pb::MessageState::Published,
        all if all == displays => pb::MessageState::Rendered,
        _ => pb::MessageState::Delivered,
    };
    let count = |displays: i64| u32::try_from(displays).unwrap_or(u32::MAX);
    pb::Message {
        displays: count(displays),
        displays_showing: count(showing),
        state: state.into(),
        waiting_display_ids: waiting,
        ..events::message(message)
    }
}

/// What a device is asked.
pub(super) fn command(asked: &Asked) -> pb::Command {
    pb::Command {
        command_id: asked.screenshot_id.to_string(),
        action: "screenshot".to_owned(),
        created_at: Some(timestamp(asked.requested_at)),
        expires_at: Some(timestamp(asked.expires_at)),
    }
}

/// What a display shows, in the revision it has to that display.
pub(super) fn content(display_id: &str, revision: i64, content: &Content, computed_at: DateTime<Utc>) -> pb::Content {
    let Content { class, headline, lines, fallback, exercise } = content;
    pb::Content {
        display_id: display_id.to_owned(),
        revision: revision.unsigned_abs(),
        priority_class: events::class(*class).into(),
        headline: Some(headline.to_proto()),
        lines: lines.iter().map(line).collect(),
        computed_at: Some(timestamp(computed_at)),
        fallback: Some(fallback.to_proto()),
        exercise: *exercise,
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
        Kind::Media => "media",
        Kind::Call => "call",
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
        media: line.media.as_ref().map(media),
        quality: line.quality.map(Quality::name).unwrap_or_default().to_owned(),
        stale: line.stale,
        day: some(&line.day),
        unheard: some(&line.unheard),
    }
}

fn some(text: &Text) -> Option<LocalizedText> {
    (!text.de.is_empty()).then(|| text.to_proto())
}

fn media(item: &Item) -> pb::Media {
    pb::Media {
        media_id: item.media_id.clone(),
        media_type: item.media_type.name().to_owned(),
        path: media_path(&item.media_id),
        seconds: item.seconds,
    }
}

/// Where a file is served by HTTP.
pub(super) fn media_path(media_id: &str) -> String {
    format!("/signage/media/{media_id}")
}
