-- Where the site is, as the house file says it: for open data. Null: not said, and then the site is in none.
alter table site add column place jsonb;
