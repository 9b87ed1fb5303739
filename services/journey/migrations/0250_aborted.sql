-- A showing that was broken off is known as one: it is not sold any more, and nobody is late for it.
alter table showing drop constraint showing_admission, add constraint showing_admission check (admission in
    ('planned', 'doors_open', 'last_call', 'running', 'egress', 'turnover', 'closed', 'cancelled', 'aborted'));
