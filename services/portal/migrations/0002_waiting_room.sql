-- Waiting rooms before showings that go on sale at an announced minute. A place belongs to a browser's session
-- and to nobody's name. `opens_at` is the house's time; when somebody was let in is the machine's.

create table waiting_room (
    id         uuid primary key,
    name_de    text not null,
    name_en    text not null,
    -- Null: it stands before one showing.
    release_id text,
    -- What nobody sees without a pass while the room is open.
    showings   uuid[] not null constraint waiting_room_guards_something check (cardinality(showings) > 0),
    -- Whoever comes before is drawn, whoever comes later is let in by arrival.
    opens_at   timestamptz not null,
    opened_by  text not null,
    closed_at  timestamptz,
    -- How many are let in at the next turn, at most.
    rate       integer not null constraint waiting_room_rate_bounded check (rate between 1 and 500),
    turned_at  timestamptz not null,
    -- When the seller could not keep up last.
    busy_at    timestamptz,
    -- What is left, as of the last turn.
    free       integer not null default 0,
    held_until timestamptz,
    outlook    text not null default 'unknown'
        constraint waiting_room_outlook_known check (outlook in ('unknown', 'selling', 'all_held', 'sold_out')),
    revision   bigint not null default 1
);
create index waiting_room_open on waiting_room (opens_at) where closed_at is null;

-- The order of those who come later.
create sequence waiting_room_arrival;

create table waiting_place (
    room_id      uuid not null references waiting_room on delete cascade,
    session_id   uuid not null references session on delete cascade,
    -- False sorts first: those who were there before.
    late         boolean not null,
    -- Drawn for those who were there before, counted for the others.
    rank         bigint not null,
    admitted_at  timestamptz,
    passed_until timestamptz,
    -- When something was held with the pass.
    used_at      timestamptz,
    constraint waiting_place_one_per_browser primary key (room_id, session_id),
    constraint waiting_place_pass check ((admitted_at is null) = (passed_until is null))
);
create index waiting_place_next on waiting_place (room_id, late, rank) where admitted_at is null;
create index waiting_place_in on waiting_place (room_id, admitted_at) where admitted_at is not null;
create index waiting_place_session on waiting_place (session_id);
