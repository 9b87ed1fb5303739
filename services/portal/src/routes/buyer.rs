//! Who fills in the form of a booking: a visitor, or the desk for somebody who stands there or calls. Both have the same
//! form; the desk chooses from which quota it sells, and each is offered the bays that the house sells so.

use sky_proto::{
    parking::v1::{self as bays, BayClass, Quote},
    reservations::v1::{Audience, Availability, Channel, Showing},
};
use uuid::Uuid;

/// Whose form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buyer {
    Visitor,
    Desk,
}

const CHANNELS: [(Channel, &str); 3] =
    [(Channel::Door, "sell-door"), (Channel::Staff, "sell-staff"), (Channel::School, "sell-school")];

/// The kinds of bays that there may be, with the keys of their names.
pub(crate) const BAYS: [(BayClass, &str); 7] = [
    (BayClass::Unspecified, "bay-none"),
    (BayClass::Standard, "bay-standard"),
    (BayClass::Accessible, "bay-accessible"),
    (BayClass::Family, "bay-family"),
    (BayClass::Ev, "bay-ev"),
    (BayClass::Bicycle, "bay-bicycle"),
    (BayClass::Coach, "bay-coach"),
];

impl Buyer {
    /// Where the form is.
    pub(crate) fn page(self, showing: &str) -> String {
        match self {
            Self::Visitor => format!("/showings/{showing}"),
            Self::Desk => format!("/desk/showings/{showing}/sell"),
        }
    }

    /// Where it is sent to.
    pub(crate) fn form(self, showing: &str) -> String {
        match self {
            Self::Visitor => format!("/showings/{showing}/hold"),
            Self::Desk => format!("/desk/showings/{showing}/sell"),
        }
    }

    /// Where the order is, under which lies what can be done with it.
    pub(crate) fn order(self, visit: Uuid) -> String {
        match self {
            Self::Visitor => format!("/order/{visit}"),
            Self::Desk => format!("/desk/orders/{visit}"),
        }
    }

    /// The quotas to choose from, with the keys of their names; none for a visitor, who buys online.
    pub(crate) fn channels(self) -> &'static [(Channel, &'static str)] {
        match self {
            Self::Visitor => &[],
            Self::Desk => &CHANNELS,
        }
    }

    /// From which quota it is sold, as chosen; None: from one that is not offered here.
    pub(crate) fn channel(self, chosen: i32) -> Option<Channel> {
        match self {
            Self::Visitor => Some(Channel::Online),
            Self::Desk => CHANNELS.iter().map(|(it, _)| *it).find(|it| i32::from(*it) == chosen),
        }
    }

    /// Whether a kind of bay is sold to whom fills in this form. One of which it is not known is offered: the car park
    /// decides.
    pub(crate) fn is_sold(self, quote: &Quote) -> bool {
        let channel = match self {
            Self::Visitor => bays::Channel::Online,
            Self::Desk => bays::Channel::Desk,
        };
        quote.sold_by.is_empty() || quote.sold_by().any(|it| it == channel)
    }
}

/// The quota that somebody at the desk most likely wants.
pub(crate) fn usual(showing: &Showing) -> Channel {
    match showing.audience() {
        Audience::School => Channel::School,
        Audience::Private => Channel::Staff,
        Audience::Public | Audience::Unspecified => Channel::Door,
    }
}

/// So many places may be sold from it now.
pub(crate) fn free(left: &Availability, channel: Channel) -> u32 {
    match channel {
        Channel::Door => left.free_door,
        Channel::Staff => left.free_staff,
        Channel::School => left.free_school,
        Channel::Online | Channel::Unspecified => left.free_online,
    }
}
