-- When the house file changed last what the site is: maps fetch its fixed data again when that moves, not with every car.
-- The default is for a house file that is loaded by a process of before.
alter table site add column described_at timestamptz not null default 'epoch';
update site set described_at = observed_at;
