//! Tables of the order in which groups are called.

use super::*;

/// A group by number: where its call stands, its people, how many of them are in.
fn group((number, state, people, admitted): (u32, GroupState, u32, u32)) -> Group {
    Group {
        id: Uuid::from_u128(u128::from(number) + 1),
        showing: Uuid::from_u128(1),
        number,
        state,
        rows: Vec::new(),
        visits: Vec::new(),
        people,
        admitted,
        called_at: None,
        revision: 1,
    }
}

#[test]
fn guests_who_need_assistance_are_called_first_and_then_group_after_group() {
    use GroupState::{Boarded, Called, Closed, Formed, Late};
    // Of each group: its number, its state, how many it has and how many of them are in.
    type Row = (u32, GroupState, u32, u32);
    let table: [(&str, Vec<Row>, u32, Option<u32>); 10] = [
        ("nobody is before the first", vec![(0, Formed, 2, 0), (1, Formed, 9, 0)], 0, None),
        ("assistance first", vec![(0, Formed, 2, 0), (1, Formed, 9, 0)], 1, Some(0)),
        ("it is called: that is enough", vec![(0, Called, 2, 0), (1, Formed, 9, 0)], 1, None),
        ("called and not come", vec![(0, Late, 2, 0), (1, Formed, 9, 0)], 1, None),
        ("who came early waits for no call", vec![(0, Formed, 2, 2), (1, Formed, 9, 0)], 1, None),
        ("one of two came early", vec![(0, Formed, 2, 1), (1, Formed, 9, 0)], 1, Some(0)),
        ("one after the other", vec![(0, Boarded, 2, 2), (1, Formed, 9, 0), (2, Formed, 9, 0)], 2, Some(1)),
        ("the nearest to its turn is named", vec![(0, Formed, 2, 0), (1, Formed, 9, 0), (2, Formed, 9, 0)], 2, Some(0)),
        (
            "in whatever order they are stored",
            vec![(2, Formed, 9, 0), (1, Formed, 9, 0), (0, Closed, 2, 0)],
            2,
            Some(1),
        ),
        ("nobody needs assistance", vec![(1, Formed, 9, 0), (2, Formed, 9, 0)], 1, None),
    ];
    for (what, groups, number, first) in table {
        let groups: Vec<Group> = groups.into_iter().map(group).collect();
        let this = groups.iter().find(|group| group.number == number).expect("it is one of them");
        assert_eq!(called_before(&groups, this).map(|group| group.number), first, "{what}");
    }
}
