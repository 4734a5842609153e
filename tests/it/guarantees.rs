//! What is promised, and the tests that would fail without it: the guarantees of the HTTP contract and the rules of the
//! domain, each with its tests by name. A test here sees to it that every name is that of a test.
//!
//! Names beginning with `src` are unit tests, those with a slash are programs of `tests/`, and those beginning with
//! `store::contract` run on every engine. All others are in this binary.

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
            "api::trail_records::nothing_is_pruned_without_a_record",
        ],
    ),
    (
        "Every user who reads, exports, prunes or administers a log is on record in the trail",
        &[
            "api::trail_records::a_question_is_recorded_once_with_its_first_page",
            "api::trail_records::counts_and_single_entries_are_recorded_too",
            "api::trail_records::an_export_is_recorded_at_its_beginning_and_its_end",
            "api::trail_records::a_prune_is_recorded_before_and_after",
            "api::trail_records::nothing_is_pruned_without_a_record",
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
];

/// The rules of the domain.
const DOMAIN: &[Promise] = &[
    (
        "One entry is who, what, on which resource, when, and the old and new value of each changed field",
        &[
            "api::record::an_updated_entry_has_only_the_changed_fields_in_order",
            "api::record::a_created_entry_has_all_new_values_and_a_location",
            "api::record::a_deleted_entry_has_all_old_values",
            "api::record::an_update_without_changes_records_no_entry",
            "src::model::diff::applying_the_differences_to_before_gives_after",
            "fuzz::entries",
            "fuzz::diffs",
        ],
    ),
    (
        "A chronological list, newest first by default",
        &[
            "api::list::the_default_list_is_the_newest_fifty_without_a_total",
            "cli::list::entries_are_newest_first_and_reverse_flips_the_same_rows",
        ],
    ),
    (
        "Filters take several values, all combine, and none silently does nothing",
        &[
            "store::contract::filtering::filters_agree_with_the_reference",
            "store::contract::rollup::rollup_counts_agree_with_the_reference",
            "api::list::every_filter_reaches_the_store",
            "api::list::a_filter_never_silently_does_nothing",
            "cli::filter_pairs::the_api_agrees_on_every_filter_pair_and_its_total",
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
            "cli::export::csv_has_every_column_and_can_be_parsed",
            "cli::export::python_reads_the_same_cells",
            "cli::export::formula_cells_are_guarded",
            "cli::filter_pairs::list_agrees_on_a_sample_of_filter_pairs",
            "fuzz::csv_rows",
        ],
    ),
    (
        "Events for SIEMs are one line each, keep every value, and cannot be forged by text of the log",
        &[
            "src::render::event::properties::an_ocsf_event_is_one_line_that_loses_and_forges_nothing",
            "src::render::event::properties::a_cef_event_is_one_line_that_loses_and_forges_nothing",
            "src::render::event::properties::an_ecs_event_is_one_line_that_loses_and_forges_nothing",
            "src::render::event::properties::a_leef_event_is_one_line_that_loses_and_forges_nothing",
            "src::render::event::tests::the_document_names_exactly_the_fields_that_are_written",
            "cli::formats::each_entry_is_one_event_in_list_history_and_export",
            "tests/siem/readers",
        ],
    ),
    (
        "Retention by plan, by the calendar in UTC; before the cutoff is expired, at it is not",
        &[
            "src::model::plan::each_plan_has_its_cutoff",
            "src::model::time::age::tests::years_and_months_follow_the_calendar_and_days_last_24_hours",
            "store::contract::pruning::a_prune_deletes_only_entries_before_the_cutoff",
        ],
    ),
    (
        "A plan change takes effect at the next prune, both ways",
        &[
            "api::prune::a_lower_floor_allows_a_shorter_age_and_a_plan_change_applies_at_once",
            "cli::prune::an_operator_can_lower_the_floor_and_change_the_plan",
            "store::contract::accounts::set_retention_changes_one_organization",
        ],
    ),
    (
        "What must never be stored is redacted on every path, before anything is written",
        &[
            "src::model::redaction::tests::secret_fields_are_never_stored",
            "src::model::redaction::tests::authentication_headers_keep_their_names_and_lose_their_values",
            "src::model::redaction::tests::values_of_credential_keys_are_redacted_at_any_depth",
            "src::model::redaction::cases::what_is_secret_vanishes_and_what_resembles_it_stays",
            "src::model::redaction::properties::a_canary_under_a_credential_key_never_survives",
            "cli::secrets::no_secret_is_stored_shown_or_logged",
        ],
    ),
    (
        "A redacted field still says that it changed",
        &[
            "api::record::a_redacted_field_shows_only_that_it_changed",
            "src::model::redaction::tests::the_change_of_a_redacted_value_stays_visible",
        ],
    ),
    (
        "An operator can add names, never remove the built-in ones",
        &["src::model::redaction::tests::an_operator_can_add_names_but_remove_none"],
    ),
    (
        "A token does what its scopes allow, until it ends or is revoked, and not without limit",
        &[
            "api::auth::every_route_and_its_scope_are_in_the_table",
            "api::auth::every_operation_accepts_only_its_own_scope",
            "api::auth::a_token_expires_exactly_at_its_expiry",
            "api::auth::a_revoked_token_is_refused",
            "api::auth::too_many_requests_get_429_with_retry_after",
            "api::connections::a_connection_over_the_limit_gets_503_until_one_closes",
            "tests/schemathesis",
            "page::sign_in::a_token_becomes_a_session_that_ends_with_the_token",
            "page::sign_in::a_session_reads_only_what_its_token_may_read",
            "page::sign_in::wrong_tokens_and_links_are_limited",
            "page::export::an_export_is_cut_when_its_session_or_token_ends",
        ],
    ),
    (
        "A session of the page belongs to the browser that signed in knowingly, and ends with its time, its token or a new one",
        &[
            "page::sign_in::a_link_asks_before_it_signs_in_and_only_from_the_browser_that_was_asked",
            "page::sign_in::forms_of_other_sites_are_refused",
            "page::sign_in::a_link_signs_in_once_and_for_a_minute",
            "page::sign_in::a_session_ends_after_an_hour_without_use_and_after_eight_hours",
            "page::sign_in::signing_in_again_ends_the_earlier_session_of_the_browser",
            "page::sign_in::sessions_outlast_the_wrong_tokens_and_sessions_of_others",
            "page::tail::the_live_tail_does_not_keep_a_session_alive",
            "store::contract::sessions::of_concurrent_callers_one_takes_a_session",
            "store::contract::sessions::expired_sessions_are_deleted_when_another_begins",
        ],
    ),
    (
        "One caller does not stop the others: connections, memory, readers and time are shared out",
        &[
            "api::connections::endless_request_heads_do_not_exclude_authenticated_callers",
            "api::connections::endless_bodies_use_only_the_budget_of_their_token",
            "api::limits::an_error_names_the_limit_and_not_the_whole_input",
            "src::server::connection_slots::tests::many_addresses_do_not_evict_authenticated_connections",
            "src::server::budget::a_token_may_reserve_a_quarter_and_an_organization_half",
            "src::store::sqlite::readers::an_organization_never_holds_every_thread",
            "src::store::sqlite::readers::a_query_is_interrupted_when_its_caller_has_gone",
            "src::store::sqlite::faults::a_prune_with_an_open_reader_does_not_block_recorders",
            "store::sqlite::damage::a_damaged_organization_does_not_stop_the_sweep",
            "postgres::queries::slow_queries_do_not_block_health_tokens_recordings_or_other_organizations",
        ],
    ),
    (
        "History says what is not known in place of what is likely, and no difference is invisible",
        &[
            "src::model::history::tests::removed_and_added_secrets_are_tracked",
            "src::model::history::properties::pruned_logs_claim_only_true_values",
            "src::render::lookalike::escaped_lookalikes_look_different",
        ],
    ),
    (
        "Each entry is forwarded at least once and in order, and a repeated delivery has the same id",
        &[
            "tests/forward/deliver",
            "forward::destinations::a_webhook_gets_each_entry_once_signed_and_in_order",
            "forward::destinations::a_refused_entry_stays_before_the_cursor",
            "forward::destinations::a_full_disk_stops_the_cursor_and_not_the_process",
            "forward::destinations::entries_pruned_before_their_delivery_are_a_notice_and_exit_3",
            "forward::real_receivers::webhooks_lose_nothing_while_everything_is_killed",
            "forward::real_receivers::rsyslog_over_tcp_loses_nothing_while_everything_is_killed",
        ],
    ),
    (
        "No message of forward holds a key, or more of a URL than its host",
        &[
            "forward::messages::each_refusal_has_a_message_that_mends_it",
            "forward::messages::a_wrong_secret_is_explained",
            "forward::messages::a_systemd_unit_has_every_flag_and_no_secret",
            "src::commands::forward::address::destinations_are_parsed_and_named_without_secrets",
        ],
    ),
    (
        "Files of other users are neither followed nor written, and nothing is left half-written",
        &[
            "src::terminal::file::tests::parts_that_are_links_are_rejected_untouched",
            "src::terminal::file::tests::files_of_other_users_in_shared_directories_are_rejected",
            "cli::interrupted::failing_commands_close_the_store",
            "cli::interrupted::signals_end_a_command_blocked_on_output",
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
    assert_eq!(CONTRACT.len(), 9);
    let promises: BTreeSet<_> = CONTRACT.iter().chain(DOMAIN).map(|(promise, _)| promise).collect();
    assert_eq!(promises.len(), CONTRACT.len() + DOMAIN.len());
}
