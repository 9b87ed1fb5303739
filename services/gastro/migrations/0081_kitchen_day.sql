-- The day whose orders the kitchen's board shows.
alter table kitchen add column day date not null default '2023-03-30';
