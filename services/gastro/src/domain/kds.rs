//! What another kitchen display's words mean here, in the numbers of Deliverect. Pure.

use super::OrderState;

/// What a status asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KdsStatus {
    Accepted,
    Ready,
    Finalized,
    /// It will not be made: a machine does not take a guest's meal away, so staff decide.
    WentWrong,
}

impl KdsStatus {
    /// None: a code that nobody here knows, which is no error.
    pub(crate) const fn of(code: i64) -> Option<Self> {
        match code {
            20 => Some(Self::Accepted),
            70 => Some(Self::Ready),
            90 | 95 => Some(Self::Finalized),
            35 | 110 | 120 => Some(Self::WentWrong),
            _ => None,
        }
    }

    /// The steps from a state to what was told; empty when that is where it is, or back. What has not been fired yet
    /// cannot be worked on.
    pub(crate) fn steps(self, from: OrderState) -> &'static [OrderState] {
        use OrderState::{Collected, Fired, Preparing, Ready, Recalled};
        match (self, from) {
            (Self::Accepted, Fired) => &[Preparing],
            (Self::Ready, Fired) => &[Preparing, Ready],
            (Self::Ready, Preparing) => &[Ready],
            (Self::Finalized, Fired) => &[Preparing, Ready, Collected],
            (Self::Finalized, Preparing) => &[Ready, Collected],
            (Self::Finalized, Ready | Recalled) => &[Collected],
            _ => &[],
        }
    }
}

/// Where an order is, in their numbers.
pub(crate) const fn code(state: OrderState) -> i64 {
    match state {
        OrderState::Held | OrderState::Scheduled | OrderState::Fired | OrderState::Preparing => 20,
        OrderState::Ready | OrderState::Recalled => 70,
        OrderState::Collected => 90,
        OrderState::Expired => 120,
        OrderState::Cancelled => 110,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_mean_something_and_unknown_ones_nothing() {
        for code in [20, 35, 70, 90, 95, 110, 120] {
            assert!(KdsStatus::of(code).is_some(), "{code}");
        }
        for code in [0, 1, 10, 50, 60, 80, 99, -70, i64::MAX] {
            assert_eq!(KdsStatus::of(code), None, "{code}");
        }
    }

    #[test]
    fn a_status_never_moves_an_order_back_or_begins_it() {
        use OrderState::{Cancelled, Collected, Expired, Held, Ready, Scheduled};
        for status in [KdsStatus::Accepted, KdsStatus::Ready, KdsStatus::Finalized, KdsStatus::WentWrong] {
            for state in [Held, Scheduled, Collected, Expired, Cancelled] {
                assert!(status.steps(state).is_empty(), "{status:?} {state:?}");
            }
        }
        assert!(KdsStatus::Accepted.steps(Ready).is_empty());
        assert_eq!(KdsStatus::Finalized.steps(OrderState::Fired).last(), Some(&Collected));
    }
}
