-- Devices with several data agents, packages that were kept and sent late, and rules of the policy on escape groups.

-- Each agent numbers its packages by itself: [[agent, number], …], the one heard last at the end.
alter table sensor add column packages jsonb not null default '[]';
alter table sensor drop column last_package;
-- What its last packages said of its clock, and since when they have said so; skew_seconds is what is believed.
alter table sensor add column told_skew_seconds integer not null default 0;
alter table sensor add column told_skew_since timestamptz;

-- The escape group whose level calls for it; empty: the zone's own.
alter table policy_rule add column group_id text not null default '';
alter table escape_group add column level_since timestamptz not null default '2023-03-30T00:00:00Z';
