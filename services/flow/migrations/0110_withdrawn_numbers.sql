-- A number that was issued by mistake, or whose people have left, is withdrawn.
alter table queue_number drop constraint queue_number_state;
alter table queue_number add constraint queue_number_state check (state in
    ('waiting', 'called', 'served', 'missed', 'recalled', 'withdrawn'));
