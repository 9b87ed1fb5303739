-- A notice that no mail brings, or of which nobody knows: when somebody of the house told its visitor.
alter table notice add column told_at timestamptz;
