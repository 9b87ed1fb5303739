-- Players that speak SMIL say who they are by a UUID of their own.
alter table display add column player uuid;
create index display_by_player on display (player) where player is not null;
