//! The seat plan as rows of places to tick, each told in words.

use sky_proto::reservations::v1::Seat;

use crate::page::Frame;

pub(super) struct SeatRow {
    pub(super) name: String,
    pub(super) seats: Vec<SeatChoice>,
}

pub(super) struct SeatChoice {
    pub(super) label: String,
    pub(super) number: u32,
    /// The whole truth in words: row, seat, features, free or taken.
    pub(super) name: String,
    pub(super) special: bool,
    pub(super) free: bool,
    pub(super) chosen: bool,
}

pub(super) fn rows(w: &Frame, seats: &[Seat], chosen: &[String]) -> Vec<SeatRow> {
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
            chosen: chosen.contains(&seat.label),
            label: seat.label.clone(),
            number: seat.number,
            name: format!("{name}, {}", w.t(if seat.free { "seat-free" } else { "seat-taken" })),
            free: seat.free,
        };
        match rows.iter_mut().find(|row| row.name == seat.row) {
            Some(row) => row.seats.push(choice),
            None => rows.push(SeatRow { name: seat.row.clone(), seats: vec![choice] }),
        }
    }
    rows
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
