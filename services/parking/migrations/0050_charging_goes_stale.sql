-- What is told of a charging point holds for so long; then nobody knows.
alter table site add column charging_holds_minutes integer not null default 60
    constraint site_charging_holds check (charging_holds_minutes between 1 and 1440);

alter table charge_point
    -- When it was so: since then, or as the operator has confirmed it later by saying the same again.
    add column observed_at timestamptz,
    -- Whoever watches has been shown that it is too old.
    add column shown_stale boolean not null default false;
update charge_point set observed_at = last_updated;
alter table charge_point alter observed_at set not null;
