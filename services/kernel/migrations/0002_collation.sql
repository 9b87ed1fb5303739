-- Ids and keys are compared byte by byte: they are nobody's words, and a language's order costs several
-- times as much with every event and every repeated request.
alter table aggregate_head alter column aggregate_id type text collate "C";
alter table outbox alter column aggregate_id type text collate "C";
alter table consumer_pos alter column producer type text collate "C";
alter table idempotency alter column method type text collate "C", alter column key type text collate "C";
