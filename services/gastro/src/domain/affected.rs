//! Placed orders that do not come as ordered: whom a resting station affects, what they are offered, and what becomes
//! of those who say nothing. Pure decisions.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Europe::Berlin;
use kernel::values::Text;
use uuid::Uuid;

use super::{Order, OrderState, StationState};

/// Why an order needs a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Station,
    CancelledVisit,
    KitchenSystem,
    /// What it hangs on has moved, and no station has time for it for hours.
    NoTime,
    /// What is in it was corrected, and its party avoids something that they did not read of.
    Recipe,
}

impl Cause {
    const ALL: [Self; 5] = [Self::Station, Self::CancelledVisit, Self::KitchenSystem, Self::NoTime, Self::Recipe];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Station => "station",
            Self::CancelledVisit => "cancelled_visit",
            Self::KitchenSystem => "kitchen_system",
            Self::NoTime => "no_time",
            Self::Recipe => "recipe",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// An order that needs a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affected {
    /// Which question it is: whom it is put to is told of it once.
    pub(crate) question: Uuid,
    pub(crate) cause: Cause,
    pub(crate) station: Option<String>,
    pub(crate) later_pickup_at: Option<DateTime<Utc>>,
    pub(crate) answer_until: DateTime<Utc>,
    /// Staff have answered that the money goes back, which happens then: until then they can take it back.
    pub(crate) refund_at: Option<DateTime<Utc>>,
}

/// What somebody says to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Later,
    Refund,
    /// It is made as it was ordered, or, where no station has time for it, all the same: staff alone say so.
    Keep,
    /// The money is not wanted after all: staff take their answer back.
    AskAgain,
}

/// Whether a station that is back at a time (none: not today) cannot make an order as it was promised. A pause and an
/// early closing end with the day.
pub(crate) fn is_touched(order: &Order, now: DateTime<Utc>, back_at: Option<DateTime<Utc>>) -> bool {
    let day = |at: DateTime<Utc>| at.with_timezone(&Berlin).date_naive();
    let is_due = order.fire_at() <= now;
    let is_near = day(order.pickup_at) == day(now) && back_at.is_none_or(|back_at| order.fire_at() < back_at);
    order.state == OrderState::Scheduled && (is_due || is_near)
}

/// When the station can be reckoned with again; none: not today.
pub(crate) fn back_at(state: StationState, now: DateTime<Utc>, pause: TimeDelta) -> Option<DateTime<Utc>> {
    match state {
        StationState::Open | StationState::Busy => Some(now),
        StationState::Paused => Some(now + pause),
        StationState::Closed => None,
    }
}

/// Until when an offer can be answered: while there is time to begin with what is chosen. Whoever was asked before keeps
/// the time that they were told; a later pickup that was not offered then leaves them time to think of it.
pub(crate) fn answer_until(
    order: &Order,
    known: Option<&Affected>,
    offers_later: bool,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let soonest = now + LEAST_TIME;
    match known {
        None => order.pickup_at.max(soonest),
        Some(known) if offers_later && known.later_pickup_at.is_none() => known.answer_until.max(soonest),
        Some(known) => known.answer_until,
    }
}

/// Nobody has to decide faster.
pub(crate) const LEAST_TIME: TimeDelta = TimeDelta::minutes(10);

impl Affected {
    /// A question to which staff alone have more of an answer than that the money goes back.
    pub(crate) fn of_staff(order: &Order, cause: Cause, now: DateTime<Utc>) -> Self {
        Self {
            question: kernel::values::new_id(now),
            cause,
            station: None,
            later_pickup_at: None,
            answer_until: answer_until(order, None, false, now),
            refund_at: None,
        }
    }

    /// Whether a rest of this station may change what is offered. What the kitchen's system or a cancelled visit asks is
    /// for staff, whatever rests; of several stations that rest, the one counts that is not back today.
    pub(crate) fn may_change(&self, station: &str, is_back_today: bool) -> bool {
        let is_same = self.station.as_deref() == Some(station);
        let offers_later = self.later_pickup_at.is_some();
        self.cause == Cause::Station
            && if is_same { offers_later != is_back_today } else { offers_later && !is_back_today }
    }

    /// Whether staff are asked this instead. A visit that was called off is the last word on its meal; where its money goes back,
    /// staff have decided already, and whatever else goes wrong with it is decided with that. What is in it is asked about when
    /// whether it is made at all is decided.
    pub(crate) fn gives_way_to(&self, cause: Cause) -> bool {
        let is_decided = self.refund_at.is_some() || self.cause == Cause::CancelledVisit;
        self.cause != cause && (cause == Cause::CancelledVisit || (!is_decided && cause != Cause::Recipe))
    }

    /// What becomes of an order that was not begun when nobody has said anything in time. Of what is being made, only
    /// staff decide.
    pub(crate) const fn by_default(&self) -> Option<Answer> {
        if self.refund_at.is_some() {
            return Some(Answer::Refund);
        }
        match (self.cause, self.later_pickup_at) {
            (Cause::CancelledVisit, _) => None,
            (_, Some(_)) => Some(Answer::Later),
            (_, None) => Some(Answer::Refund),
        }
    }

    /// For the visitor and for staff.
    pub(crate) fn reason(&self) -> Text {
        match self.cause {
            Cause::Station => Text {
                de: "Die Küche kann Ihr Essen gerade nicht zubereiten.".to_owned(),
                en: "The kitchen cannot prepare your meal at the moment.".to_owned(),
                plain: "Die Küche kann Ihr Essen gerade nicht kochen.".to_owned(),
            },
            Cause::CancelledVisit => Text {
                de: "Der Besuch wurde storniert, während das Essen gemacht wurde.".to_owned(),
                en: "The visit was cancelled while the meal was being made.".to_owned(),
                plain: "Der Besuch ist abgesagt. Das Essen ist schon angefangen.".to_owned(),
            },
            Cause::KitchenSystem => Text {
                de: "Das Küchensystem hat die Bestellung abgelehnt.".to_owned(),
                en: "The kitchen's system has refused the order.".to_owned(),
                plain: "Die Küche kann Ihr Essen nicht kochen.".to_owned(),
            },
            Cause::NoTime => Text {
                de: "Die Küche hat zur neuen Zeit keine Zeit für Ihr Essen. Die alte Abholzeit gilt nicht mehr."
                    .to_owned(),
                en: "The kitchen has no time for your meal at the new time. The old pickup time no longer holds."
                    .to_owned(),
                plain: "Die Küche hat keine Zeit für Ihr Essen. Die alte Uhrzeit gilt nicht mehr.".to_owned(),
            },
            Cause::Recipe => Text {
                de: "Die Angaben zu Allergenen in Ihrem Essen wurden berichtigt. Bitte sehen Sie nach, was darin ist; die Küche berät Sie.".to_owned(),
                en: "What is said of allergens in your meal was corrected. Please read what is in it; the kitchen will help you.".to_owned(),
                plain: "In Ihrem Essen ist etwas anderes, als hier stand. Vielleicht vertragen Sie es nicht. Fragen Sie in der Küche.".to_owned(),
            },
        }
    }
}

/// What is told when a decision has been made.
pub(crate) fn settled(cause: Cause, answer: Answer) -> Text {
    match answer {
        Answer::Keep if cause == Cause::NoTime => Text {
            de: "Die Küche macht Ihr Essen doch. Die Abholzeit steht bei Ihrem Besuch.".to_owned(),
            en: "The kitchen makes your meal after all. The pickup time stands with your visit.".to_owned(),
            plain: "Sie bekommen Ihr Essen doch. Die Uhrzeit steht hier.".to_owned(),
        },
        Answer::Keep if cause == Cause::Recipe => Text {
            de: "Was in Ihrem Essen ist, ist geklärt. Es kommt, wie es bei Ihrem Besuch steht.".to_owned(),
            en: "What is in your meal has been settled. It comes as it stands with your visit.".to_owned(),
            plain: "Alles ist geklärt. Sie bekommen das Essen, das hier steht.".to_owned(),
        },
        Answer::Later => Text {
            de: "Ihr Essen kommt etwas später; die neue Zeit steht bei Ihrem Besuch.".to_owned(),
            en: "Your meal comes a little later; the new time stands with your visit.".to_owned(),
            plain: "Ihr Essen kommt später. Die neue Uhrzeit steht hier.".to_owned(),
        },
        Answer::Refund => Text {
            de: "Ihr Essen entfällt. Den Preis bekommen Sie zurück.".to_owned(),
            en: "There will be no meal. You get its price back.".to_owned(),
            plain: "Sie bekommen kein Essen. Sie bekommen Ihr Geld zurück.".to_owned(),
        },
        Answer::Keep | Answer::AskAgain => Text {
            de: "Die Küche arbeitet wieder. Ihr Essen kommt wie bestellt.".to_owned(),
            en: "The kitchen is working again. Your meal comes as ordered.".to_owned(),
            plain: "Die Küche kocht wieder. Sie bekommen Ihr Essen.".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_is_not_left_without_an_answer() {
        let affected = |cause, later: Option<DateTime<Utc>>| Affected {
            question: Uuid::nil(),
            cause,
            station: None,
            later_pickup_at: later,
            answer_until: DateTime::UNIX_EPOCH,
            refund_at: None,
        };
        let later = Some(DateTime::UNIX_EPOCH);
        assert_eq!(affected(Cause::Station, later).by_default(), Some(Answer::Later));
        assert_eq!(affected(Cause::Station, None).by_default(), Some(Answer::Refund));
        assert_eq!(affected(Cause::KitchenSystem, None).by_default(), Some(Answer::Refund));
        assert_eq!(affected(Cause::NoTime, None).by_default(), Some(Answer::Refund));
        assert_eq!(affected(Cause::CancelledVisit, None).by_default(), None, "what is being made is for staff");
    }

    #[test]
    fn a_rest_changes_only_what_it_asks_itself_and_what_another_one_still_offers() {
        let asked = |cause, station: Option<&str>, later| Affected {
            question: Uuid::nil(),
            cause,
            station: station.map(str::to_owned),
            later_pickup_at: later,
            answer_until: DateTime::UNIX_EPOCH,
            refund_at: None,
        };
        let later = Some(DateTime::UNIX_EPOCH);
        for (before, station, is_back_today, may) in [
            (asked(Cause::Station, Some("hot"), later), "hot", true, false),
            (asked(Cause::Station, Some("hot"), later), "hot", false, true),
            (asked(Cause::Station, Some("hot"), None), "hot", false, false),
            (asked(Cause::Station, Some("hot"), None), "hot", true, true),
            (asked(Cause::Station, Some("hot"), None), "bar", true, false),
            (asked(Cause::Station, Some("hot"), later), "bar", true, false),
            (asked(Cause::Station, Some("hot"), later), "bar", false, true),
            (asked(Cause::KitchenSystem, None, None), "hot", true, false),
            (asked(Cause::NoTime, None, None), "hot", true, false),
            (asked(Cause::CancelledVisit, None, None), "hot", true, false),
        ] {
            assert_eq!(before.may_change(station, is_back_today), may, "{before:?} {station} {is_back_today}");
        }
    }

    #[test]
    fn what_is_decided_is_not_asked_anew_for_another_reason() {
        let asked = |cause, refund_at| Affected {
            question: Uuid::nil(),
            cause,
            station: None,
            later_pickup_at: None,
            answer_until: DateTime::UNIX_EPOCH,
            refund_at,
        };
        let then = Some(DateTime::UNIX_EPOCH);
        for (was, cause, gives_way) in [
            (asked(Cause::Station, None), Cause::KitchenSystem, true),
            (asked(Cause::Station, then), Cause::KitchenSystem, false),
            (asked(Cause::NoTime, then), Cause::KitchenSystem, false),
            (asked(Cause::KitchenSystem, None), Cause::KitchenSystem, false),
            (asked(Cause::KitchenSystem, None), Cause::CancelledVisit, true),
            (asked(Cause::CancelledVisit, None), Cause::KitchenSystem, false),
            (asked(Cause::NoTime, None), Cause::Recipe, false),
            (asked(Cause::KitchenSystem, None), Cause::Recipe, false),
            (asked(Cause::Recipe, None), Cause::KitchenSystem, true),
            (asked(Cause::CancelledVisit, None), Cause::CancelledVisit, false),
        ] {
            assert_eq!(was.gives_way_to(cause), gives_way, "{was:?} {cause:?}");
        }
    }

    #[test]
    fn a_pause_is_over_some_time_and_a_closed_station_not_today() {
        let (now, pause) = (DateTime::UNIX_EPOCH, TimeDelta::minutes(30));
        assert_eq!(back_at(StationState::Paused, now, pause), Some(now + pause));
        assert_eq!(back_at(StationState::Closed, now, pause), None);
        assert_eq!(back_at(StationState::Busy, now, pause), Some(now));
    }
}
