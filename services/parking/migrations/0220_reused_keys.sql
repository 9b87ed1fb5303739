-- When a way out was last told of another car under a key that it had used before: the car was let out all the same, and
-- staff see which controller is to be looked at. Null: never.
alter table lane add column key_reused_at timestamptz;
