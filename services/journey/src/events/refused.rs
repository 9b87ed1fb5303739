//! Why reservations gave no places: read from its refusal, and told on as it was. Decides nothing.

use kernel::values::{Text, from_timestamp, timestamp};
use prost::Message;
use sky_proto::reservations::v1::{Need, SeatsRefused, seats_refused::Reason};
use tonic::Status;

use crate::domain::NoPlaces;

/// What a refusal says of places, in the guest's words and as data; None: it says no more than its sentence.
pub(crate) fn places(status: &Status) -> Option<(Text, NoPlaces)> {
    let told = SeatsRefused::decode(status.details()).ok().filter(|told| told.why() != Reason::Unspecified)?;
    let (why, need) = (told.why().as_str_name().to_owned(), super::need_name(told.need()));
    let places = NoPlaces {
        why,
        left: told.left,
        held_until: told.held_until.map(|at| from_timestamp(Some(at))),
        need,
        seats: told.seats,
        on_sale_at: told.on_sale_at.map(|at| from_timestamp(Some(at))),
        tariff_class: told.tariff_class,
    };
    Some((Text::from_proto(told.reason), places))
}

pub(super) fn to_proto(places: &NoPlaces, reason: &Text) -> SeatsRefused {
    SeatsRefused {
        why: Reason::from_str_name(&places.why).unwrap_or_default().into(),
        reason: Some(reason.to_proto()),
        left: places.left,
        held_until: places.held_until.map(timestamp),
        need: Need::from_str_name(&places.need).unwrap_or_default().into(),
        seats: places.seats.clone(),
        on_sale_at: places.on_sale_at.map(timestamp),
        tariff_class: places.tariff_class.clone(),
    }
}
