-- Programme, showings, seats. Places are rows: whoever holds the claim on a row has the place.

create table tax (
    id text primary key,
    basis_points integer not null constraint tax_rate check (basis_points between 0 and 10000),
    valid_from date not null,
    source text not null
);

-- What a place costs: by category of title ("public", "music", "school") and class of visitor.
create table tariff (
    id text primary key,
    category text not null,
    class text not null,
    label jsonb not null,
    cents bigint not null constraint tariff_not_negative check (cents >= 0),
    tax_id text not null references tax,
    valid_from date not null,
    source text not null,
    -- The order in which people are shown them.
    place integer not null,
    constraint tariff_one_per_day unique (category, class, valid_from)
);

-- An approved seating plan; one permit each.
create table layout (
    id text primary key,
    hall text not null,
    name jsonb not null,
    permit text not null
);
create table layout_seat (
    layout_id text not null references layout,
    label text not null,
    row_name text not null,
    row_place integer not null,
    number integer not null,
    features text[] not null,
    primary key (layout_id, label)
);

create table title (
    id text primary key,
    name jsonb not null,
    description jsonb not null,
    minutes integer not null constraint title_minutes check (minutes between 5 and 480),
    category text not null
);

-- The weekly pattern that showings are scheduled from.
create table schedule_slot (
    id text primary key,
    slot jsonb not null
);
create table school_holiday (
    first_day date primary key,
    last_day date not null
);

create table showing (
    id uuid primary key,
    title_id text not null references title,
    hall text not null,
    layout_id text not null references layout,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    doors_at timestamptz not null,
    last_entry_at timestamptz not null,
    -- As first scheduled.
    scheduled_starts_at timestamptz not null,
    state text not null constraint showing_state check (state in ('on_sale', 'delayed', 'cancelled')),
    audience text not null constraint showing_audience check (audience in ('public', 'school', 'private')),
    numbered boolean not null,
    notice jsonb not null,
    capacity integer not null,
    wheelchair_places integer not null,
    -- Kept back for the door and for staff; the rest is sold online.
    door_quota integer not null,
    staff_quota integer not null,
    -- Rises by one with every change: the sum over all showings is the revision of the whole programme.
    revision bigint not null default 1,
    constraint showing_order check (doors_at <= starts_at and starts_at < ends_at)
);
create index showing_by_start on showing (starts_at);
create view showing_with_title as
    select s.*, t.name as title, t.description, t.category from showing s join title t on t.id = s.title_id;

-- A visit's places in one showing: first held, then booked.
create table booking (
    visit_id uuid primary key,
    showing_id uuid not null,
    state text not null constraint booking_state
        check (state in ('held', 'released', 'expired', 'confirmed', 'refused', 'cancelled')),
    channel text not null constraint booking_channel check (channel in ('online', 'door', 'staff')),
    reference text not null default '',
    seats jsonb not null,
    items jsonb not null,
    held_at timestamptz not null,
    expires_at timestamptz not null
);
create index booking_of_showing on booking (showing_id);

-- Who has which place. An expired hold (expires_at in the past) is taken over by the next insert.
create table seat_claim (
    showing_id uuid not null references showing,
    seat text not null,
    visit_id uuid not null references booking,
    channel text not null,
    place text not null constraint seat_claim_place check (place in ('general', 'wheelchair', 'companion')),
    -- Null: sold.
    expires_at timestamptz,
    constraint seat_claim_one_holder primary key (showing_id, seat)
);
create index seat_claim_of_visit on seat_claim (visit_id);
create index seat_claim_expiring on seat_claim (expires_at) where expires_at is not null;

create table ticket (
    id uuid primary key,
    visit_id uuid not null references booking,
    showing_id uuid not null references showing,
    seat text not null,
    tariff_class text not null,
    need text,
    live boolean not null
);
create index ticket_of_visit on ticket (visit_id);
-- The last wall: no place is ever sold twice.
create unique index ticket_one_per_place on ticket (showing_id, seat) where live;
