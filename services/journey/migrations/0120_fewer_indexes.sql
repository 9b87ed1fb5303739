-- Each step of a visit changes its state and its deadline: no index rests on these, so that most steps leave all of them
-- alone. Those that wait are few; which of them are due is seen by looking at them.
alter table visit add column waits boolean not null generated always as (deadline is not null) stored;
drop index visit_due;
create index visit_waiting on visit (id) where waits;

drop index visit_ordered_by_contact;
create index visit_of_contact on visit (showing_id, lower(contact_email)) where contact_email <> '';

-- Names are looked for among a showing's visits, and these have an index.
drop index visit_named;
