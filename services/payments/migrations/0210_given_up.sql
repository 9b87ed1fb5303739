-- Nobody waits for this payment's money any more: what still comes goes back. Of those that had failed before this was
-- written down nobody knows why, and their visits were told that it goes back.
alter table payment add column given_up boolean not null default false;
update payment set given_up = true where state = 'failed';
