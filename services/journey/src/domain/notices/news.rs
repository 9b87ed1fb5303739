//! What visitors without an e-mail address must hear from somebody. Pure.

use super::Kind;

impl Kind {
    /// Whether it is news to whom nobody can write; else they know, or it can wait until they come.
    pub(crate) const fn is_news(self) -> bool {
        !matches!(
            self,
            Self::Confirmed
                | Self::NotCompleted
                | Self::DayBefore
                | Self::Reissued
                | Self::Refunded
                | Self::MealSettled
                | Self::Rebooked
                | Self::WaitListed
        )
    }
}
