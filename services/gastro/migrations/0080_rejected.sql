-- Refused after the payment is not the same as not collected: a state of its own.
alter table meal_order drop constraint meal_order_state;
alter table meal_order add constraint meal_order_state check (state in
    ('held', 'scheduled', 'fired', 'preparing', 'ready', 'recalled', 'collected', 'expired', 'cancelled', 'rejected'));
update meal_order o set state = 'rejected' from refusal r
where r.visit_id = o.visit_id and o.state = 'expired' and o.number is null;
