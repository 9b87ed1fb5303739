-- The wall: contents are computed from memory, once per view (what displays that show the same have in common).
-- The database keeps what memory is loaded from again, and which version of it is the last.

-- Rises with every change: who has another version in memory has an old one.
alter table board
    add column version bigint not null default 0,
    add column setup_version bigint not null default 0;
update board set version = (select coalesce(max(revision), 0) + 1 from display);
update board set setup_version = version;

-- What was told, each fact as it is kept in memory.
create table fact (
    key text primary key,
    value jsonb not null
);
insert into fact
select 'showing/' || showing_id, jsonb_build_object('showing', to_jsonb(s)) from shown_showing s;
insert into fact
select 'house', jsonb_build_object('house', jsonb_build_object('state', state, 'since', since)) from house_fact;
insert into fact
select 'zone/' || zone_id, jsonb_build_object('zone', to_jsonb(z)) from zone_fact z;
insert into fact
select 'site/' || site_id, jsonb_build_object('site', to_jsonb(p)) from site_fact p;
insert into fact
select 'order/' || order_id, jsonb_build_object('order', jsonb_build_object(
    'order_id', order_id, 'number', number, 'at', at, 'done', state = 'done')) from order_fact;
insert into fact
select 'station/' || station_id, jsonb_build_object('station', to_jsonb(t)) from station_fact t;
insert into fact
select 'message/' || message_id, jsonb_build_object('message', jsonb_build_object(
    'message_id', message_id, 'class', (array['scheduled', 'operations', 'safety'])[class - 1], 'text', text,
    'group', display_group, 'published_at', published_at, 'valid_until', valid_until, 'withdrawn', withdrawn))
from message;
drop table shown_showing, house_fact, zone_fact, site_fact, order_fact, station_fact, message;

create table view (
    view_id uuid primary key,
    content jsonb not null,
    class smallint not null,
    -- The board's version in which it was computed.
    revision bigint not null,
    computed_at timestamptz not null
);

alter table display
    add column groups text[],
    add column view_id uuid,
    -- The board's version from which on it shows this view: a display never sees its revision fall.
    add column view_since bigint;
update display
set groups = array[display_group], view_since = 0,
    view_id = md5(display_group || setup::text || configured_at::text)::uuid;
insert into view
select distinct on (view_id) view_id, content, shown_class, (select version from board), computed_at
from display where content is not null order by view_id, computed_at desc;

-- What a device says of itself, apart from what is set up: it says so all the time.
create table presence (
    display_id text primary key references display on delete cascade,
    rendered_revision bigint not null default 0,
    rendered_at timestamptz,
    -- By the machine's clock, not by the house's: a network does not run faster in a simulation.
    last_seen_at timestamptz
) with (fillfactor = 50);
insert into presence
select display_id, rendered_revision, rendered_at, last_seen_at from display
where rendered_revision > 0 or last_seen_at is not null;

alter table display
    alter column groups set not null,
    alter column view_id set not null,
    alter column view_since set not null,
    drop column display_group,
    drop column revision,
    drop column content,
    drop column content_hash,
    drop column shown_class,
    drop column computed_at,
    drop column rendered_revision,
    drop column rendered_at,
    drop column last_seen_at;
create index display_by_view on display (view_id);
