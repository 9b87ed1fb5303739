-- The door: a log that says all that happened and that nobody can change, exits, undo, scanners without a
-- network and what they do not agree on.

alter table scan
    add column kind text not null default 'entry' constraint scan_kind check (kind in ('entry', 'exit', 'reentry', 'undo')),
    -- Whom it let in or out. Empty where a scanner without a network counted people of a party: then `wanted` says
    -- how many, and which tickets those are follows from all lines about the party together.
    add column tickets uuid[] not null default '{}',
    add column wanted integer not null default 0 constraint scan_wanted check (wanted >= 0),
    -- The account, where staff have done it.
    add column by text not null default '',
    add column reason text not null default '',
    add column offline boolean not null default false,
    -- The scanner's clock against the house's; `at` is corrected by it.
    add column skew_ms bigint not null default 0,
    add column recorded_at timestamptz,
    -- What an undo takes back.
    add column undoes_device text,
    add column undoes_nonce text,
    add constraint scan_undone_once unique (undoes_device, undoes_nonce),
    add constraint scan_undoes foreign key (undoes_device, undoes_nonce) references scan (device_id, nonce),
    add constraint scan_undo_of_something check ((kind = 'undo') = (undoes_nonce is not null));

update scan s set recorded_at = at, tickets = coalesce(
    (select array_agg(t.ticket_id) from door_ticket t
     where s.verdict = 'admitted' and t.visit_id = s.visit_id and t.admitted_at = s.at and t.lane = s.lane), '{}');
alter table scan alter column recorded_at set not null, drop column ticket_id;
create index scan_of_visit on scan (visit_id) where visit_id is not null;

create function scan_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the scan log is append-only: what was wrong is undone by a line of its own';
end $$;
create trigger scan_append_only before update or delete or truncate on scan
    for each statement execute function scan_is_append_only();

alter table door_ticket
    -- Has left before the end and may come back.
    add column out_since timestamptz,
    add constraint door_ticket_out_of_where check (out_since is null or admitted_at is not null);

alter table admission
    drop constraint admission_state,
    add constraint admission_state check (state in
        ('planned', 'doors_open', 'last_call', 'running', 'egress', 'turnover', 'closed', 'cancelled', 'aborted')),
    -- Live tickets.
    add column booked integer not null default 0,
    -- Admitted, and out again for now.
    add column outside integer not null default 0 constraint admission_outside check (outside between 0 and admitted),
    add column state_since timestamptz,
    add column cleaned_at timestamptz,
    add column cleaned_by text not null default '';
update admission a set booked = (select count(*) from door_ticket t where t.showing_id = a.showing_id and t.live);

-- Lists that scanners have taken; a journal of one that never took any is refused.
create table admission_list (
    id uuid primary key,
    device_id text not null,
    day date not null,
    issued_at timestamptz not null,
    valid_until timestamptz not null
);
create index admission_list_of_device on admission_list (device_id);

-- Every journal that came, in parts or whole.
create table scan_journal (
    id bigint generated always as identity primary key,
    device_id text not null,
    device_now timestamptz not null,
    skew_ms bigint not null,
    entries integer not null,
    by text not null,
    received_at timestamptz not null
);

-- What scanners, or a scanner and the house, do not agree on; for staff.
create table scan_conflict (
    -- Of a double admission the ticket's id, else one that follows from the scan.
    id uuid primary key,
    kind text not null constraint scan_conflict_kind check (kind in ('double', 'cancelled', 'wrong_showing', 'unknown')),
    showing_id uuid not null,
    visit_id uuid,
    ticket_id uuid,
    -- The scan that brought it to light.
    device_id text not null,
    nonce text not null,
    noticed_at timestamptz not null,
    resolved_at timestamptz,
    resolved_by text not null default '',
    resolution text not null default ''
);
create index scan_conflict_open on scan_conflict (noticed_at) where resolved_at is null;
