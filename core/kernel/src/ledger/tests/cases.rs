//! Cases told line by line: limits, promises, corrections, matching, periods, years, repeats.

use fondaco_values::Id;
use fondaco_values::limits::ENTRY_LINES_MAX;

use super::world::{EUR, World, account_id, day, play, said};
use crate::ledger::*;
use crate::testing::both;

both! {
    postings_numbers_and_balances,
    limits_hold_with_promises_counted,
    a_lot_is_limited_and_so_is_the_whole,
    who_needs_a_subsidiary_is_limited_alone,
    limits_may_come_and_go,
    a_promise_expires,
    a_reversal_undoes_once,
    items_are_matched_in_parts_and_back,
    a_match_over_rates_leaves_its_difference,
    periods_close_and_lock,
    an_exception_has_owner_reason_and_end,
    a_year_closes_and_opens_again,
    repeats_are_harmless,
    accounts_may_change_their_mind,
    open_items_are_switched_on_and_off,
    an_account_with_entries_stays,
    the_largest_entry_is_posted_and_one_line_more_is_refused,
}

async fn postings_numbers_and_balances() {
    play(
        "
        post INV 2026-01-05 receivable/acme 120 revenue -120     -> INV/2026/0001
        post M   2026-01-06 bank 120 receivable/acme -120
        post INV 2026-02-01 receivable/acme 70 revenue -70       -> INV/2026/0002
        post INV 2025-12-31 receivable/acme 30 revenue -30       -> INV/2025/0001
        post INV 2026-02-01 receivable/acme 70 revenue -71       -> refused: unbalanced lines
        post INV 2026-02-02 receivable/acme 1 revenue -1         -> INV/2026/0003
        post X   2026-02-02 bank 1 revenue -1                    -> refused: unknown_journal journal
        balance receivable/acme eur                              -> 101
        balance receivable/acme eur 2026-01-31                   -> 30
        upkeep
        balance receivable eur 2026-01-05                        -> 150
        trial 2026-01-31                                         -> bank 120, receivable 30, revenue -150
        trial                                                    -> bank 120, receivable 101, revenue -221
        verify                                                   -> Sound { entries: 5, seals: 1 }
        ",
    )
    .await;
}

async fn limits_hold_with_promises_counted() {
    play(
        "
        post M 2026-01-01 shop -1 customer 1                     -> refused: below_floor lines[0].amount
        post M 2026-01-01 supplier -10 shop 10
        reserve R1 shop -7 customer 7
        available shop bolt                                      -> 3
        balance shop bolt                                        -> 10
        post M 2026-01-01 shop -4 customer 4                     -> refused: below_floor lines[0].amount
        reserve R2 shop -4 customer 4                            -> refused: below_floor lines[0].amount
        reserve R2 shop -3 customer 3
        settle R1 5 shop -5 customer 5 keep
        promise R1                                               -> open 2 of 7 [-2, 2]
        settle R1 3 shop -3 customer 3 keep                      -> refused: settles_too_much amount
        available shop bolt                                      -> 0
        release R2
        release R2                                               -> refused: promise_ended reservation
        available shop bolt                                      -> 3
        settle R1 1 shop -1 customer 1 return
        promise R1                                               -> settled 1 of 7 [0, 0]
        available shop bolt                                      -> 4
        balance shop bolt                                        -> 4
        post M 2026-01-01 supplier -200000000 shelf 200000000    -> refused: above_ceiling lines[1].amount
        post M 2026-01-01 supplier -9nut shop 9nut
        available shop nut                                       -> 9
        ",
    )
    .await;
}

async fn a_lot_is_limited_and_so_is_the_whole() {
    play(
        "
        post M 2026-01-01 supplier -5 shop/lot1 5
        post M 2026-01-01 supplier -5 shop/lot2 5
        post M 2026-01-01 shop/lot1 -6 customer 6                -> refused: below_floor lines[0].amount
        reserve R1 shop -8 customer 8
        available shop/lot1 bolt                                 -> 2
        post M 2026-01-01 shop/lot1 -3 customer 3                -> refused: below_floor lines[0].amount
        settle R1 5 shop/lot1 -5 customer 5 keep
        available shop/lot1 bolt                                 -> 0
        available shop bolt                                      -> 2
        ",
    )
    .await;
}

async fn who_needs_a_subsidiary_is_limited_alone() {
    play(
        "
        post M 2026-01-01 leave/ann 3000000 taken -3000000
        post M 2026-01-01 leave/ann -5000000 taken 5000000
        post M 2026-01-01 leave/ann -1 taken 1                   -> refused: below_floor lines[0].amount
        post M 2026-01-01 leave/bob -2000000 taken 2000000
        available leave/ann day                                  -> -2000000
        available leave day                                      -> -4000000
        ",
    )
    .await;
}

async fn limits_may_come_and_go() {
    play(
        "
        post M 2026-01-01 customer -5 supplier 5
        limit supplier 0 none
        reserve R0 supplier -2 customer 2
        post M 2026-01-01 supplier -4 customer 4                 -> refused: below_floor lines[0].amount
        limit supplier none none
        post M 2026-01-01 supplier -9 customer 9
        limit supplier 0 none
        available supplier bolt                                  -> -6
        post M 2026-01-01 supplier -1 customer 1                 -> refused: below_floor lines[0].amount
        post M 2026-01-01 supplier 1 customer -1
        limit supplier none none
        post M 2026-01-01 supplier -4 shop/lot1 4
        set shop needs_subsidiary 1
        post M 2026-01-01 shop/lot1 -5 customer 5                -> refused: below_floor lines[0].amount
        post M 2026-01-01 shop/lot1 -1 customer 1
        set shop needs_subsidiary 0
        available shop bolt                                      -> 3
        post M 2026-01-01 shop -4 customer 4                     -> refused: below_floor lines[0].amount
        post M 2026-01-01 shop -3 customer 3
        ",
    )
    .await;
}

async fn a_promise_expires() {
    play(
        "
        post M 2026-01-01 supplier -10 shop 10
        reserve R1 shop -7 customer 7 until 2027-06-05
        reserve R2 shop -1 customer 1
        expire                                                   -> 0
        now 2027-06-05
        upkeep
        promise R1                                               -> expired 7 of 7 [0, 0]
        available shop bolt                                      -> 9
        settle R1 1 shop -1 customer 1 keep                      -> refused: promise_ended reservation
        reserve R3 shop -1 customer 1 until 2027-06-05           -> refused: expires_in_the_past expires_at
        ",
    )
    .await;
}

async fn a_reversal_undoes_once() {
    play(
        "
        post M 2026-01-05 bank 120 revenue -120
        reverse 1 2026-01-06 opposite
        turnover bank                                            -> 120 120
        reverse 1 2026-01-06 opposite                            -> refused: already_reversed entry
        reverse 2 2026-01-07 storno
        turnover bank                                            -> 120 0
        turnover revenue                                         -> 0 120
        balance bank eur                                         -> 120
        reverse 3 2026-01-08 storno
        turnover bank                                            -> 120 120
        balance bank eur                                         -> 0
        reverse 9 2026-01-08 storno                              -> no entry
        post M 2026-01-05 bank 100usd=0 equity -100usd=0
        reverse 5 2026-01-08 opposite
        ",
    )
    .await;
}

async fn items_are_matched_in_parts_and_back() {
    play(
        "
        post M 2026-01-05 receivable/acme 100 revenue -100
        post M 2026-01-06 bank 30 receivable/acme -30
        post M 2026-01-07 bank 80 receivable/acme -80
        post M 2026-01-07 bank 80 receivable/ann -80
        match A 1.1:31 2.2:31          -> refused: match_too_much parts[1].amount
        match A 1.1:30 2.2:20          -> refused: match_uneven parts
        match A 1.1:30                 -> refused: nothing_to_match parts
        match A 1.1:10 1.1:10          -> refused: matched_twice parts
        match A 1.1:30 4.2:30          -> refused: match_across parts[1].line
        match A 1.1:30 2.1:30          -> refused: keeps_no_open_items parts
        match A 1.1:0 2.2:0            -> refused: match_amount parts[0].amount
        match A 1.1:30 2.2
        open receivable/acme           -> 1.1 70/70, 3.2 -80/-80
        match B 1.1 3.2:70
        open receivable/acme           -> 3.2 -10/-10
        match C 1.1 3.2                -> refused: match_too_much parts[0].amount
        unmatch A
        unmatch A                      -> refused: already_unmatched match
        open receivable/acme           -> 1.1 30/30, 2.2 -30/-30, 3.2 -10/-10
        unmatch B
        open receivable/acme           -> 1.1 100/100, 2.2 -30/-30, 3.2 -80/-80
        ",
    )
    .await;
}

async fn a_match_over_rates_leaves_its_difference() {
    play(
        "
        post M 2026-01-05 receivable/acme 100usd=90 revenue -90 exchange
        post M 2026-02-05 receivable/acme -33usd=-31 bank 31 exchange
        post M 2026-02-06 receivable/acme -67usd=-62 bank 62 exchange
        match A 1.1:33 2.1             -> -1
        open receivable/acme           -> 1.1 67/60, 3.1 -67/-62
        match B 1.1 3.1                -> -2
        open receivable/acme           ->  ok
        post M 2026-02-06 receivable/acme 0usd=3 fx -3 exchange
        balance receivable/acme usd    -> 0
        trial                          -> bank 93, fx -3, revenue -90
        open receivable/acme           ->  ok
        match C 4.1                    -> refused: match_too_much parts[0].amount
        rebuild                        -> the same
        unmatch B
        rebuild                        -> the same
        open receivable/acme           -> 1.1 67/60, 3.1 -67/-62
        reserve R1 receivable/acme 0usd=3 fx -3 exchange   -> refused: amount_missing lines[0].amount
        ",
    )
    .await;
}

async fn open_items_are_switched_on_and_off() {
    play(
        "
        post M 2026-01-01 bank 5 revenue -5
        post M 2026-01-02 bank -2 expense 2
        match A 1.1:2 2.1              -> refused: keeps_no_open_items parts
        items bank on
        open bank                      -> 1.1 5/5, 2.1 -2/-2
        match A 1.1:2 2.1
        open bank                      -> 1.1 3/3
        rebuild                        -> the same
        items bank off
        open bank                      ->  ok
        post M 2026-01-03 bank 4 revenue -4
        rebuild                        -> the same
        items bank on
        open bank                      -> 1.1 3/3, 3.1 4/4
        unmatch A
        open bank                      -> 1.1 5/5, 2.1 -2/-2, 3.1 4/4
        rebuild                        -> the same
        ",
    )
    .await;
}

async fn an_account_with_entries_stays() {
    play(
        "
        post M 2026-01-01 bank 5 revenue -5
        reserve R1 shelf 3 customer -3
        delete bank                    -> refused: in_use
        delete shelf                   -> refused: in_use
        delete fx
        balance bank eur               -> 5
        ",
    )
    .await;
}

async fn the_largest_entry_is_posted_and_one_line_more_is_refused() {
    let world = World::new().await;
    let of = |lines: usize| {
        let line = |n: usize| {
            let last = if n + 1 == lines { 1 - lines as i64 } else { 1 };
            Line::signed(
                account_id(if n.is_multiple_of(2) { "bank" } else { "revenue" }),
                EUR,
                last,
            )
        };
        Draft::new("M", day("2026-01-01"), "large").lines((0..lines).map(line))
    };
    for (lines, wanted) in [(ENTRY_LINES_MAX, "posted"), (ENTRY_LINES_MAX + 1, "refused")] {
        let draft = of(lines);
        let posted = world.run(move |tx| Box::pin(post(tx, draft.clone()))).await;
        let answer = posted.as_ref().map_or_else(said, |_| "posted".to_owned());
        assert!(answer.starts_with(wanted), "{lines} lines: {answer}");
    }
    let last = LineRef::new(Id::new(1), ENTRY_LINES_MAX as i64);
    let read = world.run(move |tx| Box::pin(entry(tx, last.entry()))).await.unwrap();
    assert_eq!(read.lines.len(), ENTRY_LINES_MAX);
    let small = of(2);
    let next = world.run(move |tx| Box::pin(post(tx, small.clone()))).await.unwrap();
    assert!(last < next.line(1), "the lines of one entry stand before those of the next");
}

async fn periods_close_and_lock() {
    play(
        "
        post M 2026-01-05 bank 1 revenue -1
        close 2026-01
        close 2026-01                                            -> refused: period_is month
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-02-01
        post M 2026-01-05 supplier -1 shop 1
        post M 2026-01-05 supplier -1 shop 1 bank 5 revenue -5   ->  on 2026-02-01
        reopen 2026-01
        post M 2026-01-05 bank 1 revenue -1
        lock 2026-01                                             -> refused: period_is month
        close 2026-01
        lock 2026-01
        reopen 2026-01                                           -> refused: period_is month
        hard 2026-03-10
        hard 2026-03-09                                          -> refused: hard_lock_back until
        reopen 2026-02                                           -> refused: period_is month
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-03-11
        close nothing 2026-01                                    -> refused: unknown_book book
        reverse 1 2026-01-05 opposite
        trial 2026-03-10                                         -> bank 8, revenue -8
        ",
    )
    .await;
}

async fn an_exception_has_owner_reason_and_end() {
    play(
        "
        soft 2026-03-10
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-03-11
        grant X 7 2027-06-10                                     -> refused: reason_missing reason
        grant X 7 2027-05-10 the auditor asked                   -> refused: expiry_missing expires_at
        grant X 8 2027-06-10 the auditor asked
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-03-11
        grant Y 7 2027-06-10 the auditor asked
        post M 2026-01-05 bank 1 revenue -1
        under Y                                                  -> [#3]
        revoke Y
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-03-11
        grant Z 7 2027-06-10 again
        now 2027-06-11
        post M 2026-01-05 bank 1 revenue -1                      ->  on 2026-03-11
        soft none
        post M 2026-01-05 bank 1 revenue -1
        ",
    )
    .await;
}

async fn a_year_closes_and_opens_again() {
    play(
        "
        post M 2025-03-01 bank 500 revenue -500
        post M 2025-04-01 expense 200 bank -200
        post M 2025-05-01 bank 50usd=40 revenue -50usd=-40
        post M 2026-01-01 bank 7 revenue -7
        year close 2025-06-01 bank                               -> refused: not_equity result
        year close 2027-06-01 equity                             -> refused: year_not_over year
        year close 2025-06-01 equity
        trial 2025-12-31                                         -> bank 340, equity -340
        trial                                                    -> bank 347, equity -340, revenue -7
        year close 2025-06-01 equity                             -> refused: year_closed year
        reopen 2025-03                                           -> refused: year_closed month
        post M 2025-03-01 bank 5 revenue -5                      ->  on 2026-01-01
        year close 2026-06-01 equity
        trial                                                    -> bank 352, equity -352
        year reopen 2025-06-01                                   -> refused: year_order year
        year reopen 2026-06-01
        year reopen 2025-06-01
        trial 2025-12-31                                         -> bank 340, expense 200, revenue -540
        trial                                                    -> bank 352, expense 200, revenue -552
        turnover revenue                                         -> 0 562
        reverse 5 2026-01-01 opposite                            -> refused: not_reversible entry
        year close 2025-06-01 equity
        hard 2025-12-31
        year reopen 2025-06-01                                   -> refused: hard_locked year
        ",
    )
    .await;
}

async fn repeats_are_harmless() {
    play(
        "
        post INV 2026-01-05 receivable/acme 120 revenue -120 key a   -> INV/2026/0001
        post INV 2026-01-05 receivable/acme 120 revenue -120 key a   -> INV/2026/0001
        post INV 2026-01-05 receivable/acme 121 revenue -121 key a   -> conflict: This key was used before with another lines[0].amount: send the same again, or a new key.
        post INV 2026-01-05 receivable/acme 120 revenue -120 key b   -> INV/2026/0002
        close 2026-01
        post INV 2026-01-05 receivable/acme 120 revenue -120 key a   -> INV/2026/0001
        post INV 2026-01-05 receivable/acme 120 revenue -120 key c   -> INV/2026/0003 on 2026-02-01
        post INV 2026-01-05 receivable/acme 120 revenue -120 key c   -> INV/2026/0003 on 2026-02-01
        post M 2026-02-01 supplier -9 shop 9
        reserve R1 shop -5 customer 5 key a
        reserve R1 shop -5 customer 5 key a
        available shop bolt                                          -> 4
        reserve R1 shop -4 customer 4 key a                          -> conflict: This key was used before with another lines[0].amount: send the same again, or a new key.
        settle R1 3 shop -3 customer 3 key s keep
        settle R1 3 shop -3 customer 3 key s keep
        promise R1                                                   -> open 2 of 5 [-2, 2]
        balance shop bolt                                            -> 6
        post M 2026-01-01 shop -3 customer 3 key s                   -> conflict: This key was used before with another kind: send the same again, or a new key.
        ",
    )
    .await;
}

async fn accounts_may_change_their_mind() {
    play(
        "
        post M 2026-01-01 bank 5 expense -5
        set bank closed 1
        post M 2026-01-01 bank 5 expense -5                      -> refused: account_closed lines[0].account
        reverse 1 2026-01-01 opposite                            -> refused: account_closed lines[0].account
        set bank closed 0
        set bank postable 0
        post M 2026-01-01 bank 5 expense -5                      -> refused: not_postable lines[0].account
        post M 2026-01-01 cash 5usd=4 equity -5usd=-4            -> refused: wrong_unit lines[0].unit
        post M 2026-01-01 receivable 5 equity -5                 -> refused: subsidiary_missing lines[0].subsidiary
        ",
    )
    .await;
}
