-- Once a minute those are looked for whose bay cannot be used and is over. They are few, so they have an index of their own;
-- it rests on a column that hardly ever changes, so that all other steps of a visit leave the indexes alone.
alter table visit add column bay_suspended boolean not null
    generated always as (coalesce(jsonb_typeof(bay -> 'suspension') = 'object', false)) stored;
create index visit_with_suspended_bay on visit (id) where bay_suspended;
