//! What a headcount rests on, said to whoever reads it. Pure.

use kernel::values::Text;

use super::{Basis, Evacuation, PARTY, Policy};

impl Basis {
    /// How the number of people in the house came about.
    pub(crate) fn words(self) -> Text {
        match self {
            Self::Rooms => Text::new(
                "Summe der Räume, mit Personal; was nicht gezählt wird, steht mit dem Höchsten darin.",
                "The rooms added up, with staff; what is not counted stands in it at its most.",
            ),
            Self::Tickets => Text::new(
                "Höchstens, wer jetzt mit Karte oder als Gast hier sein kann, mit Personal.",
                "At most those who may be here now with a ticket or as guests, with staff.",
            ),
            Self::Doors => Text::new(
                "Nach den Zählern an den Türen, seit das Haus leer gesehen wurde.",
                "By the counters at the doors, since the house was seen empty.",
            ),
            Self::SeenEmpty => Text::new(
                "Das Haus wurde leer gesehen, und seitdem wurde niemand erwartet oder gezählt: höchstens Personal.",
                "The house was seen empty, and nobody has been due or counted since: staff at most.",
            ),
        }
    }
}

impl Policy {
    /// What is assumed where nobody counts, sentence by sentence.
    pub(crate) fn words(&self, evacuation: Option<Evacuation>) -> Vec<Text> {
        let Self { early_minutes, stay_minutes, guests, staff, unseen_percent, per_minute, wrong_percent, .. } = self;
        let mut words = vec![
            Text::new(
                format!(
                    "Gäste kommen frühestens {early_minutes} Minuten vor dem Einlass und sind spätestens {stay_minutes} \
                     Minuten nach dem Ende ihrer Vorstellung gegangen."
                ),
                format!(
                    "Guests come at the earliest {early_minutes} minutes before their doors open, and have left at the \
                     latest {stay_minutes} minutes after the end of their showing."
                ),
            ),
            Text::new(
                format!("Ohne Karte sind höchstens {guests} Gäste im Haus; höchstens {staff} Personen im Dienst."),
                format!("At most {guests} guests in the house have no ticket; at most {staff} people are on duty."),
            ),
            Text::new(
                format!("Von hundert im Saal sind höchstens {unseen_percent} ungesehen hinausgegangen."),
                format!("Of a hundred in a hall, at most {unseen_percent} have left it unseen."),
            ),
            Text::new(
                format!(
                    "Durch die Türen eines Raums gehen höchstens {per_minute} Personen je Minute, {PARTY} auch auf einmal; \
                     Zähler und Zählende irren sich um höchstens {wrong_percent} von hundert."
                ),
                format!(
                    "At most {per_minute} people a minute go through the doors of a room, {PARTY} at once; counters and \
                     those who count are wrong by {wrong_percent} in a hundred at most."
                ),
            ),
        ];
        if evacuation.is_some() {
            words.push(Text::new(
                "Seit der Räumung kann jeder ungesehen gegangen sein: Ohne Zähler ist niemand sicher in einem Raum.",
                "Since the evacuation anybody may have left unseen: without a counter nobody is certainly in a room.",
            ));
        }
        words
    }
}
