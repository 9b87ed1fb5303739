//! What the menu says of a dish, for the order form and for the counter.

use sky_proto::gastro::v1::{DayPart, Unavailable};

use crate::words::Words;

/// "Only 11:30–14:30"; empty: all day.
pub(super) fn served(w: &Words, parts: &[DayPart]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let times: Vec<String> = parts.iter().map(|part| format!("{}–{}", part.from, part.until)).collect();
    w.with("menu-served", "times", &times.join(", "))
}

/// Why there is none at all. Another part of the day is not meant: that depends on the pickup.
pub(super) fn none(w: &Words, why: Unavailable) -> String {
    match why {
        Unavailable::SoldOut => w.t("menu-sold-out"),
        Unavailable::Station => w.t("menu-station-rests"),
        Unavailable::Unspecified | Unavailable::DayPart => String::new(),
    }
}

/// Why there is none now.
pub(super) fn none_now(w: &Words, why: Unavailable, parts: &[DayPart]) -> String {
    match why {
        Unavailable::DayPart => served(w, parts),
        why => none(w, why),
    }
}
