-- Which question an order waits with: one that is asked again after an answer is another one. With a default, for what the
-- version before writes while both run.
alter table affected_order add column question_id uuid not null default gen_random_uuid();
