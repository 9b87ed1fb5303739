-- Parts of what was paid or promised that go back while the visit takes place: a meal that is cancelled or replaced by
-- a cheaper one, a bay that is not to be had, a cheaper showing. Asked of payments once, by the key of their cause.

create table money_back (
    refund_id uuid primary key,
    visit_id uuid not null references visit,
    cents bigint not null constraint money_back_positive check (cents > 0),
    reason jsonb not null,
    state text not null constraint money_back_state check (state in
        ('asked', 'returning', 'at_desk', 'less_due', 'done', 'covered')),
    asked_at timestamptz not null
);
create index money_back_of_visit on money_back (visit_id, asked_at);
