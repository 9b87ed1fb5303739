-- The devices behind the displays: their pairing, what they say of themselves, what they were asked, what they have
-- shown; and the neighbours that take a silent display's message.

-- Apart from the displays: a device may be paired before its display is set up.
create table pairing (
    display_id text primary key,
    state text not null,
    at timestamptz not null,
    constraint pairing_state_known check (state in ('approved', 'paired', 'revoked'))
);

alter table presence add column health jsonb;

alter table display
    add column orientation text not null default 'landscape',
    add column neighbours text[] not null default '{}',
    -- Found silent, so that its neighbour takes its message.
    add column silent boolean not null default false,
    add column retired_at timestamptz,
    alter column view_id drop not null,
    add constraint display_orientation_known check (orientation in ('landscape', 'portrait')),
    add constraint display_hangs_or_is_retired check ((view_id is null) = (retired_at is not null));

create table fault (
    display_id text not null references display on delete cascade,
    code text not null,
    incident_at timestamptz not null,
    reason text not null,
    subject text not null,
    over_at timestamptz,
    primary key (display_id, code, incident_at)
);
create unique index fault_open_once on fault (display_id, code) where over_at is null;

create table screenshot (
    screenshot_id uuid primary key,
    display_id text not null references display on delete cascade,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    taken_at timestamptz,
    media_type text,
    picture bytea,
    constraint screenshot_whole check ((taken_at is null) = (picture is null) and (taken_at is null) = (media_type is null))
);
create index screenshot_by_end on screenshot (expires_at);

create table play (
    display_id text not null references display on delete cascade,
    play_id text not null,
    subject text not null,
    started_at timestamptz not null,
    seconds integer not null,
    revision bigint not null,
    primary key (display_id, play_id)
);
create index play_by_time on play (display_id, started_at);

-- Rises when a device is asked something: other replicas hold its stream.
alter table board add column asked bigint not null default 0;
