-- The kitchen's own work: busy stations, orders that need a decision, firing once, tickets, waste, screens.

alter table station drop constraint station_state;
alter table station add constraint station_state check (state in ('open', 'busy', 'paused', 'closed'));
-- By how much everything takes longer while it is busy.
alter table station add column delay_seconds integer not null default 0
    constraint station_delay check (delay_seconds between 0 and 7200 and (delay_seconds > 0) = (state = 'busy'));

alter table meal_order drop constraint meal_order_state;
alter table meal_order add constraint meal_order_state check (state in
    ('held', 'scheduled', 'fired', 'preparing', 'ready', 'recalled', 'collected', 'expired', 'cancelled'));
-- Ordered at the counter; its visit is itself.
alter table meal_order add column walk_up boolean not null default false;
create index meal_order_unfired on meal_order (pickup_at) where state = 'scheduled';

-- What the house file says of the kitchen's day. One row, with the values of a house that says nothing.
create table kitchen_rule (
    one boolean primary key default true constraint kitchen_rule_is_one check (one),
    -- From the dome to the counter.
    walk_seconds integer not null default 0 constraint kitchen_walk check (walk_seconds between 0 and 3600),
    recall_seconds integer not null default 1200 constraint kitchen_recall check (recall_seconds > 0),
    give_up_seconds integer not null default 600 constraint kitchen_give_up check (give_up_seconds > 0),
    undo_seconds integer not null default 90 constraint kitchen_undo check (undo_seconds > 0),
    -- A pause is taken to last so long when a later pickup is offered.
    pause_seconds integer not null default 1800 constraint kitchen_pause check (pause_seconds > 0),
    -- How the kitchen calls itself to other systems.
    account text not null default '',
    location text not null default '',
    channel text not null default ''
);
insert into kitchen_rule default values;

-- Each order is fired once: whoever finds its row here does not do it again.
create table firing (
    order_id uuid constraint firing_once primary key,
    fired_at timestamptz not null
);

-- The last move by hand, which can be taken back for a while.
create table last_move (
    order_id uuid primary key,
    from_state text not null,
    to_state text not null,
    at timestamptz not null,
    -- Only this station's part was moved, from there.
    station_id text,
    part_from text
);

-- Placed orders that need a decision. Settled ones are deleted: what came of them is in the event log.
create table affected_order (
    order_id uuid primary key references meal_order on delete cascade,
    cause text not null constraint affected_cause check (cause in ('station', 'cancelled_visit', 'kitchen_system')),
    station_id text references station,
    since timestamptz not null,
    later_pickup_at timestamptz,
    answer_until timestamptz not null
);
create index affected_until on affected_order (answer_until);

-- One station's part of a fired order. A substitution begins another round.
create table ticket (
    ticket_id uuid primary key,
    order_id uuid not null references meal_order on delete cascade,
    station_id text not null references station,
    round integer not null default 0,
    work text not null default 'fired' constraint ticket_work check (work in ('fired', 'preparing', 'ready')),
    print text not null constraint ticket_print check (print in ('on_screen', 'unsent', 'printed')),
    attempts integer not null default 0,
    -- By the machine's clock, like everything about devices.
    next_try_at timestamptz not null,
    problem text not null default '',
    -- Somebody wants it on paper, whatever screens show.
    asked boolean not null default false,
    constraint ticket_once unique (order_id, station_id, round)
);
create index ticket_of_order on ticket (order_id);
create index ticket_unsent on ticket (next_try_at) where print = 'unsent';

-- Kitchen screens that say that they show a station; null: all of them. By the machine's clock.
create table screen (
    screen_id text primary key,
    station_id text references station,
    seen_at timestamptz not null
);

create table waste (
    waste_id uuid primary key,
    order_id uuid,
    number integer,
    item_id text not null,
    name jsonb not null,
    quantity integer not null constraint waste_quantity check (quantity > 0),
    reason text not null constraint waste_reason
        check (reason in ('cancelled', 'not_collected', 'mistake', 'dropped', 'spoiled')),
    -- The day in Halle.
    day date not null,
    at timestamptz not null,
    by text not null
);
create index waste_of_day on waste (day, at);

-- Tokens of kitchen systems: only the hash.
create table kds_token (
    hash bytea primary key,
    issued_at timestamptz not null,
    issued_by text not null
);
