//! What other services tell becomes the visit's view: each fact is stored as it comes, in whatever
//! state the visit is and in whatever order producers speak. What follows from it, saga decides.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use crate::domain::{Dish, Kitchen, Meal, Money, Part, Seat, Stops, Suspension, Visit, join, money_back};

/// Something that another service has told about one visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Paid, free, or (`due`) promised at the desk. When, if that is told.
    Paid {
        due: bool,
        at: Option<DateTime<Utc>>,
    },
    PaymentFailed {
        reason: Text,
    },
    /// Payments waits for money.
    PaymentOpen,
    /// What was due at the desk has been paid.
    Settled,
    /// The money is back; 0: nothing had been paid.
    Refunded {
        cents: i64,
    },
    BookingConfirmed {
        seats: Vec<Seat>,
    },
    BookingRefused {
        reason: Text,
    },
    /// The house has moved the party; its codes stay.
    BookingReseated {
        seats: Vec<Seat>,
    },
    /// A ticket was lost: its code is a new one.
    BookingReissued {
        at: DateTime<Utc>,
    },
    BookingCancelled,
    RightConfirmed {
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    },
    RightRefused {
        reason: Text,
    },
    RightMoved {
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        /// Which showing it follows, and when its vehicle is expected; None: that was not told.
        showing: Option<Uuid>,
        expected_from: Option<DateTime<Utc>>,
    },
    RightCancelled,
    /// The bay cannot be used, or is lost.
    RightSuspended {
        suspension: Suspension,
    },
    RightRestored {
        /// When.
        at: DateTime<Utc>,
        class: String,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    },
    /// A coach stands at the kerb at these times.
    CoachStops {
        stops: Stops,
    },
    VehicleEntered {
        at: DateTime<Utc>,
    },
    VehicleLeft {
        at: DateTime<Utc>,
    },
    OrderScheduled {
        order_id: String,
        number: u32,
        pickup_at: DateTime<Utc>,
        fire_at: DateTime<Utc>,
    },
    OrderRefused {
        reason: Text,
    },
    OrderMoved {
        pickup_at: DateTime<Utc>,
        fire_at: DateTime<Utc>,
    },
    OrderState {
        number: u32,
        kitchen: Kitchen,
    },
    /// The meal does not come as ordered: the visitor may choose. Which question it is may be empty in what was told long
    /// ago.
    KitchenAsks {
        question: String,
    },
    /// What came of it; it says nothing to whoever was not asked.
    KitchenSays {
        question: String,
        text: Text,
    },
    /// Another dish takes the place of one that is sold out: in this line of the order, from 0; none: told by an earlier
    /// version.
    Substituted {
        line: Option<usize>,
        quantity: u32,
        replaced: Text,
        item_id: String,
        name: Text,
        allergens: Vec<u32>,
        text: Text,
    },
    /// So many of the party are in, by tickets.
    Admitted {
        people: u32,
    },
    /// A scan was taken back: so many are in now.
    AdmissionUndone {
        people: u32,
    },
}

impl News {
    /// Whether it may leave something paid for that the visit no longer has.
    pub(crate) const fn may_owe(&self) -> bool {
        matches!(self, Self::RightRefused { .. } | Self::OrderRefused { .. })
    }
}

/// Stores what was told. Telling it again changes nothing.
pub(crate) fn note(visit: &mut Visit, news: &News) {
    match news {
        News::Paid { due, .. } => {
            // Later words (settled, refunded) are not taken back by an earlier one. Money may come after it was given up.
            let was_given_up = visit.money == Money::Voided && !due;
            if matches!(visit.money, Money::None | Money::Pending | Money::Failed) || was_given_up {
                visit.money = if *due { Money::DueAtDesk } else { Money::Paid };
            }
            visit.payment_url.clear();
        }
        News::PaymentFailed { .. } => {
            if matches!(visit.money, Money::None | Money::Pending) {
                visit.money = Money::Failed;
            }
            visit.payment_url.clear();
        }
        // Only somebody whose visit is off did not know that.
        News::PaymentOpen => {}
        News::Settled => {
            if visit.money == Money::DueAtDesk {
                visit.money = Money::Paid;
            }
        }
        News::Refunded { cents } => {
            visit.money = if *cents > 0 { Money::Refunded } else { Money::Voided };
            visit.payment_url.clear();
        }
        News::BookingConfirmed { seats } => {
            if visit.booking == Part::Held {
                visit.booking = Part::Confirmed;
                reseat(visit, seats);
            }
        }
        News::BookingRefused { .. } => {
            if visit.booking == Part::Held {
                visit.booking = Part::Refused;
            }
        }
        News::BookingReseated { seats } => {
            if visit.booking == Part::Confirmed && !sit(visit, seats) {
                reseat(visit, seats);
                visit.notice = join(&visit.notice, &moved(seats));
            }
        }
        News::BookingReissued { .. } => {
            let notice = new_codes();
            if visit.booking == Part::Confirmed {
                visit.notice = with_part(&visit.notice, &notice);
            }
        }
        News::BookingCancelled => visit.booking = Part::Cancelled,
        News::RightConfirmed { .. }
        | News::RightRefused { .. }
        | News::RightMoved { .. }
        | News::RightCancelled
        | News::RightSuspended { .. }
        | News::RightRestored { .. } => {
            note_bay(visit, news);
        }
        News::CoachStops { stops } => {
            if let Some(bay) = &mut visit.bay {
                bay.stops = *stops;
            }
        }
        News::VehicleEntered { at } => {
            visit.entered_at = Some(*at);
            // In again after having left.
            visit.left_at = visit.left_at.filter(|left| left > at);
            // Whoever has found the way to a car park that could not be reached stands there.
            if let Some(bay) = &mut visit.bay {
                bay.suspension = None;
            }
        }
        News::VehicleLeft { at } => visit.left_at = Some(*at),
        News::OrderScheduled { .. } | News::OrderRefused { .. } | News::OrderMoved { .. } | News::OrderState { .. } => {
            note_meal(visit, news);
        }
        // Whoever does not come has nothing to choose.
        News::KitchenAsks { .. } if money_back::takes_place(visit) => {
            ask_of_meal(visit, true);
            visit.notice = join(&without_part(&visit.notice, &asks()), &asks());
        }
        News::KitchenAsks { .. } => {}
        News::KitchenSays { text, .. } => {
            // Whoever was not asked needs no answer.
            let answers = money_back::takes_place(visit) && visit.meal.as_ref().is_some_and(|meal| meal.asked);
            ask_of_meal(visit, false);
            visit.notice =
                if answers { kitchen_said(&visit.notice, text) } else { kitchen_asks_no_more(&visit.notice) };
        }
        News::Substituted { line, quantity, replaced, item_id, name, allergens, text } => {
            if let Some(dish) = visit.meal.as_mut().and_then(|meal| replaced_dish(meal, *line, *quantity, replaced)) {
                dish.item_id.clone_from(item_id);
                dish.name.clone_from(name);
                dish.allergens.clone_from(allergens);
            }
            visit.notice = with_part(&visit.notice, text);
        }
        News::Admitted { people } => visit.admitted = visit.admitted.max(*people),
        News::AdmissionUndone { people } => visit.admitted = *people,
    }
}

/// The dish that is replaced: two lines may have the same one. None: it is another one already.
fn replaced_dish<'m>(meal: &'m mut Meal, line: Option<usize>, quantity: u32, name: &Text) -> Option<&'m mut Dish> {
    let is_it = |dish: &Dish| dish.name == *name;
    let nth = match line {
        Some(nth) => nth,
        None => {
            let as_many = meal.dishes.iter().position(|dish| is_it(dish) && dish.quantity == quantity);
            as_many.or_else(|| meal.dishes.iter().position(is_it))?
        }
    };
    meal.dishes.get_mut(nth).filter(|dish| is_it(dish))
}

fn ask_of_meal(visit: &mut Visit, asked: bool) {
    if let Some(meal) = &mut visit.meal {
        meal.asked = asked;
    }
}

/// A notice with what the kitchen has said since; it asks no more.
fn kitchen_said(notice: &Text, text: &Text) -> Text {
    with_part(&kitchen_asks_no_more(notice), text)
}

/// A notice in which the kitchen waits for no answer.
pub(crate) fn kitchen_asks_no_more(notice: &Text) -> Text {
    without_part(notice, &asks())
}

/// What stands on the visit's page while the kitchen waits for an answer.
pub(crate) fn asks() -> Text {
    Text {
        de: "Die Küche kann Ihr Essen nicht wie bestellt machen. Bitte wählen Sie unter „Ihr Essen“.".to_owned(),
        en: "The kitchen cannot make your meal as ordered. Please choose under “Your meal”.".to_owned(),
        plain: "Die Küche kann Ihr Essen nicht kochen. Bitte wählen Sie bei „Ihr Essen“.".to_owned(),
    }
}

/// A notice with something more in it; what it says already is not said again.
fn with_part(notice: &Text, part: &Text) -> Text {
    if notice.de.contains(&part.de) { notice.clone() } else { join(notice, part) }
}

/// A notice without something that has been said before and is over.
fn without_part(notice: &Text, part: &Text) -> Text {
    let cut = |text: &str, part: &str| text.replace(part, "").trim().replace("  ", " ");
    Text { de: cut(&notice.de, &part.de), en: cut(&notice.en, &part.en), plain: cut(&notice.plain, &part.plain) }
}

/// A late booking may have got other seats than were held.
fn reseat(visit: &mut Visit, seats: &[Seat]) {
    let known = std::mem::take(&mut visit.seats);
    visit.seats = seats
        .iter()
        .map(|seat| {
            let same = known.iter().find(|held| !held.label.is_empty() && held.label == seat.label);
            same.cloned().unwrap_or_else(|| seat.clone())
        })
        .collect();
}

fn labels(seats: &[Seat]) -> Vec<&str> {
    let mut labels: Vec<&str> = seats.iter().map(|seat| seat.label.as_str()).collect();
    labels.sort_unstable();
    labels
}

fn sit(visit: &Visit, seats: &[Seat]) -> bool {
    labels(&visit.seats) == labels(seats)
}

fn new_codes() -> Text {
    Text::new(
        "Ihre Tickets wurden neu ausgestellt: Ältere Codes gelten nicht mehr.",
        "Your tickets were issued anew: older codes are no longer valid.",
    )
    .plainly("Sie haben neue Karten bekommen. Die alten Karten gelten nicht mehr.")
}

fn moved(seats: &[Seat]) -> Text {
    let places = crate::domain::places(seats);
    Text::new(
        format!("Sie haben neue Plätze: {places}. Ihre Tickets gelten weiter."),
        format!("You have new places: {places}. Your tickets stay valid."),
    )
    .plainly(format!("Sie haben neue Plätze: {places}. Ihre Karten gelten weiter."))
}

fn note_bay(visit: &mut Visit, news: &News) {
    let (of, starts_at) = (visit.showing, visit.booked_starts_at);
    let Some(bay) = &mut visit.bay else { return };
    match news {
        News::RightConfirmed { from, until } if bay.part == Part::Held => {
            bay.part = Part::Confirmed;
            (bay.from, bay.until) = (*from, *until);
        }
        // The visit has gone to another showing: that one's times are told next.
        News::RightMoved { showing: Some(showing), .. } if *showing != of => {}
        News::RightMoved { from, until, expected_from, .. } => {
            (bay.from, bay.until) = (*from, *until);
            let is_rebooked = std::mem::take(&mut bay.rebooked);
            // Whose own showing is late may be on the way: for them the bay is there from when it was.
            if is_rebooked || bay.expected_from.is_some() {
                bay.expected_from = *expected_from;
            }
            if is_rebooked {
                bay.booked_from = bay.due_from();
            }
        }
        News::RightCancelled => bay.part = Part::Cancelled,
        News::RightSuspended { suspension } => {
            let mut suspension = suspension.clone();
            if let Some(was) = bay.suspension.take() {
                suspension.since = was.since;
                // That the bay is lost is told without the closure that it was lost in.
                if suspension.closure.is_empty() {
                    suspension.closure = was.closure;
                }
            }
            bay.suspension = Some(suspension);
        }
        News::RightRestored { at, class, from, until } => {
            // Of one that was lost they have chosen another, and know that they can come.
            let was = bay.suspension.take().filter(|was| !was.lost);
            (bay.from, bay.until) = (*from, *until);
            bay.kept_out |= was.is_some_and(|was| money_back::kept_out(bay, starts_at, was.since, *at));
            bay.class.clone_from(class);
        }
        // Confirmed: for the showing that it was moved to there is none.
        News::RightRefused { reason } if matches!(bay.part, Part::Held | Part::Confirmed) => {
            bay.part = Part::Refused;
            let price = crate::domain::sum(&std::mem::take(&mut bay.items));
            visit.notice =
                join(&visit.notice, &without("Ohne Stellplatz", "Without a bay", reason, price, visit.money));
        }
        _ => {}
    }
}

fn note_meal(visit: &mut Visit, news: &News) {
    let Some(meal) = &mut visit.meal else { return };
    match news {
        News::OrderScheduled { order_id, number, pickup_at, fire_at } if meal.part == Part::Held => {
            meal.part = Part::Confirmed;
            meal.kitchen = Kitchen::Scheduled;
            meal.order_id.clone_from(order_id);
            meal.number = *number;
            (meal.pickup_at, meal.fire_at) = (*pickup_at, *fire_at);
        }
        News::OrderMoved { pickup_at, fire_at } => (meal.pickup_at, meal.fire_at) = (*pickup_at, *fire_at),
        News::OrderState { number, kitchen } => {
            meal.kitchen = *kitchen;
            if *number > 0 {
                meal.number = *number;
            }
            if *kitchen == Kitchen::Cancelled {
                meal.part = Part::Cancelled;
            }
        }
        News::OrderRefused { reason } if meal.part == Part::Held => {
            meal.part = Part::Refused;
            let price = crate::domain::sum(&std::mem::take(&mut meal.items));
            visit.notice = join(&visit.notice, &without("Ohne Essen", "Without a meal", reason, price, visit.money));
        }
        _ => {}
    }
}

/// What is missing, why, and what becomes of its price.
fn without(de: &str, en: &str, reason: &Text, cents: i64, money: Money) -> Text {
    let plain = if reason.plain.is_empty() { String::new() } else { format!("{de}: {}", reason.plain) };
    let text = Text::new(format!("{de}: {}", reason.de), format!("{en}: {}", or_german(reason))).plainly(plain);
    if cents > 0 { join(&text, &money_back::said(cents, money)) } else { text }
}

fn or_german(text: &Text) -> &str {
    if text.en.is_empty() { &text.de } else { &text.en }
}

#[cfg(test)]
mod tests;
