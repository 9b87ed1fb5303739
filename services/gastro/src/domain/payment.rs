//! How a meal is paid, as far as a receipt has to know it. Pure.

/// How, and whether yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PaidBy {
    Free,
    Online,
    /// To be paid at the desk, and not paid yet.
    AtDesk,
    Cash,
    Card,
}

impl PaidBy {
    const ALL: [Self; 5] = [Self::Free, Self::Online, Self::AtDesk, Self::Cash, Self::Card];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Online => "online",
            Self::AtDesk => "at_desk",
            Self::Cash => "cash",
            Self::Card => "card",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|paid| paid.name() == name)
    }

    /// Whether there is a receipt: of what is not paid there is none.
    pub(crate) fn is_paid(self) -> bool {
        self != Self::AtDesk
    }
}
