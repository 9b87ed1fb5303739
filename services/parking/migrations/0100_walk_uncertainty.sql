-- How far off the walk to the door may be, as the house file says; as long as it does not: half of the walk.
alter table site add column walk_uncertainty_seconds integer not null default 0
    constraint site_walk_uncertainty check (walk_uncertainty_seconds >= 0);
update site set walk_uncertainty_seconds = walk_minutes * 30;
