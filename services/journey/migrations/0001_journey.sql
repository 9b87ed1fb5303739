-- Visits: one row has all that a visit is, whoever told it. Contact data stands here and nowhere else.

-- What reservations and flow have told of showings. Times are empty while only flow has spoken.
create table showing (
    showing_id uuid primary key,
    title jsonb not null default '{"de": ""}',
    starts_at timestamptz,
    ends_at timestamptz,
    doors_at timestamptz,
    predicted_end_at timestamptz,
    admission text not null default 'planned' constraint showing_admission check (admission in
        ('planned', 'doors_open', 'last_call', 'running', 'egress', 'turnover', 'closed', 'cancelled')),
    cancelled boolean not null default false,
    -- Why it is delayed or cancelled.
    notice jsonb not null default '{"de": ""}'
);

create table visit (
    id uuid primary key,
    -- Who made it: a hash of the visitor's session, or the account of staff.
    maker text not null,
    -- Of the request that made it; empty when that request failed and may be tried anew.
    idempotency_key uuid,
    request_hash bytea not null,
    state text not null constraint visit_state check (state in ('holding', 'refused', 'held',
        'awaiting_payment', 'confirming', 'confirmed', 'expired', 'cancelled', 'refunding', 'refunded')),
    -- When somebody must look after it; empty where nothing is waited for.
    deadline timestamptz,
    -- Rises with every change that its visitor sees.
    revision bigint not null,
    showing_id uuid not null,
    language text not null,
    party jsonb not null,
    seats jsonb not null default '[]',
    seat_items jsonb not null default '[]',
    booking text not null default 'held',
    bay jsonb,
    meal jsonb,
    booked_starts_at timestamptz,
    booked_ends_at timestamptz,
    held_at timestamptz not null,
    hold_expires_at timestamptz not null,
    refusal jsonb,
    contact_name text not null default '',
    contact_email text not null default '',
    method text,
    payment_state text not null default 'none',
    payment_url text not null default '',
    payment_expires_at timestamptz,
    ordered_at timestamptz,
    entered_at timestamptz,
    left_at timestamptz,
    admitted integer not null default 0,
    notice jsonb not null default '{"de": ""}',
    constraint visit_waits_for_something check (
        deadline is not null or state in ('refused', 'confirmed', 'expired', 'cancelled', 'refunded'))
);
create unique index visit_one_per_key on visit (maker, idempotency_key);
create index visit_due on visit (deadline) where deadline is not null;
create index visit_of_showing on visit (showing_id);
create index visit_with_contact on visit (booked_ends_at) where contact_name <> '' or contact_email <> '';

create table admitted_ticket (
    visit_id uuid not null references visit,
    ticket_id uuid not null,
    primary key (visit_id, ticket_id)
);

-- Capability links to a visit's page: only the hash of the secret.
create table link (
    hash bytea primary key,
    visit_id uuid not null references visit,
    created_at timestamptz not null
);
create index link_of_visit on link (visit_id, created_at);
