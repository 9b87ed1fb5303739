-- A display can stand in for a silent one only if somebody sees it: its device was heard of lately. One that never had a
-- device is not silent, and not there either.
alter table display add column there boolean not null default false;
update display d set there = true from presence p
where p.display_id = d.display_id and p.last_seen_at is not null and not d.silent and d.retired_at is null;
