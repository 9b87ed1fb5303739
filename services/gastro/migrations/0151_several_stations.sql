-- Stations that work on an item besides its own, each with its seconds for one piece.
alter table menu_item add column also_at jsonb not null default '[]';
