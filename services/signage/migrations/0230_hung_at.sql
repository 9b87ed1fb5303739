-- Since when a display hangs without a break, by the machine's clock: what it was silent before, nobody missed. Unknown of those
-- that hung before this was kept.
alter table display add column hung_at timestamptz;
