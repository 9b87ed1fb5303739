//! Everything that gastro refuses or that can go wrong in it, with codes and sentences.

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    Code, Coded,
    combine::Unserved,
    db::Repeat,
    error::{broken_constraint, database_code},
    values::{InvalidField, Text},
};
use prost::Message;

use crate::{
    domain::{OrderState, StationState, hours::OpenOn, menu::DayPart},
    events,
};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("{}", full(*.instead))]
    Full { instead: Option<DateTime<Utc>> },
    #[error("{}", closed(.0))]
    KitchenClosed(OpenOn),
    #[error("this is more than the station \"{0}\" can make for one pickup; order less, or split it over two visits")]
    TooMuch(String),
    #[error("{} cannot be had, because the station \"{station}\" is {}; choose something else or leave it out", named(dishes), .state.name())]
    StationRests { station: String, state: StationState, dishes: Vec<Text> },
    #[error("\"{}\" is sold out{}", english(name), instead_of(instead))]
    SoldOut { name: Text, instead: Vec<Text> },
    #[error("of \"{}\" only {left} are left; order fewer, or something else", english(name))]
    Few { name: Text, left: u32 },
    #[error("\"{}\" is served {} only{}", english(name), times(parts), instead_of(instead))]
    NotServed { name: Text, parts: Vec<DayPart>, instead: Vec<Text> },
    #[error("one order may have {most} pieces; order fewer, or as a group, with a tray for each line")]
    TooManyPieces { most: u32 },
    #[error("something in the order has in it what the party avoids; choose something else, or acknowledge it")]
    Avoided,
    #[error("no price is known for \"{0}\" on that day; the house file needs a price row")]
    NoPrice(String),
    #[error("this visit has a meal already; release it before holding another one")]
    OrderExists,
    #[error("this visit has no meal")]
    NoOrder,
    #[error("order_id: there is no such order")]
    NoSuchOrder,
    #[error("item_id: \"{0}\" is not on the menu; GetMenu has all of them")]
    NoSuchItem(String),
    #[error("station_id: there is no station \"{0}\"; WatchKitchen has all of them")]
    NoSuchStation(String),
    #[error("the meal is {} and no longer held; hold one again", .0.name())]
    NotHeld(OrderState),
    #[error("the time to order this meal is over; hold it again")]
    HoldExpired,
    #[error("{}", wrong_step(*.from))]
    WrongStep { from: OrderState },
    #[error("this order needs no decision; ListAffected has those that do")]
    NothingToDecide,
    #[error("staff are deciding what becomes of this meal, until {} at the latest; read it again then", hour(*.0))]
    BeingDecided(DateTime<Utc>),
    #[error("the meal is {}: staff decide what becomes of it, with CancelFired", .0.name())]
    BeingMade(OrderState),
    #[error("this order was not placed at the counter; a visit's meal goes with its visit")]
    NotWalkUp,
    #[error("there is no later pickup today; take the money back")]
    NoLaterPickup,
    #[error("station_id: the order has no part at the station \"{0}\"")]
    NoPart(String),
    #[error("there is nothing to take back any more; the order has moved on, or it was too long ago")]
    NothingToTakeBack,
    #[error("{}", other_amount(*.owed))]
    OtherAmount { owed: i64 },
    #[error("the order is {}; only what was fired is stopped here", .0.name())]
    NotFired(OrderState),
    #[error("the order is {}; something else can take a line's place only until it is ready", .0.name())]
    TooLateToSubstitute(OrderState),
    #[error("the party has named an allergen that this has (Annex II number {}); choose something else", numbers(.0))]
    DeclaredAllergen(Vec<u32>),
    #[error("this has allergens that the replaced dish did not have (Annex II number {}); acknowledge them", numbers(.0))]
    AllergensNotRead(Vec<u32>),
    #[error("\"{0}\" cannot take its place now; ListSubstitutes has what can")]
    NoSubstitute(String),
    #[error("ticket_id: there is no such ticket")]
    NoSuchTicket,
    #[error("token_id: there is no such token; ListKdsTokens has all of them")]
    NoSuchToken,
    #[error("message_id: there is no such message, or it was taken more than a week ago")]
    NoSuchKdsMessage,
    #[error("waste_id: there is no such entry; ListWaste has all of a day")]
    NoSuchWaste,
    #[error("this belongs to an order; take back that the order was stopped")]
    WasteOfOrder,
    #[error("an entry can be taken back on its own day only")]
    WasteOfOtherDay,
    #[error(
        "something newer about the same was taken or is on its way; this would put the kitchen's system back, so give it up"
    )]
    MessageOvertaken,
    #[error("the kitchen's system has taken this message; there is nothing to give up")]
    MessageTaken,
    #[error(transparent)]
    Repeat(#[from] Repeat),
    #[error(transparent)]
    Unserved(#[from] Unserved),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error(transparent)]
    Database(sqlx::Error),
}

fn other_amount(owed: i64) -> String {
    match owed {
        0 => "amount: nothing is owed of this order any more; read it again".to_owned(),
        cents => format!("amount: {cents} cents are owed of this order by now; read it again"),
    }
}

fn english(name: &Text) -> &str {
    if name.en.is_empty() { &name.de } else { &name.en }
}

/// "\"soup\", \"salad\""
fn named(names: &[Text]) -> String {
    names.iter().map(|name| format!("\"{}\"", english(name))).collect::<Vec<_>>().join(", ")
}

/// "; there is soup, salad instead"
fn instead_of(names: &[Text]) -> String {
    if names.is_empty() {
        return "; choose something else".to_owned();
    }
    format!("; there is {} instead", names.iter().map(english).collect::<Vec<_>>().join(", "))
}

/// "from 11:30 to 14:30"
fn times(parts: &[DayPart]) -> String {
    let part = |part: &DayPart| format!("from {} to {}", part.from.format("%H:%M"), part.until.format("%H:%M"));
    parts.iter().map(part).collect::<Vec<_>>().join(" and ")
}

fn closed(open: &OpenOn) -> String {
    let span =
        |(from, until): &(NaiveTime, NaiveTime)| format!("from {} to {}", from.format("%H:%M"), until.format("%H:%M"));
    match open.spans.iter().map(span).collect::<Vec<_>>().join(" and ") {
        times if times.is_empty() => format!("the kitchen is closed on {}; leave the meal out", open.day),
        times => {
            format!("on {} meals are handed out {times}; choose a pickup in that time or leave the meal out", open.day)
        }
    }
}

fn full(instead: Option<DateTime<Utc>>) -> String {
    match instead {
        Some(at) => format!(
            "the kitchen is full around then; the nearest pickup that would fit is at {}",
            at.with_timezone(&Berlin).format("%H:%M")
        ),
        None => "the kitchen is full around then and for hours after; order less or leave the meal out".to_owned(),
    }
}

/// "18:05", in Halle.
fn hour(at: DateTime<Utc>) -> impl std::fmt::Display {
    at.with_timezone(&Berlin).format("%H:%M")
}

fn numbers(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

fn wrong_step(from: OrderState) -> String {
    match from.next() {
        Some(next) => format!("the order is {}; the next step is {}", from.name(), next.name()),
        None => format!("the order is {}; the kitchen cannot move it", from.name()),
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::Full { .. } | Self::TooMuch(_) => Code::ResourceExhausted,
            Self::StationRests { .. }
            | Self::KitchenClosed(_)
            | Self::SoldOut { .. }
            | Self::Few { .. }
            | Self::NotServed { .. }
            | Self::TooManyPieces { .. }
            | Self::Avoided
            | Self::NoPrice(_)
            | Self::NotHeld(_)
            | Self::HoldExpired
            | Self::WrongStep { .. }
            | Self::NothingToDecide
            | Self::BeingDecided(_)
            | Self::BeingMade(_)
            | Self::NotWalkUp
            | Self::NoLaterPickup
            | Self::NothingToTakeBack
            | Self::OtherAmount { .. }
            | Self::NotFired(_)
            | Self::TooLateToSubstitute(_)
            | Self::DeclaredAllergen(_)
            | Self::AllergensNotRead(_)
            | Self::NoSubstitute(_)
            | Self::MessageOvertaken
            | Self::MessageTaken
            | Self::WasteOfOrder
            | Self::WasteOfOtherDay => Code::FailedPrecondition,
            Self::OrderExists => Code::AlreadyExists,
            Self::NoOrder
            | Self::NoSuchOrder
            | Self::NoSuchItem(_)
            | Self::NoSuchStation(_)
            | Self::NoPart(_)
            | Self::NoSuchTicket
            | Self::NoSuchToken
            | Self::NoSuchKdsMessage
            | Self::NoSuchWaste => Code::NotFound,
            Self::Repeat(repeat) => repeat.code(),
            Self::Unserved(unserved) => unserved.code(),
            Self::Stored(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Unserved(Unserved::Busy))
    }
}

impl From<sqlx::Error> for Error {
    /// Constraint names are API: the wall behind the count answers like the count.
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("slot_within_capacity") => Self::Full { instead: None },
            Some("meal_order_one_per_visit") => Self::OrderExists,
            Some("stock_not_oversold") => {
                Self::SoldOut { name: Text::new("Ein Gericht", "A dish"), instead: Vec::new() }
            }
            _ => Self::Database(error),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        let status = kernel::error::status(&error);
        // What the guest reads, in the house's languages.
        let Some(told) = events::meal_refused(&error) else { return status };
        let details = told.encode_to_vec().into();
        Self::with_details_and_metadata(status.code(), status.message(), details, status.metadata().clone())
    }
}
