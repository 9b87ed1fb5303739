//! The pages, one file per place: each asks the services on behalf of the guest and fills its template.

pub(crate) mod ahead;
pub(crate) mod booking;
pub(crate) mod carpark;
pub(crate) mod desk;
pub(crate) mod desk_actions;
pub(crate) mod displays;
pub(crate) mod elsewhere;
pub(crate) mod entry;
pub(crate) mod headcount;
pub(crate) mod kitchen;
pub(crate) mod meal;
pub(crate) mod messages;
pub(crate) mod monitor;
pub(crate) mod operator;
pub(crate) mod pairing;
pub(crate) mod pickup;
pub(crate) mod plate;
pub(crate) mod programme;
pub(crate) mod rebooking;
pub(crate) mod receipt;
pub(crate) mod showing;
pub(crate) mod staff;
pub(crate) mod stock;
pub(crate) mod visit;
pub(crate) mod waiting_room;
pub(crate) mod waiting_rooms;
