-- Zones within zones, thresholds, escape groups, counters, what was counted when, and the audit log.

alter table zone add column kind text not null default 'room'
    constraint zone_kind check (kind in ('room', 'level', 'house'));
alter table zone add column parent text not null default '';
-- Where each level rises and falls, in percent of the capacity.
alter table zone add column thresholds jsonb not null
    default '{"amber":{"rise":80,"fall":75},"red":{"rise":95,"fall":90},"stop":{"rise":100,"fall":95}}';
-- "desk", "cafe": people queue here, and how long is estimated; empty: nowhere.
alter table zone add column queue text not null default '';
alter table zone add column step_free boolean not null default true;
-- A people counter counts it and works: scans leave it alone.
alter table zone add column counted boolean not null default false;
-- Data of a counter was lost: the number is told again when somebody has counted.
alter table zone add column drifted boolean not null default false;
alter table zone add column valid_until timestamptz;
alter table zone add column level_since timestamptz not null default '2023-03-30T00:00:00Z';
alter table zone drop constraint zone_quality;
alter table zone add constraint zone_quality check (quality in ('live', 'estimated', 'manual', 'degraded'));

-- Zones that share escape routes: their sum against the permit's limit.
create table escape_group (
    id text primary key,
    name jsonb not null,
    place integer not null,
    zones text[] not null,
    most integer not null constraint escape_group_limit check (most > 0),
    limit_source text not null,
    thresholds jsonb not null,
    level text not null default 'green' constraint escape_group_level check (level in ('green', 'amber', 'red', 'stop')),
    observed_at timestamptz not null
);

-- One number that rises with every change of what is in this file and in 0011.
create table flow_mark (
    one boolean primary key default true constraint flow_mark_one check (one),
    revision bigint not null
);
insert into flow_mark (revision) values (1);

-- A click of the staff clicker, once.
create table zone_click (
    idempotency_key uuid primary key,
    zone_id text not null references zone,
    people integer not null,
    by text not null,
    at timestamptz not null
);
create index zone_click_by_time on zone_click (at);

-- A zone's number whenever it was another one, at most once a second; kept for replays.
create table zone_sample (
    zone_id text not null references zone,
    at timestamptz not null,
    count integer not null,
    level text not null,
    quality text not null,
    primary key (zone_id, at)
);
create index zone_sample_by_time on zone_sample (at);

-- Who came and left by the minute, where a counter or a clicker says so.
create table zone_traffic (
    zone_id text not null references zone,
    minute timestamptz not null,
    came integer not null,
    gone integer not null,
    primary key (zone_id, minute)
);
create index zone_traffic_by_time on zone_traffic (minute);

-- Every act, with who, what, when, before and after. Nothing here is ever changed or taken away.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    act text not null,
    about text not null,
    before jsonb not null,
    after jsonb not null
);
create index audit_about on audit (about, id);
create function audit_stays() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using constraint = 'audit_append_only';
end $$;
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_stays();
