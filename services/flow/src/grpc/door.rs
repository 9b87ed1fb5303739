//! The gRPC face of the door beyond the scan. Reads and checks, calls commands, answers. No decisions.

use chrono::NaiveDate;
use kernel::{
    Access, Caller, Db, Role, Who,
    values::{self, InvalidField, invalid},
};
use prost::Message;
use sky_proto::flow::v1::{self as pb, door_server::Door};
use tonic::{Request, Response, Status};

use super::{
    calls, conflicts,
    journal::{self, Noted},
    scanner::{Scanner, account, under_own_id},
    show_list,
};
use crate::{
    commands::{self, Journal, Outcome, incidents::everybody_out},
    domain::scan::Kind,
    error::Error,
    events, store,
};

const STAFF: &[Who] = &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)];
const SCANNER: &[Who] = &[Who::Device("scanner"), Who::Staff(Role::Desk), Who::Staff(Role::Operator)];

/// Who may call what.
pub(crate) const DOOR_ACCESS: Access = Access {
    service: "sky.flow.v1.Door",
    methods: &[
        ("ScanExit", SCANNER),
        ("ScanReentry", STAFF),
        ("UndoScan", STAFF),
        ("ReportEverybodyOut", STAFF),
        ("ListScans", STAFF),
        ("ExportAdmissionList", SCANNER),
        ("SubmitScans", SCANNER),
        ("ListScanConflicts", STAFF),
        ("ResolveScanConflict", STAFF),
        ("ResolveScanConflicts", STAFF),
        ("ReopenScanConflicts", STAFF),
        ("FormCallGroups", STAFF),
        ("MoveCallGroup", STAFF),
        ("ListCallGroups", STAFF),
        ("IssueQueueNumber", STAFF),
        ("MoveQueueNumber", STAFF),
        ("ListQueueNumbers", STAFF),
        ("ReportCleaned", STAFF),
        ("UndoStep", STAFF),
        ("GetShowList", STAFF),
    ],
};

/// So many entries are merged in one transaction: the door's next scan waits no longer than for these.
const AT_ONCE: usize = 25;
/// A larger party is a group, and books.
const MOST_PEOPLE: u32 = 30;
const MOST_SCANS: u32 = 200;
const SOME_SCANS: u32 = 50;

/// The server.
#[derive(Debug)]
pub(crate) struct DoorGrpc {
    pub(super) db: Db,
    scans: Scanner,
}

impl DoorGrpc {
    pub(crate) const fn new(db: Db, scans: Scanner) -> Self {
        Self { db, scans }
    }

    /// Merges what could be read; answers what became of each, in their order. What is taken back is so before the next
    /// entry is looked at: whoever was let in by mistake and then again was let in once.
    async fn merge_all(&self, journal: &Journal, noted: Vec<Noted>) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = vec![Outcome::Repeated; noted.len()];
        let (mut scans, mut places) = (Vec::new(), Vec::new());
        for place in journal::in_order(&noted) {
            match &noted[place] {
                Noted::Scan(entry) => {
                    scans.push(entry.clone());
                    places.push(place);
                }
                Noted::Undo(undone) => {
                    for (place, outcome) in places.drain(..).zip(self.merge(journal, std::mem::take(&mut scans)).await?)
                    {
                        outcomes[place] = outcome;
                    }
                    let (journal, undone) = (journal.clone(), undone.clone());
                    let undo = self.db.transact(move |tx| {
                        Box::pin(async move { commands::entry_undone(tx, &journal, &undone).await })
                    });
                    outcomes[place] = undo.await?;
                }
            }
        }
        for (place, outcome) in places.into_iter().zip(self.merge(journal, scans).await?) {
            outcomes[place] = outcome;
        }
        Ok(outcomes)
    }

    /// Merges the entries that could be read, some at a time; answers what became of each.
    async fn merge(&self, journal: &Journal, entries: Vec<commands::Entry>) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::new();
        for some in entries.chunks(AT_ONCE) {
            let (journal, some) = (journal.clone(), some.to_vec());
            let merged =
                self.db.transact(move |tx| Box::pin(async move { commands::merge(tx, &journal, &some).await })).await?;
            outcomes.extend(merged);
        }
        Ok(outcomes)
    }
}

fn reason(field: &'static str, text: &str) -> Result<String, InvalidField> {
    let reason = values::text(field, text, 200)?;
    if reason.is_empty() { Err(invalid(field, "is missing; say in a few words why")) } else { Ok(reason) }
}

/// A day such as "2026-11-28"; none: today.
pub(super) fn day(text: &str) -> Result<Option<NaiveDate>, InvalidField> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| invalid("day", "is no day like 2026-11-28"))
}

#[tonic::async_trait]
impl Door for DoorGrpc {
    async fn scan_exit(&self, request: Request<pb::ScanRequest>) -> Result<Response<pb::ScanResponse>, Status> {
        Ok(Response::new(self.scans.scan(Kind::Exit, &request).await?))
    }

    async fn scan_reentry(&self, request: Request<pb::ScanRequest>) -> Result<Response<pb::ScanResponse>, Status> {
        Ok(Response::new(self.scans.scan(Kind::Reentry, &request).await?))
    }

    async fn undo_scan(&self, request: Request<pb::UndoScanRequest>) -> Result<Response<pb::LoggedScan>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let device = values::slug("device_id", &request.device_id)?.to_owned();
        let nonce = values::slug("nonce", &request.nonce)?.to_owned();
        let why = reason("reason", &request.reason)?;
        let line = self
            .db
            .transact(move |tx| Box::pin(async move { commands::undo_scan(tx, &device, &nonce, &why, &by).await }))
            .await?;
        Ok(Response::new(events::logged(&line)))
    }

    async fn report_everybody_out(
        &self,
        request: Request<pb::ReportEverybodyOutRequest>,
    ) -> Result<Response<pb::ReportEverybodyOutResponse>, Status> {
        let by = account(&Caller::of(&request));
        let take_back = request.into_inner().take_back;
        let people = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    if take_back {
                        everybody_out::take_back(tx, &by).await
                    } else {
                        everybody_out::report(tx, &by).await
                    }
                })
            })
            .await?;
        Ok(Response::new(pb::ReportEverybodyOutResponse { people }))
    }

    async fn list_scans(
        &self,
        request: Request<pb::ListScansRequest>,
    ) -> Result<Response<pb::ListScansResponse>, Status> {
        let request = request.into_inner();
        let showing = values::id("showing_id", &request.showing_id)?;
        let limit = if request.limit == 0 { SOME_SCANS } else { request.limit };
        if limit > MOST_SCANS {
            return Err(invalid("limit", "must be at most 200").into());
        }
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let scans = store::latest(&mut conn, showing, limit).await?;
        Ok(Response::new(pb::ListScansResponse { scans: scans.iter().map(events::logged).collect() }))
    }

    async fn export_admission_list(
        &self,
        request: Request<pb::ExportAdmissionListRequest>,
    ) -> Result<Response<pb::SignedAdmissionList>, Status> {
        let caller = self.scans.devices.hear(&request).await?;
        let request = request.into_inner();
        let device = values::slug("device_id", &request.device_id)?.to_owned();
        under_own_id(&caller, &device)?;
        let (day, who) = (day(&request.day)?, caller.for_the_record());
        let list = self
            .db
            .transact(move |tx| Box::pin(async move { commands::admission_list(tx, device, day, &who).await }))
            .await?;
        let list = events::list(&list).encode_to_vec();
        let signature = self.scans.keys.sign_list(&list);
        let keys = &self.scans.keys;
        let (public_key, earlier_public_keys) = (keys.ticket_public_key(), keys.earlier_ticket_public_keys());
        Ok(Response::new(pb::SignedAdmissionList { list, signature, public_key, earlier_public_keys }))
    }

    async fn submit_scans(
        &self,
        request: Request<pb::SubmitScansRequest>,
    ) -> Result<Response<pb::SubmitScansResponse>, Status> {
        let caller = self.scans.devices.hear(&request).await?;
        let request = request.into_inner();
        let device = values::slug("device_id", &request.device_id)?.to_owned();
        under_own_id(&caller, &device)?;
        let device_now = values::time("device_now", request.device_now)?;
        if request.entries.len() > journal::MOST_ENTRIES {
            return Err(invalid("entries", "are more than 1000; send them in parts").into());
        }
        let now = self.db.clock().now();
        let skew = now - device_now;
        let journal = Journal { device, by: account(&caller), skew };
        let (own, count) = (journal.clone(), request.entries.len());
        self.db
            .transact(move |tx| Box::pin(async move { commands::journal_came(tx, &own, device_now, count).await }))
            .await?;
        let read: Vec<_> = request.entries.iter().map(|it| journal::entry(&self.scans, it, skew, now)).collect();
        let good = read.iter().filter_map(|entry| entry.as_ref().ok()).cloned().collect();
        let mut merged = self.merge_all(&journal, good).await?.into_iter();
        let results = request.entries.into_iter().zip(read).map(|(sent, read)| {
            let outcome = match read {
                Ok(_) => merged.next().unwrap_or(Outcome::Repeated),
                Err(invalid) => Outcome::Invalid(invalid.to_string()),
            };
            events::outcome(sent.nonce, outcome)
        });
        Ok(Response::new(pb::SubmitScansResponse {
            results: results.collect(),
            clock_skew_ms: skew.num_milliseconds(),
        }))
    }

    async fn list_scan_conflicts(
        &self,
        request: Request<pb::ListScanConflictsRequest>,
    ) -> Result<Response<pb::ListScanConflictsResponse>, Status> {
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let found = store::conflicts(&mut conn, request.into_inner().include_resolved).await?;
        Ok(Response::new(conflicts::list(&mut conn, &found).await?))
    }

    async fn resolve_scan_conflict(
        &self,
        request: Request<pb::ResolveScanConflictRequest>,
    ) -> Result<Response<pb::ScanConflict>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let id = values::id("conflict_id", &request.conflict_id)?;
        let resolution = reason("resolution", &request.resolution)?;
        let list = self.resolve(vec![id], resolution, by).await?;
        Ok(Response::new(list.conflicts.into_iter().next().ok_or(Error::NoConflict)?))
    }

    async fn resolve_scan_conflicts(
        &self,
        request: Request<pb::ResolveScanConflictsRequest>,
    ) -> Result<Response<pb::ListScanConflictsResponse>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let ids = conflicts::ids(&request.conflict_ids)?;
        let resolution = reason("resolution", &request.resolution)?;
        Ok(Response::new(self.resolve(ids, resolution, by).await?))
    }

    async fn reopen_scan_conflicts(
        &self,
        request: Request<pb::ReopenScanConflictsRequest>,
    ) -> Result<Response<pb::ListScanConflictsResponse>, Status> {
        let by = account(&Caller::of(&request));
        let ids = conflicts::ids(&request.into_inner().conflict_ids)?;
        Ok(Response::new(self.reopen(ids, by).await?))
    }

    async fn form_call_groups(
        &self,
        request: Request<pb::FormCallGroupsRequest>,
    ) -> Result<Response<pb::CallGroups>, Status> {
        let by = account(&Caller::of(&request));
        let showing = values::id("showing_id", &request.into_inner().showing_id)?;
        self.db.transact(move |tx| Box::pin(async move { commands::form_groups(tx, showing, &by).await })).await?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(calls::groups(&mut conn, showing).await?))
    }

    async fn move_call_group(
        &self,
        request: Request<pb::MoveCallGroupRequest>,
    ) -> Result<Response<pb::CallGroup>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let id = values::id("group_id", &request.group_id)?;
        let to = calls::group_state(request.to)?;
        let group =
            self.db.transact(move |tx| Box::pin(async move { commands::move_group(tx, id, to, &by).await })).await?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(calls::group(&mut conn, &group).await?))
    }

    async fn list_call_groups(
        &self,
        request: Request<pb::ListCallGroupsRequest>,
    ) -> Result<Response<pb::CallGroups>, Status> {
        let showing = values::id("showing_id", &request.into_inner().showing_id)?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(calls::groups(&mut conn, showing).await?))
    }

    async fn issue_queue_number(
        &self,
        request: Request<pb::IssueQueueNumberRequest>,
    ) -> Result<Response<pb::QueueNumber>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let key = values::id("idempotency_key", &request.idempotency_key)?;
        let showing = match request.showing_id.as_str() {
            "" => None,
            id => Some(values::id("showing_id", id)?),
        };
        if !(1..=MOST_PEOPLE).contains(&request.people) {
            return Err(invalid("people", "must be 1 to 30").into());
        }
        let answer = self
            .db
            .transact(move |tx| {
                Box::pin(async move {
                    if let Some(first) = tx.first_answer("IssueQueueNumber", key, &request).await? {
                        return Ok(first);
                    }
                    let number = commands::issue_number(tx, showing, request.people, &by).await?;
                    let now = tx.now();
                    let answer = calls::number(tx.conn(), &number, now).await?;
                    tx.remember("IssueQueueNumber", key, &request, &answer).await?;
                    Ok::<_, Error>(answer)
                })
            })
            .await?;
        Ok(Response::new(answer))
    }

    async fn move_queue_number(
        &self,
        request: Request<pb::MoveQueueNumberRequest>,
    ) -> Result<Response<pb::QueueNumber>, Status> {
        let by = account(&Caller::of(&request));
        let request = request.into_inner();
        let (day, to) = (day(&request.day)?, calls::number_state(request.to)?);
        let number = self
            .db
            .transact(move |tx| Box::pin(async move { commands::move_number(tx, day, request.number, to, &by).await }))
            .await?;
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(calls::number(&mut conn, &number, self.db.clock().now()).await?))
    }

    async fn list_queue_numbers(
        &self,
        request: Request<pb::ListQueueNumbersRequest>,
    ) -> Result<Response<pb::QueueNumbers>, Status> {
        let now = self.db.clock().now();
        let day = day(&request.into_inner().day)?.unwrap_or_else(|| values::day_of(now));
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        let numbers = calls::numbers(&mut conn, day, now).await?;
        let last_called = store::last_called(&mut conn, day).await?;
        Ok(Response::new(pb::QueueNumbers { numbers, last_called }))
    }

    async fn report_cleaned(
        &self,
        request: Request<pb::ReportCleanedRequest>,
    ) -> Result<Response<pb::Admission>, Status> {
        let by = account(&Caller::of(&request));
        let showing = values::id("showing_id", &request.into_inner().showing_id)?;
        let admission = self
            .db
            .transact(move |tx| Box::pin(async move { commands::report_cleaned(tx, showing, &by).await }))
            .await?;
        Ok(Response::new(super::on_clock(&self.db, &admission).await?))
    }

    async fn undo_step(&self, request: Request<pb::UndoStepRequest>) -> Result<Response<pb::DoorStep>, Status> {
        let by = account(&Caller::of(&request));
        let id = values::id("step_id", &request.into_inner().step_id)?;
        let step = self.db.transact(move |tx| Box::pin(async move { commands::undo_step(tx, id, &by).await })).await?;
        Ok(Response::new(events::step(&step)))
    }

    async fn get_show_list(&self, request: Request<pb::GetShowListRequest>) -> Result<Response<pb::ShowList>, Status> {
        let now = self.db.clock().now();
        let day = day(&request.into_inner().day)?.unwrap_or_else(|| values::day_of(now));
        let mut conn = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(show_list::of(&mut conn, day, now).await?))
    }
}
