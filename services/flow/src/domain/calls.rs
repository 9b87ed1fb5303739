//! Groups that are called to the door: who goes together, and where a call stands. Guests who need assistance
//! go first; parties stay together. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scan::Party;

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupState {
    Formed,
    Called,
    Boarding,
    Boarded,
    /// Called once more.
    Recalled,
    /// Some did not come; they are let in one by one.
    Late,
    Closed,
}

impl GroupState {
    pub(crate) const ALL: [Self; 7] =
        [Self::Formed, Self::Called, Self::Boarding, Self::Boarded, Self::Recalled, Self::Late, Self::Closed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Formed => "formed",
            Self::Called => "called",
            Self::Boarding => "boarding",
            Self::Boarded => "boarded",
            Self::Recalled => "recalled",
            Self::Late => "late",
            Self::Closed => "closed",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) const fn next(self) -> &'static [Self] {
        match self {
            Self::Formed => &[Self::Called],
            Self::Called => &[Self::Boarding, Self::Recalled],
            Self::Boarding => &[Self::Boarded, Self::Recalled],
            Self::Recalled => &[Self::Boarded, Self::Late],
            Self::Late => &[Self::Boarded, Self::Closed],
            Self::Boarded => &[Self::Closed],
            Self::Closed => &[],
        }
    }

    /// Whether the monitors call it.
    pub(crate) const fn is_calling(self) -> bool {
        matches!(self, Self::Called | Self::Boarding | Self::Recalled)
    }
}

/// A group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: Uuid,
    pub(crate) showing: Uuid,
    /// 0 is the group that needs assistance.
    pub(crate) number: u32,
    pub(crate) state: GroupState,
    pub(crate) rows: Vec<String>,
    pub(crate) visits: Vec<Uuid>,
    pub(crate) people: u32,
    pub(crate) admitted: u32,
    pub(crate) called_at: Option<DateTime<Utc>>,
    pub(crate) revision: u64,
}

impl Group {
    pub(crate) const fn needs_assistance(&self) -> bool {
        self.number == 0
    }

    /// What the monitors say.
    pub(crate) fn text(&self) -> Text {
        if self.needs_assistance() {
            return Text {
                de: "Gäste, die Begleitung brauchen, bitte jetzt zum Einlass.".to_owned(),
                en: "Guests who need assistance: please come to the doors now.".to_owned(),
                plain: "Sie brauchen Hilfe auf dem Weg? Bitte kommen Sie jetzt zum Einlass.".to_owned(),
            };
        }
        let number = self.number;
        let rows = match self.rows.as_slice() {
            [] => String::new(),
            [row] => format!(" {row}"),
            [first, .., last] => format!(" {first}–{last}"),
        };
        if rows.is_empty() {
            return Text {
                de: format!("Gruppe {number}, bitte zum Einlass."),
                en: format!("Group {number}, please come to the doors."),
                plain: format!("Gruppe {number}: Bitte kommen Sie jetzt."),
            };
        }
        let (reihe, row) = if self.rows.len() == 1 { ("Reihe", "row") } else { ("Reihen", "rows") };
        Text {
            de: format!("Gruppe {number}, {reihe}{rows}, bitte zum Einlass."),
            en: format!("Group {number}, {row}{rows}, please come to the doors."),
            plain: format!("Gruppe {number}: {reihe}{rows}. Bitte kommen Sie jetzt."),
        }
    }
}

/// The group that is to be called before this one: guests who need assistance first, then by number. Who is in already
/// waits for no call.
pub(crate) fn called_before<'g>(groups: &'g [Group], group: &Group) -> Option<&'g Group> {
    let waits = |other: &&Group| other.state == GroupState::Formed && other.admitted < other.people;
    groups.iter().filter(|other| other.number < group.number).filter(waits).min_by_key(|other| other.number)
}

/// A group to be formed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forming {
    pub(crate) assistance: bool,
    pub(crate) rows: Vec<String>,
    pub(crate) visits: Vec<Uuid>,
    pub(crate) people: u32,
}

/// The row of a seat: "C" of "C12"; empty with free seating.
fn row_of(seat: &str) -> &str {
    seat.trim_end_matches(|letter: char| !letter.is_alphabetic()).trim_end_matches(char::is_numeric)
}

/// Parts parties into groups of at most `size` people, whole rows where they fit. A party goes where its first seat
/// is, and is never parted, however large it is.
pub(crate) fn form(parties: &[Party], size: u32) -> Vec<Forming> {
    let (assisted, others): (Vec<&Party>, Vec<&Party>) =
        parties.iter().partition(|party| party.tickets.iter().any(|ticket| ticket.live && ticket.assistance));
    let mut groups = Vec::new();
    if !assisted.is_empty() {
        let mut group = Forming { assistance: true, ..Forming::default() };
        for party in assisted {
            add(&mut group, party, None);
        }
        groups.push(group);
    }
    // Rows in the order of their names, "AA" after "Z".
    let mut rows: BTreeMap<(usize, &str), Vec<&Party>> = BTreeMap::new();
    for party in others {
        let row = party.tickets.first().map_or("", |ticket| row_of(&ticket.seat));
        rows.entry((row.len(), row)).or_default().push(party);
    }
    let mut group = Forming::default();
    for ((_, row), parties) in rows {
        let people: u32 = parties.iter().map(|party| party.size()).sum();
        if group.people > 0 && group.people + people > size {
            groups.push(std::mem::take(&mut group));
        }
        for party in parties {
            // A row that is too large for one group is parted between its parties.
            if group.people > 0 && group.people + party.size() > size {
                groups.push(std::mem::take(&mut group));
            }
            add(&mut group, party, Some(row));
        }
    }
    if group.people > 0 {
        groups.push(group);
    }
    groups
}

fn add(group: &mut Forming, party: &Party, row: Option<&str>) {
    group.visits.push(party.visit);
    group.people += party.size();
    if let Some(row) = row.filter(|row| !row.is_empty() && group.rows.last().is_none_or(|last| last != row)) {
        group.rows.push(row.to_owned());
    }
}

#[cfg(test)]
mod tests;
