-- Which question an order waits with: one that is asked again after an answer is another one.
alter table affected_order add column question_id uuid;
update affected_order set question_id = gen_random_uuid();
alter table affected_order alter column question_id set not null;
