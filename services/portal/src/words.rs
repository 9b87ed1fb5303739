//! Words and figures in the reader's language: Fluent texts, localized texts of the other services,
//! money, days and times in Halle. Decides nothing.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Europe::Berlin;
use fluent_templates::{LanguageIdentifier, Loader, fluent_bundle::FluentValue, static_loader};
use kernel::values::from_timestamp;
use prost_types::Timestamp;
use sky_proto::kernel::v1::{LocalizedText, Money};

use crate::house::{House, UNKNOWN};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static DE: LazyLock<LanguageIdentifier> = LazyLock::new(|| "de".parse().unwrap_or_default());
static EN: LazyLock<LanguageIdentifier> = LazyLock::new(|| "en".parse().unwrap_or_default());

/// A language of the house.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    German,
    English,
}

impl Language {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "de" => Some(Self::German),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The better one for a browser: German, unless it wants English more.
    pub(crate) fn wanted(accept_language: &str) -> Self {
        let mut best = (Self::German, 0.0);
        for choice in accept_language.split(',') {
            let (tag, weight) = choice.split_once(";q=").unwrap_or((choice, "1"));
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            let language = tag.trim().get(..2).and_then(|tag| Self::named(&tag.to_ascii_lowercase()));
            if let Some(language) = language.filter(|_| weight > best.1) {
                best = (language, weight);
            }
        }
        best.0
    }

    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }
}

/// Speaks one language, for one house.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words {
    pub(crate) language: Language,
    house: Option<&'static House>,
}

const DAYS: [[&str; 7]; 2] = [
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];
const MONTHS: [[&str; 12]; 2] = [
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

fn of(names: &[&'static str], at: u32) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

impl Words {
    pub(crate) const fn speaking(language: Language) -> Self {
        Self { language, house: None }
    }

    pub(crate) const fn of_house(self, house: &'static House) -> Self {
        Self { house: Some(house), ..self }
    }

    /// What the house says of itself.
    pub(crate) fn house(&self) -> &'static House {
        self.house.unwrap_or(&UNKNOWN)
    }

    /// The hall's name; one that the house does not name is shown as it is.
    pub(crate) fn hall(&self, id: &str) -> String {
        let name = self.text(&self.house().halls.get(id).cloned());
        if name.is_empty() { id.to_owned() } else { name }
    }

    /// "Planetarium Halle (Saale), Holzplatz 5, 06110 Halle (Saale)"
    pub(crate) fn house_and_address(&self) -> String {
        let house = self.house();
        let name = self.text(&house.name);
        let parts = [if name.is_empty() { house.brand.as_str() } else { &name }, &house.address];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    pub(crate) const fn lang(&self) -> &'static str {
        self.language.tag()
    }

    const fn index(self) -> usize {
        match self.language {
            Language::German => 0,
            Language::English => 1,
        }
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self.language {
            Language::German => &DE,
            Language::English => &EN,
        }
    }

    /// The text of a key.
    pub(crate) fn t(&self, key: &str) -> String {
        LOCALES.lookup(self.identifier(), key)
    }

    /// The text of a key that need not exist.
    pub(crate) fn known(&self, key: &str) -> Option<String> {
        LOCALES.try_lookup(self.identifier(), key)
    }

    /// A text with a number, which may choose singular or plural.
    pub(crate) fn n(&self, key: &str, n: impl Into<i64>) -> String {
        self.args(key, [("n", FluentValue::from(n.into()))])
    }

    /// The same for templates, which lend what they pass.
    pub(crate) fn num<N: Copy + Into<i64>>(&self, key: &str, n: &N) -> String {
        self.n(key, *n)
    }

    /// A text with a word in it.
    pub(crate) fn with(&self, key: &str, name: &'static str, value: &str) -> String {
        self.args(key, [(name, FluentValue::from(value.to_owned()))])
    }

    /// A text with two numbers: "9 of 12".
    pub(crate) fn of(&self, key: &str, some: usize, all: usize) -> String {
        self.args(key, [("some", FluentValue::from(some)), ("all", FluentValue::from(all))])
    }

    /// A text with a number and a time: "12 free (as of 14:05)".
    pub(crate) fn args_of(&self, key: &str, n: u32, time: &str) -> String {
        self.args(key, [("n", FluentValue::from(n)), ("time", FluentValue::from(time.to_owned()))])
    }

    fn args<const N: usize>(&self, key: &str, args: [(&'static str, FluentValue<'static>); N]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'static>> =
            args.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        LOCALES.lookup_with_args(self.identifier(), key, &args)
    }

    /// A text of another service; German when there is no English.
    pub(crate) fn text(&self, text: &Option<LocalizedText>) -> String {
        let Some(text) = text else {
            return String::new();
        };
        match self.language {
            Language::English if !text.en.is_empty() => text.en.clone(),
            _ => text.de.clone(),
        }
    }

    pub(crate) fn cents(&self, cents: i64) -> String {
        let (sign, euros, cents) = (if cents < 0 { "−" } else { "" }, cents.abs() / 100, cents.abs() % 100);
        match self.language {
            Language::German => format!("{sign}{euros},{cents:02}\u{a0}€"),
            Language::English => format!("{sign}€{euros}.{cents:02}"),
        }
    }

    pub(crate) fn money(&self, money: &Option<Money>) -> String {
        self.cents(money.as_ref().map_or(0, |money| money.cents))
    }

    /// "14:30"
    pub(crate) fn time(&self, at: &Option<Timestamp>) -> String {
        self.clock(from_timestamp(*at))
    }

    pub(crate) fn clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&Berlin).format("%H:%M").to_string()
    }

    /// "Samstag, 28. November"
    pub(crate) fn date(&self, day: NaiveDate) -> String {
        let weekday = of(&DAYS[self.index()], day.weekday().num_days_from_monday());
        let month = of(&MONTHS[self.index()], day.month0());
        match self.language {
            Language::German => format!("{weekday}, {}. {month}", day.day()),
            Language::English => format!("{weekday}, {} {month}", day.day()),
        }
    }

    /// "Sa 28.11."
    pub(crate) fn short_date(&self, day: NaiveDate) -> String {
        let weekday: String =
            of(&DAYS[self.index()], day.weekday().num_days_from_monday()).chars().take(self.short_weekday()).collect();
        match self.language {
            Language::German => format!("{weekday} {}.{}.", day.day(), day.month()),
            Language::English => {
                let month: String = of(&MONTHS[self.index()], day.month0()).chars().take(3).collect();
                format!("{weekday} {} {month}", day.day())
            }
        }
    }

    const fn short_weekday(self) -> usize {
        match self.language {
            Language::German => 2,
            Language::English => 3,
        }
    }

    pub(crate) fn day(&self, at: &Option<Timestamp>) -> String {
        self.date(in_halle(from_timestamp(*at)))
    }

    pub(crate) fn day_and_time(&self, at: &Option<Timestamp>) -> String {
        format!("{}, {}", self.day(at), self.time(at))
    }

    /// For machines, in `datetime`.
    pub(crate) fn iso(&self, at: &Option<Timestamp>) -> String {
        from_timestamp(*at).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// Milliseconds since 1970, for scripts.
    pub(crate) fn millis(&self, at: &Option<Timestamp>) -> i64 {
        at.map_or(0, |at| from_timestamp(Some(at)).timestamp_millis())
    }
}

/// The day in Halle.
pub(crate) fn in_halle(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Berlin).date_naive()
}

/// The time of the day in Halle.
pub(crate) fn time_in_halle(at: DateTime<Utc>) -> NaiveTime {
    at.with_timezone(&Berlin).time()
}

/// The moment of a wall clock in Halle; the earlier one when it shows a time twice, none when it never does.
pub(crate) fn at_in_halle(local: NaiveDateTime) -> Option<DateTime<Utc>> {
    local.and_local_timezone(Berlin).earliest().map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
