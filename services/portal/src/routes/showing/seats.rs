//! The seat plan as rows of places to tick, each told in words.

use sky_proto::reservations::v1::{HeldSeat, Seat};

use crate::{page::Frame, words::Words};

/// The places that a visit has, by name, and that seating is free for who has none of their own.
pub(crate) fn places(w: &Words, seats: &[HeldSeat]) -> Vec<String> {
    let mut places: Vec<String> = seats.iter().map(|seat| seat.label.clone()).filter(|it| !it.is_empty()).collect();
    if seats.iter().any(|seat| seat.free_seating) {
        places.push(w.t("free-seating"));
    }
    places
}

pub(crate) struct SeatRow {
    pub(crate) name: String,
    pub(crate) seats: Vec<SeatChoice>,
}

pub(crate) struct SeatChoice {
    pub(crate) label: String,
    /// What stands on it: "7", or "1B" for the companion of "1".
    pub(crate) number: String,
    /// The whole truth in words: row, seat, features, free or taken.
    pub(crate) name: String,
    pub(crate) special: bool,
    pub(crate) free: bool,
    pub(crate) chosen: bool,
}

pub(crate) fn rows(w: &Frame, seats: &[Seat], chosen: &[String]) -> Vec<SeatRow> {
    let mut rows: Vec<SeatRow> = Vec::new();
    for seat in seats {
        let features: Vec<String> = seat.features.iter().map(|feature| feature_name(w, feature)).collect();
        let mut name = format!("{}, {} {}", w.with("seat-row", "row", &seat.row), w.t("seat"), seat.number);
        for feature in features.iter().filter(|feature| !feature.is_empty()) {
            name.push_str(", ");
            name.push_str(feature);
        }
        let choice = SeatChoice {
            special: seat.features.iter().any(|feature| feature == "wheelchair" || feature == "companion"),
            chosen: seat.free && chosen.contains(&seat.label),
            label: seat.label.clone(),
            number: seat.label.strip_prefix(&seat.row).unwrap_or(&seat.label).to_owned(),
            name: format!("{name}, {}", w.t(state(seat))),
            free: seat.free,
        };
        match rows.iter_mut().find(|row| row.name == seat.row) {
            Some(row) => row.seats.push(choice),
            None => rows.push(SeatRow { name: seat.row.clone(), seats: vec![choice] }),
        }
    }
    rows
}

const fn state(seat: &Seat) -> &'static str {
    match (seat.free, seat.blocked) {
        (true, _) => "seat-free",
        (false, true) => "seat-blocked",
        (false, false) => "seat-taken",
    }
}

fn feature_name(w: &Frame, feature: &str) -> String {
    match feature {
        "wheelchair" => w.t("feature-wheelchair"),
        "companion" => w.t("feature-companion"),
        "hearing_loop" => w.t("feature-hearing-loop"),
        "step_free" => w.t("feature-step-free"),
        "guide_dog" => w.t("feature-guide-dog"),
        "aisle" => w.t("feature-aisle"),
        _ => String::new(),
    }
}
