-- When a showing began, or was called off: whoever was let in later by a scanner without a network is shown to staff.
alter table admission add column shut_at timestamptz;
-- Of what is over by now the state's own time: it is never too early.
update admission set shut_at = state_since where state not in ('planned', 'doors_open', 'last_call');

alter table scan_conflict drop constraint scan_conflict_kind,
    add constraint scan_conflict_kind check
        (kind in ('double', 'cancelled', 'wrong_showing', 'unknown', 'replaced', 'forged', 'after_admission'));
