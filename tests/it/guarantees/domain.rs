//! The rules of the domain, each with the tests that would fail without it.

use super::Promise;

/// The rules of the domain.
pub(super) const DOMAIN: &[Promise] = &[
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
            "api::list::invalid_parameters_are_errors",
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
        "A change that lets more entries expire says so and asks, and one that loses nothing does not",
        &[
            "cli::org::a_plan_change_that_loses_entries_says_so_and_needs_a_confirmation",
            "cli::org::a_floor_that_lets_prunes_delete_more_needs_a_confirmation",
            "cli::org::on_a_terminal_the_number_of_entries_confirms_a_plan_change",
        ],
    ),
    (
        "A renamed organization is the same log; a deleted one leaves nothing but its record, and neither touches another",
        &[
            "store::contract::deletions::a_renamed_organization_keeps_its_number_uuid_and_logs",
            "store::contract::deletions::a_deleted_organization_leaves_only_its_record",
            "store::contract::deletions::a_running_prune_prevents_a_deletion",
            "postgres::deletions::no_table_keeps_a_row_of_a_deleted_organization",
            "cli::org::a_renamed_organization_keeps_tokens_and_verifies_as_the_same_log",
            "cli::org::a_deletion_needs_the_name_and_leaves_a_record",
            "cli::org::a_hold_prevents_a_deletion",
            "cli::org::an_interrupted_deletion_is_continued_without_another_question",
            "cli::org::a_running_server_goes_on_without_a_deleted_organization",
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
        &[
            "src::model::redaction::tests::an_operator_can_add_names_but_remove_none",
            "cli::serve_process::sighup_reads_redacted_names_and_the_log_level_again",
        ],
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
            "page::sign_in::wrong_tokens_and_links_are_limited_apart",
            "page::sign_in::links_that_another_site_makes_a_browser_look_up_lock_no_token_out",
            "page::export::an_export_is_cut_when_its_session_or_token_ends",
        ],
    ),
    (
        "A session of the page belongs to the browser that signed in knowingly, and ends with its time, its token or a new one",
        &[
            "page::sign_in::a_link_asks_before_it_signs_in_and_only_from_the_browser_that_was_asked",
            "page::sign_in::forms_of_other_sites_are_refused",
            "page::sign_in::a_link_of_another_site_opens_the_view_again_once",
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
            "forward::messages::a_destination_without_its_flag_is_not_repeated",
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
    (
        "A profile of the machine never hides a user's own profile or saved login",
        &[
            "src::config::mod::the_machine_file_applies_unless_the_user_has_the_profile_or_a_login",
            "src::config::mod::an_error_in_the_machine_file_names_the_file",
        ],
    ),
    (
        "An upgrade of a package keeps the log and edited configuration, and a purge keeps the log",
        &["tests/packages/chroots", "tests/packages/booted"],
    ),
];
