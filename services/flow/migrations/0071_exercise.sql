-- An evacuation that is a drill.
alter table house_state add column exercise boolean not null default false;
