-- A recipe that was corrected after an order is a question too.
alter table affected_order drop constraint affected_cause;
alter table affected_order add constraint affected_cause
    check (cause in ('station', 'cancelled_visit', 'kitchen_system', 'no_time', 'recipe'));
-- When the house file brought what is on the menu now: what was held before that is looked at when it is confirmed.
alter table kitchen add column menu_at timestamptz not null default 'epoch';
