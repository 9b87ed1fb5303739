-- A room that was given no hour of its own opens with the sale it stands before, also when that is moved.
alter table waiting_room add column follows_sale boolean not null default false;
