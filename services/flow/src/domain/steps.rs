//! A step that staff have just made at a door or in the queue, and may take back: what it was, and what was before it.
//! Pure.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::values::Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Admission, AdmissionState,
    calls::{Group, GroupState},
    queue::{Number, NumberState},
    zones::{Counted, Zone},
};

/// Whoever has pressed by mistake notices within so long; later, others have acted on it.
pub(crate) const UNDO: TimeDelta = TimeDelta::seconds(60);
/// A wrong number is noticed by whoever walks past next; nobody acts on a zone as on a door that opens.
pub(crate) const UNDO_COUNT: TimeDelta = TimeDelta::minutes(5);

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) id: Uuid,
    /// The showing, the group, the zone, or the number with its day: of each the newest step can be taken back.
    pub(crate) about: String,
    pub(crate) showing: Option<Uuid>,
    pub(crate) what: Text,
    pub(crate) change: Change,
    pub(crate) by: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) undone: bool,
}

impl Step {
    pub(crate) fn undo_until(&self) -> DateTime<Utc> {
        self.at + if matches!(self.change, Change::Zone(_)) { UNDO_COUNT } else { UNDO }
    }

    pub(crate) fn can_undo(&self, now: DateTime<Utc>) -> bool {
        !self.undone && now < self.undo_until()
    }
}

/// What a step has changed, with all that is needed to change it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    Admission(Moved),
    Cleaned,
    Group { to: GroupState, was: GroupWas },
    Number { to: NumberState, was: NumberState, called_at: Option<DateTime<Utc>>, last_called: u32 },
    Zone(Counted),
}

/// An admission's step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    pub(crate) from: AdmissionState,
    pub(crate) to: AdmissionState,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) predicted_end_at: DateTime<Utc>,
    /// Who were taken to go from the hall to the foyer.
    pub(crate) left_hall: u32,
    /// Who were taken to leave the house.
    pub(crate) left_house: u32,
    /// Groups whose calls it has ended.
    pub(crate) groups: Vec<GroupWas>,
}

/// A call group before a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupWas {
    pub(crate) group: Uuid,
    pub(crate) state: GroupState,
    pub(crate) called_at: Option<DateTime<Utc>>,
}

impl GroupWas {
    pub(crate) const fn of(group: &Group) -> Self {
        Self { group: group.id, state: group.state, called_at: group.called_at }
    }
}

impl Moved {
    /// A step that is about to be made.
    pub(crate) const fn from(admission: &Admission, to: AdmissionState) -> Self {
        Self {
            from: admission.state,
            to,
            since: admission.state_since,
            predicted_end_at: admission.predicted_end_at,
            left_hall: 0,
            left_house: 0,
            groups: Vec::new(),
        }
    }
}

impl Admission {
    /// As it was before a step. A plan that has changed meanwhile holds.
    pub(crate) fn take_back(&mut self, moved: &Moved) {
        self.state = moved.from;
        self.state_since = moved.since;
        if moved.from.is_before_start() {
            (self.predicted_end_at, self.shut_at) = (self.ends_at, None);
        } else {
            self.predicted_end_at = moved.predicted_end_at;
        }
    }
}

const fn said(state: AdmissionState) -> &'static str {
    match state {
        AdmissionState::Planned => "Einlass zurückgenommen",
        AdmissionState::DoorsOpen => "Einlass geöffnet",
        AdmissionState::LastCall => "letzter Aufruf",
        AdmissionState::Running => "gestartet",
        AdmissionState::Egress => "Auslass",
        AdmissionState::Turnover => "Umbau",
        AdmissionState::Closed => "geschlossen",
        AdmissionState::Cancelled => "abgesagt",
        AdmissionState::Aborted => "abgebrochen",
    }
}

/// "Mars: gestartet"
pub(crate) fn moved(admission: &Admission, to: AdmissionState) -> Text {
    about(&admission.title, said(to), to.words())
}

/// "Mars: Saal ist sauber"
pub(crate) fn cleaned(admission: &Admission) -> Text {
    about(&admission.title, "Saal ist sauber", "hall is clean")
}

fn about(title: &Text, de: &str, en: &str) -> Text {
    let english = if title.en.is_empty() { &title.de } else { &title.en };
    Text::new(format!("{}: {de}", title.de), format!("{english}: {en}"))
}

/// "Foyer: 37 gezählt"
pub(crate) fn counted(zone: &Zone, count: u32) -> Text {
    about(&zone.name, &format!("{count} gezählt"), &format!("{count} counted"))
}

/// "Gruppe 2: aufgerufen"
pub(crate) fn group_moved(group: &Group, to: GroupState) -> Text {
    let (de, en) = match to {
        GroupState::Formed => ("gebildet", "formed"),
        GroupState::Called => ("aufgerufen", "called"),
        GroupState::Boarding => ("geht hinein", "boarding"),
        GroupState::Boarded => ("alle drin", "all in"),
        GroupState::Recalled => ("noch einmal aufgerufen", "called again"),
        GroupState::Late => ("Rest kommt später", "the rest comes late"),
        GroupState::Closed => ("erledigt", "closed"),
    };
    if group.needs_assistance() {
        return Text::new(format!("Gäste mit Begleitung: {de}"), format!("Guests with assistance: {en}"));
    }
    Text::new(format!("Gruppe {}: {de}", group.number), format!("Group {}: {en}", group.number))
}

/// "Nummer 7: ist da"
pub(crate) fn number_moved(number: &Number, to: NumberState) -> Text {
    let (de, en) = match to {
        NumberState::Waiting => ("wartet", "waiting"),
        NumberState::Called => ("aufgerufen", "called"),
        NumberState::Served => ("ist da", "served"),
        NumberState::Missed => ("kam nicht", "did not come"),
        NumberState::Recalled => ("noch einmal aufgerufen", "called again"),
        NumberState::Withdrawn => ("zurückgezogen", "withdrawn"),
    };
    Text::new(format!("Nummer {}: {de}", number.number), format!("Number {}: {en}", number.number))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{admission, at},
        *,
    };

    #[test]
    fn every_step_of_an_admission_taken_back_leaves_it_as_it_was() {
        for from in AdmissionState::ALL {
            for to in from.next() {
                let mut before = admission(from);
                before.state_since = Some(at(41));
                before.shut_at = (!from.is_before_start()).then(|| at(63));
                if matches!(from, AdmissionState::Running) {
                    before.predicted_end_at = at(113);
                } else if from.has_ended() {
                    before.predicted_end_at = at(112);
                }
                let step = Moved::from(&before, *to);
                let mut after = before.clone();
                after.move_to(*to, at(62));
                assert_eq!(after.state, *to);
                after.take_back(&step);
                assert_eq!(after, before, "{} to {}", from.name(), to.name());
            }
        }
    }

    #[test]
    fn a_delay_between_a_start_and_its_undo_holds() {
        let mut showing = admission(AdmissionState::LastCall);
        let step = Moved::from(&showing, AdmissionState::Running);
        showing.move_to(AdmissionState::Running, at(60));
        showing.plan(at(70), at(120), at(50), at(70));
        assert_eq!(showing.predicted_end_at, at(110), "what runs keeps its own prediction");
        showing.take_back(&step);
        assert_eq!(showing.predicted_end_at, at(120));
    }

    #[test]
    fn a_step_can_be_taken_back_once_and_for_a_minute() {
        let mut step = Step {
            id: Uuid::nil(),
            about: "7".to_owned(),
            showing: None,
            what: Text::default(),
            change: Change::Cleaned,
            by: "desk".to_owned(),
            at: at(1),
            undone: false,
        };
        assert!(step.can_undo(at(1)) && step.can_undo(at(2) - TimeDelta::milliseconds(1)));
        assert!(!step.can_undo(at(2)));
        step.undone = true;
        assert!(!step.can_undo(at(1)));
        let zone = super::super::zones::tests::zone("foyer", super::super::zones::Kind::Room, "", 100);
        let was = super::super::zones::ZoneWas::of(&zone, false);
        let counted = Counted { zone: zone.id, at: at(1), count: 7, was, gone: Vec::new() };
        let step = Step { change: Change::Zone(counted), undone: false, ..step };
        assert!(step.can_undo(at(2)) && !step.can_undo(at(6)), "a count for five minutes");
    }
}
