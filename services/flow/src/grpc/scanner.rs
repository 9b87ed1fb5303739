//! Reading what a scanner sends, and having it judged.

use kernel::{
    Caller, Combiner, Context, EndedDevices,
    db::request_hash,
    identity::Keys,
    ticket_code::{self, Kind as CodeKind, NotOurs},
    values::{self, InvalidField, invalid},
};
use prost::Message;
use sky_proto::flow::v1 as pb;
use tonic::{Request, Status};

use crate::{
    commands::{self, Answered, Code, Scan},
    domain::scan::Kind,
    error::Error,
    events,
};

/// A signed code has about 170 characters.
const LONGEST_CODE: usize = 400;
/// More people of one party than any hall takes.
const MOST_PEOPLE: u32 = 500;
/// A scan that another one at the same instant has made out of date is judged again so many times.
const TRIES: u32 = 8;
/// So many scans may wait, more than a house has lanes; whoever scans then is told so at once.
const MAY_WAIT: usize = 1024;
/// Most that are judged while their showing is locked once.
const TOGETHER: usize = 16;

/// Judges scans, those together that wait at the same moment.
#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    pub(super) keys: Keys,
    pub(super) devices: EndedDevices,
    counter: Combiner<Scan, Answered, Error>,
}

impl Scanner {
    pub(crate) fn start(context: &Context) -> Self {
        let counter = Combiner::start(context, MAY_WAIT, TOGETHER, |tx, scans| Box::pin(commands::scan(tx, scans)));
        Self { keys: context.keys.clone(), devices: EndedDevices::new(context), counter }
    }

    /// What a code is: ours or not is decided here, without asking anybody.
    pub(super) fn code(&self, code: &str) -> Result<Code, InvalidField> {
        let code = values::text("code", code, LONGEST_CODE)?;
        if code.is_empty() {
            return Err(invalid("code", "is missing; scan a code or type the reference"));
        }
        if let Some(reference) = ticket_code::read_reference(&code) {
            return Ok(Code::Reference(reference));
        }
        Ok(match self.keys.read_code(&code) {
            Ok(code) => match code.kind {
                CodeKind::Ticket => Code::Ticket { id: code.id, showing: code.showing, generation: code.generation },
                CodeKind::Visit => Code::Visit { id: code.id, showing: code.showing, generation: code.generation },
            },
            Err(NotOurs::Malformed) => Code::Unknown,
            Err(NotOurs::Forged) => Code::Forged,
        })
    }

    fn read(&self, kind: Kind, caller: &Caller, request: &pb::ScanRequest) -> Result<Scan, InvalidField> {
        if request.party_count > MOST_PEOPLE {
            return Err(invalid("party_count", format!("must be at most {MOST_PEOPLE}, or 0 for all of the party")));
        }
        Ok(Scan {
            kind,
            code: self.code(&request.code)?,
            device: values::slug("device_id", &request.device_id)?.to_owned(),
            nonce: values::slug("nonce", &request.nonce)?.to_owned(),
            lane: values::slug("lane", &request.lane)?.to_owned(),
            showing: values::id("showing_id", &request.showing_id)?,
            party_count: request.party_count,
            late_reason: values::text("late_reason", &request.late_reason, 200)?,
            by: account(caller),
            asked: [kind.name().as_bytes(), &request_hash(request)].concat(),
        })
    }

    /// One scan, judged and counted.
    pub(super) async fn scan(
        &self,
        kind: Kind,
        request: &Request<pb::ScanRequest>,
    ) -> Result<pb::ScanResponse, Status> {
        let caller = self.devices.hear(request).await?;
        let scan = self.read(kind, &caller, request.get_ref())?;
        under_own_id(&caller, &scan.device)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.counter.run(scan.clone()).await {
                Ok(Answered::Now(answer)) => return Ok(events::scan_response(&answer)),
                Ok(Answered::Before(first)) => {
                    return pb::ScanResponse::decode(first.as_slice())
                        .map_err(|error| Error::Stored(error.to_string()).into());
                }
                Err(Error::ScanInProgress) if tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The account of staff; empty for a device.
pub(super) fn account(caller: &Caller) -> String {
    if matches!(caller, Caller::Staff { .. }) { caller.for_the_record() } else { String::new() }
}

/// A device acts under its own id only.
pub(super) fn under_own_id(caller: &Caller, device: &str) -> Result<(), Status> {
    match caller {
        Caller::Device { id, .. } if id != device => {
            Err(Status::permission_denied("device_id: a scanner acts under its own id only."))
        }
        _ => Ok(()),
    }
}
