-- Since when a camera's readings have come as late as `behind_seconds` says. As late for a while: it is the clock that is
-- wrong. Null: nobody has noted it yet.
alter table camera add column behind_since timestamptz;
