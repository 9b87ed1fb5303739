//! Everything that reservations refuses or that can go wrong in it, with codes and sentences.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::{
    Code, Coded,
    db::Repeat,
    error::database_code,
    values::{InvalidField, invalid},
};

use prost::Message;

use crate::{
    domain::{
        BookingState, Need,
        hall::Misfit,
        sale::{Refusal, Unaccompanied},
    },
    events,
};

/// A refusal or a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    #[error("there is no such showing; choose one of the programme")]
    NoShowing,
    #[error("this showing is cancelled; choose another one")]
    Cancelled,
    #[error("this showing has ended; nothing of it can be changed")]
    Ended,
    #[error("somebody has moved this showing since you looked: it begins at {} now; look again", clock(*.0))]
    MovedMeanwhile(DateTime<Utc>),
    #[error("this showing cannot begin before {}: nobody is told an earlier start than was planned, or one that is past", clock(*.0))]
    TooEarly(DateTime<Utc>),
    #[error("this showing is closed to the public; the front desk books it")]
    NotPublic,
    #[error("this showing is sold online from {} on; come back then", clock(*.0))]
    NotYetOnSale(DateTime<Utc>),
    #[error("there is no release \"{0}\" with showings to come")]
    NoRelease(String),
    #[error("{}", unaccompanied(.0))]
    Unaccompanied(Box<Unaccompanied>),
    #[error("{}", not_enough(*.left, *.held_until))]
    NotEnough { left: u32, held_until: Option<DateTime<Utc>> },
    #[error("{}", need_not_free(*.need, *.held_until))]
    NeedNotFree { need: Need, held_until: Option<DateTime<Utc>> },
    #[error("seats: seating is free for this showing; send none, and everybody sits where they like")]
    FreeSeating,
    #[error("these places are taken: {}; choose others", .0.join(", "))]
    SeatsTaken(Vec<String>),
    #[error("these places are not sold for this showing: {}; choose others", .0.join(", "))]
    SeatsNotSold(Vec<String>),
    #[error("seats: \"{0}\" is no place of this hall")]
    NoSuchSeat(String),
    #[error("seats: {0} is kept for wheelchair users and their companions")]
    SeatProtected(String),
    #[error("too few of the chosen places are a {}; choose others or none", .0.words())]
    SeatsDoNotFit(Need),
    #[error("showing_id: this showing has begun; choose a later one")]
    Begun,
    #[error("this visit has places already; release them before holding others")]
    AlreadyHeld,
    #[error("this visit has no places")]
    NoBooking,
    #[error("the places are {} and no longer held; choose again", .0.name())]
    NotHeld(BookingState),
    #[error("the time to order these places is over; choose again, they may still be free")]
    HoldExpired,
    #[error("only a booked party can be moved; this visit is held, cancelled or refused")]
    NotBooked,
    #[error("no places side by side are free there for this party; choose another showing")]
    NotTogether,
    #[error("the places there cost {}.{:02} EUR more than this party has paid; choose another showing", .0 / 100, .0 % 100)]
    CostsMore(i64),
    #[error("places can be held for 67 minutes at most; order now or start again")]
    HeldLongEnough,
    #[error("very many people are ordering at this moment; try again in a second")]
    Busy,
    #[error("the sale was interrupted; ask again with the same key")]
    Interrupted,
    #[error("places changed while they were being written")]
    Raced,
    #[error(transparent)]
    Repeat(#[from] Repeat),
    #[error("a stored value cannot be read: {0}")]
    Stored(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLate => invalid("expires_at", "is in the past").into(),
            Refusal::Cancelled => Self::Cancelled,
            Refusal::Begun => Self::Begun,
            Refusal::NotPublic => Self::NotPublic,
            Refusal::NotYetOnSale(at) => Self::NotYetOnSale(at),
            Refusal::NoPrice { class, known } => {
                invalid("party", format!("has no price for \"{class}\"; choose of: {}", known.join(", "))).into()
            }
            Refusal::Unaccompanied(lacking) => Self::Unaccompanied(lacking),
            Refusal::NotEnough { left, held_until } => Self::NotEnough { left, held_until },
            Refusal::NeedNotFree { need, held_until } => Self::NeedNotFree { need, held_until },
            Refusal::FreeSeating => Self::FreeSeating,
            Refusal::Misfit(misfit) => misfit.into(),
            Refusal::NotTogether => Self::NotTogether,
            Refusal::CostsMore(cents) => Self::CostsMore(cents),
        }
    }
}

impl From<Misfit> for Error {
    fn from(misfit: Misfit) -> Self {
        match misfit {
            Misfit::NotEnough(left) => {
                Self::NotEnough { left: u32::try_from(left).unwrap_or(u32::MAX), held_until: None }
            }
            Misfit::NeedNotFree(need) => Self::NeedNotFree { need, held_until: None },
            Misfit::NoSuchSeat(label) => Self::NoSuchSeat(label),
            Misfit::NotForThem(label) => Self::SeatProtected(label),
            Misfit::Taken(labels) => Self::SeatsTaken(labels),
            Misfit::NotSold(labels) => Self::SeatsNotSold(labels),
            Misfit::ChosenWithout(need) => Self::SeatsDoNotFit(need),
        }
    }
}

/// As people in the house read it.
fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Berlin).format("%d.%m.%Y, %H:%M").to_string()
}

fn unaccompanied(lacking: &Unaccompanied) -> String {
    let with: Vec<&str> = lacking.with.iter().map(|label| label.en.as_str()).collect();
    let each = if lacking.one_each { ", one for each" } else { "" };
    format!(
        "party: \"{}\" is booked only together with: {}{each}; the front desk helps",
        lacking.class,
        with.join(", ")
    )
}

fn not_enough(left: u32, held_until: Option<DateTime<Utc>>) -> String {
    let mut sentence = match left {
        0 => "sold out".to_owned(),
        1 => "only 1 place is left".to_owned(),
        n => format!("only {n} places are left"),
    };
    match held_until {
        Some(until) => sentence.push_str(&format!(
            "; places held by others may come back at {}",
            until.with_timezone(&Berlin).format("%H:%M")
        )),
        None => sentence.push_str("; choose another showing"),
    }
    sentence
}

fn need_not_free(need: Need, held_until: Option<DateTime<Utc>>) -> String {
    let need = need.words();
    match held_until.map(|at| at.with_timezone(&Berlin).format("%H:%M")) {
        Some(at) => format!("no {need} is free for this showing now; one that is held may come back at {at}"),
        None => format!("no {need} is free for this showing; choose another showing or ask the front desk"),
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_)
            | Self::NoSuchSeat(_)
            | Self::SeatProtected(_)
            | Self::FreeSeating
            | Self::Begun
            | Self::Unaccompanied(_) => Code::InvalidArgument,
            Self::NoShowing | Self::NoBooking | Self::NoRelease(_) => Code::NotFound,
            Self::Cancelled
            | Self::Ended
            | Self::MovedMeanwhile(_)
            | Self::TooEarly(_)
            | Self::NotPublic
            | Self::NotYetOnSale(_)
            | Self::NotHeld(_)
            | Self::HoldExpired
            | Self::NotBooked
            | Self::CostsMore(_)
            | Self::HeldLongEnough => Code::FailedPrecondition,
            Self::NotEnough { .. }
            | Self::NeedNotFree { .. }
            | Self::SeatsDoNotFit(_)
            | Self::NotTogether
            | Self::Busy => Code::ResourceExhausted,
            Self::Interrupted | Self::Raced => Code::Unavailable,
            Self::SeatsTaken(_) | Self::SeatsNotSold(_) => Code::Conflict,
            Self::AlreadyHeld => Code::AlreadyExists,
            Self::Repeat(repeat) => repeat.code(),
            Self::Stored(_) => Code::Internal,
            Self::Database(error) => database_code(error),
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        let status = kernel::error::status(&error);
        // What the guest reads, in the house's languages.
        let Some(told) = events::refused::seats_refused(&error) else { return status };
        let details = told.encode_to_vec().into();
        Self::with_details_and_metadata(status.code(), status.message(), details, status.metadata().clone())
    }
}
