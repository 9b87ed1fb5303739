-- When the payer paid, which the house may hear of later: what was paid before a showing began is honoured. Null: not paid, or
-- paid before this was kept.
alter table payment add column paid_at timestamptz;
