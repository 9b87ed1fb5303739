//! What each kind of display says of its own: in normal times, and when operations go wrong.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;

use super::{
    Audience, Base, Call, Facts, HouseState, Kind, Line, Offer, Order, OrderStage, Phase, Profile, Showing, Site,
    SiteState, StationState, Status, ZoneLevel, words,
};

/// Showings on time in the foyer's list.
const NEXT: usize = 3;
/// Late and cancelled showings above them.
const CHANGED: usize = 2;
/// A change further ahead is no news for those who are in the house now.
const NEWS: TimeDelta = TimeDelta::hours(12);
/// A change so near is news above all that is planned for a display; before, it is so in the usual list alone.
const URGENT: TimeDelta = TimeDelta::hours(2);
/// So long after the start latecomers still look for it.
const LATECOMERS: TimeDelta = TimeDelta::minutes(15);
/// Called walk-ins on one queue's display.
const NUMBERS: usize = 8;
/// Numbers that are being made, in one line of a café's display.
const MAKING: usize = 12;
/// Groups that are called at once on one door's display.
const GROUPS: usize = 3;
/// The kitchen says when a number is collected or given up, and until then it is called. This is the end for a monitor
/// that has heard nothing for hours.
const CALLED: TimeDelta = TimeDelta::hours(4);

pub(super) fn default(base: &Base, facts: &Facts, now: DateTime<Utc>) -> Offer {
    match base.setup.profile {
        Profile::Foyer => {
            let Offer { headline, lines } = foyer(facts, now);
            Offer { headline, lines: groups_of_house(facts).into_iter().chain(lines).collect() }
        }
        Profile::DomeDoor => {
            let at_door = at_door(base, facts, now);
            let headline = at_door.map_or_else(|| base.setup.welcome.clone(), |it| said(it, now));
            let lines = at_door.map(|it| showing_line(it, now)).into_iter().chain(groups(base, facts));
            Offer { headline, lines: lines.collect() }
        }
        Profile::Wayfinding => wayfinding(base, facts),
        Profile::Parking => parking(facts, now),
        Profile::Cafe => cafe(facts, now),
        Profile::Queue => queue(facts, now),
        Profile::RoomDoor => room_door(base, facts, now),
    }
}

pub(super) fn operations(base: &Base, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    match base.setup.profile {
        Profile::Foyer => admission_stopped(facts).or_else(|| changed_in_foyer(facts, now)),
        Profile::DomeDoor | Profile::RoomDoor => admission_stopped(facts).or_else(|| changed_at_door(base, facts, now)),
        Profile::Parking => parking_elsewhere(facts),
        Profile::Queue => admission_stopped(facts).or_else(|| changed_in_queue(facts, now)),
        Profile::Wayfinding | Profile::Cafe => None,
    }
}

/// Those who are called where this display hangs, in words that need no headline. While nobody is let in nobody is called to
/// a door.
pub(super) fn calls(base: &Base, facts: &Facts, now: DateTime<Utc>) -> Vec<Line> {
    let explained = |lines: Vec<Line>, say: fn() -> Text| -> Vec<Line> {
        let explain = |line: Line| if line.detail.de.is_empty() { Line { detail: say(), ..line } } else { line };
        lines.into_iter().map(explain).collect()
    };
    match base.setup.profile {
        Profile::Cafe => explained(to_collect(facts, now), words::collect),
        _ if admission_stopped(facts).is_some() => Vec::new(),
        Profile::DomeDoor | Profile::RoomDoor => groups(base, facts),
        Profile::Queue => explained(numbers(facts, now), words::is_up),
        Profile::Foyer => groups_of_house(facts),
        Profile::Wayfinding | Profile::Parking => Vec::new(),
    }
}

fn admission_stopped(facts: &Facts) -> Option<Offer> {
    let house = facts.house.as_ref().filter(|house| house.state == HouseState::AdmissionStopped)?;
    let line = Line::new(Kind::Notice, words::please_wait(), house.since, "flow");
    Some(Offer { headline: words::admission_stopped(), lines: vec![line] })
}

fn status(showing: &Showing) -> Status {
    match showing.phase {
        _ if showing.cancelled => Status::Cancelled,
        Phase::DoorsOpen => Status::DoorsOpen,
        Phase::LastCall => Status::LastCall,
        Phase::Running | Phase::Over => Status::Running,
        Phase::Planned if showing.late_minutes() > 0 => Status::Delayed,
        Phase::Planned => Status::Planned,
    }
}

fn said(showing: &Showing, now: DateTime<Utc>) -> Text {
    words::status(status(showing), late_until(showing, now))
}

/// Until when late guests are let in to a showing that runs; None: not any more.
fn late_until(showing: &Showing, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    showing.last_entry_at.filter(|last| now < *last && status(showing) == Status::Running)
}

/// From then on a showing is of no use on a display.
fn shown_until(showing: &Showing) -> DateTime<Utc> {
    match status(showing) {
        Status::Running => (showing.starts_at + LATECOMERS).max(showing.last_entry_at.unwrap_or(showing.starts_at)),
        // One that is broken off while it runs is news after its start, too.
        Status::Cancelled => showing.starts_at.max(showing.observed_at) + LATECOMERS,
        Status::Planned | Status::DoorsOpen | Status::LastCall | Status::Delayed => showing.ends_at,
    }
}

fn showing_line(showing: &Showing, now: DateTime<Utc>) -> Line {
    let status = status(showing);
    let for_sale = showing.audience == Audience::Public && !matches!(status, Status::Cancelled | Status::Running);
    Line {
        detail: words::detail(showing, status, late_until(showing, now)),
        starts_at: Some(showing.starts_at),
        day: words::day(showing.starts_at, now),
        places_left: showing.places_left.filter(|_| for_sale),
        status: Some(status),
        // What is said of late entry is wrong after it.
        valid_until: late_until(showing, now).or_else(|| Some(shown_until(showing))),
        ..Line::new(Kind::Showing, words::title(showing), showing.observed_at, "programme")
    }
}

/// Whether a late or cancelled showing is news for those who are in the house now. One that should have begun and of which
/// nobody says that it has is none: else it would keep all that is planned off the displays until its end.
fn is_news(showing: &Showing, now: DateTime<Utc>) -> bool {
    if showing.starts_at >= now + NEWS || now >= shown_until(showing) {
        return false;
    }
    match status(showing) {
        Status::Delayed => now < showing.starts_at + LATECOMERS,
        Status::Cancelled => true,
        Status::Planned | Status::DoorsOpen | Status::LastCall | Status::Running => false,
    }
}

fn is_urgent(changed: &[&Showing], now: DateTime<Utc>) -> bool {
    changed.iter().any(|showing| showing.starts_at < now + URGENT)
}

/// Late and cancelled showings that are news now.
fn changed(facts: &Facts, now: DateTime<Utc>) -> Vec<&Showing> {
    by_start(facts).filter(|showing| is_news(showing, now)).take(CHANGED).collect()
}

/// Late and cancelled showings on top, so that nobody overlooks them, then the next ones on time.
fn foyer(facts: &Facts, now: DateTime<Utc>) -> Offer {
    let next = by_start(facts)
        .filter(|showing| now < shown_until(showing) && !is_news(showing, now) && status(showing) != Status::Cancelled);
    let mut lines: Vec<Line> =
        changed(facts, now).into_iter().chain(next.take(NEXT)).map(|it| showing_line(it, now)).collect();
    if let Some(house) = facts.house.as_ref().filter(|house| house.state == HouseState::Crowded) {
        lines.push(Line::new(Kind::Notice, words::crowded(), house.since, "flow"));
    }
    Offer { headline: words::next_showings(), lines }
}

/// With a change in it the whole list stands above what is planned: nothing of it is lost.
fn changed_in_foyer(facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    is_urgent(&changed(facts, now), now).then(|| foyer(facts, now))
}

fn by_start(facts: &Facts) -> impl Iterator<Item = &Showing> {
    let mut showings: Vec<&Showing> = facts.showings.iter().filter(|showing| showing.phase != Phase::Over).collect();
    showings.sort_by_key(|showing| (showing.starts_at, showing.showing_id));
    showings.into_iter()
}

/// The showing that a person in front of this door asks about: the one being let in, else the one
/// that has just begun, else the next.
fn at_door<'a>(base: &Base, facts: &'a Facts, now: DateTime<Utc>) -> Option<&'a Showing> {
    by_start(facts).filter(|showing| showing.hall == base.setup.hall && now < shown_until(showing)).min_by_key(
        |showing| match status(showing) {
            Status::DoorsOpen | Status::LastCall => 0,
            Status::Running => 1,
            Status::Planned | Status::Delayed | Status::Cancelled => 2,
        },
    )
}

/// A change of the showing behind this door takes the door's display.
fn changed_at_door(base: &Base, facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    let showing = at_door(base, facts, now)?;
    is_news(showing, now).then(|| Offer {
        headline: said(showing, now),
        // Whoever is called, guests with assistance first of all, is called to a late showing as well.
        lines: std::iter::once(showing_line(showing, now)).chain(groups(base, facts)).collect(),
    })
}

/// Groups of guests that are called to this door, the one called last on top.
fn groups(base: &Base, facts: &Facts) -> Vec<Line> {
    called(facts, |call| call.hall == base.setup.hall).map(call_line).collect()
}

/// The same before all doors, each with its showing's title.
fn groups_of_house(facts: &Facts) -> Vec<Line> {
    let showing = |call: &Call| facts.showings.iter().find(|it| call.call_id.starts_with(&it.showing_id.to_string()));
    let title = |call: &Call| showing(call).map(words::title).unwrap_or_default();
    called(facts, |_| true).map(|call| Line { detail: title(call), ..call_line(call) }).collect()
}

fn called(facts: &Facts, is_here: impl Fn(&Call) -> bool) -> impl Iterator<Item = &Call> {
    let mut called: Vec<&Call> = facts.calls.iter().filter(|call| call.number.is_none() && is_here(call)).collect();
    called.sort_by_key(|call| (std::cmp::Reverse(call.at), &call.call_id));
    called.into_iter().take(GROUPS)
}

fn call_line(call: &Call) -> Line {
    let text = call.number.map_or_else(|| call.text.clone(), words::queue_number);
    Line { valid_until: call.valid_until, ..Line::new(Kind::Call, text, call.at, "flow") }
}

/// Numbers of walk-ins that are called, newest first.
fn numbers(facts: &Facts, now: DateTime<Utc>) -> Vec<Line> {
    let mut called: Vec<&Call> = facts.calls.iter().filter(|call| call.number.is_some()).collect();
    called.sort_by_key(|call| std::cmp::Reverse((call.at, call.number)));
    called.into_iter().map(call_line).filter(|line| line.is_valid(now)).take(NUMBERS).collect()
}

/// The numbers that are called; without any, how many places there are.
fn queue(facts: &Facts, now: DateTime<Utc>) -> Offer {
    let lines = numbers(facts, now);
    if lines.is_empty() { foyer(facts, now) } else { Offer { headline: words::your_turn(), lines } }
}

/// A change stands below the numbers that are called: those must act at once.
fn changed_in_queue(facts: &Facts, now: DateTime<Utc>) -> Option<Offer> {
    let numbers = numbers(facts, now);
    if numbers.is_empty() {
        return changed_in_foyer(facts, now);
    }
    let changed = changed(facts, now);
    is_urgent(&changed, now).then(|| Offer {
        headline: words::your_turn(),
        lines: numbers.into_iter().chain(changed.into_iter().map(|it| showing_line(it, now))).collect(),
    })
}

/// What is on in this room, and what comes after it; then who is called to its door.
fn room_door(base: &Base, facts: &Facts, now: DateTime<Utc>) -> Offer {
    let here = by_start(facts).filter(|showing| showing.hall == base.setup.hall && now < shown_until(showing));
    let mut lines: Vec<Line> = here.take(NEXT).map(|it| showing_line(it, now)).collect();
    let headline = match lines.first() {
        None => base.setup.welcome.clone(),
        Some(first) if first.day == Text::default() => words::today_here(),
        Some(_) => words::next_showings(),
    };
    lines.extend(groups(base, facts));
    Offer { headline, lines }
}

fn wayfinding(base: &Base, facts: &Facts) -> Offer {
    let lines = base.setup.wayfinding.iter().map(|way| {
        let mut line = Line::way(way, base);
        if !way.lift.is_empty() {
            let lift = facts.lifts.iter().find(|lift| lift.lift_id == way.lift);
            let unheard = Line::over_a_lift(way, base, lift);
            // Nobody says whether it works now.
            if facts.silent("flow").is_some() {
                let since = lift.map_or(line.observed_at, |lift| lift.since);
                return Line { observed_at: since, source: "flow".to_owned(), ..unheard };
            }
            line.unheard = unheard.detail;
            // Over one that does not work: what to do instead, and not step-free.
            if let Some(lift) = lift.filter(|lift| !lift.working) {
                line.detail = lift.without.clone();
                line.step_free = false;
                line.observed_at = lift.since;
                "flow".clone_into(&mut line.source);
                return line;
            }
        }
        let full = facts.zones.iter().find(|zone| zone.zone_id == way.zone && zone.level != ZoneLevel::Free);
        if let Some(zone) = full {
            let level = if zone.level == ZoneLevel::Stop { words::zone_stop() } else { words::zone_busy() };
            // What else is that way, as an accessible toilet, is there all the same.
            line.detail = words::both(level, &line.detail);
            line.observed_at = zone.observed_at;
            line.quality = Some(zone.quality);
            "flow".clone_into(&mut line.source);
        }
        line
    });
    Offer { headline: words::way(), lines: lines.collect() }
}

/// Past its limit, or without any word from parking, the occupancy is unknown; it is never empty.
fn parking(facts: &Facts, now: DateTime<Utc>) -> Offer {
    let current = |site: &&Site| site.valid_until.is_none_or(|end| now < end) && site.state == SiteState::Open;
    let lines = match &facts.site {
        Some(site) if current(&site) => site
            .bays
            .iter()
            .map(|bays| Line {
                detail: words::free(bays.free),
                valid_until: site.valid_until,
                ..Line::new(Kind::Parking, words::bays(&bays.class), site.observed_at, "parking")
            })
            .collect(),
        Some(site) => vec![Line {
            detail: words::free(None),
            ..Line::new(Kind::Parking, words::occupancy(), site.observed_at, "parking")
        }],
        None => Vec::new(),
    };
    Offer { headline: words::parking(), lines }
}

/// Closed and unreachable are decisions of staff: they hold until they are taken back.
fn parking_elsewhere(facts: &Facts) -> Option<Offer> {
    let site = facts.site.as_ref().filter(|site| matches!(site.state, SiteState::Closed | SiteState::Unreachable))?;
    let notice = if site.reason.de.is_empty() { words::parking_elsewhere() } else { site.reason.clone() };
    let mut lines = vec![Line::new(Kind::Notice, notice, site.observed_at, "parking")];
    // A line of its own: a screen without a link stops promising an end that has passed; closed it stays.
    if let Some(until) = site.closed_until {
        let line = Line::new(Kind::Notice, words::closed_until(until, site.observed_at), site.observed_at, "parking");
        lines.push(Line { valid_until: Some(until), ..line });
    }
    for place in &site.alternatives {
        let (text, detail) = words::alternative(place);
        lines.push(Line { detail, ..Line::new(Kind::Parking, text, site.observed_at, "parking") });
        // A line of its own: it goes when nobody has counted for a while, the place stays.
        if let (Some(free), Some(until)) = (place.free, place.free_until) {
            let text = words::free_elsewhere(&place.name, free);
            let line = Line::new(Kind::Parking, text, site.observed_at, "parking");
            lines.push(Line { valid_until: Some(until), ..line });
        }
    }
    Some(Offer { headline: words::parking_closed(site.state), lines })
}

/// All numbers to collect, those that are called again first, then those that wait longest.
fn to_collect(facts: &Facts, now: DateTime<Utc>) -> Vec<Line> {
    let mut ready: Vec<&Order> = facts.orders.iter().filter(|order| order.stage != OrderStage::Preparing).collect();
    ready.sort_by_key(|order| (std::cmp::Reverse(order.stage), order.at, order.number));
    let called = |order: &Order| Line {
        valid_until: Some(order.at + CALLED),
        detail: if order.stage == OrderStage::Recalled { words::recalled() } else { Text::default() },
        ..Line::new(Kind::Cafe, words::number(order.number), order.at, "gastro")
    };
    ready.into_iter().map(called).filter(|line| line.is_valid(now)).collect()
}

/// All numbers to collect; which station rests; all that are being made. Nobody's number is missing: what does not fit on a
/// screen takes turns on it.
fn cafe(facts: &Facts, now: DateTime<Utc>) -> Offer {
    let making = facts.orders.iter().filter(|order| order.stage == OrderStage::Preparing).collect();
    let mut lines = to_collect(facts, now);
    let headline = if lines.is_empty() { words::cafe() } else { words::collect() };
    lines.extend(stations(facts, lines.is_empty()));
    lines.extend(being_made(making).into_iter().filter(|line| line.is_valid(now)));
    Offer { headline, lines }
}

/// Who waits sees the own number go its way.
fn being_made(mut orders: Vec<&Order>) -> Vec<Line> {
    orders.sort_by_key(|order| (order.at, order.number));
    let line = |orders: &[&Order]| {
        let newest = orders.last()?.at;
        let numbers: Vec<u32> = orders.iter().map(|order| order.number).collect();
        let line = Line::new(Kind::Notice, words::being_made(&numbers), newest, "gastro");
        Some(Line { valid_until: Some(newest + CALLED), ..line })
    };
    orders.chunks(MAKING).filter_map(line).collect()
}

fn stations(facts: &Facts, nothing_to_collect: bool) -> Vec<Line> {
    let Some(latest) = facts.stations.iter().map(|station| station.observed_at).max() else {
        return Vec::new();
    };
    let all = |state| facts.stations.iter().all(|station| station.state == state);
    let notice = |text| vec![Line::new(Kind::Notice, text, latest, "gastro")];
    if all(StationState::Open) {
        // While there are numbers to call, everybody sees that it is open.
        return if nothing_to_collect { notice(words::cafe_open()) } else { Vec::new() };
    }
    if all(StationState::Closed) {
        return notice(words::cafe_closed());
    }
    if facts.stations.iter().all(|it| !matches!(it.state, StationState::Open | StationState::Busy)) {
        return notice(words::cafe_paused());
    }
    let resting = facts.stations.iter().filter(|station| station.state != StationState::Open);
    resting
        .map(|station| Line {
            detail: match station.state {
                StationState::Open | StationState::Busy => words::longer(),
                StationState::Paused => words::pause(),
                StationState::Closed => words::closed(),
            },
            ..Line::new(Kind::Notice, station.name.clone(), station.observed_at, "gastro")
        })
        .collect()
}
