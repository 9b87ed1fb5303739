//! What the desk is told of the monitors: which are dead, since when, and who says meanwhile what they had to say; and which
//! show the way out by themselves. The wall knows more; this is a word that somebody must go there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kernel::{Caller, clock::wall_now, values::from_timestamp};
use sky_proto::signage::v1::{Display, DisplayState, ListDisplaysRequest};
use tokio::time::timeout;

use super::zones::Alert;
use crate::{
    edge::{Edge, answer},
    words::{Words, in_halle},
};

/// So many dead ones are named. When more are, it is their network, and the desk's page is for other things as well.
const NAMED: usize = 3;
/// Doors and counts do not stand still while signage has its hands full, as in an evacuation.
const PATIENCE: Duration = Duration::from_secs(1);

/// What there is to say of the monitors now.
pub(super) async fn alerts(edge: &Edge, caller: &Caller, w: &Words) -> Vec<Alert> {
    let mut signage = edge.signage(caller);
    match timeout(PATIENCE, answer(signage.list_displays(ListDisplaysRequest {}))).await {
        Ok(Ok(listed)) => of(w, &listed.displays, wall_now()),
        _ => vec![Alert { kind: "few", shape: "?", text: w.t("alert-monitors-away") }],
    }
}

fn of(w: &Words, displays: &[Display], now: DateTime<Utc>) -> Vec<Alert> {
    let name = |it: &Display| w.text(&it.name);
    let is_alarmed =
        |it: &&Display| it.state() != DisplayState::Offline && it.health.as_ref().is_some_and(|health| health.alarm);
    let mut alerts: Vec<Alert> = displays
        .iter()
        .filter(is_alarmed)
        .map(|it| Alert { kind: "bad", shape: "■", text: w.with("alert-monitor-alarm", "name", &name(it)) })
        .collect();
    let mut dead: Vec<&Display> = displays.iter().filter(|it| it.state() == DisplayState::Offline).collect();
    // The last that died is news.
    dead.sort_by_key(|it| std::cmp::Reverse(from_timestamp(it.last_seen_at)));
    if dead.len() > NAMED {
        let many = w.n("displays-silent", i64::try_from(dead.len()).unwrap_or(i64::MAX));
        alerts.push(Alert { kind: "few", shape: "✕", text: format!("{}: {many}", w.t("displays-title")) });
        return alerts;
    }
    for it in dead {
        let seen = from_timestamp(it.last_seen_at);
        let since = if in_halle(seen) == in_halle(now) { w.clock(seen) } else { w.day_and_time(&it.last_seen_at) };
        let mut text = format!("{}: {} {}", name(it), w.t("display-offline"), w.with("display-since", "time", &since));
        let stands_in = displays.iter().find(|other| other.standing_in_for.contains(&it.display_id));
        if let Some(other) = stands_in {
            text = format!("{text}. {}", w.with("display-taken-by", "name", &name(other)));
        }
        alerts.push(Alert { kind: "few", shape: "✕", text });
    }
    alerts
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::values::{Text, timestamp};
    use sky_proto::signage::v1::DisplayHealth;

    use super::*;
    use crate::words::Language;

    #[test]
    fn dead_monitors_are_named_with_who_speaks_for_them_unless_all_of_them_are_dead() {
        let now = DateTime::from_timestamp(1_795_872_720, 0).expect("14:32 in Halle");
        let display = |id: &str, state: DisplayState, ago: i64| Display {
            display_id: id.to_owned(),
            name: Some(Text::new(format!("Schirm {id}"), format!("Screen {id}")).to_proto()),
            state: state.into(),
            last_seen_at: Some(timestamp(now - TimeDelta::minutes(ago))),
            ..Display::default()
        };
        let said = |language, displays: &[Display]| -> Vec<String> {
            of(&Words::speaking(language), displays, now).into_iter().map(|alert| alert.text).collect()
        };
        use DisplayState::{Active, Degraded, Offline, Unclaimed};
        let mut fine = display("a", Active, 0);
        let dead = display("b", Offline, 10);
        let never = display("c", Unclaimed, 0);
        assert!(said(Language::German, &[fine.clone(), never.clone()]).is_empty());
        fine.standing_in_for = vec!["b".to_owned()];
        let both = [fine, dead.clone(), never, display("d", Offline, 60 * 24)];
        assert_eq!(
            said(Language::German, &both),
            [
                "Schirm b: antwortet nicht seit 14:22. Seine Meldung zeigt jetzt: Schirm a",
                "Schirm d: antwortet nicht seit Freitag, 27. November, 14:32",
            ]
        );
        assert_eq!(
            said(Language::English, &both[..2]),
            ["Screen b: offline since 14:22. Its message is shown by: Screen a"]
        );
        let all: Vec<Display> = (0..4).map(|n| display(&n.to_string(), Offline, n)).collect();
        assert_eq!(said(Language::German, &all), ["Monitore: 4 antworten nicht"]);
        let alarm = Display {
            health: Some(DisplayHealth { alarm: true, ..DisplayHealth::default() }),
            ..display("e", Degraded, 0)
        };
        let first = &said(Language::German, &[dead, alarm])[0];
        assert_eq!(first, "Schirm e: zeigt den Weg hinaus, sein Alarmkontakt hat ausgelöst");
    }
}
