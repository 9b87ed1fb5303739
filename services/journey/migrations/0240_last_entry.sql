-- Until when late guests are let in; null: not told, then until it starts.
alter table showing add column last_entry_at timestamptz;
