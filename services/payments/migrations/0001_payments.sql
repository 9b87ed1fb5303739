-- Money: payments, what the provider was asked, and a ledger that only ever grows.

create table payment (
    id uuid primary key,
    visit_id uuid not null,
    idempotency_key uuid not null,
    method text not null constraint payment_method check (method in ('free', 'at_desk', 'online')),
    state text not null constraint payment_state check (state in
        ('pending', 'paid', 'due_at_desk', 'failed', 'refunding', 'refunded', 'voided')),
    cents bigint not null constraint payment_not_negative check (cents >= 0),
    items jsonb not null,
    return_url text not null,
    -- What the provider calls it, and where the visitor pays; empty until the provider has answered.
    provider_ref text not null default '',
    redirect_url text not null default '',
    created_at timestamptz not null,
    expires_at timestamptz not null,
    -- When the provider is asked again, and until when a failed payment is still watched for late money.
    next_check_at timestamptz,
    watch_until timestamptz
);
-- A visit has one payment under way or done; a failed one may be followed by another.
create unique index payment_one_per_visit on payment (visit_id) where state <> 'failed';
create index payment_of_visit on payment (visit_id, created_at);
create index payment_to_check on payment (next_check_at) where next_check_at is not null;

create table refund (
    payment_id uuid primary key references payment,
    reason text not null,
    cents bigint not null constraint refund_positive check (cents > 0),
    requested_at timestamptz not null,
    attempts integer not null default 0,
    -- Empty: not yet asked again; null: done.
    next_try_at timestamptz,
    done_at timestamptz,
    provider_ref text not null default ''
);
create index refund_to_try on refund (next_try_at) where next_try_at is not null;

create table ledger (
    id bigint generated always as identity primary key,
    payment_id uuid not null references payment,
    visit_id uuid not null,
    kind text not null constraint ledger_kind check (kind in ('charge', 'refund', 'void')),
    -- Positive: to the house; negative: back.
    cents bigint not null,
    method text not null,
    at timestamptz not null,
    constraint ledger_sign check (
        case kind when 'charge' then cents >= 0 when 'refund' then cents <= 0 else cents = 0 end),
    -- The last wall: no payment is charged twice or given back twice.
    constraint ledger_once unique (payment_id, kind)
);

create function ledger_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only';
end
$$;
create trigger ledger_append_only before update or delete on ledger
    for each row execute function ledger_is_append_only();
create trigger ledger_no_truncate before truncate on ledger
    for each statement execute function ledger_is_append_only();
