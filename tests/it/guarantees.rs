//! What is promised, and the tests that would fail without it: the guarantees of the HTTP contract and the rules of the
//! domain, each with its tests by name. A test here sees to it that every name is that of a test.
//!
//! Names beginning with `src` stand beside the code, those with a slash are programs of `tests/`, all others are here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A promise and its tests.
type Promise = (&'static str, &'static [&'static str]);

/// "Guarantees, each with a test that would fail without it", in the contract's order and words.
const CONTRACT: &[Promise] = &[
    (
        "An acknowledged entry is never lost, never changed, and visible to every later read",
        &[
            "tests/crash",
            "cli::durability::nothing_acknowledged_is_lost_when_the_server_is_killed",
            "cli::durability::an_import_that_was_killed_is_run_again",
            "cli::serve::finishes_running_requests_before_it_stops",
            "api::operations::a_stopped_server_has_kept_everything_it_acknowledged",
            "store::append::an_entry_is_given_back_as_it_was_appended",
            "store::file::reopening_a_file_keeps_everything",
            "store::file::a_second_process_sees_what_the_first_acknowledged",
            "store::schemas::a_file_of_an_earlier_schema_opens_with_all_that_is_in_it",
            "store::values::values_round_trip_as_they_were_sent",
            "store::faults::a_locked_file_is_told_and_nothing_of_it_is_stored",
            "store::faults::a_damaged_file_is_told_and_never_read_as_something_else",
            "src::store::sqlite::faults::a_deleted_log_is_detected_and_loses_no_acknowledged_entry",
            "src::store::sqlite::flips::flipped_bits_are_never_returned_as_entries",
            "api::record::an_idempotency_key_is_the_entrys_uuid_or_refused",
            "postgres::nodes::a_recording_survives_a_worker_that_is_away_for_a_moment",
            "postgres::partitions::on_citus_too_a_dropped_month_is_made_again_by_every_process",
        ],
    ),
    (
        "Ids have no gaps and no reordering under concurrent recorders, on every store",
        &[
            "tests/crash",
            "store::append::ids_have_no_gaps_and_no_reordering_under_sixteen_recorders_and_a_follower",
            "store::append::an_atomic_append_with_a_conflict_stores_nothing_and_uses_no_id",
            "store::append::a_uuid_counts_within_one_batch_too_and_leaves_no_gap",
            "store::pruning::ids_stay_used_when_everything_was_pruned",
            "api::batch::a_thousand_lines_get_ids_in_their_order",
            "cli::import_cases::equal_times_are_in_the_order_of_the_files_own_ids",
        ],
    ),
    (
        "Paging with a cursor returns every matching entry exactly once, also with equal timestamps on a page border, and \
         while others record or prune",
        &[
            "store::paging::pages_of_any_size_make_the_same_whole_in_every_order",
            "store::paging::three_pages_are_one_of_three_times_the_size",
            "store::paging::paging_while_others_record_and_prune_gives_each_entry_once",
            "store::paging::as_of_leaves_out_what_was_recorded_later_whenever_it_happened",
            "api::list::cursors_lead_to_the_end_and_hold_the_first_pages_bound",
            "api::list::a_cursor_of_another_question_is_refused_and_not_misread",
            "cli::export::a_recorder_does_not_disturb_a_running_export",
            "api::pages::the_first_entries_end_where_the_cursor_goes_on",
            "api::pages::pages_that_end_at_their_bytes_are_gone_on_with",
            "cli::resume::an_export_that_was_killed_before_its_first_page_is_gone_on_with",
            "cli::resume::a_second_resume_beside_the_first_is_refused_and_changes_nothing",
            "fuzz::cursors",
        ],
    ),
    (
        "One organization's token can never see, count, infer or delete another's entries",
        &[
            "store::isolation::what_one_organization_does_changes_nothing_that_another_is_told",
            "store::isolation::an_empty_organization_between_full_ones_is_told_nothing",
            "store::isolation::ids_and_uuids_may_coincide_between_organizations",
            "store::isolation::each_organization_has_its_own_lease_and_its_own_prunes",
            "api::tenancy::every_call_answers_the_same_whatever_another_organization_holds",
            "api::tenancy::a_cursor_of_another_organization_is_refused_like_that_of_another_question",
            "api::auth::what_a_token_cannot_see_is_told_as_if_it_were_not_there",
            "api::operations::metrics_count_and_name_nobody",
            "postgres::statements::every_statement_about_what_grows_names_one_organization_for_each_table",
        ],
    ),
    (
        "A redacted value is nowhere: not in the database files, answers, exports, logs, traces or errors",
        &[
            "api::canary::a_secret_of_a_recorder_is_in_no_file_no_answer_and_no_log",
            "api::canary::what_cannot_be_read_is_quoted_nowhere",
            "api::canary::tokens_query_strings_paths_and_names_are_not_in_the_log",
            "cli::leaks::no_secret_is_kept_shown_or_logged",
            "cli::import::a_uuid_made_for_a_line_tells_nothing_of_what_was_hidden",
            "cli::import_cases::words_of_a_file_that_may_be_secrets_are_not_shown",
            "api::connections::a_token_in_the_wrong_place_is_in_no_log",
            "src::server::middleware::a_request_id_that_holds_a_token_is_replaced",
            "src::model::redaction::held_out::the_promise_is_kept_and_harmless_values_stay",
            "src::model::redaction::held_out::what_was_once_kept_vanishes",
            "src::commands::shape::nothing_of_the_text_is_repeated",
            "src::store::sqlite::faults::a_copy_keeps_no_user_whose_entries_were_pruned_meanwhile",
            "cli::record::what_cannot_be_recorded_is_told_and_not_quoted",
            "store::file::pruned_text_leaves_the_file_and_its_log",
            "src::server::shape::faults_are_located_and_nothing_that_was_sent_is_quoted",
            "fuzz::redactions",
        ],
    ),
    (
        "Nothing younger than the retention period is ever deleted by a prune or by the automatic sweep",
        &[
            "api::prune::what_is_younger_than_the_retention_never_goes",
            "api::prune::a_longer_age_spares_more_and_a_shorter_one_is_refused",
            "api::prune::exactly_what_a_plan_has_shown_can_be_deleted",
            "store::pruning::only_what_happened_before_the_cutoff_goes",
            "store::pruning::a_lease_is_one_holders_until_it_ends_or_is_given_back",
            "store::sweep::each_organization_is_swept_by_its_own_plan_and_a_floor_deletes_nothing",
            "cli::prune::nothing_inside_its_retention_is_ever_deleted",
            "src::server::clock_guard::a_clock_that_runs_with_time_or_behind_it_is_trusted_and_one_that_leaps_is_not",
            "src::server::clock_guard::a_clock_that_starts_far_ahead_of_what_the_store_has_seen_is_not_trusted",
            "src::server::clock_guard::a_step_before_the_first_look_counts",
            "store::sweep::a_clock_far_ahead_of_what_the_store_has_seen_sweeps_nothing_after_a_restart_either",
            "store::sweep::a_lease_of_a_clock_that_was_ahead_is_none",
            "src::model::plan::an_age_of_ones_own_may_be_longer_and_never_shorter_than_plan_and_floor",
        ],
    ),
];

/// The rules of the domain.
const DOMAIN: &[Promise] = &[
    (
        "One entry is who, what, on which resource, when, and the old and new value of each changed field",
        &[
            "api::record::an_updated_entry_has_only_what_differs_in_the_order_sent",
            "api::record::a_created_entry_has_all_new_values_and_its_place",
            "api::record::a_deleted_entry_has_all_old_values",
            "api::record::an_update_that_changes_nothing_leaves_no_entry",
            "src::model::diff::applying_the_differences_to_before_gives_after",
            "fuzz::entries",
            "fuzz::diffs",
        ],
    ),
    (
        "A chronological list, newest first by default",
        &[
            "api::list::the_newest_fifty_come_first_and_the_total_only_when_asked_for",
            "cli::list::the_newest_come_first_and_reverse_turns_the_same_rows_round",
        ],
    ),
    (
        "Filters take several values, all combine, and none silently does nothing",
        &[
            "store::filtering::every_store_means_by_a_filter_what_the_reference_means",
            "store::tallies::sums_and_what_they_lack_are_what_the_reference_counts",
            "api::list::every_filter_reaches_the_store",
            "api::list::a_filter_never_silently_does_nothing",
            "cli::pairs::the_api_agrees_on_every_pair_and_counts_right",
            "fuzz::query_strings",
        ],
    ),
    (
        "An update shows each old value in red and new value in green; a create or delete shows all",
        &["cli::show::old_is_red_and_new_is_green", "cli::show::a_creation_and_a_deletion_show_every_field"],
    ),
    (
        "CSV of exactly what the current filters select",
        &[
            "cli::export::csv_holds_every_column_and_reads_back",
            "cli::export::python_reads_the_same_cells",
            "cli::export::cells_a_spreadsheet_would_compute_are_text",
            "cli::pairs::the_binary_agrees_on_a_sample_of_pairs",
            "fuzz::csv_rows",
        ],
    ),
    (
        "Retention by plan, by the calendar in UTC; before the cutoff is expired, at it is not",
        &[
            "src::model::plan::each_plan_has_its_cutoff",
            "src::model::time::age::tests::years_and_months_follow_the_calendar_and_days_the_clock",
            "store::pruning::only_what_happened_before_the_cutoff_goes",
        ],
    ),
    (
        "A plan change takes effect at the next prune, both ways",
        &[
            "api::prune::a_lowered_floor_lets_a_shorter_age_be_named_and_a_plan_change_counts_at_once",
            "cli::prune::an_operator_can_lower_the_floor_and_change_the_plan",
            "store::accounts::a_change_of_retention_is_kept_and_touches_one_organization",
        ],
    ),
    (
        "What must never be stored is redacted on every path, before anything is written",
        &[
            "src::model::redaction::tests::the_fields_of_the_table_are_never_kept",
            "src::model::redaction::tests::auth_headers_keep_their_names_and_lose_every_value",
            "src::model::redaction::tests::keys_that_name_a_credential_hide_their_value_at_any_depth",
            "src::model::redaction::cases::what_is_secret_vanishes_and_what_resembles_it_stays",
            "src::model::redaction::properties::a_canary_under_a_credential_key_never_survives",
            "cli::leaks::no_secret_is_kept_shown_or_logged",
        ],
    ),
    (
        "A redacted field still says that it changed",
        &[
            "api::record::a_redacted_field_says_only_that_it_changed",
            "src::model::redaction::tests::a_hidden_difference_is_still_told",
        ],
    ),
    (
        "An operator can add names, never remove the built-in ones",
        &["src::model::redaction::tests::an_operator_adds_names_and_removes_none"],
    ),
    (
        "A token does what its scopes allow, until it ends or is revoked, and not without limit",
        &[
            "api::auth::every_route_stands_in_the_table_with_what_it_needs",
            "api::auth::every_operation_takes_its_own_scope_and_refuses_each_other",
            "api::auth::a_token_ends_at_its_expiry_and_not_before",
            "api::auth::a_revoked_token_opens_nothing_from_then_on",
            "api::auth::who_asks_too_often_is_told_when_to_come_back",
            "api::connections::a_connection_without_a_place_is_told_so_and_a_place_is_free_again_afterwards",
            "tests/schemathesis",
        ],
    ),
    (
        "One caller does not stop the others: connections, memory, readers and time are shared out",
        &[
            "api::connections::heads_that_never_end_do_not_keep_out_who_has_a_token",
            "api::connections::bodies_that_never_end_take_the_memory_of_their_own_token_only",
            "api::limits::an_answer_names_the_limit_and_not_all_that_was_sent",
            "src::server::places::tests::many_addresses_leave_the_places_of_those_who_have_shown_a_token",
            "src::server::budget::a_token_takes_a_quarter_and_an_organization_half",
            "src::store::sqlite::readers::an_organization_never_holds_every_thread",
            "src::store::sqlite::readers::a_query_is_interrupted_when_its_caller_has_gone",
            "src::store::sqlite::faults::a_prune_with_an_open_reader_does_not_block_recorders",
            "store::sweep::an_organization_with_a_damaged_row_keeps_no_other_from_its_turn",
            "postgres::queries::health_tokens_recordings_and_other_organizations_do_not_wait_behind_queries",
        ],
    ),
    (
        "History says what is not known in place of what is likely, and no difference is invisible",
        &[
            "src::model::history::tests::a_secret_that_was_removed_is_gone_and_one_that_was_added_was_not_there",
            "src::model::history::properties::a_pruned_log_claims_nothing_that_is_not_so",
            "src::render::alike::what_looks_alike_never_does_once_it_is_told_apart",
        ],
    ),
    (
        "Files of other users are neither followed nor written, and nothing is left half-written",
        &[
            "src::terminal::file::tests::a_part_that_leads_elsewhere_is_refused_and_nothing_behind_it_is_touched",
            "src::terminal::file::tests::files_that_another_user_put_into_a_shared_directory_are_refused",
            "cli::interrupted::failing_commands_close_the_store",
            "cli::interrupted::a_command_whose_output_nobody_reads_ends_at_once",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests below a directory: the file's modules, then the function.
fn tests_below(directory: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        let module = if prefix.is_empty() { stem.to_owned() } else { format!("{prefix}::{stem}") };
        if path.is_dir() {
            tests_below(&path, &module, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
                let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
                if let Some((name, _)) = name.and_then(|rest| rest.split_once('(')).filter(|_| is_test) {
                    found.insert(format!("{module}::{name}"));
                    is_test = false;
                }
            }
        }
    }
}

#[test]
fn every_promise_has_tests_and_every_test_it_names_is_there() {
    let mut there = BTreeSet::new();
    tests_below(&root().join("tests/it"), "", &mut there);
    tests_below(&root().join("src"), "src", &mut there);
    assert!(there.len() > 300, "the tests were found: {}", there.len());
    let mut faults = Vec::new();
    for (promise, tests) in CONTRACT.iter().chain(DOMAIN) {
        if tests.is_empty() {
            faults.push(format!("no test for: {promise}"));
        }
        for test in *tests {
            let is_there =
                if test.contains('/') { root().join(test).is_file() } else { there.contains(*test) };
            if !is_there {
                faults.push(format!("there is no test {test}, for: {promise}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn all_six_guarantees_stand_here_and_no_promise_twice() {
    assert_eq!(CONTRACT.len(), 6);
    let promises: BTreeSet<_> = CONTRACT.iter().chain(DOMAIN).map(|(promise, _)| promise).collect();
    assert_eq!(promises.len(), CONTRACT.len() + DOMAIN.len());
}
