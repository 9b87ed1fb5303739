//! The times at which a meal can be collected, as the form offers them: as near to the showing as there is room, or one
//! of the quarters around it.

use kernel::values::from_timestamp;
use prost_types::Timestamp;
use sky_proto::gastro::v1::{Pickup, PickupOffer};

use crate::{fields::Fields, words::Words};

/// Before or after.
pub(super) struct Side {
    pub(super) name: String,
    pub(super) times: Vec<Time>,
}

pub(super) struct Time {
    /// "2", or "2@1795869000" for a quarter of its own.
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
    pub(super) full: bool,
}

fn at(offer: &PickupOffer) -> i64 {
    offer.at.map_or(0, |at| at.seconds)
}

fn side(w: &Words, offers: &[PickupOffer], (pickup, name, nearest): (Pickup, &str, &str)) -> Side {
    let number = i32::from(pickup);
    let mut of_it: Vec<&PickupOffer> = offers.iter().filter(|offer| offer.pickup() == pickup).collect();
    // Gastro's order is the one in which it would place a meal.
    let first = of_it.iter().find(|offer| offer.free_seconds > 0).or_else(|| of_it.first());
    let label = match first {
        Some(offer) => w.with(nearest, "time", &w.clock(from_timestamp(offer.at))),
        None if offers.is_empty() => w.t(&format!("{nearest}-unknown")),
        None => w.t("pickup-too-late"),
    };
    let is_full = of_it.iter().all(|offer| offer.most_free_seconds == 0) && !offers.is_empty();
    let mut times = vec![Time { value: number.to_string(), label, chosen: false, full: is_full }];
    of_it.sort_by_key(|offer| at(offer));
    times.extend(of_it.iter().map(|offer| {
        let time = w.clock(from_timestamp(offer.at));
        let full = offer.most_free_seconds == 0;
        let label = match offer.free_seconds {
            _ if full => w.with("pickup-time-full", "time", &time),
            0 => w.with("pickup-time-few", "time", &time),
            _ => time,
        };
        Time { value: format!("{number}@{}", at(offer)), label, chosen: false, full }
    }));
    Side { name: w.t(name), times }
}

/// Both sides of the showing; chosen is what was sent, else after the showing as soon as there is room.
pub(super) fn sides(w: &Words, offers: &[PickupOffer], sent: &Fields) -> Vec<Side> {
    const SIDES: [(Pickup, &str, &str); 2] = [
        (Pickup::BeforeShowing, "pickup-before", "pickup-just-before"),
        (Pickup::AfterShowing, "pickup-after", "pickup-right-after"),
    ];
    let mut sides: Vec<Side> = SIDES.into_iter().map(|it| side(w, offers, it)).collect();
    let wanted = [sent.get("pickup").to_owned(), "2".to_owned(), "1".to_owned()];
    let mut times: Vec<&mut Time> = sides.iter_mut().flat_map(|side| &mut side.times).filter(|it| !it.full).collect();
    let chosen = wanted.iter().find(|value| times.iter().any(|time| time.value == **value));
    if let Some(time) = times.iter_mut().find(|time| Some(&time.value) == chosen) {
        time.chosen = true;
    }
    sides
}

/// What was chosen: the side, and the time if it was one.
pub(super) fn chosen(sent: &Fields) -> (i32, Option<Timestamp>) {
    let (side, at) = sent.get("pickup").split_once('@').unwrap_or((sent.get("pickup"), ""));
    let at = at.parse().ok().map(|seconds| Timestamp { seconds, nanos: 0 });
    (side.parse().unwrap_or_default(), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(pickup: Pickup, minute: i64, least: u32, most: u32) -> PickupOffer {
        let at = Some(Timestamp { seconds: 1_795_863_600 + minute * 60, nanos: 0 });
        PickupOffer { pickup: pickup.into(), at, free_seconds: least, most_free_seconds: most }
    }

    #[test]
    fn full_quarters_are_said_and_what_is_automatic_today_is_the_default() {
        let offers = [
            offer(Pickup::BeforeShowing, 30, 900, 900),
            offer(Pickup::BeforeShowing, 15, 900, 900),
            offer(Pickup::AfterShowing, 110, 0, 0),
            offer(Pickup::AfterShowing, 120, 0, 300),
            offer(Pickup::AfterShowing, 135, 60, 900),
        ];
        let w = Words::default();
        let told = |sent: &Fields| {
            let times = sides(&w, &offers, sent).into_iter().flat_map(|side| side.times);
            times.map(|it| (it.value, it.label, it.chosen, it.full)).collect::<Vec<_>>()
        };
        let times = told(&Fields::default());
        let full: Vec<bool> = times.iter().map(|it| it.3).collect();
        assert_eq!(full, [false, false, false, false, true, false, false]);
        assert!(times[1].0 == "1@1795864500" && times[2].0 == "1@1795865400", "in the order of the day: {times:?}");
        assert!(times[3].2 && times[3].1.contains("14:15"), "the first with room for everything: {times:?}");
        assert!(times[4].1.contains("voll") && times[5].1.contains("14:00"), "{times:?}");
        let sent = Fields::of(&[("pickup", "1@1795864500")]);
        assert!(told(&sent)[1].2, "what was sent stays chosen");
        assert_eq!(chosen(&sent), (1, Some(Timestamp { seconds: 1_795_864_500, nanos: 0 })));
        let taken = Fields::of(&[("pickup", "2@1795870200")]);
        assert!(told(&taken)[3].2, "somebody else was faster");
        assert_eq!(chosen(&Fields::of(&[("pickup", "2")])), (2, None));
        assert_eq!(chosen(&Fields::of(&[("pickup", "x@y")])), (0, None));
        assert!(
            sides(&w, &[], &Fields::default())[1].times[0].chosen,
            "a kitchen that says nothing may still be asked"
        );
    }
}
