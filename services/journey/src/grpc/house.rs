//! The gRPC face of what the house says of itself, for the pages.

use kernel::{Access, Db, Who};
use sky_proto::journey::v1::{self as pb, house_server::House};
use tonic::{Request, Response, Status};

use crate::{error::Error, store};

/// Who may call what.
pub(crate) const ACCESS: Access =
    Access { service: "sky.journey.v1.House", methods: &[("GetHouseWords", &[Who::Service("portal")])] };

/// The server.
#[derive(Debug)]
pub(crate) struct HouseGrpc {
    db: Db,
}

impl HouseGrpc {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db }
    }
}

#[tonic::async_trait]
impl House for HouseGrpc {
    async fn get_house_words(&self, _: Request<pb::GetHouseWordsRequest>) -> Result<Response<pb::HouseWords>, Status> {
        let words = {
            let mut conn = self.db.reader().await.map_err(Error::from)?;
            store::notices::house(&mut conn).await?
        };
        Ok(Response::new(pb::HouseWords {
            name: Some(words.name.to_proto()),
            brand: words.brand,
            address: words.address,
            tram: Some(words.tram.to_proto()),
            cafe: words.cafe,
            halls: words.halls.iter().map(|(id, name)| (id.clone(), name.to_proto())).collect(),
            accessible: Some(words.accessible.to_proto()),
            imprint: Some(words.imprint.to_proto()),
        }))
    }
}
