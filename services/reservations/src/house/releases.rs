//! `[[reservations.releases]]`: showings that go on sale together at an announced minute. Checks only.

use std::collections::HashSet;

use chrono::NaiveDate;
use kernel::values::Text;
use serde::Deserialize;
use toml::Spanned;

use super::{Section, fresh_slug, wrong};
use crate::domain::schedule::{AnnouncedRelease, wall_time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    id: Spanned<String>,
    name: Text,
    first_day: NaiveDate,
    last_day: Spanned<NaiveDate>,
    /// Ids of titles; without: all public showings of these days.
    #[serde(default)]
    titles: Vec<Spanned<String>>,
    /// By the clock in Halle, "2026-11-27 10:00".
    on_sale_at: Spanned<String>,
}

pub(super) fn read(text: &str, section: &Section) -> Result<Vec<AnnouncedRelease>, String> {
    let mut ids = HashSet::new();
    let mut releases = Vec::with_capacity(section.releases.len());
    for (place, row) in section.releases.iter().enumerate() {
        let key = |name: &str| format!("releases[{place}].{name}");
        fresh_slug(text, &mut ids, &row.id, &key("id"))?;
        if *row.last_day.get_ref() < row.first_day {
            return Err(wrong(text, &row.last_day, &key("last_day"), "is before the first day"));
        }
        for title in &row.titles {
            if !section.titles.iter().any(|known| known.id.get_ref() == title.get_ref()) {
                let problem = format!("no title of the id \"{}\"", title.get_ref());
                return Err(wrong(text, title, &key("titles"), &problem));
            }
        }
        let on_sale_at = wall_time(row.on_sale_at.get_ref());
        let problem = "is no time of that day in Halle like \"2026-11-27 10:00\"";
        releases.push(AnnouncedRelease {
            id: row.id.get_ref().clone(),
            name: row.name.clone(),
            first_day: row.first_day,
            last_day: *row.last_day.get_ref(),
            titles: row.titles.iter().map(|title| title.get_ref().clone()).collect(),
            on_sale_at: on_sale_at.ok_or_else(|| wrong(text, &row.on_sale_at, &key("on_sale_at"), problem))?,
        });
    }
    Ok(releases)
}
