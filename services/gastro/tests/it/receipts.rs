//! Receipts of confirmed and cancelled meals, what staff say of the stock, and the pickups that a showing is offered.

use kernel::{
    testing::{House, visitor},
    values::timestamp,
};
use sky_proto::{gastro::v1 as pb, journey::v1::VisitCancelled};
use tonic::Code;
use uuid::Uuid;

use crate::{client, support::*};

async fn receipts(house: &House, visit: Uuid) -> Vec<pb::Receipt> {
    let request = pb::ListReceiptsRequest { visit_id: visit.to_string() };
    client!(house, &visitor(Some(visit))).list_receipts(request).await.expect("receipts").into_inner().receipts
}

async fn unsigned(house: &House) -> Vec<pb::Receipt> {
    let listed = client!(house, &cook()).list_unsigned_receipts(pb::ListUnsignedReceiptsRequest {}).await;
    listed.expect("receipts").into_inner().receipts
}

#[tokio::test]
async fn every_confirmed_meal_has_a_receipt_and_a_cancelled_one_its_mirror_image() {
    let house = house().await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    scheduled_meal(&house, first, Uuid::now_v7()).await;
    hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await.expect("held only");
    scheduled_meal(&house, second, Uuid::now_v7()).await;
    let sale = receipts(&house, first).await;
    assert_eq!((sale.len(), sale[0].number, sale[0].kind()), (1, 1, pb::ReceiptKind::Sale));
    let cents = |money: &Option<sky_proto::kernel::v1::Money>| money.as_ref().expect("money").cents;
    let taxes: Vec<_> = sale[0]
        .taxes
        .iter()
        .map(|it| (it.tax_basis_points, cents(&it.gross), cents(&it.net), cents(&it.tax)))
        .collect();
    assert_eq!(taxes, [(700, 1380, 1290, 90), (1900, 280, 235, 45)]);
    assert_eq!(cents(&sale[0].total), 1660);
    assert_eq!(receipts(&house, second).await[0].number, 2, "without a gap");

    let cancelled = VisitCancelled { visit_id: first.to_string(), refund: true, ..VisitCancelled::default() };
    twice(&house, "journey", &cancelled).await;
    let both = receipts(&house, first).await;
    assert_eq!((both.len(), both[1].number, both[1].takes_back), (2, 3, 1));
    assert_eq!((both[1].kind(), cents(&both[1].total)), (pb::ReceiptKind::Cancellation, -1660));
    assert_eq!(cents(&both[1].taxes[0].tax), -90);
    let others = client!(house, &visitor(Some(second)))
        .list_receipts(pb::ListReceiptsRequest { visit_id: first.to_string() })
        .await
        .expect_err("somebody else's");
    assert_eq!(others.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn without_a_unit_receipts_say_that_they_are_not_signed() {
    let house = house().await;
    let visit = Uuid::now_v7();
    scheduled_meal(&house, visit, Uuid::now_v7()).await;
    let transaction = unsigned(&house).await[0].transaction_id.clone();
    let told = async {
        let mut now = minutes(1);
        loop {
            house.clock.set(now);
            let receipt = unsigned(&house).await.remove(0);
            if receipt.attempts > 0 {
                return receipt;
            }
            now += chrono::TimeDelta::milliseconds(500);
        }
    };
    let receipt = tokio::time::timeout(std::time::Duration::from_secs(60), told).await.expect("asked");
    assert_eq!((receipt.transaction_id, receipt.signature.as_str()), (transaction, ""));
    assert_eq!(receipt.unsigned_because, "no TSE is configured");
}

#[tokio::test]
async fn staff_say_that_there_is_none_and_take_it_back() {
    let house = house().await;
    let mut kitchen = client!(house, &cook());
    let set = |sold_out, left: Option<u32>| pb::SetStockRequest {
        item_id: "tomato-pasta".to_owned(),
        at: None,
        sold_out,
        portions_left: left,
    };
    let order = async || hold(&house, &wish(Uuid::now_v7(), Uuid::now_v7())).await;
    let gone = kitchen.set_stock(set(true, None)).await.expect("86").into_inner();
    assert_eq!((gone.available, gone.unavailable()), (false, pb::Unavailable::SoldOut));
    assert_eq!(order().await.expect_err("none").code(), Code::FailedPrecondition);
    let tomorrow = pb::GetMenuRequest { at: Some(timestamp(minutes(24 * 60))) };
    let menu = client!(house, &visitor(None)).get_menu(tomorrow).await.expect("a menu").into_inner();
    assert!(menu.items.iter().all(|item| item.available), "tomorrow is another day");
    let back = kitchen.set_stock(set(false, None)).await.expect("undone").into_inner();
    assert!(back.available && back.portions_left.is_none());
    order().await.expect("two pastas");

    let counted = kitchen.set_stock(set(false, Some(3))).await.expect("counted").into_inner();
    assert_eq!((counted.portions_left, counted.low_stock), (Some(3), true));
    order().await.expect("two of three");
    order().await.expect_err("one is left");
    let again = kitchen.set_stock(set(false, Some(0))).await.expect("none").into_inner();
    assert_eq!((again.portions_left, again.available), (Some(0), false));
    for (item, left, code) in [
        ("moon-dust", None, Code::NotFound),
        ("moon dust", None, Code::InvalidArgument),
        ("water", Some(10_001), Code::InvalidArgument),
    ] {
        let request = pb::SetStockRequest { item_id: item.to_owned(), ..set(false, left) };
        assert_eq!(kitchen.set_stock(request).await.expect_err(item).code(), code);
    }
}

#[tokio::test]
async fn a_showing_is_offered_quarters_on_both_sides_and_less_where_it_has_its_share() {
    let house = house().await;
    let showing = Uuid::now_v7();
    let request = pb::ListPickupsRequest {
        showing_id: showing.to_string(),
        showing_starts_at: Some(timestamp(minutes(60))),
        showing_ends_at: Some(timestamp(minutes(110))),
    };
    let offers = async || {
        client!(house, &visitor(None)).list_pickups(request.clone()).await.expect("offers").into_inner().offers
    };
    let at = |offers: &[pb::PickupOffer], minute| {
        offers.iter().find(|it| it.at == Some(timestamp(minutes(minute)))).map(|it| it.free_seconds)
    };
    let free = offers().await;
    assert_eq!((at(&free, 30), at(&free, 15), at(&free, 0)), (Some(1800), Some(1800), None), "ten minutes ahead");
    assert_eq!((at(&free, 110), at(&free, 120), at(&free, 150)), (Some(1800), Some(1800), Some(1800)));
    hold(&house, &wish(Uuid::now_v7(), showing)).await.expect("held");
    let less = offers().await;
    assert_eq!(at(&less, 110), Some(1260 - 120), "its share, less what is held");
    for station in ["hot", "cold", "bar"] {
        set_station(&house, station, pb::StationState::Closed).await.expect("closed");
    }
    assert!(offers().await.is_empty(), "a closed kitchen offers nothing");
    let bad = pb::ListPickupsRequest { showing_ends_at: request.showing_starts_at, ..request.clone() };
    let wrong = client!(house, &visitor(None)).list_pickups(bad).await.expect_err("no time");
    assert!(wrong.message().starts_with("showing_ends_at: "), "{}", wrong.message());
}
