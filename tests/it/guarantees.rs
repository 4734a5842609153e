//! What is promised, and the tests that would fail without it: the guarantees of the HTTP contract and the rules of the
//! domain, each with its tests by name. A test here sees to it that every name is that of a test.
//!
//! Names beginning with `src` are unit tests, those with a slash are programs of `tests/`, and those beginning with
//! `store::contract` run on every engine. All others are in this binary.

mod domain;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::DOMAIN;

/// A promise and its tests.
type Promise = (&'static str, &'static [&'static str]);

/// "Guarantees, each with a test that would fail without it", in the contract's order and words.
const CONTRACT: &[Promise] = &[
    (
        "An acknowledged entry is never lost, never changed, and visible to every later read",
        &[
            "tests/crash",
            "cli::durability::killing_the_server_loses_no_acknowledged_entry",
            "cli::durability::a_killed_import_can_be_repeated",
            "cli::serve::serve_finishes_running_requests_before_it_stops",
            "api::operations::a_stopped_server_keeps_every_acknowledged_entry",
            "store::contract::append::an_appended_entry_is_read_back_unchanged",
            "store::sqlite::file::reopening_a_file_keeps_everything",
            "store::sqlite::file::a_second_process_sees_acknowledged_entries",
            "store::sqlite::schemas::a_file_of_an_earlier_schema_opens_with_all_its_data",
            "store::contract::values::values_round_trip_unchanged",
            "store::sqlite::damage::appending_to_a_locked_file_fails_and_stores_nothing",
            "store::sqlite::damage::a_damaged_page_is_reported_and_never_misread",
            "src::store::sqlite::faults::a_deleted_log_is_detected_and_loses_no_acknowledged_entry",
            "src::store::sqlite::flips::flipped_bits_are_never_returned_as_entries",
            "api::record::an_idempotency_key_equals_the_uuid_or_is_refused",
            "postgres::nodes::a_recording_survives_a_short_worker_outage",
            "postgres::partitions::on_citus_every_process_creates_a_dropped_month_again",
        ],
    ),
    (
        "Ids have no gaps and no reordering under concurrent recorders, on every store",
        &[
            "tests/crash",
            "store::contract::append::concurrent_appends_get_ids_without_gaps_in_commit_order",
            "store::contract::append::an_atomic_append_with_a_conflict_stores_nothing",
            "store::contract::append::a_uuid_repeated_within_a_batch_uses_no_id",
            "store::contract::pruning::ids_are_not_reused_after_everything_was_pruned",
            "api::batch::a_thousand_lines_get_ids_in_their_order",
            "cli::import_cases::equal_times_keep_the_order_of_source_ids",
        ],
    ),
    (
        "Paging with a cursor returns every matching entry exactly once, also with equal timestamps on a page border, and \
         while others record or prune",
        &[
            "store::contract::paging::pages_of_any_size_return_every_entry_in_order",
            "store::contract::paging::three_pages_equal_one_page_of_three_times_the_limit",
            "store::contract::paging::large_pages_and_rows_have_the_entries_of_small_pages",
            "store::contract::paging::paging_during_appends_and_prunes_returns_each_entry_once",
            "store::contract::paging::as_of_excludes_entries_recorded_later",
            "api::list::cursors_reach_the_end_and_keep_the_first_as_of",
            "api::list::a_cursor_of_another_query_is_refused",
            "cli::export::a_recorder_does_not_disturb_a_running_export",
            "api::pages::a_limited_list_continues_at_its_cursor",
            "api::pages::pages_that_end_at_the_byte_limit_continue",
            "cli::resume::an_export_killed_before_its_first_page_can_be_resumed",
            "cli::resume::a_concurrent_resume_is_refused_and_changes_nothing",
            "fuzz::cursors",
        ],
    ),
    (
        "One organization's token can never see, count, infer or delete another's entries",
        &[
            "store::contract::isolation::changes_in_one_organization_are_invisible_to_another",
            "store::contract::isolation::an_empty_organization_sees_nothing_of_its_neighbours",
            "store::contract::isolation::organizations_can_use_the_same_ids_and_uuids",
            "store::contract::isolation::leases_and_prunes_belong_to_one_organization",
            "api::tenancy::answers_do_not_depend_on_other_organizations",
            "api::tenancy::a_cursor_of_another_organization_is_refused_like_one_of_another_query",
            "api::auth::data_outside_a_tokens_scope_looks_absent",
            "api::operations::metrics_count_without_names",
            "postgres::statements::every_statement_names_one_organization_for_each_growing_table",
        ],
    ),
    (
        "A redacted value is nowhere: not in the database files, answers, exports, logs, traces or errors",
        &[
            "api::canary::a_recorded_secret_is_in_no_file_answer_or_log",
            "api::canary::malformed_input_is_quoted_nowhere",
            "api::canary::the_log_holds_no_tokens_query_strings_or_paths",
            "cli::secrets::no_secret_is_stored_shown_or_logged",
            "cli::import::a_computed_uuid_does_not_depend_on_redacted_values",
            "cli::import_cases::possible_secrets_of_a_file_are_not_shown",
            "api::connections::a_misplaced_token_is_not_logged",
            "src::server::middleware::a_request_id_that_contains_a_token_is_replaced",
            "src::model::redaction::held_out::the_promise_is_kept_and_harmless_values_stay",
            "src::model::redaction::held_out::what_was_once_kept_vanishes",
            "src::commands::json_input::errors_do_not_quote_the_text",
            "src::store::sqlite::faults::a_copy_keeps_no_user_whose_entries_were_pruned_meanwhile",
            "cli::record::a_rejected_entry_is_reported_and_not_quoted",
            "store::sqlite::file::pruned_text_leaves_the_file_and_its_log",
            "src::server::shape::errors_are_located_and_quote_nothing_of_the_request",
            "fuzz::redactions",
        ],
    ),
    (
        "An erased person is nowhere in the store, and the log still verifies",
        &[
            "cli::erase::nothing_names_an_erased_person_and_the_log_verifies",
            "cli::erase::a_forged_erasure_is_named",
            "store::contract::erasures::an_erased_person_is_in_no_entry_and_the_tree_stays",
            "store::contract::erasures::an_erasure_and_a_prune_exclude_each_other_and_another_process_resumes",
            "store::contract::erasures::entries_recorded_during_an_erasure_are_erased",
            "postgres::erasing::erased_text_leaves_the_files_of_tables_and_indexes_with_a_vacuum",
            "postgres::erasing::erased_text_leaves_the_write_ahead_log_with_its_old_segments",
            "cli::erase::no_log_state_or_later_backup_names_an_erased_person",
            "cli::erase_processes::on_sqlite_an_erasure_that_was_killed_is_continued",
            "cli::erase_processes::on_postgres_an_erasure_that_was_killed_is_continued",
            "api::erase::on_postgres_nothing_names_the_person_in_any_answer",
            "tests/it/simulation/mod.rs",
        ],
    ),
    (
        "Nothing younger than the retention period is ever deleted by a prune or by the automatic sweep",
        &[
            "api::prune::entries_within_retention_are_never_deleted",
            "api::prune::a_longer_age_keeps_more_and_a_shorter_one_is_refused",
            "api::prune::a_prune_can_be_limited_to_the_planned_entries",
            "store::contract::pruning::a_prune_deletes_only_entries_before_the_cutoff",
            "store::contract::pruning::a_lease_has_one_holder_until_it_expires_or_is_released",
            "store::contract::sweep::a_sweep_applies_each_plan_and_ignores_the_floor",
            "cli::prune::entries_within_retention_are_never_deleted",
            "src::server::clock_guard::a_clock_that_gains_too_much_is_implausible",
            "src::server::clock_guard::a_clock_that_starts_far_ahead_of_the_store_is_implausible",
            "src::server::clock_guard::a_step_before_the_first_check_counts",
            "store::contract::sweep::a_sweep_refuses_a_clock_far_ahead_of_the_store",
            "store::contract::sweep::a_lease_from_a_clock_ahead_is_ignored",
            "src::model::plan::a_requested_age_may_exceed_plan_and_floor_but_not_undercut_them",
        ],
    ),
    (
        "No change of an entry after a kept checkpoint goes unnoticed",
        &[
            "src::model::integrity::verify::properties::every_change_of_a_database_is_found_and_named",
            "src::model::integrity::verify::properties::a_log_that_was_rolled_back_is_found",
            "src::model::integrity::leaf::tests::a_record_covers_every_field",
            "store::contract::trees::a_tree_grows_with_its_log",
            "store::contract::trees::servers_that_grow_a_tree_at_once_agree",
            "api::tree::tiles_lead_from_the_entries_to_the_checkpoint",
            "cli::verify_server::a_forged_and_a_deleted_row_are_named",
            "cli::verify_server::a_log_that_went_backwards_is_noticed",
            "cli::signing_key::a_restored_backup_is_named_on_the_first_run_too",
            "cli::signing_key::damage_of_the_tree_is_named_for_what_it_is",
            "src::model::integrity::proof::tests::another_implementation_has_the_same_roots_and_proofs",
            "store::sqlite::file::a_backup_does_not_hold_the_signing_key",
        ],
    ),
    (
        "Nothing is missing but what a recorded prune may take",
        &[
            "src::model::integrity::verify::properties::every_change_of_a_database_is_found_and_named",
            "src::model::integrity::verify::properties::an_earlier_cutoff_does_not_explain_the_deleted_entries",
            "src::model::integrity::verify::rules::a_missing_entry_belongs_to_the_first_prune_that_may_delete_it",
            "src::model::integrity::verify::rule_reader::tests::a_prune_explains_only_what_had_expired_by_the_retention_in_force",
            "cli::verify_prunes::a_prune_inside_the_retention_explains_nothing",
            "postgres::one_tree::two_servers_recorders_and_prunes_make_one_tree",
            "store::contract::trees::deleted_entries_stay_in_the_tree",
            "store::contract::trees::an_entry_is_in_the_tree_before_a_prune_deletes_it",
            "api::tree::a_tile_without_entries_is_gone_and_its_short_form_has_its_root",
            "api::trail_records::nothing_is_pruned_or_exported_without_a_record",
        ],
    ),
    (
        "Every user who reads, exports, prunes or administers a log is on record in the trail",
        &[
            "api::trail_records::a_question_is_recorded_once_with_its_first_page",
            "api::trail_records::counts_and_single_entries_are_recorded_too",
            "api::trail_records::an_export_is_recorded_at_its_beginning_and_its_end",
            "api::trail_records::a_prune_is_recorded_before_and_after",
            "api::trail_records::nothing_is_pruned_or_exported_without_a_record",
            "api::trail_records::reads_of_one_organization_are_in_no_other_trail",
            "src::server::trail::tests::a_full_queue_is_written_before_another_read_is_queued",
            "src::server::trail::tests::a_read_that_cannot_be_written_stays_queued",
            "store::contract::trail::a_sweep_is_recorded_before_and_after",
            "store::contract::trail::a_pause_of_the_sweep_is_recorded_once",
            "store::sqlite::schemas::an_upgrade_is_recorded_once",
            "cli::trail::operator_commands_are_recorded_with_account_and_host",
            "cli::trail::a_server_records_its_start_and_its_end",
            "cli::trail::reads_of_a_local_store_are_recorded",
        ],
    ),
    (
        "While a hold exists, nothing that matches it is deleted",
        &[
            "cli::hold_processes::on_sqlite_a_prune_of_another_process_keeps_what_is_held_meanwhile",
            "cli::hold_processes::on_postgres_a_prune_of_another_process_keeps_what_is_held_meanwhile",
            "postgres::holds::a_hold_waits_for_a_running_batch_and_the_next_batch_sees_it",
            "store::contract::holds::a_prune_keeps_exactly_what_the_filters_of_holds_match",
            "store::contract::holds::a_hold_created_between_two_batches_is_respected",
            "store::contract::holds::a_hold_released_during_a_prune_is_kept_to_its_end",
            "store::contract::holds::a_prune_goes_on_behind_held_entries",
            "store::contract::sweep::a_sweep_keeps_held_entries_and_makes_no_empty_record",
            "store::contract::erasures::a_hold_on_an_erased_person_covers_what_it_covered",
            "tests/it/simulation/mod.rs",
            "api::holds::a_hold_keeps_expired_entries_until_it_is_released",
            "api::holds::a_prune_keeps_the_holds_of_its_plan_if_they_are_released_meanwhile",
            "cli::hold::a_prune_shows_archives_and_deletes_only_what_no_hold_covers",
            "cli::hold::a_copy_of_a_store_has_its_holds",
            "src::model::hold::filters_that_read_values_are_refused",
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
fn every_promise_names_existing_tests() {
    let mut there = BTreeSet::new();
    tests_below(&root().join("tests/it"), "", &mut there);
    tests_below(&root().join("src"), "src", &mut there);
    there.extend(crate::store::CONTRACT.iter().map(|name| (*name).to_owned()));
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
fn all_guarantees_are_listed_and_promises_are_unique() {
    assert_eq!(CONTRACT.len(), 11);
    let promises: BTreeSet<_> = CONTRACT.iter().chain(DOMAIN).map(|(promise, _)| promise).collect();
    assert_eq!(promises.len(), CONTRACT.len() + DOMAIN.len());
}
