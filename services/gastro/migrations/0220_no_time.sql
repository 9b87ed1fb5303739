-- A meal for which no station has time for hours needs a decision of staff, too.
alter table affected_order drop constraint affected_cause;
alter table affected_order add constraint affected_cause
    check (cause in ('station', 'cancelled_visit', 'kitchen_system', 'no_time'));
