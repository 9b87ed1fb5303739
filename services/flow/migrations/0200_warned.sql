-- A stop that held while its zone was warned of ends no more by the policy that had proposed it.
alter table directive add column warned boolean not null default false;
