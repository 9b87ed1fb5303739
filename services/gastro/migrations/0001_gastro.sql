-- AstroGastro: menu with dated prices, stations with their time in quarters of an hour, orders.

-- Locked first by everybody who takes or frees station time or moves an order. Its revision rises with
-- every change that the kitchen's board shows.
create table kitchen (
    one boolean primary key default true constraint kitchen_is_one check (one),
    revision bigint not null default 1
);
insert into kitchen default values;

create table tax (
    id text primary key,
    basis_points integer not null constraint tax_rate check (basis_points between 0 and 10000),
    valid_from date not null,
    source text not null
);

create table station (
    station_id text primary key,
    name jsonb not null,
    state text not null default 'open' constraint station_state check (state in ('open', 'paused', 'closed')),
    -- Seconds of work it can do in a quarter of an hour: more than 900 when several work there.
    slot_seconds integer not null constraint station_capacity check (slot_seconds > 0)
);

create table menu_item (
    item_id text primary key,
    place integer not null,
    name jsonb not null,
    description jsonb not null,
    category text not null constraint menu_item_category check (category in ('food', 'drink')),
    station_id text not null references station,
    -- Of its station, for one piece.
    work_seconds integer not null constraint menu_item_work check (work_seconds > 0),
    -- Numbers of Annex II, Regulation (EU) 1169/2011.
    allergens integer[] not null,
    traces integer[] not null,
    diets text[] not null,
    available boolean not null,
    -- False once the house file no longer has it: its prices stay, because orders point to them.
    listed boolean not null
);

create table price (
    price_id text primary key,
    item_id text not null references menu_item,
    cents bigint not null constraint price_not_negative check (cents >= 0),
    tax_id text not null references tax,
    valid_from date not null,
    source text not null,
    constraint price_one_per_day unique (item_id, valid_from)
);

-- Times of showings as a hold, reservations and flow told them.
create table known_showing (
    showing_id uuid primary key,
    starts_at timestamptz,
    ends_at timestamptz,
    -- Null: no more than what a hold said.
    told_at timestamptz,
    predicted_end_at timestamptz,
    predicted_at timestamptz,
    -- True from the start of the showing on: then the prediction is better than the plan.
    has_begun boolean not null default false
);

create table meal_order (
    order_id uuid primary key,
    visit_id uuid not null constraint meal_order_one_per_visit unique,
    showing_id uuid not null,
    state text not null constraint meal_order_state check (state in
        ('held', 'scheduled', 'fired', 'preparing', 'ready', 'collected', 'expired', 'cancelled')),
    state_at timestamptz not null,
    pickup text not null constraint meal_order_pickup check (pickup in ('before', 'after')),
    -- The showing's times that the pickup was chosen for.
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    pickup_at timestamptz not null,
    prep_seconds integer not null constraint meal_order_prep check (prep_seconds > 0),
    fire_at timestamptz not null,
    expires_at timestamptz not null,
    -- The number called at the counter, and the day in Halle that it counts in; null until confirmed.
    number integer,
    day date,
    lines jsonb not null,
    charges jsonb not null,
    -- What the kitchen must see: from scheduled to ready, and for a while what was cancelled too late.
    on_board boolean not null,
    constraint meal_order_number unique (day, number)
);
create index meal_order_of_showing on meal_order (showing_id) where state in ('held', 'scheduled');
create index meal_order_holds on meal_order (expires_at) where state = 'held';
create index meal_order_on_board on meal_order (fire_at) where on_board;

-- Station time taken in a quarter of an hour. The check is the last wall: no count is ever the guard.
create table slot_use (
    station_id text not null references station,
    slot_at timestamptz not null,
    seconds integer not null,
    capacity integer not null,
    primary key (station_id, slot_at),
    constraint slot_within_capacity check (seconds between 0 and capacity),
    constraint slot_on_the_quarter check (extract(epoch from slot_at)::bigint % 900 = 0)
);

create table slot_claim (
    order_id uuid not null references meal_order on delete cascade,
    station_id text not null,
    slot_at timestamptz not null,
    seconds integer not null constraint slot_claim_positive check (seconds > 0),
    primary key (order_id, station_id),
    foreign key (station_id, slot_at) references slot_use
);

create table day_number (
    day date primary key,
    last integer not null
);

-- Visits that were told that their meal cannot be made: they are told once.
create table refusal (
    visit_id uuid primary key,
    at timestamptz not null
);
