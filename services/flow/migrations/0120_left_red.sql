-- When a zone was last left by so many that it is not full any more. For a while it is still said to be.
alter table zone add column left_red_at timestamptz;
