-- Official weather warnings, as signage took them in, and the zones under the open sky that are to be closed for them.
create table weather_rule (
    place integer primary key,
    zone_id text not null,
    warning text not null,
    from_severity text not null
);
create table weather_warning (
    id uuid primary key,
    kind text not null,
    severity text not null,
    text jsonb not null,
    told_at timestamptz not null,
    valid_until timestamptz not null
);
