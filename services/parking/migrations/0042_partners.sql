-- Other houses' systems that speak with this one by name: who assigns rights in APDS' words, who tells of charging points in
-- OCPI's. Each has a token of its own, of which the hash is kept.
create table partner (
    id text primary key,
    speaks text not null constraint partner_speaks check (speaks in ('apds', 'ocpi')),
    token_hash bytea unique
);

-- Rights that a partner has assigned. There is no visit behind them: the right's id is the partner's.
create table assigned_right (
    right_id uuid primary key references parking_right,
    -- A partner that the house file no longer names leaves its rights behind.
    partner text not null,
    version integer not null constraint assigned_right_version check (version >= 1)
);

create table charge_point (
    partner text not null references partner on delete cascade,
    uid text not null,
    status text not null constraint charge_point_status check (status in ('AVAILABLE', 'BLOCKED', 'CHARGING',
        'INOPERATIVE', 'OUTOFORDER', 'PLANNED', 'REMOVED', 'RESERVED', 'UNKNOWN')),
    last_updated timestamptz not null,
    primary key (partner, uid)
);
