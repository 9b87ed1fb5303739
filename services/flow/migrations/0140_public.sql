-- Whether everybody may come, as reservations tell it with the plan: strangers are asked to no closed party and to no showing for
-- schools. Of those that were told before this was kept nobody knows it.
alter table admission add column is_public boolean not null default false;
