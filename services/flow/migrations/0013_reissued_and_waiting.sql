-- Codes that were issued anew, and scans of journals whose booking has not come yet.

-- A ticket's or a visit's codes below this generation admit nobody. Kept by itself: the booking may come later.
create table reissued (
    id uuid primary key,
    generation integer not null constraint reissued_generation check (generation > 1),
    at timestamptz not null
);

alter table scan_conflict drop constraint scan_conflict_kind,
    add constraint scan_conflict_kind check (kind in ('double', 'cancelled', 'wrong_showing', 'unknown', 'replaced'));

-- What a scanner without a network let in with a genuine code that nothing was known of: whose it was, until the
-- booking comes.
create table waiting_scan (
    device_id text not null,
    nonce text not null,
    conflict_id uuid not null,
    kind text not null,
    lane text not null,
    showing_id uuid not null,
    -- One of the three.
    ticket_id uuid,
    visit_id uuid,
    reference text,
    generation integer not null,
    people integer not null,
    late_reason text not null,
    by text not null,
    skew_ms bigint not null,
    at timestamptz not null,
    noted_at timestamptz not null,
    primary key (device_id, nonce)
);
