-- When the provider was last asked and said that nothing was paid yet. Where it does not say when a payment was made, it was
-- made no earlier: that counts, in favour of whoever paid. Null: it has never said so.
alter table payment add column open_at timestamptz;
