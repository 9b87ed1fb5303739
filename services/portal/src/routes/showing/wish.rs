//! What was chosen in the form, checked as far as the edge can: the services check the rest.

use sky_proto::{
    journey::v1::{HoldVisitRequest, MealWish, ParkingWish},
    parking::v1::BayClass,
    reservations::v1::{Need, SeatWish, seat_wish::Part},
};

use super::{super::buyer::Buyer, FieldError, Material, NEEDS, count_field, gone, meal, pickups, trays};
use crate::{fields::Fields, party, problem::Problem, session::Guest};

/// The most people of one booking; the service says no to more too.
const MOST_PEOPLE: u32 = 60;

/// What was chosen, or what is wrong with it.
pub(super) fn wish(
    guest: &Guest,
    material: &Material,
    sent: &Fields,
    buyer: Buyer,
) -> Result<Result<HoldVisitRequest, Vec<FieldError>>, Problem> {
    let w = &guest.words;
    let mut errors = Vec::new();
    let mut number = |name: String| {
        sent.count(&name).filter(|count| *count <= MOST_PEOPLE).unwrap_or_else(|| {
            errors.push(FieldError { field: name, text: w.t("error-number") });
            0
        })
    };
    let classes = material.showing.prices.iter().map(|price| price.tariff_class.clone());
    let counts: Vec<(String, u32)> = classes.map(|class| (class.clone(), number(count_field(&class)))).collect();
    let needs: Vec<(Need, u32)> = NEEDS.iter().map(|(need, name, _)| (*need, number((*name).to_owned()))).collect();
    let mut lines = meal::lines(&material.menu, sent, &mut number);
    let gone = gone::gone(w, &material.menu, sent);
    let on_trays = trays::lines(w, &material.menu, sent);
    let (avoid, acknowledged) = (meal::avoided(sent), sent.is_on("avoid_ok"));
    let people: u32 = counts.iter().map(|(_, count)| count).sum();
    let first = counts.first().map(|(class, _)| count_field(class)).unwrap_or_default();
    if errors.is_empty() && people == 0 {
        errors.push(FieldError { field: first.clone(), text: w.t("error-nobody") });
    }
    if people > MOST_PEOPLE {
        errors.push(FieldError { field: first, text: w.n("error-too-many", MOST_PEOPLE) });
    }
    let places = |wanted: Need| needs.iter().filter(|(need, _)| *need == wanted).map(|(_, count)| count).sum::<u32>();
    if places(Need::Companion) > places(Need::Wheelchair) {
        errors.push(FieldError { field: "need_companion".to_owned(), text: w.t("error-companions") });
    }
    let party = party::lines(&counts, &needs).unwrap_or_else(|| {
        errors.push(FieldError { field: "need_wheelchair".to_owned(), text: w.t("error-needs") });
        Vec::new()
    });
    match on_trays {
        Ok(more) if lines.is_empty() => lines = more,
        Ok(more) if more.is_empty() => {}
        Ok(_) => errors.push(FieldError { field: "group".to_owned(), text: w.t("tray-either") }),
        Err(wrong) => errors.extend(wrong),
    }
    errors.extend(gone);
    let seats = sent.all("seat");
    let seat_count = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    if seat_count > 0 && seat_count != people {
        errors.push(FieldError { field: "seats".to_owned(), text: w.n("error-seats", people) });
    }
    if errors.is_empty() && !acknowledged {
        errors = meal::conflicts(w, &material.menu, &lines, &avoid);
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let (pickup, pickup_at) = pickups::chosen(sent);
    // Whether it is sold to this buyer is the car park's to say.
    let bay = BayClass::try_from(sent.choice("parking")).map_err(|_| Problem::bad_form())?;
    let channel = buyer.channel(sent.choice("channel")).ok_or_else(Problem::bad_form)?;
    Ok(Ok(HoldVisitRequest {
        idempotency_key: sent.idempotency_key()?,
        showing_id: material.showing.showing_id.clone(),
        party,
        seats,
        parking: (bay != BayClass::Unspecified).then(|| ParkingWish { bay_class: bay.into() }),
        meal: (!lines.is_empty()).then_some(MealWish {
            lines,
            pickup,
            pickup_at,
            avoid_allergens: avoid,
            allergens_acknowledged: acknowledged,
        }),
        language: w.lang().to_owned(),
        channel: channel.into(),
        wish: seat_wish(sent, seat_count > 0),
    }))
}

/// Where somebody would like to sit; who has chosen seats has said it all.
pub(crate) fn seat_wish(sent: &Fields, has_chosen: bool) -> Option<SeatWish> {
    let part = Part::try_from(sent.choice("sit")).unwrap_or_default();
    let aisle = sent.is_on("aisle");
    (!has_chosen && (aisle || part != Part::Unspecified)).then(|| SeatWish { aisle, part: part.into() })
}
