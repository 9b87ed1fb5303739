//! Payments and what may become of them. Pure decisions: no I/O, no clock, no proto.

pub(crate) mod parts;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A provider that cannot be asked gets this long after the expiry before the payment fails.
pub(crate) const PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// Money may still come after a payment has failed: for so long its visit may have its places again, if it was not given
/// up. What comes later goes back.
pub(crate) const WATCH: TimeDelta = TimeDelta::hours(24);
/// How often a failed payment is looked at.
pub(crate) const WATCH_EVERY: TimeDelta = TimeDelta::seconds(60);
/// The same after that time, while the provider has not said whether money came: somebody may have paid. `sky verify` names
/// these.
pub(crate) const UNCLEAR_EVERY: TimeDelta = TimeDelta::hours(1);
/// After so long that is left to whoever complains.
pub(crate) const UNCLEAR: TimeDelta = TimeDelta::days(30);
/// While a refund is asked for nobody else asks; longer than the provider is waited for.
pub(crate) const REFUND_LEASE: TimeDelta = TimeDelta::seconds(30);
/// A refund without an answer for so long is named at the desk, however often the provider was asked: perhaps nobody asks,
/// because none is configured any more.
pub(crate) const REFUND_OVERDUE: TimeDelta = TimeDelta::minutes(10);
/// A refund that the provider does not take is tried again with growing pauses up to this one.
const LONGEST_REFUND_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How a visit is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Free,
    AtDesk,
    Online,
}

impl Method {
    const ALL: [Self; 3] = [Self::Free, Self::AtDesk, Self::Online];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::AtDesk => "at_desk",
            Self::Online => "online",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The state in which a payment by this method begins.
    pub(crate) const fn first_state(self) -> State {
        match self {
            Self::Free => State::Paid,
            Self::AtDesk => State::DueAtDesk,
            Self::Online => State::Pending,
        }
    }
}

/// How the desk was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    Cash,
    Card,
}

impl Means {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Card => "card",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Cash, Self::Card].into_iter().find(|means| means.name() == name)
    }
}

/// The life of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Paid,
    DueAtDesk,
    Failed,
    Refunding,
    Refunded,
    Voided,
}

impl State {
    const ALL: [Self; 7] =
        [Self::Pending, Self::Paid, Self::DueAtDesk, Self::Failed, Self::Refunding, Self::Refunded, Self::Voided];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::DueAtDesk => "due_at_desk",
            Self::Failed => "failed",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
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

impl Item {
    pub(crate) fn cents(&self) -> i64 {
        self.unit_cents * i64::from(self.quantity)
    }
}

/// A payment. Its id is also the request id at the provider, so that asking twice creates one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) idempotency_key: Uuid,
    pub(crate) method: Method,
    pub(crate) state: State,
    pub(crate) cents: i64,
    pub(crate) items: Vec<Item>,
    pub(crate) return_url: String,
    pub(crate) provider_ref: String,
    pub(crate) redirect_url: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) next_check_at: Option<DateTime<Utc>>,
    pub(crate) watch_until: Option<DateTime<Utc>>,
    /// Of `cents`: what has gone back, is on its way back, or is not asked for any more.
    pub(crate) given_back: i64,
    /// How the desk was paid, if it was and has told.
    pub(crate) means: Option<Means>,
    /// When it was paid, see [`Payment::paid_then`].
    pub(crate) paid_at: Option<DateTime<Utc>>,
    /// When the provider was last asked and said that nothing was paid yet.
    pub(crate) open_at: Option<DateTime<Utc>>,
    /// Its visit was called off, or is paid another way: money that still comes goes back. Where only its time has run
    /// out, late money is good: the visit takes its places again, and if it cannot, calls itself off.
    pub(crate) given_up: bool,
}

/// What the provider says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Waiting for the visitor.
    Open { reference: String, redirect_url: String },
    /// With the time at which it was, if the provider says.
    Paid { reference: String, at: Option<DateTime<Utc>> },
    /// Given up by the visitor, refused by the provider, or never heard of there: no money will come.
    Over,
    /// Not reachable, or an answer that cannot be relied on.
    Unclear,
}

/// What an answer means for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The money is there.
    Complete,
    /// No money in time; `watch`: it may still come.
    Fail { watch: bool },
    /// The money came although nobody waits for it any more: it goes back.
    ReturnLate,
    /// Ask again at that time.
    AskAgain(DateTime<Utc>),
    /// Nothing more to ask.
    Done,
}

impl Payment {
    /// What the provider's answer means now.
    pub(crate) fn step(&self, answer: &Answer, every: TimeDelta, now: DateTime<Utc>) -> Step {
        match (self.state, answer) {
            (State::Pending, Answer::Paid { .. }) => Step::Complete,
            (State::Pending, Answer::Over) => Step::Fail { watch: false },
            (State::Pending, Answer::Open { .. }) if now >= self.expires_at => Step::Fail { watch: true },
            (State::Pending, Answer::Unclear) if now >= self.expires_at + PATIENCE => Step::Fail { watch: true },
            (State::Pending, Answer::Open { .. } | Answer::Unclear) => Step::AskAgain(now + every),
            (State::Failed, Answer::Paid { .. }) if self.watch_until.is_some() => {
                // After a day nobody keeps what a visit needs any more.
                if self.given_up || self.watch_until.is_some_and(|until| now >= until) {
                    Step::ReturnLate
                } else {
                    Step::Complete
                }
            }
            (State::Failed, Answer::Open { .. } | Answer::Unclear)
                if self.watch_until.is_some_and(|until| now < until) =>
            {
                Step::AskAgain(now + WATCH_EVERY)
            }
            (State::Failed, Answer::Unclear) if self.watch_until.is_some_and(|until| now < until + UNCLEAR) => {
                Step::AskAgain(now + UNCLEAR_EVERY)
            }
            (State::Failed, _) => Step::Done,
            (State::Paid | State::DueAtDesk | State::Refunding | State::Refunded | State::Voided, _) => Step::Done,
        }
    }

    /// When it was paid, of which is heard now: as the provider tells. Where it does not, or its clock cannot be right, that
    /// was somewhen since it said last that nothing was paid yet: the earliest counts, so that nobody loses their places
    /// because the house has heard of their money late.
    pub(crate) fn paid_then(&self, told: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
        let earliest = self.open_at.unwrap_or(self.created_at);
        told.filter(|at| (self.created_at..=now).contains(at)).unwrap_or(earliest)
    }

    /// Whether there is anything to learn from the provider.
    pub(crate) fn is_open(&self) -> bool {
        self.method == Method::Online
            && (self.state == State::Pending || self.state == State::Failed && self.watch_until.is_some())
    }

    /// Whether the provider may still be asked to create it: not any more once time is over.
    pub(crate) fn may_create(&self, now: DateTime<Utc>) -> bool {
        self.state == State::Pending && self.provider_ref.is_empty() && now < self.expires_at
    }
}

/// What giving the money back means in a payment's present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// The provider has it and must be asked.
    ByProvider,
    /// It waits at the desk until somebody has handed it out.
    AtDesk,
    /// Nothing had been charged.
    Nothing { then: State },
    /// Under way or done before, or nothing to do.
    Keep,
}

impl Payment {
    pub(crate) const fn give_back(&self) -> Return {
        match (self.state, self.method) {
            (State::Paid, _) if self.left() == 0 => Return::Nothing { then: State::Refunded },
            (State::Paid, Method::Online) => Return::ByProvider,
            (State::Paid, Method::AtDesk | Method::Free) => Return::AtDesk,
            (State::DueAtDesk, _) => Return::Nothing { then: State::Voided },
            (State::Pending, _) => Return::Nothing { then: State::Failed },
            (State::Failed | State::Refunding | State::Refunded | State::Voided, _) => Return::Keep,
        }
    }
}

/// A refund that the provider has not done yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) payment: Uuid,
    /// None: all that is left of the payment.
    pub(crate) part: Option<Uuid>,
    pub(crate) provider_ref: String,
    pub(crate) cents: i64,
    /// The provider was asked before, and its answer was none to rely on.
    pub(crate) repeated: bool,
}

impl Refund {
    /// By which the provider knows the request: a repeat gives nothing back twice.
    pub(crate) fn request(&self) -> Uuid {
        self.part.unwrap_or(self.payment)
    }
}

/// What the provider says to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GivenBack {
    /// Done, with the provider's name for it.
    Done(String),
    /// It does not do that, and asking again will not help.
    Refused,
    /// Not reachable, or an answer that cannot be relied on.
    Unclear,
}

/// The pause before a refund is tried again: 4 s, 8 s, … one hour.
pub(crate) fn refund_pause(attempts: u32) -> TimeDelta {
    TimeDelta::seconds(2_i64 << attempts.min(20)).min(LONGEST_REFUND_PAUSE)
}

/// A kind of line in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Charge,
    Refund,
    PartRefund,
    /// The desk had not handed a part out after all.
    PayoutBack,
    Void,
}

impl Entry {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::PartRefund => "part_refund",
            Self::PayoutBack => "payout_back",
            Self::Void => "void",
        }
    }
}

/// Why a payment failed, for the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    OutOfTime,
    NotPaid,
}

impl Why {
    pub(crate) fn text(self) -> Text {
        match self {
            Self::OutOfTime => Text::new("Die Zeit zum Bezahlen ist abgelaufen.", "The time to pay has run out."),
            Self::NotPaid => {
                Text::new("Die Zahlung wurde abgebrochen oder abgelehnt.", "The payment was given up or refused.")
            }
        }
    }
}

#[cfg(test)]
mod tests;
