-- Once a minute those are looked for, too, whose bay could not be used when they were due, and can be used again since: what it
-- cost goes back when nobody has stood in it. Like `bay_suspended`, it hardly ever changes.
alter table visit add column bay_kept_out boolean not null
    generated always as (coalesce(bay -> 'kept_out' = 'true'::jsonb, false)) stored;
create index visit_kept_out_of_bay on visit (id) where bay_kept_out;
