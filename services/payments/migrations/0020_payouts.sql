-- What the desk has to hand out: since when, by whom it was, and that it was not after all.

alter table part_refund
    -- Counts its changes, so that what is told late is known to be older.
    add column revision integer not null default 1,
    add column at_desk_since timestamptz,
    add column paid_out_by text not null default '',
    -- How often it was noted as handed out and taken back.
    add column round integer not null default 0;
update part_refund set at_desk_since = requested_at where state = 'at_desk';
alter table part_refund
    add constraint part_refund_at_desk_since check (state <> 'at_desk' or at_desk_since is not null),
    add constraint part_refund_paid_out check (paid_out_by = '' or state = 'done');
create index part_refund_at_desk on part_refund (at_desk_since) where state = 'at_desk';
create index part_refund_paid_out_at on part_refund (done_at) where paid_out_by <> '';

-- A payout that is taken back is a line of its own: the ledger only ever grows.
alter table ledger
    add column round integer not null default 0,
    drop constraint ledger_kind,
    drop constraint ledger_sign,
    drop constraint ledger_part,
    drop constraint ledger_once,
    add constraint ledger_kind check (kind in ('charge', 'refund', 'part_refund', 'payout_back', 'void')),
    add constraint ledger_sign check (case kind
        when 'charge' then cents >= 0 when 'payout_back' then cents >= 0 when 'void' then cents = 0 else cents <= 0 end),
    add constraint ledger_part check ((kind in ('part_refund', 'payout_back')) = (refund_id is not null)),
    -- No payment is charged twice or given back twice, and no part goes back twice unless it was taken back in between.
    add constraint ledger_once unique nulls not distinct (payment_id, kind, refund_id, round);
