-- Each event is written three times: told, numbered, marked. What nobody needs quickly has no index, and a page keeps
-- room, so that the mark (`js_seq`, `published_at`) changes no index at all.
alter table outbox drop constraint outbox_event_id_key, drop constraint outbox_js_seq_key;
drop index outbox_unpublished;
alter table outbox set (fillfactor = 50);

-- Up to this position every event was marked as published when the relay last compared. What waits for the broker is
-- looked for above it.
alter table outbox_head add column published_up_to bigint not null default 0;
