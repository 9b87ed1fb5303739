-- A way out that staff hold open in an evacuation stays open after the all-clear.
alter table lane drop constraint lane_hold_open,
    add constraint lane_hold_open check (hold_open in ('staff', 'evacuation', 'staff_evacuation'));
