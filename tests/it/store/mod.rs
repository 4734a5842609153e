//! The contract of every store, tested through `Store` without SQL or HTTP, and what only SQLite has.
//!
//! A contract test is a function in `contract`. It runs once per engine, as `store::sqlite::…`, `store::memory::…` and
//! `store::postgres::…`, so that `cargo test store::sqlite` runs one engine. A function that is missing from the list
//! below is never used, which the compiler reports.

mod contract;
mod copy;

/// Passes the list of contract tests to a macro.
macro_rules! contract {
    ($use:ident $(, $argument:ident)*) => {
        $use! {
            $($argument,)*
            accounts {
                organizations_are_listed_by_slug_and_a_slug_is_unique
                set_retention_changes_one_organization
                tokens_are_listed_by_name_and_found_by_hash
                tokens_with_the_same_hash_prefix_are_distinct
                a_second_revocation_keeps_the_first_time
                last_used_at_keeps_the_latest_use_in_any_order
                calls_to_a_closed_store_fail
            }
            deletions {
                a_renamed_organization_keeps_its_number_uuid_and_logs
                a_deleted_organization_leaves_only_its_record
                a_running_prune_prevents_a_deletion
                the_next_organization_keeps_the_latest_time
            }
            sessions {
                sessions_and_links_are_found_by_their_hash_unchanged
                a_session_keeps_its_latest_use_and_its_end
                of_concurrent_callers_one_takes_a_session
                expired_sessions_are_deleted_when_another_begins
                the_oldest_sessions_of_a_token_with_too_many_end
            }
            append {
                concurrent_appends_get_ids_without_gaps_in_commit_order
                an_appended_entry_is_read_back_unchanged
                a_repeated_uuid_is_known_or_a_conflict
                a_uuid_repeated_within_a_batch_uses_no_id
                concurrent_appends_of_one_uuid_store_one_entry
                an_atomic_append_with_a_conflict_stores_nothing
                equal_recordings_without_a_uuid_are_two_entries
            }
            values {
                values_round_trip_unchanged
                fields_keep_their_order
            }
            paging {
                pages_of_any_size_return_every_entry_in_order
                three_pages_equal_one_page_of_three_times_the_limit
                a_full_last_page_reports_no_more
                as_of_excludes_entries_recorded_later
                paging_continues_after_a_pruned_or_future_id
                paging_during_appends_and_prunes_returns_each_entry_once
                large_pages_and_rows_have_the_entries_of_small_pages
            }
            filtering {
                filters_agree_with_the_reference
                filter_values_are_neither_patterns_nor_sql
            }
            stats {
                counts_agree_with_the_reference
                an_entry_counts_once_per_field_and_once_in_the_total
            }
            rollup {
                rollup_counts_agree_with_the_reference
            }
            isolation {
                changes_in_one_organization_are_invisible_to_another
                an_empty_organization_sees_nothing_of_its_neighbours
                organizations_can_use_the_same_ids_and_uuids
                leases_and_prunes_belong_to_one_organization
            }
            pruning {
                a_prune_deletes_only_entries_before_the_cutoff
                batches_delete_the_oldest_first_and_make_one_record
                a_lookup_distinguishes_present_pruned_and_unknown_ids
                ids_are_not_reused_after_everything_was_pruned
                a_pruned_uuid_can_be_recorded_again
                pages_report_the_last_prune
                a_second_prune_is_refused_while_the_first_runs
                a_prune_whose_lease_was_taken_deletes_nothing_more
                a_prune_that_lost_its_lease_leaves_the_next_record_alone
                holdings_count_each_model_type_on_both_sides_of_the_cutoff
                a_prune_keeps_the_users_of_remaining_entries
                a_prune_keeps_the_users_for_whom_remaining_entries_were_made
                a_lease_has_one_holder_until_it_expires_or_is_released
            }
            holds {
                a_prune_keeps_exactly_what_the_filters_of_holds_match
                a_hold_created_between_two_batches_is_respected
                a_hold_released_during_a_prune_is_kept_to_its_end
                a_prune_goes_on_behind_held_entries
                a_batch_visits_a_limited_number_of_held_entries
                many_terms_of_holds_do_not_shorten_a_batch
                holdings_count_held_entries
                a_held_entry_of_a_tile_stays_provable
                a_hold_and_its_release_are_kept
                only_the_audit_log_is_held
            }
            trees {
                a_tree_grows_with_its_log
                deleted_entries_stay_in_the_tree
                an_entry_is_in_the_tree_before_a_prune_deletes_it
                servers_that_grow_a_tree_at_once_agree
                a_grown_tree_has_every_entry_recorded_before
                the_trail_is_a_log_of_its_own
            }
            erasures {
                an_erased_person_is_in_no_entry_and_the_tree_stays
                an_opening_has_the_salt_of_the_kept_part_only
                entries_recorded_during_an_erasure_are_erased
                an_erasure_and_a_prune_exclude_each_other_and_another_process_resumes
                an_erasure_that_was_widened_is_not_finished_by_a_narrower_run
                a_hold_created_during_an_erasure_keeps_what_is_left
                a_hold_on_an_erased_person_covers_what_it_covered
            }
            text_index {
                searches_agree_with_the_reference_by_way_of_the_index
                servers_that_index_a_log_at_once_agree
            }
            sweep {
                a_sweep_applies_each_plan_and_ignores_the_floor
                a_sweep_keeps_the_trail_for_a_year_at_least
                a_sweep_keeps_held_entries_and_makes_no_empty_record
                a_sweep_skips_an_organization_that_is_being_pruned
                one_server_sweeps_at_a_time_until_its_lease_expires
                a_sweep_refuses_a_clock_far_ahead_of_the_store
                a_lease_from_a_clock_ahead_is_ignored
            }
            trail {
                a_sweep_is_recorded_before_and_after
                a_prune_of_the_trail_states_again_what_explains_missing_entries
                a_pause_of_the_sweep_is_recorded_once
            }
        }
    };
}

/// Names the contract tests as `store::contract::MODULE::FUNCTION`.
macro_rules! names {
    ($($module:ident { $($test:ident)+ })+) => {
        &[$($(concat!("store::contract::", stringify!($module), "::", stringify!($test))),+),+]
    };
}

/// Defines the contract tests of one engine.
macro_rules! tests_of {
    ($engine:ident, $($module:ident { $($test:ident)+ })+) => {
        $(mod $module {
            $(#[test]
            fn $test() {
                $crate::support::stores::run_on($crate::support::stores::Engine::$engine, $crate::store::contract::$module::$test);
            })+
        })+
    };
}

/// The functions that run on every engine.
pub(crate) const CONTRACT: &[&str] = contract!(names);

mod sqlite {
    mod damage;
    mod file;
    mod schemas;

    contract!(tests_of, Sqlite);
}

mod memory {
    contract!(tests_of, Memory);
}

mod postgres {
    contract!(tests_of, Postgres);
}
