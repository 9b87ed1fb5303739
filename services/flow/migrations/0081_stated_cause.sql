-- Why people are sent elsewhere, as staff say it; empty: what the house knows itself is said.
alter table directive add column stated_cause text not null default ''
    check (stated_cause in ('', 'full', 'cleaning', 'fault', 'private', 'long_wait'));
