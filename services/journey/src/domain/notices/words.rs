//! The languages of notices, and what each must have words for: one that is missing does not compile.

mod english;
mod german;
mod plain;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;

use super::{Kind, letter::fill};

/// A language that visitors are written to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    German,
    /// Leichte Sprache.
    Plain,
    English,
}

impl Language {
    pub(crate) const ALL: [Self; 3] = [Self::German, Self::Plain, Self::English];

    /// The visit's language; German where it is none of ours.
    pub(crate) fn named(tag: &str) -> Self {
        Self::ALL.into_iter().find(|language| language.tag() == tag).unwrap_or(Self::German)
    }

    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::Plain => "de-x-ls",
            Self::English => "en",
        }
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::German => &german::WORDS,
            Self::Plain => &plain::WORDS,
            Self::English => &english::WORDS,
        }
    }

    /// A text of the house; German where this language has none.
    pub(super) fn of(self, text: &Text) -> &str {
        match self {
            Self::Plain if !text.plain.is_empty() => &text.plain,
            Self::English if !text.en.is_empty() => &text.en,
            Self::German | Self::Plain | Self::English => &text.de,
        }
    }

    /// A bay class of the contract.
    pub(super) fn bay(self, class: &str) -> &'static str {
        let bays = &self.words().bays;
        match class {
            "BAY_CLASS_ACCESSIBLE" => bays[1],
            "BAY_CLASS_COACH" => bays[2],
            "BAY_CLASS_EV" => bays[3],
            "BAY_CLASS_FAMILY" => bays[4],
            "BAY_CLASS_BICYCLE" => bays[5],
            _ => bays[0],
        }
    }
}

/// Dates, times and money, as they are said.
impl Language {
    /// "Samstag, 28. November 2026"
    fn date(self, at: DateTime<Utc>) -> String {
        format!("{}, {} {}", self.weekday(at), self.day(at), at.with_timezone(&Berlin).year())
    }

    fn weekday(self, at: DateTime<Utc>) -> &'static str {
        let day = at.with_timezone(&Berlin).weekday().num_days_from_monday();
        usize::try_from(day).ok().and_then(|day| self.words().weekdays.get(day)).copied().unwrap_or_default()
    }

    /// "28. November"
    pub(super) fn day(self, at: DateTime<Utc>) -> String {
        let at = at.with_timezone(&Berlin);
        let month = usize::try_from(at.month0()).ok().and_then(|month| self.words().months.get(month)).copied();
        fill(&fill(self.words().day, "day", &at.day().to_string()), "month", month.unwrap_or_default())
    }

    pub(super) fn time(self, at: DateTime<Utc>) -> String {
        fill(self.words().clock, "time", &at.with_timezone(&Berlin).format("%H:%M").to_string())
    }

    pub(super) fn moment(self, at: DateTime<Utc>) -> String {
        format!("{}, {}", self.date(at), self.time(at))
    }

    pub(super) fn euros(self, cents: i64) -> String {
        let (de, en) = crate::domain::euros(cents);
        if self == Self::English { en } else { de }
    }
}

/// What a kind of notice says first. `{day}` is the showing's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) subject: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
}

/// Everything that notices say in one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) kind: fn(Kind) -> Said,
    pub(super) weekdays: [&'static str; 7],
    pub(super) months: [&'static str; 12],
    /// `{day}`, `{month}`
    pub(super) day: &'static str,
    /// `{time}`
    pub(super) clock: &'static str,
    pub(super) hello: &'static str,
    /// `{name}`
    pub(super) hello_name: &'static str,
    /// Of the link to the visit's page.
    pub(super) link: &'static str,
    /// The same, of a visit that never came about.
    pub(super) link_off: &'static str,
    /// The same, of one that waits for places.
    pub(super) link_waiting: &'static str,
    /// Of the link to order what is held.
    pub(super) link_order: &'static str,
    /// `{time}`
    pub(super) order_until: &'static str,
    pub(super) showing: &'static str,
    pub(super) when: &'static str,
    pub(super) was: &'static str,
    pub(super) is_now: &'static str,
    pub(super) be_there: &'static str,
    pub(super) people: &'static str,
    pub(super) places: &'static str,
    /// Of who has no place of their own.
    pub(super) free_seating: &'static str,
    pub(super) parking: &'static str,
    /// `{from}`, `{until}`
    pub(super) window: &'static str,
    /// Standard, accessible, coach, with a charging point, family, bicycle.
    pub(super) bays: [&'static str; 6],
    pub(super) meal: &'static str,
    pub(super) dishes: &'static str,
    pub(super) meal_number: &'static str,
    pub(super) reference: &'static str,
    pub(super) way: &'static str,
    pub(super) step_free: &'static str,
    pub(super) bring: &'static str,
    pub(super) car_park_open: &'static str,
    pub(super) car_park_closed: &'static str,
    /// `{time}`
    pub(super) closed_until: &'static str,
    /// Nobody knows until when.
    pub(super) closed_open_end: &'static str,
    pub(super) park_elsewhere: &'static str,
    /// `{place}`, `{minutes}`
    pub(super) walk: &'static str,
    pub(super) choices: &'static str,
    /// `{time}`
    pub(super) choose_until: &'static str,
    pub(super) price: &'static str,
    pub(super) total: &'static str,
    pub(super) paid: &'static str,
    /// `{sum}`, as in all of money that follow.
    pub(super) due: &'static str,
    pub(super) comes_back: &'static str,
    /// It was paid at the desk.
    pub(super) comes_back_at_desk: &'static str,
    pub(super) refunded: &'static str,
    pub(super) refunded_at_desk: &'static str,
    pub(super) money_back: &'static str,
    pub(super) nothing_to_pay: &'static str,
    pub(super) nothing_charged: &'static str,
    pub(super) no_withdrawal: &'static str,
    pub(super) foot: [&'static str; 2],
}
