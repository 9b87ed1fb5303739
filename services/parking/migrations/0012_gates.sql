-- Lanes with a barrier, as the house file names them, and what their controllers say.
create table lane (
    id text primary key,
    direction text not null constraint lane_direction check (direction in ('in', 'out')),
    -- Null: the barrier closes behind each car.
    hold_open text constraint lane_hold_open check (hold_open in ('staff', 'evacuation')),
    -- The controller has seen it stay open.
    held_open boolean not null default false,
    fault text not null default '',
    -- Null: no controller has ever reported.
    heartbeat_at timestamptz,
    -- Until when the list that it fetched last is good.
    list_until timestamptz,
    -- The state that staff were shown last.
    told text not null default 'unknown',
    revision bigint not null default 1
);

-- What barriers are told to do. Perishable: what nobody acknowledged in time is never done.
create table gate_command (
    command_id uuid primary key,
    idempotency_key uuid not null constraint gate_command_key unique,
    lane text not null references lane on delete cascade,
    action text not null constraint gate_command_action check (action in ('open', 'hold_open', 'close')),
    state text not null constraint gate_command_state check (state in ('received', 'accepted', 'dispatched', 'executing',
        'succeeded', 'failed', 'rejected', 'expired', 'cancelled')),
    confirmation text not null constraint gate_command_confirmation
        check (confirmation in ('none', 'accepted', 'device_acknowledged', 'physically_confirmed')),
    reason text not null,
    requested_by text not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    failure text not null default ''
);
create index gate_command_of_lane on gate_command (lane, requested_at desc);
create index gate_command_open on gate_command (lane) where state in ('accepted', 'dispatched', 'executing');

-- How a line came into the lanes' log: decided here, told afterwards by a lane without a link, or opened by hand.
alter table lane_event add column kind text not null default 'decided'
    constraint lane_event_kind check (kind in ('decided', 'journal', 'by_hand'));
create index lane_event_told on lane_event (lane, at) where kind <> 'decided';

-- The plate as a lane without a link can look it up: hashed with a key of the day.
alter table plate add column lane_hash bytea;
