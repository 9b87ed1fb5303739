-- What the kitchen's own system is told over HTTP. A row stays until that system has taken it: it may be away for hours.

-- One row while a system is configured; else nothing is written down for it.
create table kds_push_on (
    one boolean primary key default true constraint kds_push_on_is_one check (one)
);

create table kds_push (
    -- The key under which it is sent, the same each time.
    push_id uuid primary key,
    seq bigint generated always as identity,
    -- An order's id, or 'busy': what is about one thing is sent in its order.
    subject text not null,
    path text not null,
    body jsonb not null,
    attempts integer not null default 0,
    -- By the machine's clock, like everything about devices. Null: it is over.
    next_try_at timestamptz,
    -- Why it was not taken last; empty: it was, or nobody has tried yet.
    problem text not null default '',
    delivered_at timestamptz
);
create index kds_push_waiting on kds_push (subject, seq) where next_try_at is not null;
create index kds_push_over on kds_push (delivered_at) where delivered_at is not null;
