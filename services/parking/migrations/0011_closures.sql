-- The site closed or out of reach: since when, until when, and what was before, so that it can be taken back.
create table closure (
    closure_id uuid primary key,
    state text not null constraint closure_state check (state in ('closed', 'unreachable')),
    reason jsonb not null,
    set_by text not null,
    set_at timestamptz not null,
    -- Null: until further notice.
    until_at timestamptz,
    state_before text not null,
    reason_before jsonb not null,
    ended_at timestamptz,
    constraint closure_span check (until_at > set_at)
);

alter table site add column closure_id uuid references closure;
-- Whether bays of suspended rights may be given to others.
alter table site add column release_suspended boolean not null default true;

alter table parking_right drop constraint parking_right_state;
alter table parking_right add constraint parking_right_state check
    (state in ('held', 'confirmed', 'suspended', 'checked_in', 'left', 'cancelled', 'expired', 'no_show'));
-- Suspended, and its bay given to somebody else meanwhile.
alter table parking_right add column lost_at timestamptz;
create index parking_right_suspended on parking_right (valid_until) where state = 'suspended';
