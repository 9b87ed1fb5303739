//! What the policy proposes over a day by the levels of zones and escape groups: the same rules as in every turn (see
//! `commands/turn.rs`), with nobody there who decides. What is proposed stands until nothing calls for it any more, or its
//! time is over. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kernel::values::Text;
use uuid::Uuid;

use super::{
    super::{
        directives::{
            self, BY_POLICY, Cause, Directive, Kind, Reached, Rule, Wish, into_full, into_stop, leads_into_stop, left,
        },
        zones::{EscapeGroup, Level, Zone},
    },
    Course,
};

/// Everything that is counted, with its day.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) zones: Vec<(Zone, Course)>,
    pub(crate) groups: Vec<(EscapeGroup, Course)>,
}

/// Something that the policy proposes for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) rule: Rule,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// The level that called for it.
    pub(crate) level: Level,
    /// It holds without asking anybody.
    pub(crate) by_itself: bool,
}

impl Counted {
    fn zones_at(&self, at: DateTime<Utc>) -> Vec<Zone> {
        self.zones.iter().map(|(zone, course)| Zone { level: course.level_at(at), ..zone.clone() }).collect()
    }

    /// What a rule looks at, as full as it is then. How long it has been so decides nothing, because nobody has turned
    /// anything down.
    fn reached(&self, rule: &Rule, at: DateTime<Utc>) -> Option<Reached> {
        let course = if rule.group.is_empty() {
            self.zones.iter().find(|(zone, _)| zone.id == rule.zone).map(|(_, course)| course)
        } else {
            self.groups.iter().find(|(group, _)| group.id == rule.group).map(|(_, course)| course)
        };
        course.map(|course| Reached { level: course.level_at(at), since: at })
    }
}

/// What is proposed until an instant, each by its beginning.
pub(crate) fn proposals(counted: &Counted, rules: &[Rule], until: DateTime<Utc>) -> Vec<Proposal> {
    let courses = counted.zones.iter().map(|(_, course)| course).chain(counted.groups.iter().map(|(_, course)| course));
    let mut instants: BTreeSet<DateTime<Utc>> =
        courses.flat_map(|course| &course.spans).map(|span| span.from).collect();
    // What is open at the time: the directive, and the place of its proposal.
    let mut open: Vec<(Directive, usize)> = Vec::new();
    let mut found: Vec<Proposal> = Vec::new();
    while let Some(now) = instants.pop_first().filter(|now| *now < until) {
        let zones = counted.zones_at(now);
        let reached: Vec<(&Rule, Reached)> =
            rules.iter().filter_map(|rule| Some((rule, counted.reached(rule, now)?))).collect();
        let known = |open: &[(Directive, usize)]| open.iter().map(|(it, _)| it.clone()).collect::<Vec<Directive>>();
        let before = known(&open);
        let mut over: Vec<Uuid> = before.iter().filter(|it| it.valid_until <= now).map(|it| it.id).collect();
        over.extend(left(&reached, &before).into_iter().chain(into_full(&before, &zones)).map(|it| it.id));
        end(&mut open, &mut found, &over, now);
        for (rule, reached) in reached {
            let known = known(&open);
            if !rule.due(reached, &known) || leads_into_stop(rule, &known, &zones) {
                continue;
            }
            let by_itself = rule.confirms_itself(reached.level);
            let gives_way =
                if rule.kind == Kind::StopAdmission { into_stop(&rule.zone, &known, &zones) } else { vec![] };
            let beside: Vec<Directive> = known.into_iter().filter(|it| !gives_way.contains(&it.id)).collect();
            if directives::check(None, rule.kind, &rule.zone, &rule.to, &beside, &zones).is_err() {
                continue;
            }
            if by_itself {
                end(&mut open, &mut found, &gives_way, now);
            }
            let directive = proposed(rule, by_itself, found.len(), now);
            instants.insert(directive.valid_until);
            open.push((directive, found.len()));
            found.push(Proposal { rule: rule.clone(), from: now, until, level: reached.level, by_itself });
        }
    }
    found
}

fn end(open: &mut Vec<(Directive, usize)>, found: &mut [Proposal], over: &[Uuid], now: DateTime<Utc>) {
    for (_, place) in open.extract_if(.., |(directive, _)| over.contains(&directive.id)) {
        found[place].until = now;
    }
}

/// The directive that a rule proposes, without its words: nobody reads them.
fn proposed(rule: &Rule, by_itself: bool, number: usize, now: DateTime<Utc>) -> Directive {
    let wish = Wish {
        kind: rule.kind,
        from: rule.zone.clone(),
        to: rule.to.clone(),
        reason: Text::default(),
        stated: None,
        active_from: now,
        valid_for: rule.valid_for,
        by_policy: true,
        by: BY_POLICY.to_owned(),
    };
    let words = directives::words(rule.kind, Cause::Unknown, (&rule.zone, &rule.to), &[], &[]);
    let mut directive = wish.directive(Uuid::from_u128(number as u128), words, now);
    if by_itself {
        directive.confirm(BY_POLICY, now);
    }
    directive
}
