//! What would fit instead of a refused part. Asked after the refusal; whoever does not answer
//! contributes nothing.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, from_timestamp};
use sky_proto::{
    gastro::v1::Pickup,
    journey::v1::MealWish,
    parking::v1::{BayClass, SiteState},
    reservations::v1::{self as reservations, Channel, Need, ShowingState},
};

use super::{hold::Wanted, siblings::Siblings};
use crate::domain::{Alternative, Showing};

const MOST: usize = 5;
/// Pickup times are looked for in this span beside the showing.
const BESIDE: TimeDelta = TimeDelta::minutes(60);

fn only(de: impl Into<String>, en: impl Into<String>) -> Alternative {
    Alternative { text: Text::new(de, en), showing: None }
}

/// Showings of the next days with enough places: the same title first, then what comes soonest.
pub(super) async fn showings(
    siblings: &Siblings,
    wanted: &Wanted,
    refused: Option<&Showing>,
    now: DateTime<Utc>,
) -> Vec<Alternative> {
    let programme = siblings.programme_lately(now).await;
    let mut fitting: Vec<_> = programme
        .iter()
        .filter(|showing| showing.showing_id != wanted.wish.showing.to_string() && fits(showing, wanted, now))
        .collect();
    fitting.sort_by_key(|showing| {
        let other = refused.is_none_or(|refused| Text::from_proto(showing.title.clone()) != refused.title);
        (other, from_timestamp(showing.starts_at))
    });
    fitting.into_iter().take(MOST).filter_map(alternative).collect()
}

fn fits(showing: &reservations::Showing, wanted: &Wanted, now: DateTime<Utc>) -> bool {
    let Some(places) = &showing.availability else { return false };
    let free = if wanted.channel == Channel::Online { places.free_online } else { places.free_door };
    let people: u32 = wanted.party.iter().map(|line| line.count).sum();
    let wheelchairs: u32 =
        wanted.party.iter().filter(|line| line.need() == Need::Wheelchair).map(|line| line.count).sum();
    showing.state() != ShowingState::Cancelled
        && from_timestamp(showing.starts_at) > now
        && free >= people
        && places.wheelchair_free >= wheelchairs
}

fn alternative(showing: &reservations::Showing) -> Option<Alternative> {
    let id = uuid::Uuid::try_parse(&showing.showing_id).ok()?;
    let starts_at = from_timestamp(showing.starts_at);
    let local = starts_at.with_timezone(&Berlin);
    let day = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"][local.weekday().num_days_from_monday() as usize];
    let title = Text::from_proto(showing.title.clone());
    let english = if title.en.is_empty() { &title.de } else { &title.en };
    Some(Alternative {
        text: Text::new(
            format!("{}, {day} {}", title.de, local.format("%d.%m., %H:%M Uhr")),
            format!("{english}, {}", local.format("%a %-d %b, %H:%M")),
        ),
        showing: Some((id, starts_at)),
    })
}

/// Another bay that suits the same car, other car parks, and coming without a car.
pub(super) async fn arrival(siblings: &Siblings, wanted: &Wanted) -> Vec<Alternative> {
    let mut found = vec![only(
        "Ohne Stellplatz kommen: mit Straßenbahn, Bus oder Fahrrad",
        "Come without a bay: by tram, bus or bicycle",
    )];
    let Ok(site) = siblings.site().await else { return found };
    let other = match wanted.bay {
        Some(BayClass::Standard) => Some((BayClass::Ev, "mit Ladesäule", "with a charging point")),
        Some(BayClass::Ev | BayClass::Accessible | BayClass::Family) => {
            Some((BayClass::Standard, "ohne Besonderheiten", "standard"))
        }
        Some(BayClass::Coach | BayClass::Bicycle | BayClass::Unspecified) | None => None,
    };
    if let Some((class, de, en)) = other.filter(|_| site.state() == SiteState::Open) {
        let has_room = site.classes.iter().any(|count| {
            count.bay_class() == class && count.occupied.is_some_and(|taken| taken + count.expected < count.capacity)
        });
        if has_room {
            found.push(only(format!("Ein Stellplatz {de}"), format!("A bay, {en}")));
        }
    }
    found.extend(site.alternatives.iter().take(MOST).map(|place| {
        only(
            format!("Parken: {}, {} Minuten zu Fuß", place.name, place.walk_minutes),
            format!("Park at {}, {} minutes' walk", place.name, place.walk_minutes),
        )
    }));
    found
}

/// The other side of the showing, if the kitchen has time there, and coming without a meal.
pub(super) async fn meals(siblings: &Siblings, wanted: &Wanted, showing: &Showing) -> Vec<Alternative> {
    let mut found = vec![only("Ohne Essen buchen", "Book without a meal")];
    let (from, until, de, en) = match wanted.meal.as_ref().map(MealWish::pickup) {
        Some(Pickup::BeforeShowing) => {
            (showing.ends_at, showing.ends_at + BESIDE, "Nach der Vorstellung abholen", "Collect after the showing")
        }
        Some(Pickup::AfterShowing) => {
            (showing.starts_at - BESIDE, showing.starts_at, "Vor der Vorstellung abholen", "Collect before the showing")
        }
        Some(Pickup::Unspecified) | None => return found,
    };
    let slots = siblings.slots(from, until).await.unwrap_or_default();
    if slots.iter().any(|slot| slot.free_seconds > 0) {
        found.insert(0, only(de, en));
    }
    found
}
