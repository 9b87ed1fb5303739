//! The wall of all monitors as staff see it: what each shows, since when, and which of them are silent.

use std::collections::HashMap;

use chrono::TimeDelta;
use kernel::{Caller, values::from_timestamp};
use sky_proto::signage::v1::{
    Content, Display, DisplayState, GetContentRequest, Line, ListDisplaysRequest, ListMessagesRequest, Message,
    MessageState, PriorityClass,
};
use tonic::{Code, Status};

use crate::{
    domain::is_in_span,
    edge::{Edge, answer},
    problem::Problem,
    routes::monitor::screen,
    words::{Words, time_in_halle},
};

/// Lines of a content that a picture of it repeats.
const LINES: usize = 3;

/// Contents by display; asked for again only when they have changed.
pub(super) type Seen = HashMap<String, Content>;

/// Everything on the wall.
pub(super) struct Wall {
    /// How many there are, and how many of them are silent or late, in words; empty when none is.
    pub(super) total: String,
    pub(super) silent: String,
    pub(super) behind: String,
    /// How many of them never had a device; empty when all have.
    pub(super) unfitted: String,
    /// How many are dark by plan, and when that is; empty when none is.
    pub(super) dark: String,
    /// Official warnings do not arrive by themselves, though they should.
    pub(super) feeds_silent: bool,
    pub(super) monitors: Vec<Monitor>,
    pub(super) emergency: Option<Emergency>,
    pub(super) messages: Vec<MessageView>,
    pub(super) just_withdrawn: Vec<MessageView>,
    pub(super) just_expired: Vec<MessageView>,
}

/// One monitor.
pub(super) struct Monitor {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) location: String,
    pub(super) class: &'static str,
    pub(super) class_name: String,
    pub(super) headline: String,
    pub(super) lines: Vec<String>,
    pub(super) state: String,
    pub(super) kind: &'static str,
    /// It is dark by plan: no fault, however black it is.
    pub(super) is_dark: bool,
    /// It has said that it shows the newest content. Else this is what it is to show, and `confirmed` what it has said last.
    pub(super) shows: bool,
    pub(super) confirmed: String,
    /// When what it shows was computed, and when it was last heard; may be empty.
    pub(super) since: String,
    pub(super) seen: String,
    /// The silent ones whose message it shows as well, and who shows its own while it is silent; may be empty.
    pub(super) stands_in: String,
    pub(super) taken_by: String,
    is_silent: bool,
    is_behind: bool,
    is_fitted: bool,
    /// Those that need somebody come first.
    rank: u8,
}

/// Safety or evacuation, and how far it has come.
pub(super) struct Emergency {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) progress: String,
    /// All that there are have said so; never when there are none.
    pub(super) is_complete: bool,
    pub(super) missing: Vec<(String, String)>,
}

/// A message that is on displays now, or was just now.
pub(super) struct MessageView {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) class_name: String,
    pub(super) to: String,
    pub(super) until: String,
    /// On how many monitors it is, and how many have said so; empty: it is over.
    pub(super) on: String,
    /// How far it is, in words, and its colour; empty: it is over.
    pub(super) state: String,
    pub(super) kind: &'static str,
    /// The monitors that have not said so.
    pub(super) waiting: Vec<String>,
}

/// The groups of the displays, for addressing messages.
pub(super) fn groups(displays: &[Display]) -> Vec<String> {
    let mut groups: Vec<String> = displays.iter().flat_map(|display| display.groups.clone()).collect();
    groups.sort();
    groups.dedup();
    groups
}

pub(super) async fn displays(edge: &Edge, caller: &Caller) -> Result<Vec<Display>, Problem> {
    Ok(answer(edge.signage(caller).list_displays(ListDisplaysRequest {})).await?.displays)
}

/// Looks at all displays.
pub(super) async fn look(
    edge: &Edge,
    caller: &Caller,
    w: &Words,
    displays: &[Display],
    seen: &mut Seen,
) -> Result<Wall, Problem> {
    let changed = |display: &&Display| seen.get(&display.display_id).is_none_or(|it| it.revision != display.revision);
    let changed: Vec<String> = displays.iter().filter(changed).map(|display| display.display_id.clone()).collect();
    let mut signage = edge.signage(caller);
    let mut gone = Vec::new();
    for display_id in changed {
        let content = answer(signage.get_content(GetContentRequest { display_id: display_id.clone() })).await;
        match if_still_there(content)? {
            Some(content) => drop(seen.insert(display_id, content)),
            None => gone.push(display_id),
        }
    }
    let there: Vec<Display> = displays.iter().filter(|it| !gone.contains(&it.display_id)).cloned().collect();
    let displays = &there[..];

    let night = is_night(edge);
    let mut monitors: Vec<Monitor> =
        displays.iter().map(|display| monitor(w, display, seen.get(&display.display_id), night)).collect();
    stand_ins(w, displays, &mut monitors);
    monitors.sort_by(|one, other| (one.rank, &one.name).cmp(&(other.rank, &other.name)));
    let listed = answer(signage.list_messages(ListMessagesRequest {})).await?;
    let name = |id: &String| displays.iter().find(|it| it.display_id == *id).map(|it| w.text(&it.name));
    let message = |message: Message| MessageView {
        state: match message.state() {
            _ if message.displays == 0 => String::new(),
            MessageState::Published => w.t("message-published"),
            MessageState::Delivered => w.t("message-delivered"),
            MessageState::Rendered => w.t("message-rendered"),
            MessageState::Unspecified | MessageState::Expired | MessageState::Withdrawn => String::new(),
        },
        kind: if message.state() == MessageState::Rendered { "good" } else { "few" },
        waiting: message.waiting_display_ids.iter().filter_map(name).collect(),
        text: w.text(&message.text),
        class_name: class_name(w, message.priority_class()),
        to: if message.group.is_empty() { w.t("message-all") } else { group_name(w, &message.group) },
        until: w.time(&message.valid_until),
        on: match message.displays {
            0 if message.state() == MessageState::Published => w.t("message-on-none"),
            0 => String::new(),
            all => w.of("message-on", size(message.displays_showing), size(all)),
        },
        id: message.message_id,
    };
    Ok(Wall {
        total: count(w, "displays-count", &monitors, |_| true),
        silent: count(w, "displays-silent", &monitors, |monitor| monitor.is_silent),
        behind: count(w, "displays-behind", &monitors, |monitor| monitor.is_behind),
        unfitted: count(w, "displays-unfitted", &monitors, |monitor| !monitor.is_fitted),
        dark: dark(w, &monitors, &edge.settings.monitors_dark),
        feeds_silent: super::warnings::feeds(edge, caller).await?.iter().any(|feed| feed.silent),
        emergency: emergency(w, displays, &monitors),
        messages: listed.messages.into_iter().map(message).collect(),
        just_withdrawn: listed.just_withdrawn.into_iter().map(message).collect(),
        just_expired: listed.just_expired.into_iter().map(message).collect(),
        monitors,
    })
}

/// A display's content; None: it was taken down since it was listed. The others are still to be seen.
fn if_still_there(content: Result<Content, Status>) -> Result<Option<Content>, Problem> {
    match content {
        Ok(content) => Ok(Some(content)),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

fn count(w: &Words, key: &str, monitors: &[Monitor], which: impl Fn(&Monitor) -> bool) -> String {
    match monitors.iter().filter(|monitor| which(monitor)).count() {
        0 => String::new(),
        some => w.n(key, u32::try_from(some).unwrap_or(u32::MAX)),
    }
}

fn is_there(display: &Display) -> bool {
    matches!(display.state(), DisplayState::Active | DisplayState::Degraded)
}

/// What it is to show lights up a dark screen.
fn is_urgent(class: PriorityClass) -> bool {
    matches!(class, PriorityClass::Safety | PriorityClass::Evacuation)
}

/// Nobody can read it, as it says itself: it is dark by plan, or its page is hidden.
fn is_dark(display: &Display) -> bool {
    is_there(display) && display.health.as_ref().is_some_and(|health| health.dark)
}

/// It has not said that it shows the newest content.
fn is_unconfirmed(display: &Display) -> bool {
    is_there(display) && display.rendered_revision < display.revision
}

fn is_behind(display: &Display) -> bool {
    // A dark screen says nothing of what it shows, because nobody can read it; but nothing urgent is shown in the dark.
    is_unconfirmed(display) && (!is_dark(display) || is_urgent(display.shown_class()))
}

/// Whether monitors are dark by plan. For a minute longer: they say how they are now and then only.
pub(super) fn is_night(edge: &Edge) -> bool {
    let is_dark = |at| is_in_span(&edge.settings.monitors_dark, time_in_halle(at));
    is_dark(edge.now()) || is_dark(edge.now() - TimeDelta::minutes(1))
}

fn dark(w: &Words, monitors: &[Monitor], span: &str) -> String {
    match count(w, "displays-dark", monitors, |monitor| monitor.is_dark) {
        none if none.is_empty() => none,
        some => format!("{some} ({})", span.replace('-', "–")),
    }
}

/// Whether it ever had a device or said anything. One of the house file that did not is nowhere to go to.
fn is_fitted(display: &Display) -> bool {
    display.state() != DisplayState::Unclaimed || display.rendered_revision > 0
}

/// The state in words, and its colour. `night`: monitors are dark by plan now.
pub(super) fn state(w: &Words, display: &Display, night: bool) -> (String, &'static str) {
    let (key, kind) = match display.state() {
        DisplayState::Offline => ("display-offline", "bad"),
        DisplayState::Active | DisplayState::Degraded if is_behind(display) => ("display-behind", "few"),
        DisplayState::Degraded => ("display-degraded", "few"),
        DisplayState::Active if is_dark(display) && night => ("display-dark", "plain"),
        DisplayState::Active if is_dark(display) => ("display-hidden", "few"),
        DisplayState::Revoked => ("display-state-revoked", "bad"),
        DisplayState::PendingApproval => ("display-pending", "plain"),
        DisplayState::Active => ("display-active", "good"),
        _ => ("display-unclaimed", "plain"),
    };
    (w.t(key), kind)
}

fn monitor(w: &Words, display: &Display, content: Option<&Content>, night: bool) -> Monitor {
    let is_behind = is_behind(display);
    let (state, kind) = state(w, display, night);
    let rank = match (display.state(), kind) {
        (DisplayState::Offline, _) => 0,
        (_, "few") => 1,
        (_, "good") => 3,
        _ => 2,
    };
    let class = content.map_or_else(|| display.shown_class(), Content::priority_class);
    Monitor {
        id: display.display_id.clone(),
        name: w.text(&display.name),
        location: display.location.clone(),
        class: screen::class(class),
        class_name: class_name(w, class),
        headline: content.map(|content| w.text(&content.headline)).unwrap_or_default(),
        lines: content.map(|content| lines(w, content)).unwrap_or_default(),
        state,
        kind,
        is_dark: night && is_dark(display),
        shows: is_there(display) && !is_unconfirmed(display),
        confirmed: confirmed(w, display),
        since: content.map(|content| w.time(&content.computed_at)).unwrap_or_default(),
        seen: display.last_seen_at.map(|at| w.clock(from_timestamp(Some(at)))).unwrap_or_default(),
        stands_in: String::new(),
        taken_by: String::new(),
        is_silent: display.state() == DisplayState::Offline,
        is_behind,
        is_fitted: is_fitted(display),
        rank,
    }
}

/// The revision that it has said it shows, and when. Nobody knows what else a silent or late one shows.
fn confirmed(w: &Words, display: &Display) -> String {
    let is_doubtful = display.state() == DisplayState::Offline || is_unconfirmed(display);
    match (is_doubtful, display.rendered_at) {
        (false, _) => String::new(),
        (true, None) => w.t("display-confirmed-nothing"),
        (true, at) => {
            let revision = u32::try_from(display.rendered_revision).unwrap_or(u32::MAX);
            w.args_of("display-confirmed", revision, &w.day_and_time(&at))
        }
    }
}

/// Who speaks for a silent monitor, said on both of them.
fn stand_ins(w: &Words, displays: &[Display], monitors: &mut [Monitor]) {
    let name = |id: &String| displays.iter().find(|it| it.display_id == *id).map(|it| w.text(&it.name));
    for display in displays.iter().filter(|display| !display.standing_in_for.is_empty()) {
        for monitor in monitors.iter_mut() {
            if monitor.id == display.display_id {
                let silent: Vec<String> = display.standing_in_for.iter().filter_map(name).collect();
                monitor.stands_in = silent.join(", ");
            } else if display.standing_in_for.contains(&monitor.id) {
                monitor.taken_by = w.text(&display.name);
            }
        }
    }
}

fn lines(w: &Words, content: &Content) -> Vec<String> {
    let said = |line: &Line| {
        let time = line.starts_at.map(|at| w.time(&Some(at))).unwrap_or_default();
        let words = [w.text(&line.day), time, w.text(&line.text)];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    };
    content.lines.iter().take(LINES).map(said).collect()
}

/// Who has said that it shows the emergency, and who has not.
fn emergency(w: &Words, displays: &[Display], monitors: &[Monitor]) -> Option<Emergency> {
    let highest = displays.iter().map(Display::shown_class).max().unwrap_or_default();
    if !is_urgent(highest) {
        return None;
    }
    let concerned: Vec<&Display> =
        displays.iter().filter(|display| display.shown_class() == highest && is_fitted(display)).collect();
    let (answered, silent): (Vec<&Display>, Vec<&Display>) =
        concerned.iter().partition(|display| display.rendered_revision >= display.revision);
    let where_is = |display: &&Display| (w.text(&display.name), display.location.clone());
    let headline = monitors.iter().find(|monitor| monitor.class == screen::class(highest));
    Some(Emergency {
        class: screen::class(highest),
        title: headline.map(|monitor| monitor.headline.clone()).unwrap_or_default(),
        progress: w.of("emergency-answered", answered.len(), concerned.len()),
        is_complete: silent.is_empty() && !answered.is_empty(),
        missing: silent.iter().map(where_is).collect(),
    })
}

fn size(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The class in words.
pub(super) fn class_name(w: &Words, class: PriorityClass) -> String {
    w.t(match class {
        PriorityClass::Unspecified | PriorityClass::Default => "class-default",
        PriorityClass::Scheduled => "class-scheduled",
        PriorityClass::Operations => "class-operations",
        PriorityClass::Safety => "class-safety",
        PriorityClass::Evacuation => "class-evacuation",
    })
}

/// Groups are named by the house file; the usual ones have words.
pub(super) fn group_name(w: &Words, group: &str) -> String {
    match group {
        "foyer" | "dome-door" | "wayfinding" | "parking" | "cafe" | "queue" | "room-door" => {
            w.t(&format!("group-{group}"))
        }
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use kernel::values::timestamp;
    use sky_proto::{kernel::v1::LocalizedText, signage::v1::DisplayHealth};

    use super::*;

    fn display(id: &str, state: DisplayState, rendered: u64, class: PriorityClass) -> Display {
        Display {
            display_id: id.to_owned(),
            state: state.into(),
            revision: 5,
            rendered_revision: rendered,
            shown_class: class.into(),
            rendered_at: (rendered > 0)
                .then(|| timestamp(Utc.timestamp_opt(1_795_872_720, 0).single().expect("a time"))),
            ..Default::default()
        }
    }

    #[test]
    fn a_display_that_is_taken_down_while_the_wall_is_looked_at_is_left_out_and_the_others_are_not() {
        let read = |content| if_still_there(content).ok();
        assert_eq!(read(Ok(Content::default())), Some(Some(Content::default())));
        assert_eq!(read(Err(Status::not_found("there is no display foyer-1"))), Some(None));
        assert_eq!(read(Err(Status::unavailable("signage is away"))), None, "that is a fault");
    }

    #[test]
    fn a_dark_screen_is_no_fault_at_night_but_says_nothing_of_an_emergency() {
        let w = Words::default();
        let dark = |rendered, class| Display {
            health: Some(DisplayHealth { dark: true, ..Default::default() }),
            ..display("dark", DisplayState::Active, rendered, class)
        };
        let (normal, evacuation) = (PriorityClass::Default, PriorityClass::Evacuation);
        // What it is to show, what it has confirmed, whether it is night: state, colour, whether it shows it, and whether
        // it is counted as dark and as late.
        let table = [
            (normal, 5, true, "dunkel nach Plan", "plain", true, true, false),
            (normal, 4, true, "dunkel nach Plan", "plain", false, true, false),
            (normal, 5, false, "Seite ist verdeckt", "few", true, false, false),
            (evacuation, 4, true, "bestätigt noch nicht", "few", false, true, true),
            (evacuation, 4, false, "bestätigt noch nicht", "few", false, false, true),
        ];
        for (class, rendered, night, state, kind, shows, is_dark, is_behind) in table {
            let it = monitor(&w, &dark(rendered, class), None, night);
            let said = (it.state.as_str(), it.kind, it.shows, it.is_dark, it.is_behind);
            assert_eq!(said, (state, kind, shows, is_dark, is_behind), "{class:?} {rendered} {night}");
            assert_eq!(it.confirmed.is_empty(), shows, "{class:?} {rendered} {night}: {}", it.confirmed);
        }
        let monitors = [monitor(&w, &dark(4, normal), None, true), monitor(&w, &dark(5, normal), None, true)];
        assert_eq!(super::dark(&w, &monitors, "22:30-08:00"), "2 dunkel nach Plan (22:30–08:00)");
        assert_eq!(super::dark(&w, &[], "22:30-08:00"), "");
    }

    #[test]
    fn monitors_that_need_somebody_come_first_and_emergencies_name_those_that_did_not_answer() {
        let (w, normal) = (Words::default(), PriorityClass::Default);
        let displays = [
            display("fine", DisplayState::Active, 5, normal),
            display("new", DisplayState::Unclaimed, 0, normal),
            display("late", DisplayState::Active, 4, PriorityClass::Evacuation),
            display("silent", DisplayState::Offline, 5, PriorityClass::Evacuation),
            display("hole in the wall", DisplayState::Unclaimed, 0, PriorityClass::Evacuation),
        ];
        let mut monitors: Vec<Monitor> = displays.iter().map(|it| monitor(&w, it, None, false)).collect();
        monitors.sort_by_key(|monitor| monitor.rank);
        let order: Vec<&str> = monitors.iter().map(|monitor| monitor.id.as_str()).collect();
        assert_eq!(order, ["silent", "late", "new", "hole in the wall", "fine"]);
        assert_eq!(count(&w, "displays-unfitted", &monitors, |it| !it.is_fitted), "2 noch nicht angebracht");
        assert_eq!(count(&w, "displays-silent", &monitors, |it| it.is_silent), "1 antwortet nicht");

        let said: Vec<(bool, &str)> = monitors.iter().map(|it| (it.shows, it.confirmed.as_str())).collect();
        let (silent, late) = (
            "zuletzt bestätigt: Stand 5 (Samstag, 28. November, 14:32)",
            "zuletzt bestätigt: Stand 4 (Samstag, 28. November, 14:32)",
        );
        assert_eq!(said, [(false, silent), (false, late), (false, ""), (false, ""), (true, "")]);

        let mut displays = displays.clone();
        displays[0].standing_in_for = vec!["silent".to_owned(), "late".to_owned()];
        for display in &mut displays {
            display.name = Some(LocalizedText { de: format!("Schirm {}", display.display_id), ..Default::default() });
        }
        stand_ins(&w, &displays, &mut monitors);
        let said: Vec<(&str, &str)> = monitors.iter().map(|it| (it.taken_by.as_str(), it.stands_in.as_str())).collect();
        let fine = "Schirm fine";
        assert_eq!(said, [(fine, ""), (fine, ""), ("", ""), ("", ""), ("", "Schirm silent, Schirm late")]);

        let found = emergency(&w, &displays, &monitors).expect("an emergency");
        assert_eq!(found.class, "evacuation");
        // What was said before the line went dead does not count as silence; what was not said does.
        assert_eq!(found.progress, "1 von 2 Monitoren haben bestätigt.");
        assert_eq!(found.missing.len(), 1, "and what was never fitted is not missing");
        assert!(!found.is_complete);
        let complete = |displays: &[Display]| emergency(&w, displays, &monitors).expect("an emergency").is_complete;
        assert!(complete(&displays[3..]));
        assert!(!complete(&displays[4..]), "where no screen is, none has said so");
        assert!(emergency(&w, &displays[..2], &monitors).is_none());
    }
}
