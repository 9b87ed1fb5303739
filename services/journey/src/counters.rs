//! Where visitors queue: what many ask for at the same moment is done in one transaction. Decides nothing; what is
//! done stands in `commands`.

use kernel::{Combiner, Context};

use crate::{
    commands::{
        self, Order, Taken,
        holds::{self, Declined, Finished, Wish},
    },
    domain::{Showing, Visit},
    error::Error,
};

/// So many requests of a kind may wait; whoever comes then is told at once to come again.
const MAY_WAIT: usize = 8192;
/// The same for orders, which are more work: two processors do some five hundred a second, and no page waits longer than
/// eight seconds for one.
const ORDERS_MAY_WAIT: usize = 2048;
/// Most that are served together. Their rows are locked until the commit: more would make others wait longer.
const TOGETHER: usize = 64;

/// The queues, one for each step on the way to an ordered visit.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    pub(crate) begin: Combiner<Wish, Visit, Error>,
    pub(crate) finish: Combiner<Finished, (Visit, Showing), Error>,
    pub(crate) decline: Combiner<Declined, (), Error>,
    pub(crate) order: Combiner<Order, Visit, Error>,
    pub(crate) taken: Combiner<Taken, (), Error>,
}

impl Counters {
    pub(crate) fn start(context: &Context) -> Self {
        Self {
            begin: Combiner::start(context, MAY_WAIT, TOGETHER, |tx, items| Box::pin(holds::begin(tx, items))),
            finish: Combiner::start(context, MAY_WAIT, TOGETHER, |tx, items| Box::pin(holds::finish(tx, items))),
            decline: Combiner::start(context, MAY_WAIT, TOGETHER, |tx, items| Box::pin(holds::decline(tx, items))),
            order: Combiner::start(context, ORDERS_MAY_WAIT, TOGETHER, |tx, items| {
                Box::pin(commands::order(tx, items))
            }),
            taken: Combiner::start(context, ORDERS_MAY_WAIT, TOGETHER, |tx, items| {
                Box::pin(commands::payment_created(tx, items))
            }),
        }
    }
}
