//! What staff say of the stock: none left, there is again, so many are left.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Berlin;
use kernel::Tx;

use super::{kitchen::touch_board, lock_kitchen};
use crate::{domain::menu::MenuItem, error::Error, store};

/// Sets it for a day; saying the same again changes nothing. What is ordered already stays ordered.
pub(crate) async fn set(
    tx: &mut Tx,
    item: &str,
    at: DateTime<Utc>,
    sold_out: bool,
    left: Option<u32>,
) -> Result<MenuItem, Error> {
    lock_kitchen(tx).await?;
    let day = at.with_timezone(&Berlin).date_naive();
    if !store::stock::set(tx.conn(), item, day, sold_out, left).await? {
        return Err(Error::NoSuchItem(item.to_owned()));
    }
    touch_board(tx).await?;
    let menu = store::menu::of_day(tx.conn(), day).await?;
    menu.item(item).cloned().ok_or_else(|| Error::NoSuchItem(item.to_owned()))
}
