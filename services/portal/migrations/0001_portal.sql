-- The edge's own state: who may sign in, who is signed in, which devices are paired. No visitor data:
-- a visitor's session knows only the ids of the visits that it has opened.

create table account (
    name          text primary key
        constraint account_name_shape check (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    password_hash text not null,
    roles         text[] not null
        constraint account_roles_known check (roles <@ array['desk', 'operator', 'kitchen', 'attendant', 'admin']),
    disabled      boolean not null default false,
    changed_at    timestamptz not null
);

-- Failed sign-ins by the name that was typed, whether or not such an account exists.
create table sign_in_failure (
    account       text primary key,
    failures      integer not null constraint sign_in_failure_counted check (failures > 0),
    blocked_until timestamptz not null,
    last_at       timestamptz not null
);

-- A paired monitor, scanner or lane. Only the hash of its token is kept.
create table device (
    token_hash  bytea primary key,
    device_id   text not null,
    kind        text not null constraint device_kind_known check (kind in ('display', 'scanner', 'lane')),
    approved_by text not null,
    paired_at   timestamptz not null,
    revoked_at  timestamptz
);
create unique index device_one_live_token on device (device_id) where revoked_at is null;

create table pairing (
    secret_hash bytea primary key,
    claim_code  text not null constraint pairing_claim_code unique,
    kind        text not null constraint pairing_kind_known check (kind in ('display', 'scanner', 'lane')),
    device_id   text,
    approved_by text,
    expires_at  timestamptz not null
);

-- A browser's session. Only the hash of its cookie is kept.
create table session (
    id                uuid primary key,
    cookie_hash       bytea not null constraint session_cookie unique,
    account           text references account on delete cascade,
    device_token_hash bytea references device on delete cascade,
    -- The visit that /visit shows.
    current_visit     uuid,
    -- One message to show on the next page.
    notice            jsonb,
    expires_at        timestamptz not null,
    constraint session_is_of_one check (account is null or device_token_hash is null)
);
create index session_expiry on session (expires_at);

-- The visits that a session has booked or opened with their links.
create table session_visit (
    session_id uuid not null references session on delete cascade,
    visit_id   uuid not null,
    -- The capability link is shown once after the booking.
    link_shown boolean not null,
    opened_at  timestamptz not null,
    primary key (session_id, visit_id)
);
