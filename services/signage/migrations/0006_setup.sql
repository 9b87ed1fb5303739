-- What staff have changed of a display, beside what the house file says of it; parts of the day that have a name; and
-- devices that answer that they cannot make a picture of their screen.

alter table display
    -- As the house file says.
    add column configured jsonb,
    -- What staff want otherwise.
    add column changed jsonb;
update display set configured = jsonb_build_object('display_id', display_id, 'name', name, 'location', location,
    'groups', to_jsonb(groups), 'viewing_distance_m', viewing_distance_m, 'orientation', orientation,
    'neighbours', to_jsonb(neighbours), 'player', player, 'setup', setup);
alter table display alter column configured set not null;

-- It counts changes of pairings, too: those of before are looked at once.
update board set asked = asked + 1;

create table day_part (
    part_id text primary key,
    place integer not null,
    name jsonb not null,
    from_time time not null,
    until_time time not null
);

alter table screenshot
    add column not_possible text,
    drop constraint screenshot_whole,
    add constraint screenshot_whole check ((picture is null) = (media_type is null)
        and (taken_at is null) = (picture is null and not_possible is null));
create index screenshot_by_display on screenshot (display_id, requested_at);
