-- What visitors are told by e-mail. No address and no text stands here: both are looked up and made when it is sent, and
-- the rows go with the contact.
create table notice (
    id uuid primary key,
    visit_id uuid not null references visit,
    kind text not null,
    -- What it is about, such as the new start: the same is told once, whatever is replayed.
    about text not null,
    -- What the visit's row does not say: why, what was before.
    facts jsonb not null,
    state text not null constraint notice_state check (state in
        ('waiting', 'sending', 'sent', 'failed', 'unsure', 'overtaken', 'no_address')),
    made_at timestamptz not null,
    -- Not before.
    send_at timestamptz not null,
    attempts integer not null default 0,
    -- By the machine's clock: when its sending began.
    claimed_at timestamptz,
    sent_at timestamptz,
    -- The mail server's code, never its words: they name the address.
    failure text not null default '',
    constraint notice_once unique (visit_id, kind, about)
);
create index notice_due on notice (send_at) where state = 'waiting';
create index notice_open on notice (made_at) where state in ('sending', 'failed', 'unsure');

-- What the house file says of the house: its address and the ways to it.
create table house_words (
    the_only boolean primary key default true constraint house_words_one check (the_only),
    words jsonb not null
);
