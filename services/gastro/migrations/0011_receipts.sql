-- Receipts: numbered without a gap, never changed; only the signature is added when there is one.

create table receipt_number (
    one boolean primary key default true constraint receipt_number_is_one check (one),
    last bigint not null default 0
);
insert into receipt_number default values;

create table receipt (
    number bigint primary key,
    order_id uuid not null references meal_order,
    visit_id uuid not null,
    kind text not null constraint receipt_kind check (kind in ('sale', 'cancellation')),
    takes_back bigint references receipt,
    issued_at timestamptz not null,
    charges jsonb not null,
    taxes jsonb not null,
    cents bigint not null,
    -- Of the TSE; the same in every attempt.
    transaction_id uuid not null unique,
    signature text,
    unsigned_because text,
    attempts integer not null default 0,
    constraint receipt_once_per_order unique (order_id, kind),
    constraint receipt_takes_back_a_sale check ((kind = 'cancellation') = (takes_back is not null))
);
create index receipt_of_visit on receipt (visit_id);
create index receipt_unsigned on receipt (number) where signature is null;
