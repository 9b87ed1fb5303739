-- Places that are not sold: a broken seat, a projector on its tripod. Each has a claim of nobody's visit, so that the
-- same wall keeps it from everybody; here stand who has said so and why.
create table blocked_seat (
    showing_id uuid not null references showing,
    seat text collate "C" not null,
    reason text not null,
    by text not null,
    at timestamptz not null,
    constraint blocked_seat_once primary key (showing_id, seat)
);
