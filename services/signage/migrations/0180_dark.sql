-- A display may be dark by plan, and then acknowledges nothing but an emergency. Kept with what it shows, so that all
-- replicas tell flow the same of it; it is noted with the next look at what displays say of themselves.
alter table display add column dark boolean not null default false;
