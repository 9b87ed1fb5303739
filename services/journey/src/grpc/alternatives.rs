//! What would fit instead of a refused part. Asked after the refusal; whoever does not answer
//! contributes nothing.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::{Text, from_timestamp};
use sky_proto::{
    gastro::v1::Pickup,
    journey::v1::MealWish,
    parking::v1::BayClass,
    reservations::v1::{
        self as reservations, Availability, AvailabilityReason, Channel, Need, NeedFree, PartyLine, ShowingState,
    },
};

use super::{
    hold::{Wanted, bay_channel, bay_window, order},
    siblings::Siblings,
};
use crate::domain::{Alternative, Showing, Visit};

const MOST: usize = 5;

fn only(de: impl Into<String>, en: impl Into<String>) -> Alternative {
    Alternative { text: Text::new(de, en), showing: None }
}

/// Showings of the next days with enough places, and prices for all of the party: the same title first, then what comes soonest.
pub(super) async fn showings(
    siblings: &Siblings,
    wanted: &Wanted,
    refused: Option<&Showing>,
    now: DateTime<Utc>,
) -> Vec<Alternative> {
    let programme = siblings.programme_lately(now).await;
    let mut fitting: Vec<_> = programme
        .iter()
        .filter(|showing| {
            showing.showing_id != wanted.wish.showing.to_string() && fits(showing, &wanted.party, wanted.channel, now)
        })
        .collect();
    fitting.sort_by_key(|showing| {
        let other = refused.is_none_or(|refused| Text::from_proto(showing.title.clone()) != refused.title);
        (other, from_timestamp(showing.starts_at))
    });
    fitting.into_iter().take(MOST).filter_map(alternative).collect()
}

fn fits(showing: &reservations::Showing, party: &[PartyLine], channel: Channel, now: DateTime<Utc>) -> bool {
    let Some(places) = &showing.availability else { return false };
    let free = match channel {
        Channel::Door => places.free_door,
        Channel::School => places.free_school,
        Channel::Staff => places.free_staff,
        Channel::Online | Channel::Unspecified => places.free_online,
    };
    let people = |is: &dyn Fn(Need) -> bool| -> u32 {
        party.iter().filter(|line| is(line.need())).map(|line| line.count).fold(0, u32::saturating_add)
    };
    let has_price = |line: &PartyLine| showing.prices.iter().any(|price| price.tariff_class == line.tariff_class);
    showing.state() != ShowingState::Cancelled
        && party.iter().all(has_price)
        && from_timestamp(showing.starts_at) > now
        && free >= people(&|need| !matches!(need, Need::Wheelchair | Need::Companion))
        && places.wheelchair_free >= people(&|need| need == Need::Wheelchair)
        && places.needs.iter().all(|told| may_have(places, told, channel) >= people(&|need| need == told.need()))
}

/// How many places a channel may have for a need. What is told counts for those who book online: the desk may have more
/// where that is all that is sold online, or where nothing is sold online yet.
fn may_have(places: &Availability, told: &NeedFree, channel: Channel) -> u32 {
    let is_general = !matches!(told.need(), Need::Wheelchair | Need::Companion);
    let is_limited = is_general && told.free == places.free_online
        || matches!(places.reason(), AvailabilityReason::NotYetOnSale | AvailabilityReason::NotPublic);
    if channel != Channel::Online && is_limited { u32::MAX } else { told.free }
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

/// Another bay that any car may stand on, if one is left for the whole visit, other car parks, and coming without a car.
/// Whoever wanted a standard bay is offered no other kind: those are kept for cars to charge, prams and wheelchair users.
pub(super) async fn arrival(siblings: &Siblings, wanted: &Wanted, showing: Option<&Showing>) -> Vec<Alternative> {
    let mut found = vec![only(
        "Ohne Stellplatz kommen: mit Straßenbahn, Bus oder Fahrrad",
        "Come without a bay: by tram, bus or bicycle",
    )];
    let is_special = matches!(wanted.bay, Some(BayClass::Ev | BayClass::Accessible | BayClass::Family));
    if let Some(showing) = showing.filter(|_| is_special) {
        let left = siblings.bays(BayClass::Standard, bay_window(showing)).await;
        let channel = bay_channel(wanted.channel);
        if left.is_ok_and(|left| left.available && left.sold_by().any(|it| it == channel)) {
            found.push(only("Ein Stellplatz ohne Besonderheiten", "A bay, standard"));
        }
    }
    let Ok(site) = siblings.site().await else { return found };
    found.extend(site.alternatives.iter().take(MOST).map(|place| {
        only(
            format!("Parken: {}, {} Minuten zu Fuß", place.name, place.walk_minutes),
            format!("Park at {}, {} minutes' walk", place.name, place.walk_minutes),
        )
    }));
    found
}

/// The other side of the showing, if the kitchen can make the whole order then, and coming without a meal. Only the kitchen
/// knows what an order takes of which station, and what is left of each dish: it is asked to hold it there, and let go of
/// with whatever else was held for the visit that is refused.
pub(super) async fn meals(siblings: &Siblings, visit: &Visit, wanted: &Wanted, showing: &Showing) -> Vec<Alternative> {
    let without = only("Ohne Essen buchen", "Book without a meal");
    let Some(meal) = &wanted.meal else { return vec![without] };
    let (pickup, de, en) = match meal.pickup() {
        Pickup::BeforeShowing => (Pickup::AfterShowing, "Nach der Vorstellung abholen", "Collect after the showing"),
        Pickup::AfterShowing => (Pickup::BeforeShowing, "Vor der Vorstellung abholen", "Collect before the showing"),
        Pickup::Unspecified => return vec![without],
    };
    let instead = MealWish { pickup: pickup.into(), pickup_at: None, ..meal.clone() };
    match siblings.hold_meal(order("meal-instead", visit, wanted, &instead, showing)).await {
        Ok(_) => vec![only(de, en), without],
        Err(_) => vec![without],
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::values::timestamp;

    use super::*;

    /// Tomorrow's showing with so many places for each channel and need.
    fn with(free: [u32; 4], needs: &[(Need, u32)], reason: AvailabilityReason) -> reservations::Showing {
        let [free_online, free_door, free_school, free_staff] = free;
        let told = |(need, free): &(Need, u32)| NeedFree { need: (*need).into(), free: *free, held_until: None };
        let places = Availability {
            free_online,
            free_door,
            free_school,
            free_staff,
            wheelchair_free: 2,
            reason: reason.into(),
            needs: needs.iter().map(told).collect(),
            ..Availability::default()
        };
        reservations::Showing {
            state: ShowingState::OnSale.into(),
            starts_at: Some(timestamp(DateTime::UNIX_EPOCH + TimeDelta::days(1))),
            availability: Some(places),
            prices: ["adult", "child"].map(priced).to_vec(),
            ..reservations::Showing::default()
        }
    }

    fn priced(class: &str) -> reservations::Price {
        reservations::Price { tariff_class: class.to_owned(), ..reservations::Price::default() }
    }

    fn line(need: Need, count: u32) -> PartyLine {
        PartyLine { tariff_class: "adult".to_owned(), count, need: need.into() }
    }

    #[test]
    fn a_showing_is_offered_only_if_it_has_places_for_the_needs_of_the_party() {
        let needs = [
            (Need::Wheelchair, 2),
            (Need::Companion, 1),
            (Need::HearingLoop, 2),
            (Need::StepFree, 3),
            (Need::GuideDog, 0),
        ];
        let showing = with([4, 6, 6, 8], &needs, AvailabilityReason::Few);
        let all = [Need::HearingLoop, Need::StepFree, Need::GuideDog, Need::Wheelchair, Need::Companion];
        for (channel, most) in [(Channel::Online, [2, 3, 0, 2, 1]), (Channel::Door, [2, 3, 0, 2, 1])] {
            for (need, most) in all.into_iter().zip(most) {
                let fits = |count| fits(&showing, &[line(need, count)], channel, DateTime::UNIX_EPOCH);
                assert_eq!((fits(most), fits(most + 1)), (true, false), "{need:?}, {channel:?}");
            }
        }
    }

    #[test]
    fn a_showing_is_offered_only_if_each_of_the_party_has_a_price_there() {
        let family = [line(Need::Unspecified, 2), PartyLine { tariff_class: "child".to_owned(), count: 1, need: 0 }];
        let mut showing = with([9, 9, 9, 9], &[], AvailabilityReason::Free);
        assert!(fits(&showing, &family, Channel::Online, DateTime::UNIX_EPOCH));
        showing.prices = vec![priced("adult")];
        assert!(!fits(&showing, &family, Channel::Online, DateTime::UNIX_EPOCH), "a concert has no price for children");
        assert!(fits(&showing, &family[..1], Channel::Online, DateTime::UNIX_EPOCH));
    }

    #[test]
    fn each_channel_has_its_own_places_and_wheelchair_users_take_none_of_them() {
        let showing = with([1, 2, 3, 4], &[(Need::Wheelchair, 2), (Need::Companion, 2)], AvailabilityReason::Few);
        let pair = [line(Need::Wheelchair, 1), line(Need::Companion, 1)];
        for (channel, most) in [(Channel::Online, 1), (Channel::Door, 2), (Channel::School, 3), (Channel::Staff, 4)] {
            let fits = |general| {
                let party: Vec<PartyLine> = pair.iter().cloned().chain([line(Need::Unspecified, general)]).collect();
                fits(&showing, &party, channel, DateTime::UNIX_EPOCH)
            };
            assert_eq!((fits(most), fits(most + 1)), (true, false), "{channel:?}");
        }
    }

    #[test]
    fn the_desk_may_have_more_for_a_need_than_is_told_to_those_who_book_online() {
        let loops = [line(Need::HearingLoop, 2)];
        let may = |free, told, reason, channel| {
            fits(&with(free, &[(Need::HearingLoop, told)], reason), &loops, channel, DateTime::UNIX_EPOCH)
        };
        for (channel, expected) in [(Channel::Online, false), (Channel::Door, true)] {
            // All that is sold online is one place; there may be more with a loop.
            assert_eq!(may([1, 9, 9, 9], 1, AvailabilityReason::Few, channel), expected);
            assert_eq!(may([0, 9, 9, 9], 0, AvailabilityReason::NotYetOnSale, channel), expected);
        }
        // Many are sold online, and one of them has a loop.
        assert!(!may([8, 9, 9, 9], 1, AvailabilityReason::Free, Channel::Door));
        // In a hall in which needs are not counted, nothing is known against it.
        assert!(fits(
            &with([8, 9, 9, 9], &[], AvailabilityReason::Free),
            &loops,
            Channel::Online,
            DateTime::UNIX_EPOCH
        ));
    }
}
