-- How meals are paid, receipts that correct others, and what the TSE is told of orders and receipts.

-- How a visit's meal is paid. Written by whoever is heard first: the visit's confirmation, or the desk's settling.
create table meal_payment (
    visit_id uuid primary key,
    -- 'at_desk': to be paid there, and not paid yet.
    paid_by text not null constraint meal_payment_way check (paid_by in ('free', 'online', 'at_desk', 'cash', 'card')),
    at timestamptz not null
);

-- What a TSE is told, in transactions of its own: started, then finished. Its state here is what is known to be so
-- there, so that whoever asks again goes on with the same transaction.
create table tse_transaction (
    transaction_id uuid primary key,
    order_id uuid not null references meal_order,
    -- Null: the order itself ("AVBestellung"), in so many records.
    receipt bigint constraint tse_once_per_receipt unique references receipt,
    round integer not null default 0,
    charges jsonb,
    made_at timestamptz not null,
    state text not null default 'new' constraint tse_state check (state in ('new', 'started', 'finished')),
    revision integer not null default 0,
    attempts integer not null default 0,
    -- Why it is not finished; empty: it is, or nobody has tried yet.
    problem text not null default '',
    signature text,
    constraint tse_signed_when_finished check ((state = 'finished') = (signature is not null)),
    constraint tse_order_has_its_charges check ((receipt is null) = (charges is not null))
);
create unique index tse_once_per_round on tse_transaction (order_id, round) where receipt is null;
create index tse_unsigned on tse_transaction (made_at) where state <> 'finished';

insert into tse_transaction (transaction_id, order_id, receipt, made_at, state, revision, attempts, problem, signature)
select transaction_id, order_id, number, issued_at, case when signature is null then 'new' else 'finished' end,
    case when signature is null then 0 else 1 end, attempts, coalesce(unsigned_because, ''), signature
from receipt;

drop index receipt_unsigned;
alter table receipt
    drop column signature,
    drop column unsigned_because,
    drop column attempts,
    -- Empty: not told, as of old.
    add column paid_by text not null default ''
        constraint receipt_paid_by check (paid_by in ('', 'free', 'online', 'cash', 'card')),
    drop constraint receipt_kind,
    drop constraint receipt_once_per_order,
    drop constraint receipt_takes_back_a_sale,
    add constraint receipt_kind check (kind in ('sale', 'cancellation', 'correction')),
    add constraint receipt_is_about_a_sale check ((kind = 'sale') = (takes_back is null));
-- A sale once, taken back once; corrected as often as something takes the place of something.
create unique index receipt_once_per_order on receipt (order_id, kind) where kind <> 'correction';

create function receipts_are_never_changed() returns trigger language plpgsql as $$
begin
    raise exception 'a receipt is never changed; issue another one that corrects it';
end
$$;
create trigger receipt_never_changed before update or delete on receipt
    for each row execute function receipts_are_never_changed();
create trigger receipt_no_truncate before truncate on receipt
    for each statement execute function receipts_are_never_changed();
