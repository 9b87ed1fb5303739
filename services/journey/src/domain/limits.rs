//! How much one visitor may hold at a time and one contact may order: enough for families and groups, too
//! little to empty a house. Pure.

/// Part of `[services.journey]` of the configuration. Staff are not limited.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many visits may one browser hold unpaid at a time. A family that books three showings in two
    /// windows stays below the default.
    pub(crate) visits_per_browser: u32,
    /// So many places may they have together, with those of the same showing that are to be paid at the desk. The
    /// default is the largest party that is booked online.
    pub(crate) places_per_browser: u32,
    /// So many places of one showing may be ordered under one e-mail address, see [`mailbox`].
    pub(crate) places_per_contact: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { visits_per_browser: 5, places_per_browser: 60, places_per_contact: 60 }
    }
}

/// The mailbox that an address leads to: what stands behind a plus only sorts its owner's mail. As the database has it.
pub(crate) fn mailbox(email: &str) -> String {
    let email = email.to_lowercase();
    let sorted = email.split_once('@').and_then(|(name, house)| Some((name.split_once('+')?.0, house)));
    match sorted {
        Some((name, house)) if !name.is_empty() => format!("{name}@{house}"),
        _ => email,
    }
}

/// What somebody has unpaid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) visits: u32,
    pub(crate) places: u32,
}

/// The limit that is reached, with its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Visits(u32),
    /// With what is left of it.
    Places(u32, u32),
}

impl Limits {
    /// Whether a browser that holds so much may hold another visit of `people`.
    pub(crate) const fn may_hold(&self, held: Held, people: u32) -> Result<(), Reached> {
        if held.visits >= self.visits_per_browser {
            return Err(Reached::Visits(self.visits_per_browser));
        }
        if held.places.saturating_add(people) > self.places_per_browser {
            let left = self.places_per_browser.saturating_sub(held.places);
            return Err(Reached::Places(self.places_per_browser, left));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_plus_makes_no_other_mailbox() {
        for (email, leads_to) in [
            ("Caroline@Slough.example", "caroline@slough.example"),
            ("caroline+1@slough.example", "caroline@slough.example"),
            ("caroline+a+b@slough.example", "caroline@slough.example"),
            ("+caroline@slough.example", "+caroline@slough.example"),
            ("caroline@slough+bath.example", "caroline@slough+bath.example"),
            ("", ""),
        ] {
            assert_eq!(mailbox(email), leads_to, "{email}");
        }
    }
}
