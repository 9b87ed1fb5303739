//! A visit: what it is made of, what it waits for, who may do what with it. Pure: no I/O, no clock,
//! no proto.

pub(crate) mod allergens;
pub(crate) mod asker;
pub(crate) mod clock;
pub(crate) mod delay;
pub(crate) mod limits;
pub(crate) mod missing;
pub(crate) mod money_back;
pub(crate) mod notices;
pub(crate) mod rebooking;
#[cfg(test)]
pub(crate) mod samples;
mod states;
#[cfg(test)]
mod tests;
pub(crate) mod timeline;
pub(crate) mod waiting;

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use states::{Admission, Kitchen, Method, Money, Part, State};

/// How long places, bay and meal are held, and how much each extension adds.
pub(crate) const HOLD: TimeDelta = TimeDelta::minutes(10);
/// Nobody chooses for longer than this, counted from the first hold. What is ordered is held on while it is paid.
pub(crate) const LONGEST_HOLD: TimeDelta = TimeDelta::minutes(30);
/// How long the visitor may take to pay.
pub(crate) const PAY: TimeDelta = TimeDelta::minutes(15);
/// Payments tells when the time to pay is over; if it does not, it is asked this much later.
pub(crate) const PAY_GRACE: TimeDelta = TimeDelta::minutes(1);
/// A payment of which nothing can be learned is given up this long after its time.
pub(crate) const GIVE_UP: TimeDelta = TimeDelta::minutes(20);
/// What is being paid is held so much longer than the time to pay, and again with every question whose answer is not known:
/// nobody else gets the places before it is (domain.md §4, "payment pending at expiry").
pub(crate) const KEEP: TimeDelta = TimeDelta::minutes(2);
/// How long the services may take to confirm or refund before they are asked.
pub(crate) const ANSWER: TimeDelta = TimeDelta::minutes(2);
/// Between two such questions.
pub(crate) const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// The same about money that waits at the desk until its visitor comes for it.
pub(crate) const COLLECT: TimeDelta = TimeDelta::days(1);
/// A bay is the visit's from this long before the showing until this long after it.
pub(crate) const PARKING_MARGIN: TimeDelta = TimeDelta::minutes(60);
/// Contact data is erased this long after the showing.
pub(crate) const KEEP_CONTACT: TimeDelta = TimeDelta::days(30);

/// With this begins the maker of a visit that a visitor made.
pub(crate) const VISITOR: &str = "visitor:";

/// People of one tariff class. `need` is a name of the contract and opaque here; empty: none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartyLine {
    pub(crate) tariff_class: String,
    pub(crate) count: u32,
    pub(crate) need: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// Empty: they sit where they like.
    pub(crate) label: String,
    pub(crate) features: Vec<String>,
    pub(crate) tariff_class: String,
    pub(crate) need: String,
}

/// The places that have a name, in one line; empty: all sit where they like.
pub(crate) fn places(seats: &[Seat]) -> String {
    let named = seats.iter().map(|seat| seat.label.as_str()).filter(|label| !label.is_empty());
    named.collect::<Vec<_>>().join(", ")
}

/// One charged line with the dated rows it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) label: Text,
    pub(crate) quantity: u32,
    pub(crate) unit_cents: i64,
    pub(crate) tariff_id: String,
    pub(crate) tax_id: String,
    pub(crate) tax_basis_points: u32,
}

/// Lines of the same thing at the same price in one: a class with a tray for each child has a hundred of them.
pub(crate) fn joined(items: Vec<Item>) -> Vec<Item> {
    let mut lines: Vec<Item> = Vec::new();
    for item in items {
        let same = lines.iter_mut().find(|line| Item { quantity: item.quantity, ..(*line).clone() } == item);
        match same {
            Some(line) => line.quantity += item.quantity,
            None => lines.push(item),
        }
    }
    lines
}

/// The sum of charged lines.
pub(crate) fn sum(items: &[Item]) -> i64 {
    items.iter().map(|item| item.unit_cents * i64::from(item.quantity)).sum()
}

/// Why a bay cannot be used, and where to park instead. Names are those of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suspension {
    /// Which closure of the car park it comes from.
    #[serde(default)]
    pub(crate) closure: String,
    /// Since when it cannot be used; None: of before this was kept.
    #[serde(default)]
    pub(crate) since: Option<DateTime<Utc>>,
    /// "SITE_STATE_CLOSED" or "SITE_STATE_UNREACHABLE"
    pub(crate) state: String,
    pub(crate) reason: Text,
    /// None: until further notice.
    pub(crate) until: Option<DateTime<Utc>>,
    /// Name, and minutes to walk.
    pub(crate) alternatives: Vec<(String, u32)>,
    /// The car park is open again, but the bay was given to somebody else.
    pub(crate) lost: bool,
    /// Then: classes of bays that are left.
    pub(crate) left: Vec<String>,
}

/// The visit's bay. `class` is a name of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bay {
    pub(crate) class: String,
    pub(crate) part: Part,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// Its visit has gone to another showing: its vehicle is expected no sooner than that, though its time may have begun for
    /// the one before.
    #[serde(default)]
    pub(crate) expected_from: Option<DateTime<Utc>>,
    /// As it was when it was booked.
    pub(crate) booked_from: DateTime<Utc>,
    /// Its visit has gone to another showing: the time that parking tells next is what is booked.
    #[serde(default)]
    pub(crate) rebooked: bool,
    pub(crate) items: Vec<Item>,
    /// Why it cannot be used, if it cannot.
    #[serde(default)]
    pub(crate) suspension: Option<Suspension>,
    /// It could not be used for a good part of the time in which its vehicle was due, from the beginning of its time to that
    /// of the showing, and can be since: whoever has not come by then parks elsewhere.
    #[serde(default)]
    pub(crate) kept_out: bool,
    /// A coach's; of other vehicles there are none.
    #[serde(default)]
    pub(crate) stops: Stops,
}

/// When a coach stands at the kerb, each from and until.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stops {
    pub(crate) set_down: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(crate) pick_up: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Bay {
    /// Whether there is a bay to drive to.
    pub(crate) const fn is_usable(&self) -> bool {
        matches!(self.part, Part::Held | Part::Confirmed) && self.suspension.is_none()
    }

    /// From when its vehicle is expected.
    pub(crate) fn due_from(&self) -> DateTime<Utc> {
        self.expected_from.map_or(self.from, |at| at.max(self.from))
    }

    /// A stand at the house: behind no barrier, with no drive through the car park and no end to keep.
    pub(crate) fn is_for_a_bicycle(&self) -> bool {
        self.class == "BAY_CLASS_BICYCLE"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dish {
    pub(crate) item_id: String,
    pub(crate) name: Text,
    pub(crate) quantity: u32,
    pub(crate) station: String,
    pub(crate) allergens: Vec<u32>,
}

/// The visit's meal. `pickup` is a name of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meal {
    pub(crate) order_id: String,
    pub(crate) number: u32,
    pub(crate) part: Part,
    pub(crate) kitchen: Kitchen,
    pub(crate) dishes: Vec<Dish>,
    pub(crate) pickup: String,
    pub(crate) pickup_at: DateTime<Utc>,
    pub(crate) booked_pickup_at: DateTime<Utc>,
    pub(crate) fire_at: DateTime<Utc>,
    /// What it costs now.
    pub(crate) items: Vec<Item>,
    /// What goes back of one that is not made.
    #[serde(default)]
    pub(crate) back: i64,
    /// The kitchen cannot make it as ordered, and waits for an answer; see [`Meal::is_asked`].
    #[serde(default)]
    pub(crate) asked: bool,
}

impl Meal {
    /// The kitchen waits for an answer, and its pickup holds no more. When it is made all the same the question rests, and
    /// stands again if that is taken back.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked && self.kitchen == Kitchen::Scheduled
    }
}

/// What a service would not give, kept so that a repeat of the request hears the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// "seats", "parking", "meal" or "limit"
    pub(crate) part: String,
    /// The gRPC code that the service answered.
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) reason: Text,
    pub(crate) alternatives: Vec<Alternative>,
    /// Of "seats": why, where reservations says it.
    #[serde(default)]
    pub(crate) places: Option<NoPlaces>,
}

/// Why there were no places, in the names of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoPlaces {
    pub(crate) why: String,
    pub(crate) left: u32,
    pub(crate) held_until: Option<DateTime<Utc>>,
    pub(crate) need: String,
    pub(crate) seats: Vec<String>,
    pub(crate) on_sale_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) tariff_class: String,
}

/// What would fit instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alternative {
    pub(crate) text: Text,
    /// Another showing and its start.
    pub(crate) showing: Option<(Uuid, DateTime<Utc>)>,
}

/// Who it is. Never leaves journey in an event or a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) email: String,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Contact(…)")
    }
}

/// One visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) id: Uuid,
    pub(crate) maker: String,
    pub(crate) state: State,
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) revision: i64,
    pub(crate) showing: Uuid,
    pub(crate) language: String,
    pub(crate) party: Vec<PartyLine>,
    pub(crate) seats: Vec<Seat>,
    pub(crate) seat_items: Vec<Item>,
    pub(crate) booking: Part,
    pub(crate) bay: Option<Bay>,
    pub(crate) meal: Option<Meal>,
    pub(crate) booked_starts_at: Option<DateTime<Utc>>,
    pub(crate) booked_ends_at: Option<DateTime<Utc>>,
    pub(crate) held_at: DateTime<Utc>,
    /// Of one that waits: from when on places may be asked for.
    pub(crate) hold_expires_at: DateTime<Utc>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) contact: Contact,
    pub(crate) method: Option<Method>,
    pub(crate) money: Money,
    pub(crate) payment_url: String,
    pub(crate) payment_expires_at: Option<DateTime<Utc>>,
    pub(crate) ordered_at: Option<DateTime<Utc>>,
    pub(crate) entered_at: Option<DateTime<Utc>>,
    pub(crate) left_at: Option<DateTime<Utc>>,
    pub(crate) admitted: u32,
    pub(crate) notice: Text,
}

impl Visit {
    /// A new one, about to be held.
    pub(crate) fn begun(
        maker: String,
        showing: Uuid,
        party: Vec<PartyLine>,
        language: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: kernel::values::new_id(now),
            maker,
            state: State::Holding,
            deadline: Some(now + HOLD),
            revision: 1,
            showing,
            language,
            party,
            seats: Vec::new(),
            seat_items: Vec::new(),
            booking: Part::Held,
            bay: None,
            meal: None,
            booked_starts_at: None,
            booked_ends_at: None,
            held_at: now,
            hold_expires_at: now + HOLD,
            refusal: None,
            contact: Contact::default(),
            method: None,
            money: Money::None,
            payment_url: String::new(),
            payment_expires_at: None,
            ordered_at: None,
            entered_at: None,
            left_at: None,
            admitted: 0,
            notice: Text::default(),
        }
    }

    /// A bay waits for it, or for what has been suspended of it.
    pub(crate) fn has_bay(&self) -> bool {
        self.bay.as_ref().is_some_and(|bay| bay.part == Part::Confirmed)
    }

    pub(crate) fn size(&self) -> u32 {
        self.party.iter().map(|line| line.count).sum()
    }

    /// Everything that is charged, as it is now: what has gone back is no part of it.
    pub(crate) fn items(&self) -> Vec<Item> {
        let mut items = self.seat_items.clone();
        items.extend(self.bay.iter().flat_map(|bay| bay.items.clone()));
        items.extend(self.meal.iter().flat_map(|meal| meal.items.clone()));
        items
    }

    /// All services have said what they had to say.
    pub(crate) fn is_settled(&self) -> bool {
        let parts =
            [Some(self.booking), self.bay.as_ref().map(|bay| bay.part), self.meal.as_ref().map(|meal| meal.part)];
        parts.into_iter().flatten().all(|part| part != Part::Held)
    }

    /// Whether a visitor made it, and not staff for somebody.
    pub(crate) fn is_visitors(&self) -> bool {
        self.maker.starts_with(VISITOR)
    }

    /// A visitor's hold ends when the showing begins: from then on only staff let people in.
    pub(crate) fn hold_no_longer_than(&mut self, starts_at: DateTime<Utc>) {
        if self.is_visitors() && starts_at < self.hold_expires_at {
            self.hold_expires_at = starts_at;
            self.deadline = Some(starts_at);
        }
    }

    /// Until when an extension holds it; None when it cannot be held any longer.
    pub(crate) fn extended(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = (now + HOLD).min(self.held_at + LONGEST_HOLD);
        (until > self.hold_expires_at).then_some(until)
    }

    /// As it is at this time: a hold that is over has run out, though nobody has looked after it yet.
    pub(crate) fn at(&self, now: DateTime<Utc>) -> Cow<'_, Self> {
        if self.state != State::Held || now < self.hold_expires_at {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self { state: State::Expired, notice: self.over(), ..self.clone() })
    }

    /// What is said of it when its time is over, and it was not ordered.
    pub(crate) fn over(&self) -> Text {
        if self.is_on_waiting_list() {
            return waiting::over(self.state);
        }
        Text::new("Die Reservierung ist abgelaufen.", "The hold has run out.")
            .plainly("Die Zeit ist um. Wir halten die Plätze nicht mehr für Sie fest.")
    }
}

/// When a showing is, as reservations tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    pub(crate) last_entry_at: Option<DateTime<Utc>>,
}

/// Our copy of a showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Showing {
    pub(crate) id: Uuid,
    pub(crate) title: Text,
    /// By the house file's name; empty: not told.
    pub(crate) hall: String,
    pub(crate) starts_at: DateTime<Utc>,
    pub(crate) ends_at: DateTime<Utc>,
    pub(crate) doors_at: DateTime<Utc>,
    /// Until then late guests are let in; None: not told, then until it starts.
    pub(crate) last_entry_at: Option<DateTime<Utc>>,
    pub(crate) predicted_end_at: Option<DateTime<Utc>>,
    pub(crate) admission: Admission,
    pub(crate) cancelled: bool,
    pub(crate) notice: Text,
}

impl Showing {
    /// Whoever is at the door by then comes in.
    pub(crate) fn door_closes_at(&self) -> DateTime<Utc> {
        self.last_entry_at.map_or(self.starts_at, |last| last.max(self.starts_at))
    }

    /// It runs, and nobody is let in any more: at once where the house lets in no late guests.
    pub(crate) fn door_is_shut(&self, now: DateTime<Utc>) -> bool {
        let closes_at = self.door_closes_at();
        self.admission.reached(Admission::Running) && (closes_at <= self.starts_at || now >= closes_at)
    }

    /// It does not take place, or no longer: nobody is sold it, and nobody is late for it.
    pub(crate) const fn is_off(&self) -> bool {
        self.cancelled || self.admission.is_off()
    }

    /// The plan until it begins; then the door's prediction, which knows of no new plan before.
    pub(crate) fn end(&self) -> DateTime<Utc> {
        let predicted = self.predicted_end_at.filter(|_| self.admission.reached(Admission::Running));
        predicted.unwrap_or(self.ends_at)
    }
}

/// Two texts after each other, in every language.
pub(crate) fn join(first: &Text, second: &Text) -> Text {
    let glue = |a: &str, b: &str| [a, b].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" ");
    // Where one of them is not said in a language, its German is: half a message is worse than one in two languages.
    let both = |of: fn(&Text) -> &String| {
        let or_german = |text| if of(text).is_empty() { &text.de } else { of(text) };
        let is_said = [first, second].into_iter().any(|text| !of(text).is_empty());
        if is_said { glue(or_german(first), or_german(second)) } else { String::new() }
    };
    Text { de: glue(&first.de, &second.de), en: both(|text| &text.en), plain: both(|text| &text.plain) }
}

/// 3:05 euros as people read them.
pub(crate) fn euros(cents: i64) -> (String, String) {
    let (whole, rest) = (cents / 100, (cents % 100).abs());
    (format!("{whole},{rest:02} €"), format!("€{whole}.{rest:02}"))
}
