//! The gRPC face of finding a visit by name. For staff alone.

use kernel::{
    Access, Caller, Db, Role, Who,
    ticket_code::reference,
    values::{self, invalid},
};
use sky_proto::journey::v1::{self as pb, contacts_server::Contacts};
use tonic::{Request, Response, Status};

use crate::commands;

/// Who may call what.
pub(crate) const CONTACTS_ACCESS: Access = Access {
    service: "sky.journey.v1.Contacts",
    methods: &[("FindByName", &[Who::Staff(Role::Desk), Who::Staff(Role::Operator)])],
};

const MOST: u32 = 20;
const LONGEST_NAME: usize = 60;

/// The server.
#[derive(Debug)]
pub(crate) struct ContactsGrpc {
    db: Db,
}

impl ContactsGrpc {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[tonic::async_trait]
impl Contacts for ContactsGrpc {
    async fn find_by_name(
        &self,
        request: Request<pb::FindByNameRequest>,
    ) -> Result<Response<pb::FindByNameResponse>, Status> {
        let account = Caller::of(&request).for_the_record();
        let request = request.into_inner();
        let showing = values::id("showing_id", &request.showing_id)?;
        let name = values::text("name", &request.name, LONGEST_NAME)?;
        if name.chars().count() < 2 {
            return Err(invalid("name", "needs at least two letters").into());
        }
        let mut found = self
            .db
            .transact(move |tx| {
                Box::pin(async move { commands::contacts::find_by_name(tx, showing, &name, MOST + 1, &account).await })
            })
            .await?;
        let more = found.len() > MOST as usize;
        found.truncate(MOST as usize);
        let visits = found.into_iter().map(|visit| pb::NamedVisit {
            visit_id: visit.id.to_string(),
            reference: reference(visit.id),
            people: visit.size(),
            admitted: visit.admitted,
            name: visit.contact.name,
        });
        Ok(Response::new(pb::FindByNameResponse { visits: visits.collect(), more }))
    }
}
