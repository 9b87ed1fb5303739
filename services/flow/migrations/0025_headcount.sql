-- The headcount: what the house assumes where nobody counts, when it was last seen empty, and of which showings the
-- guests are taken to have left.

create table headcount_policy (
    one boolean primary key default true constraint headcount_policy_one check (one),
    policy jsonb not null
);
alter table house_state add column empty_at timestamptz;
alter table admission add column gone_at timestamptz;
-- Of the showings that are over nobody is taken off the foyer after the fact: who is there has been counted since.
update admission set gone_at = coalesce(state_since, predicted_end_at)
where state in ('egress', 'turnover', 'aborted', 'closed', 'cancelled');
create index admission_still_about on admission (predicted_end_at) where gone_at is null and admitted > 0;
