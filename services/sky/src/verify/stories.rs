//! What two services say of the same thing must agree: money, places, bays, meals and people are kept across the house.

use std::collections::BTreeSet;

use super::{Databases, Finding, rows};

/// Rows of two services that must be the same, or the left ones among the right ones.
struct Story {
    name: &'static str,
    left: (&'static str, &'static str),
    right: (&'static str, &'static str),
    /// False: the left ones among the right ones.
    both_ways: bool,
}

const STORIES: &[Story] = &[
    Story {
        name: "the door has exactly the tickets that were sold",
        left: ("reservations", "select format('ticket %s, showing %s', id, showing_id) from ticket where live"),
        right: ("flow", "select format('ticket %s, showing %s', ticket_id, showing_id) from door_ticket where live"),
        both_ways: true,
    },
    Story {
        // Where seating is free, the door is told no seat.
        name: "the door knows the seat of every ticket that has one",
        left: (
            "reservations",
            "select format('ticket %s for %s', t.id, t.seat) from ticket t join showing s on s.id = t.showing_id
             where t.live and (s.numbered or t.need is not null)",
        ),
        right: ("flow", "select format('ticket %s for %s', ticket_id, seat) from door_ticket where live"),
        both_ways: false,
    },
    Story {
        name: "the door knows every showing with its times",
        left: (
            "reservations",
            "select format('showing %s at %s', id, extract(epoch from starts_at)::bigint) from showing",
        ),
        right: (
            "flow",
            "select format('showing %s at %s', showing_id, extract(epoch from starts_at)::bigint) from admission",
        ),
        both_ways: true,
    },
    Story {
        name: "every booking belongs to a confirmed visit, and every such visit has one",
        left: ("reservations", "select format('visit %s', visit_id) from booking where state = 'confirmed'"),
        right: ("journey", "select format('visit %s', id) from visit where state = 'confirmed'"),
        both_ways: true,
    },
    Story {
        name: "every confirmed visit is booked for as many as come",
        left: (
            "reservations",
            "select format('visit %s: %s', visit_id, json_array_length(seats)) from booking where state = 'confirmed'",
        ),
        right: ("journey", "select format('visit %s: %s', id, people) from visit where state = 'confirmed'"),
        both_ways: true,
    },
    Story {
        name: "every visit's page says how many are in, as the door does",
        left: (
            "flow",
            "select format('visit %s: %s in', visit_id, count(*)) from door_ticket where admitted_at is not null group by visit_id",
        ),
        right: ("journey", "select format('visit %s: %s in', id, admitted) from visit where admitted > 0"),
        both_ways: true,
    },
    Story {
        name: "every confirmed visit is paid, free or due at the desk",
        left: ("journey", "select format('visit %s', id) from visit where state = 'confirmed'"),
        right: ("payments", "select format('visit %s', visit_id) from payment where state in ('paid', 'due_at_desk')"),
        both_ways: false,
    },
    Story {
        name: "what is kept of a visit's payment is what the visit costs",
        left: (
            "journey",
            "select format('visit %s: %s', v.id, (select coalesce(sum((i ->> 'unit_cents')::bigint
                 * (i ->> 'quantity')::bigint), 0) from jsonb_array_elements(v.seat_items
                 || coalesce(v.bay -> 'items', '[]') || coalesce(v.meal -> 'items', '[]')) i))
             from visit v where v.state = 'confirmed'",
        ),
        right: (
            "payments",
            "select format('visit %s: %s', visit_id, cents - given_back) from payment
             where state in ('paid', 'due_at_desk')",
        ),
        both_ways: false,
    },
    Story {
        name: "every part that is owed to a visitor is on its way, as much as was asked for",
        left: (
            "journey",
            "select format('refund %s of visit %s: %s', refund_id, visit_id, cents) from money_back where state <> 'covered'",
        ),
        right: (
            "payments",
            "select format('refund %s of visit %s: %s', refund_id, visit_id, cents) from part_refund
             where state <> 'covered'",
        ),
        both_ways: true,
    },
    Story {
        name: "whoever is told of a refund has one",
        left: ("journey", "select format('visit %s', id) from visit where state = 'refunded'"),
        right: ("payments", "select format('visit %s', visit_id) from payment where state in ('refunded', 'voided')"),
        both_ways: false,
    },
    Story {
        name: "every bay in use belongs to a visit that was confirmed",
        left: (
            "parking",
            "select format('visit %s', visit_id) from parking_right where state in ('confirmed', 'checked_in')
             and cancelled_at is null and not exists (select from assigned_right a where a.right_id = visit_id)",
        ),
        right: ("journey", "select format('visit %s', id) from visit where state in ('confirming', 'confirmed')"),
        both_ways: false,
    },
    Story {
        name: "every open order belongs to a confirmed visit",
        left: (
            "gastro",
            "select format('visit %s', visit_id) from meal_order where not walk_up
                 and state in ('scheduled', 'fired', 'preparing', 'ready', 'recalled')
                 and not exists (select from affected_order a where a.order_id = meal_order.order_id)",
        ),
        right: ("journey", "select format('visit %s', id) from visit where state in ('confirming', 'confirmed')"),
        both_ways: false,
    },
    Story {
        name: "every bay on a confirmed visit's page is there",
        left: (
            "journey",
            "select format('visit %s', id) from visit where state = 'confirmed' and bay ->> 'part' = 'confirmed'",
        ),
        right: (
            "parking",
            "select format('visit %s', visit_id) from parking_right
             where state in ('confirmed', 'suspended', 'checked_in', 'left', 'no_show')",
        ),
        both_ways: false,
    },
    Story {
        name: "every meal on a confirmed visit's page is there",
        left: (
            "journey",
            "select format('visit %s', id) from visit where state = 'confirmed' and meal ->> 'part' = 'confirmed'",
        ),
        right: (
            "gastro",
            "select format('visit %s', visit_id) from meal_order where not walk_up
                 and state not in ('held', 'rejected', 'cancelled')",
        ),
        both_ways: false,
    },
    Story {
        name: "every paid payment belongs to a visit that takes place, or was called off too late",
        left: ("payments", "select format('visit %s', visit_id) from payment where state = 'paid'"),
        right: (
            "journey",
            "select format('visit %s', id) from visit
             where state in ('awaiting_payment', 'confirming', 'confirmed', 'cancelled')",
        ),
        both_ways: false,
    },
];

/// All of them.
pub async fn compare(databases: &Databases<'_>) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for story in STORIES {
        findings.push(told_alike(databases, story).await?);
    }
    Ok(findings)
}

async fn told_alike(databases: &Databases<'_>, story: &Story) -> anyhow::Result<Finding> {
    let ours: BTreeSet<String> = rows(databases, story.left.0, story.left.1).await?.into_iter().collect();
    let theirs: BTreeSet<String> = rows(databases, story.right.0, story.right.1).await?.into_iter().collect();
    let mut breaches: Vec<String> =
        ours.difference(&theirs).map(|row| format!("only {} has {row}", story.left.0)).collect();
    if story.both_ways {
        breaches.extend(theirs.difference(&ours).map(|row| format!("only {} has {row}", story.right.0)));
    }
    Ok(Finding::new(story.name, i64::try_from(ours.len())?, breaches))
}
