-- Steps of staff at the doors and in the queue that can still be taken back, with what was before them; of each thing
-- the newest.
create table door_step (
    id uuid primary key,
    -- The showing, the group, or the number with its day.
    about text not null constraint door_step_newest unique,
    showing_id uuid,
    what jsonb not null,
    change jsonb not null,
    by text not null,
    at timestamptz not null,
    undone boolean not null default false
);
create index door_step_by_time on door_step (at);

-- Let in, by a scanner without a network, with something that is no code of this house.
alter table scan_conflict drop constraint scan_conflict_kind,
    add constraint scan_conflict_kind check
        (kind in ('double', 'cancelled', 'wrong_showing', 'unknown', 'replaced', 'forged'));
