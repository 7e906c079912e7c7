//! Who owns which loopback addresses and ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::client::Client;

/// Every test that opens sockets. The place in this table gives a test its network and ports, so no two share
/// one: row `n` owns 127.(64 + n / 250).(1 + n % 250).0/24 and the ports 20000 + 2n and 20001 + 2n (below the
/// range the kernel hands out by itself). In that network .2 and up are sites, .100 and up upstreams, .200 and
/// up clients. Append new tests at the end.
const TESTS: &[&str] = &[
    "exact_addresses_leave_room_for_others",
    "exact_addresses_on_port_80",
    "a_taken_wildcard_is_named_and_opens_later",
    "a_taken_address_is_explained_without_root",
    "an_exact_holder_and_a_v6_holder_are_told_apart",
    "a_wildcard_binding_obeys_the_listen_list",
    "probe_and_who_name_the_holder",
    "stopping_one_site_leaves_the_other_alone",
    "a_thousand_rounds_leak_nothing",
    "a_stopped_host_name_is_404_and_an_unknown_one_400",
    "a_less_specific_binding_takes_over",
    "sigterm_drains",
    "stop_drains_and_exits_with_0",
    "a_site_without_auto_start_waits",
    "the_third_slow_request_is_denied",
    "a_vanished_client_gives_its_place_back",
    "the_sixth_request_is_denied_until_silence",
    "deny_actions_and_unlisted_addresses_inherit",
    "six_requests_at_once",
    "logging_only_serves_and_tells",
    "abort_resets_without_a_w3c_line",
    "two_clients_count_apart",
    "ipv6_counts_per_64",
    "clients_are_listed_and_unblocked",
    "no_request_fails_under_reload",
    "hand_edits_and_sighup_are_picked_up",
    "a_broken_file_at_start_is_named",
    "one_bad_site_leaves_the_others",
    "the_embedded_default_serves_limits_and_explains",
    "a_program_behind_to_streams_a_gibibyte_each_way",
    "hop_by_hop_headers_stay_here",
    "a_dead_upstream_is_502_and_a_silent_one_504",
    "methods_validators_and_ranges",
    "default_documents_and_directories",
    "nothing_outside_the_root",
    "mime_types",
    "w3c_lines_have_the_default_fields",
    "client_text_cannot_add_a_field",
    "log_file_settings_are_obeyed",
    "pipelined_requests_answer_in_order",
    "keep_alive_and_close",
    "bad_requests_get_the_400_page",
    "request_bodies_are_read_or_refused",
    "the_control_socket_is_private",
    "sites_are_added_and_removed_in_a_crlf_file",
    "the_cli_says_what_it_cannot_do",
    "a_large_file_is_whole",
    "several_ranges_of_small_and_large_files",
    "a_neighbour_is_sent_to_those_who_take_its_coding",
    "folders_are_listed_where_the_operator_says_so",
    "names_in_another_case_keep_their_policy",
    "files_of_odd_kinds_and_sizes",
    "pages_of_the_operators_own",
    "who_sees_details",
    "an_upstreams_errors_are_replaced_on_request",
    "one_file_for_all_sites",
    "other_formats_and_code_pages",
    "json_lines_tell_all",
    "only_chosen_answers_are_logged",
    "further_columns",
    "logs_are_found_followed_and_rotated",
    "a_full_disk_costs_lines_and_nothing_else",
    "a_folder_that_is_removed_comes_back",
    "killed_under_load_no_line_is_broken",
    "every_path_of_the_vectors",
    "a_file_that_shrinks_while_it_is_sent_ends_the_connection",
    "old_files_are_compressed_and_removed",
    "a_denied_folder_is_denied_in_every_spelling",
    "a_response_streams_while_the_upstream_still_writes",
    "a_vanished_client_of_a_proxy_gives_its_place_back",
    "a_body_waits_for_100_continue",
    "a_changed_limit_reaches_a_kept_connection",
    "explain_names_the_line_and_charges_nothing",
    "set_writes_what_it_says_and_nothing_else",
    "blocks_strike_everywhere_and_outlive_a_restart",
    "the_proxy_protocol_names_the_peer",
    "every_vector_of_forwarded_headers_live",
    "a_list_file_denies_and_is_read_again",
    "host_names_let_in_and_keep_out",
    "behind_nginx_each_client_is_its_own",
    "clock_jumps_free_nobody_and_freeze_nobody",
    "too_many_requests_says_when_to_come_back",
    "certificates_are_chosen_as_http_sys_does",
    "a_stopped_https_site_sends_no_byte",
    "both_versions_resume_and_a_switch_leaves_one",
    "what_fails_before_tls_is_told",
    "certificates_are_bound_and_renewed_while_serving",
    "a_body_goes_through_tls_and_the_proxy",
    "denied_clients_are_reset_before_a_byte",
    "one_address_holds_so_many_connections",
    "one_address_shakes_hands_so_often",
    "http2_lines_have_version_and_bytes",
    "http2_files_are_whole",
    "http2_bodies_go_through_a_proxy",
    "http2_rates_are_limited",
    "http2_streams_count_as_requests_in_progress",
    "http2_logging_only_serves_and_tells",
    "http2_abort_resets_the_stream_then_the_connection",
    "http2_a_place_is_held_until_the_last_byte",
    "http2_two_readings_of_a_host_are_refused",
    "http2_floods_are_sent_away",
    "http2_requests_in_progress_outlive_a_stop",
    "http2_can_be_switched_off",
    "http2_a_changed_limit_reaches_a_kept_connection",
    "half_open_clients_leave_the_operator_his_door",
    "silent_clients_are_left_in_time",
    "a_changed_time_limit_holds_for_the_next_wait",
    "a_client_that_takes_nothing_is_left_in_time",
    "curl_loads_the_pages",
    "python_loads_the_pages",
    "node_loads_the_pages",
    "h2load_loads_the_pages",
    "status_counts_denials_by_site_and_reason",
    "request_filtering_holds_where_it_is_written",
    "encoded_slashes_reach_an_upstream_as_written",
    "limits_with_a_pattern_count_for_themselves",
    "check_reads_limits_with_a_pattern",
    "several_clients_condemn_their_network",
    "requests_are_redirected_below_the_path_that_says_so",
    "further_fields_go_on_every_answer",
    "hsts_sends_http_to_https_and_says_so_there",
    "a_folders_own_file_holds_below_it_and_changes_take_effect",
    "a_faulty_file_costs_its_own_folder_only",
    "virtual_directories_have_files_of_their_own",
    "limits_hold_over_clear_http",
    "limits_hold_over_tls",
    "limits_hold_over_http2",
    "limits_hold_over_ipv6",
    "limits_hold_behind_nginx",
    "limits_hold_behind_nginx_with_proxy_protocol",
    "limits_hold_behind_haproxy",
    "limits_hold_behind_haproxy_with_proxy_protocol",
    "a_disk_that_cannot_be_written_to_costs_lines_and_nothing_else",
    "writes_that_fail_cost_lines_and_nothing_else",
    "an_old_file_that_cannot_be_put_away_stays",
    "a_reader_that_stalls_costs_lines_and_nothing_else",
    "the_next_start_takes_half_a_line_away",
    "a_path_gets_the_certificate_it_wants",
    "certificates_are_asked_for_where_they_are_wanted_and_kept_over_resumption",
    "authorities_are_renewed_while_serving",
    "what_an_authority_says_is_shown_and_pfx_files_are_opened",
    "files_follow_the_wall_clock",
    "goaccess_reads_every_line",
    "pandas_reads_every_line_by_the_documented_recipe",
    "logrotate_turns_files_by_the_documented_recipe",
    "every_appcmd_case_against_a_running_doorward",
    "a_change_by_appcmd_is_served_at_once",
    "appcmd_tells_requests_in_progress",
    "appcmd_edits_files_without_a_server",
    "a_websocket_goes_both_ways_and_is_in_progress_until_it_ends",
    "only_what_is_an_upgrade_is_forwarded_as_one",
    "an_event_stream_is_in_progress_until_it_ends",
    "long_lived_requests_may_be_left_uncounted",
    "a_silent_tunnel_is_closed_in_time",
    "http2_a_hundred_streams_at_once_are_a_hundred_requests",
    "http2_a_storm_of_resets_leaves_nothing_behind",
    "http2_clients_that_vanish_give_every_place_back",
    "every_printing_command_speaks_json",
    "native_commands_edit_files_without_a_server",
    "a_section_is_explained_with_the_lines_that_decide",
    "files_are_served_as_nginx_serves_them",
    "files_are_compressed_once_and_sent_to_who_takes_it",
    "a_file_is_compressed_once_it_is_asked_for_often",
    "forwarded_answers_are_compressed_and_not_held_back",
    "answers_are_compressed_over_http2_too",
    "the_operators_story_is_as_the_guide_tells_it",
    "chromium_loads_the_pages",
    "firefox_loads_the_pages",
    "a_file_that_grows_while_it_is_sent_keeps_its_announced_length",
    "the_seeds_listen_commands_take_effect_at_once",
    "certificates_by_netsh_answer_at_once",
    "every_netsh_vector_against_a_running_doorward",
    "netsh_tells_and_forgets_what_the_service_keeps",
    "a_timeout_by_netsh_ends_silent_connections",
    "netsh_edits_files_without_a_server",
    "a_site_takes_so_many_connections",
    "all_answers_of_a_site_keep_its_bandwidth",
    "a_path_obeys_its_server_runtime",
    "the_first_handler_that_fits_answers",
    "a_published_folder_of_asp_net_is_kept_and_not_given_away",
    "a_flood_of_addresses_hides_no_attacker_and_hits_no_honest_client",
    "no_https_request_fails_under_reload",
    "a_save_that_is_cut_short_leaves_the_old_file_or_the_new",
    "what_a_power_cut_leaves_beside_the_file_is_not_looked_at",
    "a_request_on_a_kept_connection_allocates_nothing",
    "a_request_sent_ahead_waits_for_its_turn",
    "http2_and_tls_connections_take_places_of_a_site",
    "http2_a_trickled_body_is_left_in_time",
    "http2_a_websocket_is_a_stream",
    "a_publish_folder_is_served_and_edited_around_what_is_not_ours",
    "a_shared_configuration_is_served_and_edited_where_it_lies",
    "a_redirection_that_leads_nowhere_is_told_and_nothing_is_begun",
    "chromium_opens_a_websocket_over_http2",
    "the_schema_guide_is_as_it_tells",
    "schema_files_come_go_and_break_while_sites_are_served",
    "a_broken_schema_file_does_not_keep_a_start_waiting",
    "broken_native_lines_say_why_and_write_nothing",
    "a_hand_edit_stands_in_the_history",
];

/// One test's loopback network and ports.
#[derive(Clone, Copy, Debug)]
pub struct Net {
    area: u8,
    number: u8,
    /// The port of its sites.
    pub port: u16,
    /// A second port, where a scenario needs one.
    pub port2: u16,
}

impl Net {
    /// The network of `test`, which must stand in the table.
    pub fn of(test: &str) -> Net {
        let row = TESTS.iter().position(|name| *name == test);
        let row = row.unwrap_or_else(|| panic!("{test} has no network: append it to TESTS in harness/net.rs"));
        let (area, number) = (64 + row / 250, 1 + row % 250);
        let port = u16::try_from(20_000 + 2 * row).unwrap();
        Net { area: u8::try_from(area).unwrap(), number: u8::try_from(number).unwrap(), port, port2: port + 1 }
    }

    /// The first three numbers of its addresses, as text.
    pub fn prefix(self) -> String {
        format!("127.{}.{}", self.area, self.number)
    }

    /// Address `.host` of this network.
    pub fn ip(self, host: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(127, self.area, self.number, host))
    }

    /// Address `.host` with this test's port.
    pub fn at(self, host: u8) -> SocketAddr {
        SocketAddr::new(self.ip(host), self.port)
    }

    /// Client number `n` (from 0), with an address of its own.
    pub fn client(self, n: u8) -> Client {
        Client::from(self.ip(200 + n))
    }
}

/// `[::1]` with a port.
pub fn v6_loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port)
}

#[test]
fn every_test_stands_once_in_the_table() {
    for (row, test) in TESTS.iter().enumerate() {
        assert_eq!(TESTS.iter().position(|other| other == test), Some(row), "{test} stands twice in TESTS");
    }
}
