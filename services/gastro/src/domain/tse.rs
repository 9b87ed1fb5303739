//! What a TSE is told, and how far it is with it: a transaction is started, then finished, each with the next revision.
//! Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Charge,
    receipt::{Receipt, TaxAmount},
};
use crate::domain::payment::PaidBy;

/// Something that a TSE is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) transaction: Uuid,
    pub(crate) order: Uuid,
    /// The receipt's number; None: the order itself.
    pub(crate) receipt: Option<u64>,
    /// Counts the records of an order.
    pub(crate) round: u32,
    /// Of an order.
    pub(crate) charges: Option<Vec<Charge>>,
    pub(crate) at: DateTime<Utc>,
}

impl Told {
    pub(crate) fn order(order: Uuid, round: u32, charges: Vec<Charge>, at: DateTime<Utc>) -> Self {
        Self { transaction: kernel::values::new_id(at), order, receipt: None, round, charges: Some(charges), at }
    }

    pub(crate) fn receipt(receipt: &Receipt) -> Self {
        Self {
            transaction: receipt.transaction,
            order: receipt.order,
            receipt: Some(receipt.number),
            round: 0,
            charges: None,
            at: receipt.issued_at,
        }
    }
}

/// How far a transaction is there, as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    New,
    Started,
    Finished,
}

impl Progress {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Started => "started",
            Self::Finished => "finished",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::New, Self::Started, Self::Finished].into_iter().find(|progress| progress.name() == name)
    }
}

/// What is in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Receipt {
        taxes: Vec<TaxAmount>,
        cents: i64,
        paid_by: PaidBy,
    },
    /// "Bestellung-V1"
    Order {
        charges: Vec<Charge>,
    },
}

/// A transaction that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsigned {
    pub(crate) transaction: Uuid,
    pub(crate) content: Content,
    pub(crate) progress: Progress,
    /// The last one that the TSE has taken.
    pub(crate) revision: u32,
    pub(crate) attempts: u32,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) progress: Progress,
    pub(crate) revision: u32,
    /// The signature, or why there is none.
    pub(crate) signed: Result<String, String>,
}

/// An order as the TSE was told of it, for staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderRecord {
    pub(crate) order: Uuid,
    pub(crate) number: u32,
    pub(crate) round: u32,
    pub(crate) signature: Signature,
}

/// How far something is with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) transaction: Uuid,
    pub(crate) signature: Option<String>,
    /// Empty: it is signed, or nobody has tried yet.
    pub(crate) problem: String,
    pub(crate) attempts: u32,
}
