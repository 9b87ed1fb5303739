//! Incidents: what has happened in the house, and what displays say of it. Never a name. Pure.

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{
    directives::{Acks, State, UNDO},
    ways::{Lift, english, plain},
    zones::Zone,
};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    LostChild,
    Medical,
    TechnicalFault,
    /// Opened and ended with the state of the house.
    Evacuation,
}

impl Kind {
    const ALL: [Self; 4] = [Self::LostChild, Self::Medical, Self::TechnicalFault, Self::Evacuation];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LostChild => "lost_child",
            Self::Medical => "medical",
            Self::TechnicalFault => "technical_fault",
            Self::Evacuation => "evacuation",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incident {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) state: State,
    /// Empty: the whole house.
    pub(crate) zone: String,
    /// The lift that is out of order; empty: none.
    pub(crate) lift: String,
    /// Empty: staff alone know of it.
    pub(crate) text: Text,
    pub(crate) step_free_text: Text,
    /// For staff.
    pub(crate) note: String,
    pub(crate) reported_by: String,
    pub(crate) confirmed_by: String,
    pub(crate) ended_by: String,
    pub(crate) reported_at: DateTime<Utc>,
    pub(crate) active_from: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) acks: Acks,
    pub(crate) revision: u64,
}

impl Incident {
    pub(crate) fn confirm(&mut self, by: &str, now: DateTime<Utc>) {
        by.clone_into(&mut self.confirmed_by);
        (self.state, self.active_from) = (State::Active, Some(now));
        self.revision += 1;
    }

    pub(crate) fn end(&mut self, by: &str, now: DateTime<Utc>) {
        by.clone_into(&mut self.ended_by);
        (self.state, self.ended_at) = (State::Ended, Some(now));
        self.revision += 1;
    }

    /// Whether its end can be taken back. An evacuation belongs to the state of the house.
    pub(crate) fn can_resume(&self, now: DateTime<Utc>) -> bool {
        self.kind != Kind::Evacuation && self.ended_at.is_some_and(|ended| now < ended + UNDO)
    }

    /// As if it had not been ended. Displays are told anew.
    pub(crate) fn resume(&mut self) {
        self.state = if self.confirmed_by.is_empty() { State::Proposed } else { State::Active };
        (self.ended_at, self.acks) = (None, Acks::default());
        self.ended_by.clear();
        self.revision += 1;
    }

    /// Whether displays have anything to show of it.
    pub(crate) fn is_public(&self) -> bool {
        !self.text.de.is_empty()
    }
}

/// What displays say where staff give no words of their own: for all, and for whoever cannot use stairs.
pub(crate) fn words(kind: Kind, zone: Option<&Zone>, lift: Option<&Lift>) -> (Text, Text) {
    let text = match (kind, zone, lift) {
        (Kind::LostChild, ..) => Text {
            de: "Wir suchen ein Kind. Bitte fragen Sie am Empfang, wenn Sie helfen können.".to_owned(),
            en: "We are looking for a child. Please ask at the front desk if you can help.".to_owned(),
            plain: "Wir suchen ein Kind. Haben Sie ein Kind allein gesehen? Sagen Sie es am Empfang.".to_owned(),
        },
        (Kind::Medical, Some(zone), _) => Text {
            de: format!("{}: Bitte halten Sie den Weg frei. Hilfe ist da.", zone.name.de),
            en: format!("{}: please keep the way clear. Help is here.", english(&zone.name)),
            plain: format!("{}: Bitte machen Sie den Weg frei.", plain(&zone.name)),
        },
        (Kind::TechnicalFault, _, Some(lift)) => Text {
            de: format!("{}: zurzeit außer Betrieb.", lift.name.de),
            en: format!("{}: out of order at the moment.", english(&lift.name)),
            plain: format!("{}: fährt gerade nicht.", plain(&lift.name)),
        },
        // A helper on the way, a fault that is staff's business: nothing to read for visitors.
        (Kind::Medical | Kind::TechnicalFault, ..) => Text::default(),
        (Kind::Evacuation, ..) => Text {
            de: "Bitte verlassen Sie das Haus. Folgen Sie den Zeichen für Notausgänge. Gehen Sie zum Sammelplatz."
                .to_owned(),
            en: "Please leave the building. Follow the emergency exit signs. Go to the assembly point.".to_owned(),
            plain: "Bitte gehen Sie jetzt nach draußen. Folgen Sie den grünen Zeichen.".to_owned(),
        },
    };
    let step_free = match (kind, lift) {
        (Kind::TechnicalFault, Some(lift)) => lift.without.clone(),
        (Kind::Evacuation, _) => Text {
            de: "Aufzug nicht benutzen. Warten Sie im Treppenvorraum, wir holen Sie.".to_owned(),
            en: "Do not use the lift. Wait in the stair lobby, we will come for you.".to_owned(),
            plain: "Nicht mit dem Aufzug fahren. Warten Sie an der Treppe. Wir holen Sie.".to_owned(),
        },
        _ => Text::default(),
    };
    (text, step_free)
}
