//! The pages, one file per place: each asks the services on behalf of the guest and fills its template.

pub(crate) mod ahead;
pub(crate) mod arrival;
pub(crate) mod booking;
pub(crate) mod busy;
pub(crate) mod buyer;
pub(crate) mod carpark;
pub(crate) mod connections;
pub(crate) mod desk;
pub(crate) mod desk_actions;
pub(crate) mod displays;
pub(crate) mod elsewhere;
pub(crate) mod entry;
pub(crate) mod headcount;
pub(crate) mod house_alarm;
pub(crate) mod kitchen;
pub(crate) mod meal;
mod menu_words;
pub(crate) mod messages;
pub(crate) mod monitor;
pub(crate) mod notices;
pub(crate) mod operator;
pub(crate) mod pairing;
pub(crate) mod pickup;
pub(crate) mod plate;
pub(crate) mod programme;
pub(crate) mod rebooking;
pub(crate) mod receipt;
mod refunds;
pub(crate) mod report;
pub(crate) mod show_list;
pub(crate) mod showing;
pub(crate) mod staff;
pub(crate) mod stock;
pub(crate) mod visit;
pub(crate) mod visit_alarm;
pub(crate) mod waiting_room;
pub(crate) mod waiting_rooms;

/// As far ahead as a house may schedule its programme: whatever there is of it.
pub(crate) const AHEAD: chrono::TimeDelta = chrono::TimeDelta::days(62);
