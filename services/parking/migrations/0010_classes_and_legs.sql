-- Bays for families and stands for bicycles; and how long it takes from the barrier until parked.
alter table bay_class drop constraint bay_class_known;
alter table bay_class add constraint bay_class_known
    check (class in ('standard', 'accessible', 'family', 'coach', 'ev', 'bicycle'));

alter table site add column park_seconds integer not null default 120
    constraint site_park check (park_seconds >= 0);
alter table site add column park_uncertainty_seconds integer not null default 60
    constraint site_park_uncertainty check (park_uncertainty_seconds >= 0);
