//! `[[reservations.layouts]]`: approved seating plans. Which places a plan has never changes: it has a permit, showings are
//! sold by it, and another arrangement is another plan. What is said of its places may change: that counts for every showing
//! with this plan, also for those on sale, from the next place on that somebody is given; whoever has one keeps it.

use std::collections::{HashMap, HashSet};

use kernel::{Code, Failure, Tx, values, values::Text};
use serde::Deserialize;
use toml::Spanned;

use super::{Section, fresh_slug, wrong};
use crate::{domain::Seat, store, store::layouts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    pub(super) id: Spanned<String>,
    pub(super) hall: Spanned<String>,
    name: Text,
    permit: String,
    rows: Spanned<Vec<Row>>,
    /// Pairs of a wheelchair place (W1, W2, …) and its companion's (W1B, W2B, …).
    #[serde(default = "super::none")]
    wheelchair_places: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    row: Spanned<String>,
    seats: Spanned<u32>,
    /// Of every seat of the row: "hearing_loop", "step_free".
    #[serde(default)]
    features: Vec<Spanned<String>>,
    /// Seats with floor for a dog.
    #[serde(default)]
    guide_dog: Vec<Spanned<u32>>,
}

const MOST_SEATS: u32 = 200_000;
const MOST_WHEELCHAIRS: u32 = 1_000;
/// So many places are named in a refusal.
const NAMED: usize = 5;

pub(super) fn check(text: &str, section: &Section) -> Result<(), String> {
    let mut ids = HashSet::new();
    for (place, layout) in section.layouts.iter().enumerate() {
        let key = |name: &str| format!("layouts[{place}].{name}");
        fresh_slug(text, &mut ids, &layout.id, &key("id"))?;
        values::slug("hall", layout.hall.get_ref())
            .map_err(|error| wrong(text, &layout.hall, &key("hall"), &error.problem))?;
        if layout.rows.get_ref().is_empty() {
            return Err(wrong(text, &layout.rows, &key("rows"), "needs at least one row"));
        }
        if *layout.wheelchair_places.get_ref() > MOST_WHEELCHAIRS {
            return Err(wrong(text, &layout.wheelchair_places, &key("wheelchair_places"), "must be 0 to 1000"));
        }
        let mut rows = HashSet::new();
        for (at, row) in layout.rows.get_ref().iter().enumerate() {
            let key = |name: &str| format!("layouts[{place}].rows[{at}].{name}");
            fresh_slug(text, &mut rows, &row.row, &key("row"))?;
            if row.row.get_ref() == "W" {
                return Err(wrong(text, &row.row, &key("row"), "W is the wheelchair places' row"));
            }
            if !(1..=MOST_SEATS).contains(row.seats.get_ref()) {
                return Err(wrong(text, &row.seats, &key("seats"), "must be 1 to 200000"));
            }
            for feature in &row.features {
                if !["hearing_loop", "step_free"].contains(&feature.get_ref().as_str()) {
                    let problem = "must be \"hearing_loop\" or \"step_free\"";
                    return Err(wrong(text, feature, &key("features"), problem));
                }
            }
            if let Some(seat) = row.guide_dog.iter().find(|seat| !(1..=*row.seats.get_ref()).contains(seat.get_ref())) {
                let problem = format!("the row has no seat {}, but 1 to {}", seat.get_ref(), row.seats.get_ref());
                return Err(wrong(text, seat, &key("guide_dog"), &problem));
            }
        }
        let mut labels = HashSet::new();
        if let Some(twice) = seats(layout).into_iter().find(|seat| !labels.insert(seat.label.clone())) {
            let problem = format!("two places would be called {}; name one of their rows otherwise", twice.label);
            return Err(wrong(text, &layout.rows, &key("rows"), &problem));
        }
    }
    Ok(())
}

/// The places of a layout: rows from the front, then the wheelchair places with their companions'.
pub(super) fn seats(layout: &Layout) -> Vec<Seat> {
    let mut seats = Vec::new();
    for (place, row) in layout.rows.get_ref().iter().enumerate() {
        let width = *row.seats.get_ref();
        for number in 1..=width {
            let mut features: Vec<String> = row.features.iter().map(|feature| feature.get_ref().clone()).collect();
            if number == 1 || number == width {
                features.push("aisle".to_owned());
            }
            if row.guide_dog.iter().any(|seat| *seat.get_ref() == number) {
                features.push("guide_dog".to_owned());
            }
            seats.push(Seat {
                label: format!("{}{number}", row.row.get_ref()),
                row: row.row.get_ref().clone(),
                row_place: i32::try_from(place).unwrap_or(i32::MAX),
                number: number.cast_signed(),
                features,
            });
        }
    }
    for number in 1..=*layout.wheelchair_places.get_ref() {
        for (label, feature) in [(format!("W{number}"), "wheelchair"), (format!("W{number}B"), "companion")] {
            seats.push(Seat {
                label,
                row: "W".to_owned(),
                row_place: -1,
                number: number.cast_signed(),
                features: vec![feature.to_owned(), "step_free".to_owned()],
            });
        }
    }
    seats
}

/// Writes the plans; true if something else is said of a place than before.
pub(super) async fn write(tx: &mut Tx, text: &str, section: &Section) -> Result<bool, Failure> {
    let refused = |problem| Failure::new(Code::InvalidArgument, problem);
    let mut changed = false;
    for (place, layout) in section.layouts.iter().enumerate() {
        let (id, hall, seats) = (layout.id.get_ref(), layout.hall.get_ref(), seats(layout));
        let known: HashMap<String, Seat> =
            store::seats(tx.conn(), id).await?.into_iter().map(|seat| (seat.label.clone(), seat)).collect();
        if let Some(stored) = layouts::hall_of(tx.conn(), id).await? {
            if stored != *hall {
                let problem = format!("\"{id}\" is a plan of \"{stored}\"; give the new plan a new id");
                return Err(refused(wrong(text, &layout.hall, &format!("layouts[{place}].hall"), &problem)));
            }
            if let Some(problem) = other_places(&known, &seats) {
                return Err(refused(wrong(text, &layout.rows, &format!("layouts[{place}].rows"), &problem)));
            }
        }
        let new: Vec<&Seat> = seats.iter().filter(|seat| known.get(&seat.label) != Some(*seat)).collect();
        layouts::save(tx.conn(), id, hall, &layout.name, &layout.permit, &new).await?;
        changed |= !new.is_empty();
    }
    Ok(changed)
}

/// What to say of a plan that has other places than under its id are approved and sold.
fn other_places(known: &HashMap<String, Seat>, seats: &[Seat]) -> Option<String> {
    let labels: HashSet<&str> = seats.iter().map(|seat| seat.label.as_str()).collect();
    let added: Vec<&str> = labels.iter().filter(|label| !known.contains_key(**label)).copied().collect();
    let missing: Vec<&str> = known.keys().map(String::as_str).filter(|label| !labels.contains(label)).collect();
    let named = |mut labels: Vec<&str>| {
        labels.sort_unstable();
        let more = labels.len().saturating_sub(NAMED);
        labels.truncate(NAMED);
        if more == 0 { labels.join(", ") } else { format!("{} and {more} more", labels.join(", ")) }
    };
    let differences =
        [("are new", added), ("are missing", missing)].into_iter().filter(|(_, labels)| !labels.is_empty());
    let told: Vec<String> = differences.map(|(what, labels)| format!("{} {what}", named(labels))).collect();
    let what_to_do =
        "showings are sold by the places of this id; give the new plan a new id, and name it in the schedule";
    (!told.is_empty()).then(|| format!("{}: {what_to_do}", told.join(", ")))
}
