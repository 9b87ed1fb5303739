//! What the desk orders or reports with one touch: the directives that the house file names, and what usually happens
//! where. Each is a button; whatever is not among them is typed into the form below.

use sky_proto::flow::v1::{DirectiveKind, DirectivePlan, FlowSnapshot, IncidentKind};

use super::{
    measures::{Choice, directive_name, incident_name},
    zones::is_room,
};
use crate::{fields::Fields, words::Words};

/// What a button sends: parts that a form would send one by one. Ids have no bars in them.
fn value<const N: usize>(parts: [&str; N]) -> String {
    parts.join("|")
}

/// The parts of the button that was pressed; None: the form was sent.
fn pressed<const N: usize>(sent: &Fields) -> Option<[&str; N]> {
    let parts: Vec<&str> = sent.get("what").split('|').collect();
    parts.try_into().ok()
}

/// A directive as a button names it.
pub(crate) struct Order<'s> {
    pub(crate) kind: i32,
    pub(crate) from: &'s str,
    pub(crate) to: &'s str,
    pub(crate) minutes: u32,
}

impl<'s> Order<'s> {
    /// Of the button, else of the form.
    pub(crate) fn sent(sent: &'s Fields) -> Self {
        let number = |text: &str| text.parse().unwrap_or(u32::MAX);
        match pressed::<4>(sent) {
            Some([kind, from, to, minutes]) => {
                Self { kind: kind.parse().unwrap_or(0), from, to, minutes: number(minutes) }
            }
            None => Self {
                kind: sent.choice("kind"),
                from: sent.get("zone"),
                to: sent.get("to"),
                minutes: sent.count("minutes").unwrap_or(u32::MAX),
            },
        }
    }
}

/// An incident as a button names it.
pub(crate) struct Report<'s> {
    pub(crate) kind: i32,
    pub(crate) zone: &'s str,
    pub(crate) lift: &'s str,
}

impl<'s> Report<'s> {
    /// Of the button, else of the form.
    pub(crate) fn sent(sent: &'s Fields) -> Self {
        match pressed::<3>(sent) {
            Some([kind, zone, lift]) => Self { kind: kind.parse().unwrap_or(0), zone, lift },
            None => Self { kind: sent.choice("kind"), zone: sent.get("zone"), lift: sent.get("lift") },
        }
    }
}

/// The redirects and overflows that the house has thought of; stops are on the rows of their zones.
pub(crate) fn orders(w: &Words, flow: &FlowSnapshot) -> Vec<Choice> {
    let order = |plan: &DirectivePlan| {
        let kind = i32::from(plan.kind()).to_string();
        let (from, to) = (w.text(&plan.from_zone_name), w.text(&plan.to_zone_name));
        Choice {
            value: value([&kind, &plan.from_zone_id, &plan.to_zone_id, &plan.minutes.to_string()]),
            label: format!("{}: {from} → {to} ({} min)", directive_name(w, plan.kind()), plan.minutes),
        }
    };
    flow.plans.iter().filter(|plan| plan.kind() != DirectiveKind::StopAdmission).map(order).collect()
}

/// A lost child, each lift, and help for somebody in each room.
pub(crate) fn reports(w: &Words, flow: &FlowSnapshot) -> Vec<Choice> {
    let report = |kind: IncidentKind, zone: &str, lift: &str, place: &str| Choice {
        value: value([&i32::from(kind).to_string(), zone, lift]),
        label: format!("{}: {place}", incident_name(w, kind)),
    };
    let child = report(IncidentKind::LostChild, "", "", &w.t("incident-whole-house"));
    let lifts =
        flow.lifts.iter().map(|lift| report(IncidentKind::TechnicalFault, "", &lift.lift_id, &w.text(&lift.name)));
    let rooms = flow.zones.iter().filter(|zone| is_room(zone));
    let help = rooms.map(|zone| report(IncidentKind::Medical, &zone.zone_id, "", &w.text(&zone.name)));
    std::iter::once(child).chain(lifts).chain(help).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_says_what_a_form_would() {
        let button = Fields::of(&[("what", "1|foyer|cafe|20"), ("kind", "2"), ("zone", "dome")]);
        let order = Order::sent(&button);
        assert_eq!((order.kind, order.from, order.to, order.minutes), (1, "foyer", "cafe", 20));
        let form = Fields::of(&[("kind", "2"), ("zone", "dome"), ("minutes", "")]);
        let order = Order::sent(&form);
        assert_eq!((order.kind, order.from, order.to, order.minutes), (2, "dome", "", 0));
        let button = Fields::of(&[("what", "2|foyer|")]);
        let report = Report::sent(&button);
        assert_eq!((report.kind, report.zone, report.lift), (2, "foyer", ""));
    }

    #[test]
    fn what_is_no_button_is_refused_by_the_house() {
        for what in ["x|foyer|cafe|20", "1|foyer|cafe|x", "99999999999|foyer|cafe|1"] {
            let sent = Fields::of(&[("what", what)]);
            let order = Order::sent(&sent);
            assert!(order.kind == 0 || order.minutes == u32::MAX, "{what}");
        }
        for what in ["", "1", "1|foyer|cafe|20|30"] {
            let sent = Fields::of(&[("what", what), ("kind", "3")]);
            assert_eq!((Order::sent(&sent).kind, Report::sent(&sent).kind), (3, 3), "{what}: the form");
        }
    }
}
