//! The showing clock: what is due next at a door, since when and why. It proposes; a person decides. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use serde::{Deserialize, Serialize};

use super::{Admission, AdmissionState};

/// How the house wants its doors run; data of the house file. When doors open is said by the programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    /// Guests who need assistance are called so long before the start.
    pub(crate) assistance_minutes: u32,
    /// Last call so long before the start.
    pub(crate) last_call_minutes: u32,
    /// People leave the hall within.
    pub(crate) egress_minutes: u32,
    /// The hall is cleaned and set up within.
    pub(crate) turnover_minutes: u32,
    /// So many people go through the door in a minute, all lanes together.
    pub(crate) people_per_minute: u32,
    /// The smallest and the largest group that is called at once.
    pub(crate) group_least: u32,
    pub(crate) group_most: u32,
    /// Called people may fill the foyer to this share of its capacity.
    pub(crate) foyer_percent: u32,
    /// After an all-clear staff have looked at the house within.
    pub(crate) reopen_minutes: u32,
    /// Of a hundred places, so many stay free of people who have a ticket and do not come.
    pub(crate) no_shows_percent: u32,
    /// So long after the last entry a scanner without a network lets in with a reason of staff; later only the house does,
    /// which knows whether the doors are open.
    pub(crate) late_minutes: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            assistance_minutes: 25,
            last_call_minutes: 5,
            egress_minutes: 5,
            turnover_minutes: 15,
            people_per_minute: 12,
            group_least: 10,
            group_most: 40,
            foyer_percent: 80,
            reopen_minutes: 10,
            no_shows_percent: 5,
            late_minutes: 15,
        }
    }
}

impl Policy {
    /// People leave the hall within.
    pub(crate) fn egress(self) -> TimeDelta {
        TimeDelta::minutes(self.egress_minutes.into())
    }

    /// Until then a scanner without a network lets in whoever is late, with a reason of staff.
    pub(crate) fn late_until(self, admission: &Admission) -> DateTime<Utc> {
        admission.last_entry_at + TimeDelta::minutes(self.late_minutes.into())
    }

    fn turnover(self) -> TimeDelta {
        TimeDelta::minutes(self.turnover_minutes.into())
    }

    /// The group that needs assistance is called then.
    pub(crate) fn assistance_at(self, admission: &Admission) -> DateTime<Utc> {
        admission.starts_at - TimeDelta::minutes(self.assistance_minutes.into())
    }

    /// Called when so many people before them have gone through the door.
    pub(crate) fn called_at(self, admission: &Admission, people_before: u32) -> DateTime<Utc> {
        let seconds = u64::from(people_before) * 60 / u64::from(self.people_per_minute.max(1));
        admission.doors_at + TimeDelta::seconds(seconds.cast_signed())
    }

    /// Why people who are due are not called yet: the room before the doors is full. People who stand there already
    /// would only stand closer; an empty room holds nobody back. Not known how full it is: no more at once than are called
    /// then (see [`Self::room`]), because a larger group was formed when it was known.
    pub(crate) fn held_back(self, waiting: u32, foyer: Option<(Option<u32>, u32)>) -> Option<Text> {
        let (count, capacity) = foyer?;
        let few = self.room(Some((None, capacity)));
        let Some(count) = count else {
            return (waiting > few).then(|| {
                Text::new(
                    format!(
                        "Noch nicht: Niemand weiß, wie voll das Foyer ist. Zählen, oder Gruppen bis {few} neu bilden."
                    ),
                    format!(
                        "Not yet: nobody knows how full the foyer is. Count it, or form groups of up to {few} anew."
                    ),
                )
            });
        };
        let limit = u64::from(capacity) * u64::from(self.foyer_percent) / 100;
        if count == 0 || waiting == 0 || u64::from(count) + u64::from(waiting) <= limit {
            return None;
        }
        Some(Text::new(
            format!("Noch nicht: Im Foyer sind {count} Menschen, mit dieser Gruppe mehr als {limit}."),
            format!("Not yet: {count} people are in the foyer, with this group more than {limit}."),
        ))
    }

    /// How many people may be called at once: as many as the foyer still takes. Not known how full it is: few.
    pub(crate) fn room(self, foyer: Option<(Option<u32>, u32)>) -> u32 {
        let free = match foyer {
            Some((Some(count), capacity)) => {
                let limit = u64::from(capacity) * u64::from(self.foyer_percent) / 100;
                u32::try_from(limit).unwrap_or(u32::MAX).saturating_sub(count)
            }
            Some((None, _)) | None => 0,
        };
        free.clamp(self.group_least, self.group_most.max(self.group_least))
    }
}

/// The next step of an admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) to: AdmissionState,
    pub(crate) due_at: DateTime<Utc>,
    pub(crate) why: Text,
    pub(crate) missing: u32,
}

/// "14:05", as the clock in the foyer shows it.
pub(super) fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Berlin).format("%H:%M").to_string()
}

/// When a hall that is in use now will be free for the next showing; None: it is not in use.
pub(crate) fn free_at(admission: &Admission, policy: Policy) -> Option<DateTime<Utc>> {
    let since = admission.state_since.unwrap_or(admission.predicted_end_at);
    match admission.state {
        AdmissionState::DoorsOpen | AdmissionState::LastCall | AdmissionState::Running => {
            Some(admission.predicted_end_at + policy.egress() + policy.turnover())
        }
        AdmissionState::Egress | AdmissionState::Aborted => {
            Some(admission.cleaned_at.unwrap_or(since + policy.egress() + policy.turnover()))
        }
        AdmissionState::Turnover => turnover_until(admission, policy),
        AdmissionState::Planned | AdmissionState::Closed | AdmissionState::Cancelled => None,
    }
}

/// Until when the turnover lasts: as planned, or until the hall was reported clean.
pub(crate) fn turnover_until(admission: &Admission, policy: Policy) -> Option<DateTime<Utc>> {
    let since = admission.state_since.filter(|_| admission.state == AdmissionState::Turnover)?;
    Some(admission.cleaned_at.map_or(since + policy.turnover(), |cleaned| cleaned.max(since)))
}

/// What is due next. `hall_free_at`: when the hall that another showing uses will be free.
pub(crate) fn propose(admission: &Admission, policy: Policy, hall_free_at: Option<DateTime<Utc>>) -> Option<Proposal> {
    let missing = admission.booked.saturating_sub(admission.admitted);
    let since = admission.state_since.unwrap_or(admission.starts_at);
    let (to, due_at, why) = match admission.state {
        AdmissionState::Planned => {
            let due = hall_free_at.map_or(admission.doors_at, |free| free.max(admission.doors_at));
            (AdmissionState::DoorsOpen, due, doors(admission.doors_at, due))
        }
        AdmissionState::DoorsOpen => {
            let due = admission.starts_at - TimeDelta::minutes(policy.last_call_minutes.into());
            let (de, en) = (format!("Letzter Aufruf um {}", clock(due)), format!("Last call at {}", clock(due)));
            (AdmissionState::LastCall, due, with_missing(&de, &en, missing))
        }
        AdmissionState::LastCall => {
            let due = admission.starts_at;
            let (de, en) = (format!("Start um {}", clock(due)), format!("Start due {}", clock(due)));
            (AdmissionState::Running, due, with_missing(&de, &en, missing))
        }
        AdmissionState::Running => {
            let due = admission.predicted_end_at;
            let end = clock(due);
            let why = Text::new(format!("Ende um {end}, dann Auslass."), format!("Ends at {end}, then people leave."));
            (AdmissionState::Egress, due, why)
        }
        AdmissionState::Egress | AdmissionState::Aborted => {
            let due = since + policy.egress();
            let end = clock(due);
            let why = Text::new(format!("Auslass bis {end}, dann Umbau."), format!("All out by {end}, then turnover."));
            (AdmissionState::Turnover, due, why)
        }
        AdmissionState::Turnover => {
            let due = turnover_until(admission, policy).unwrap_or(since);
            (AdmissionState::Closed, due, turned(admission, due))
        }
        AdmissionState::Closed | AdmissionState::Cancelled => return None,
    };
    Some(Proposal { to, due_at, why, missing })
}

fn doors(planned: DateTime<Utc>, due: DateTime<Utc>) -> Text {
    let (planned, at) = (clock(planned), clock(due));
    if planned == at {
        return Text::new(format!("Einlass ab {at}."), format!("Doors due {at}."));
    }
    Text::new(
        format!("Einlass ab {at}: Der Saal ist erst dann frei, geplant war {planned}."),
        format!("Doors due {at}: the hall is in use until then, planned was {planned}."),
    )
}

fn with_missing(de: &str, en: &str, missing: u32) -> Text {
    match missing {
        0 => Text::new(format!("{de}: alle sind da."), format!("{en}: everybody is in.")),
        1 => Text::new(format!("{de}: 1 Person fehlt."), format!("{en}: 1 missing.")),
        n => Text::new(format!("{de}: {n} fehlen."), format!("{en}: {n} missing.")),
    }
}

fn turned(admission: &Admission, due: DateTime<Utc>) -> Text {
    match admission.cleaned_at {
        Some(cleaned) => {
            let at = clock(cleaned);
            Text::new(format!("Saal ist sauber, gemeldet um {at}."), format!("The hall is clean, reported at {at}."))
        }
        None => {
            let at = clock(due);
            Text::new(
                format!("Umbau bis {at}; noch nicht sauber gemeldet."),
                format!("Turnover until {at}; not reported clean."),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn a_room_that_would_be_too_full_holds_back_who_is_due() {
        // 120 fit in, 80 % of them are called at most.
        let policy = Policy::default();
        let held = |count, waiting| policy.held_back(waiting, Some((count, 120))).is_some();
        let table = [
            (Some(80), 16, false),
            (Some(81), 16, true),
            (Some(96), 1, true),
            (Some(130), 1, true),
            (Some(130), 0, false),
            // A group that is larger than the room is called once nobody stands there.
            (Some(0), 200, false),
            (Some(1), 200, true),
            // Nobody knows how full it is: small groups only, as they are formed then.
            (None, 200, true),
            (None, policy.group_least + 1, true),
            (None, policy.group_least, false),
        ];
        for (count, waiting, expected) in table {
            assert_eq!(held(count, waiting), expected, "{waiting} beside {count:?}");
        }
        assert!(policy.held_back(16, None).is_none(), "a house without a foyer");
        let why = policy.held_back(16, Some((Some(90), 120))).expect("held back");
        assert!(why.de.contains("90 Menschen") && why.en.contains("more than 96"), "{why:?}");
    }
}
