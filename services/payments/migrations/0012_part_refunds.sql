-- Parts of a payment that go back while its visit takes place, and how the desk was paid.

alter table payment
    -- What has gone back, is on its way back, or is not asked for any more. The check is the last wall: whoever asks,
    -- however often and however many at once, no payment gives back more than it has.
    add column given_back bigint not null default 0
        constraint payment_gives_back_what_it_has check (given_back between 0 and cents),
    -- Empty: not paid at the desk, or not told.
    add column means text not null default '' constraint payment_means check (means in ('', 'cash', 'card'));
update payment set given_back = cents where state in ('refunding', 'refunded');

create table part_refund (
    -- The key of its cause: told again, it is the same one.
    refund_id uuid primary key,
    payment_id uuid not null references payment,
    visit_id uuid not null,
    wanted_cents bigint not null constraint part_refund_positive check (wanted_cents > 0),
    cents bigint not null constraint part_refund_within_wish check (cents between 0 and wanted_cents),
    reason text not null,
    state text not null constraint part_refund_state check (state in
        ('returning', 'at_desk', 'less_due', 'done', 'covered')),
    requested_at timestamptz not null,
    attempts integer not null default 0,
    -- Null: the provider is not to be asked, or not any more.
    next_try_at timestamptz,
    done_at timestamptz,
    provider_ref text not null default '',
    constraint part_refund_returns_some_time check ((state = 'returning') = (next_try_at is not null))
);
create index part_refund_of_payment on part_refund (payment_id);
create index part_refund_to_try on part_refund (next_try_at) where next_try_at is not null;

alter table ledger
    add column refund_id uuid references part_refund,
    drop constraint ledger_kind,
    drop constraint ledger_sign,
    drop constraint ledger_once,
    add constraint ledger_kind check (kind in ('charge', 'refund', 'part_refund', 'void')),
    add constraint ledger_sign check (
        case kind when 'charge' then cents >= 0 when 'void' then cents = 0 else cents <= 0 end),
    add constraint ledger_part check ((kind = 'part_refund') = (refund_id is not null)),
    -- No payment is charged twice or given back twice, and no part goes back twice.
    add constraint ledger_once unique nulls not distinct (payment_id, kind, refund_id);
