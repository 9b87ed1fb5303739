//! The house file corrects what is in a dish: what is ordered and not handed out yet says so, and of meals with something in
//! them that their party avoids and did not read, somebody decides. What was charged stays as it was.

use kernel::Tx;

use super::{affected, kitchen, ordering::Menus, ordering::local};
use crate::{
    domain::{Order, OrderState, OrderedItem, recipes},
    error::Error,
    store,
};

/// There is another menu: all that is not handed out follows it. What is held follows when it is confirmed. The kitchen must
/// be locked.
pub(crate) async fn follow(tx: &mut Tx) -> Result<(), Error> {
    let now = tx.now();
    store::menu::changed(tx.conn(), now).await?;
    let mut orders = store::lock_open(tx.conn()).await?;
    correct(tx, &mut orders).await
}

/// Which of these were ordered from another menu than there is now.
pub(super) async fn from_other_menu(tx: &mut Tx, orders: &[Order]) -> Result<Vec<uuid::Uuid>, Error> {
    let changed_at = store::menu::changed_at(tx.conn()).await?;
    // Of a hold that ran out it is not known when it began.
    let may_be = |order: &&Order| order.state != OrderState::Held || order.state_at <= changed_at;
    Ok(orders.iter().filter(may_be).map(|order| order.id).collect())
}

/// Brings the lines of orders up to date, and asks whom that concerns; a question that a correction has ended is settled.
pub(super) async fn correct(tx: &mut Tx, orders: &mut [Order]) -> Result<(), Error> {
    let mut menus = Menus::default();
    let (mut changed, mut asked, mut unconcerned) = (false, Vec::new(), Vec::new());
    for order in orders {
        let menu = menus.of(tx, local(order.pickup_at).date()).await?;
        let line = |line: &OrderedItem| recipes::corrected(line, menu).unwrap_or_else(|| line.clone());
        let lines: Vec<OrderedItem> = order.lines.iter().map(line).collect();
        if lines == order.lines {
            continue;
        }
        let before = std::mem::replace(&mut order.lines, lines);
        store::kitchen::save_lines(tx.conn(), order).await?;
        changed = true;
        let avoid = store::ordering::avoided(tx.conn(), order.id).await?;
        if recipes::asks(&avoid, &before, &order.lines) {
            asked.push(order.clone());
        } else if !recipes::has_unread(&avoid, &order.lines) {
            unconcerned.push(order.clone());
        }
    }
    for order in &asked {
        affected::recipe_corrected(tx, order).await?;
    }
    affected::concerned_no_more(tx, &unconcerned).await?;
    if changed { kitchen::touch_board(tx).await } else { Ok(()) }
}

/// Something else is made for good: who was asked about what is in their meal is asked no more, if nothing unread is.
pub(super) async fn settle(tx: &mut Tx, order: &Order) -> Result<(), Error> {
    let avoid = store::ordering::avoided(tx.conn(), order.id).await?;
    if recipes::has_unread(&avoid, &order.lines) {
        return Ok(());
    }
    affected::concerned_no_more(tx, std::slice::from_ref(order)).await
}
