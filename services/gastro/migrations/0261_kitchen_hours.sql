-- When meals are handed out, as the house file says; nothing: at all hours.
alter table kitchen_rule add column hours jsonb not null default '{}';
