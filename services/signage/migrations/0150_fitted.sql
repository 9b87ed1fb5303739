-- A display of the house file may hang nowhere yet. One that never had a device shows nothing, and nobody waits until it
-- says that it shows what it is to show.
alter table display add column fitted boolean not null default false;
update display set fitted = true
where display_id in (select display_id from pairing union select display_id from presence);
