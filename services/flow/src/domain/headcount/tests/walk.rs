//! People walk through a house for a day as the policy assumes, and the house learns of it as it does: by scans, by a
//! counter in the foyer and at the door (or by none), by hand. At every moment each range holds the truth.

use proptest::prelude::*;

use super::*;

/// Seconds of a step, and the people through one room's doors in it: 24 a minute.
const STEP: i64 = 20;
const MOST: usize = 8;
const ROOMS: [&str; 4] = ["foyer", "dome", "cafe", "upstairs"];
const FOYER: usize = 0;
const DOME: usize = 1;
const CAFE: usize = 2;

/// A person in the house: in which room, by the ticket of which showing, whether scanned in.
struct Person {
    room: usize,
    showing: Option<usize>,
    scanned: bool,
}

struct Walk {
    dice: u64,
    now: DateTime<Utc>,
    people: Vec<Person>,
    zones: Vec<Zone>,
    admissions: Vec<Admission>,
    arrived: [u32; 2],
    doors: Doors,
    counted: bool,
    /// In this step, into and out of each room.
    into: [usize; 4],
    out: [usize; 4],
}

impl Walk {
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % sides
    }

    fn minute(&self) -> i64 {
        (self.now - at(0)).num_minutes()
    }

    fn guests(&self) -> usize {
        self.people.iter().filter(|person| person.showing.is_none()).count()
    }

    fn arrive(&mut self, showing: Option<usize>) {
        if self.into[FOYER] < MOST {
            self.into[FOYER] += 1;
            self.doors.came += 1;
            self.people.push(Person { room: FOYER, showing, scanned: false });
        }
    }

    fn leave(&mut self, person: usize) {
        if self.people[person].room != FOYER {
            self.walk(person, FOYER);
        } else if self.out[FOYER] < MOST {
            self.out[FOYER] += 1;
            self.doors.gone += 1;
            self.people.swap_remove(person);
        }
    }

    fn walk(&mut self, person: usize, to: usize) {
        let from = self.people[person].room;
        if self.out[from] < MOST && self.into[to] < MOST {
            self.out[from] += 1;
            self.into[to] += 1;
            self.people[person].room = to;
        }
    }

    /// A scan at the dome's door, as the commands count it.
    fn scan(&mut self, person: usize, showing: usize) {
        if self.out[FOYER] < MOST {
            self.out[FOYER] += 1;
            self.people[person] = Person { room: DOME, showing: Some(showing), scanned: true };
            self.admissions[showing].admitted += 1;
            self.zones[DOME].add(1, Quality::Live, self.now);
            if !self.counted {
                self.zones[FOYER].add(-1, Quality::Estimated, self.now);
            }
        }
    }

    /// Staff move the showings by the clock, a little late.
    fn run_showings(&mut self) {
        use AdmissionState::{Closed, DoorsOpen, Egress, Planned, Running};
        for showing in 0..2 {
            let minutes = |admission: &Admission| (self.now - admission.starts_at).num_minutes();
            let (state, since) = (self.admissions[showing].state, minutes(&self.admissions[showing]));
            let to = match state {
                Planned if since >= -19 => DoorsOpen,
                DoorsOpen if since >= 1 => Running,
                Running if since >= 51 => Egress,
                Egress if since >= 70 => Closed,
                _ => continue,
            };
            self.admissions[showing].move_to(to, self.now);
            let admitted = i64::from(self.admissions[showing].admitted);
            if to == Egress {
                self.zones[DOME].add(-admitted, Quality::Estimated, self.now);
            }
            if !self.counted && (to == Egress || to == Closed) {
                let people = if to == Egress { admitted } else { -admitted };
                self.zones[FOYER].add(people, Quality::Estimated, self.now);
            }
        }
    }

    /// Whoever has to move does.
    fn obey(&mut self) {
        for person in (0..self.people.len()).rev() {
            let Person { room, showing, scanned } = self.people[person];
            let last_over = self.admissions[1].predicted_end_at;
            match showing.map(|showing| &self.admissions[showing]) {
                Some(admission) if admission.state == AdmissionState::Egress && room == DOME => {
                    self.walk(person, FOYER);
                }
                Some(admission) if admission.state == AdmissionState::Running && !scanned => self.leave(person),
                Some(admission) if self.now > admission.predicted_end_at + TimeDelta::minutes(50) => {
                    self.leave(person);
                }
                None if self.now > last_over + TimeDelta::minutes(50) => self.leave(person),
                _ => {}
            }
        }
    }

    /// Whoever likes to move does.
    fn stroll(&mut self) {
        for _ in 0..self.roll(12) {
            let minute = self.minute();
            match self.roll(6) {
                0 if minute < 170 && self.guests() < 60 => self.arrive(None),
                1 | 2 => {
                    let showing = usize::try_from(self.roll(2)).expect("0 or 1");
                    let admission = &self.admissions[showing];
                    let due = admission.state == AdmissionState::Planned
                        && self.now > admission.doors_at - TimeDelta::minutes(59)
                        || admission.state == AdmissionState::DoorsOpen;
                    if due && self.arrived[showing] < admission.booked {
                        let before = self.people.len();
                        self.arrive(Some(showing));
                        self.arrived[showing] += u32::from(self.people.len() > before);
                    }
                }
                _ if !self.people.is_empty() => {
                    let count = u64::try_from(self.people.len()).expect("few");
                    let person = usize::try_from(self.roll(count)).expect("few");
                    self.wander(person);
                }
                _ => {}
            }
        }
    }

    fn wander(&mut self, person: usize) {
        let Person { room, showing, scanned } = self.people[person];
        let open = showing.filter(|showing| self.admissions[*showing].state == AdmissionState::DoorsOpen);
        match (room, open) {
            // Out of the hall unseen: one in ten at most.
            (DOME, _) => {
                let of = |person: &&Person| person.scanned && person.showing == showing;
                let all = self.people.iter().filter(of).count();
                let out = self.people.iter().filter(of).filter(|person| person.room != DOME).count();
                if (out + 1) * 10 <= all {
                    self.walk(person, FOYER);
                }
            }
            (FOYER, Some(showing)) if !scanned => self.scan(person, showing),
            (FOYER, _) => {
                let to = 2 + usize::try_from(self.roll(2)).expect("0 or 1");
                self.walk(person, to);
            }
            _ => self.walk(person, FOYER),
        }
    }

    /// What the house hears: the counters each minute, hands now and then.
    fn hear(&mut self) {
        let there = |room: usize, people: &[Person]| people.iter().filter(|person| person.room == room).count();
        if (self.now - at(0)).num_seconds() % 60 == 0 {
            if self.counted {
                let people = u32::try_from(there(FOYER, &self.people)).expect("few");
                self.zones[FOYER].set(people, Quality::Live, self.now);
            }
            self.doors.heard_at = self.now;
        }
        if self.roll(100) == 0 {
            let people = u32::try_from(there(CAFE, &self.people)).expect("few");
            self.zones[CAFE].set(people, Quality::Manual, self.now);
        }
        for zone in &mut self.zones {
            zone.age(self.now);
        }
    }
}

fn play(seed: u64, counted: bool, by_doors: bool, staff: u32) -> Result<(), TestCaseError> {
    let mut zones: Vec<Zone> = ROOMS.iter().map(|id| room(id, 0, Quality::Estimated)).collect();
    zones[DOME].filled_by = "hall:dome".to_owned();
    zones[FOYER].counted = counted;
    // A room holds as many as its doors let in: what is permitted is another matter.
    zones.iter_mut().for_each(|zone| zone.capacity = 300);
    let planned = |minutes: i64, booked: u32| Admission {
        starts_at: at(minutes),
        doors_at: at(minutes - 20),
        ends_at: at(minutes + 50),
        predicted_end_at: at(minutes + 50),
        ..showing(AdmissionState::Planned, booked, 0)
    };
    let admissions = vec![planned(60, 110), planned(135, 80)];
    let doors = Doors { came: 0, gone: 0, heard_at: at(-40) };
    let mut walk = Walk {
        dice: seed | 1,
        now: at(-40),
        people: Vec::new(),
        zones,
        admissions,
        arrived: [0; 2],
        doors,
        counted,
        into: [0; 4],
        out: [0; 4],
    };
    let mut empty_at = at(-40);
    while walk.minute() < 300 {
        walk.now += TimeDelta::seconds(STEP);
        (walk.into, walk.out) = ([0; 4], [0; 4]);
        walk.run_showings();
        walk.obey();
        if walk.now >= at(-20) && walk.now < at(235) {
            walk.stroll();
        }
        walk.hear();
        if walk.minute() == 290 {
            empty_at = walk.now;
            walk.zones.iter_mut().for_each(|zone| _ = zone.set(0, Quality::Manual, walk.now));
            walk.doors = Doors { came: 0, gone: 0, heard_at: walk.now };
        }
        let now = (walk.now - at(0)).num_minutes();
        let late = walk.now - at(now);
        let found = {
            let rooms: Vec<&Zone> = walk.zones.iter().collect();
            let policy = Policy::default();
            let known = Known {
                rooms: &rooms,
                admissions: &walk.admissions,
                policy: &policy,
                egress: TimeDelta::minutes(5),
                empty_at: Some(empty_at),
                doors: by_doors.then_some(walk.doors),
                blind_until: None,
                evacuation: None,
            };
            headcount(&known, at(now) + late)
        };
        for (place, (range, _)) in found.rooms.iter().enumerate() {
            let truth = u32::try_from(walk.people.iter().filter(|person| person.room == place).count()).expect("few");
            prop_assert!(
                (range.low..=range.high).contains(&truth),
                "{truth} in the {} at {now}, said {range:?} of {found:?}, {:?}",
                ROOMS[place],
                walk.zones[place]
            );
        }
        // Staff are there also before it opens and after it has closed.
        let all = u32::try_from(walk.people.len()).expect("few") + staff;
        prop_assert!(
            (found.total.low..=found.total.high).contains(&all),
            "{all} in the house at {now}, said {found:?}"
        );
        if walk.minute() >= 290 {
            prop_assert_eq!(found.total, of(0, 8), "seen empty");
        }
    }
    prop_assert!(walk.people.is_empty(), "everybody has gone home");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_range_holds_the_truth(seed in 1_u64.., counted: bool, by_doors: bool, staff in 0_u32..=8) {
        play(seed, counted, by_doors, staff)?;
    }
}
