# shellcheck shell=dash disable=SC2154,SC2034 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

ask() { ask_mode='' ask_reset='' ask_generation='' ask_save='' ask_rollback='' ask_keep=''; }

test_cmdline_is_read() {
    ask
    echo 'ro quiet overlayroot.mode=off * overlayroot.generation=12 overlayroot.reset' >"$OVERLAYROOT_CMDLINE"
    overlayroot_read_cmdline
    equal "$ask_mode,$ask_generation,$ask_reset" off,12,yes
}

test_cmdline_overrides_next() {
    ask
    echo 'overlayroot.mode=on' >"$OVERLAYROOT_CMDLINE"
    printf 'mode=off\nreset' >next
    overlayroot_read_next next
    equal "$ask_mode,$ask_reset" on,yes
}

test_no_next_asks_for_nothing() {
    ask
    overlayroot_read_next none
    equal "$ask_mode$ask_reset$ask_generation" ''
}

test_unknown_requests_change_nothing() {
    ask
    # shellcheck disable=SC2016
    echo 'overlayroot.mode=$(reboot) overlayroot.generation=1x overlayroot.generation= overlayroot.colour' >"$OVERLAYROOT_CMDLINE"
    overlayroot_read_cmdline
    equal "$ask_mode$ask_reset$ask_generation" ''
}

test_what_becomes_of_the_upper_is_read() {
    ask
    printf 'save=2026-11-21.a\nrollback=3' >next
    overlayroot_read_next next
    equal "$ask_save,$ask_rollback" 2026-11-21.a,3
}

test_a_layer_or_generation_that_is_none_is_ignored() {
    ask
    printf '%s\n' save=../a save=.a save= 'save=a:b' rollback=x rollback= >next
    overlayroot_read_next next
    equal "$ask_save$ask_rollback" ''
}

test_what_is_kept_is_read() {
    ask
    printf '%s\n' reset 'keep=upper/etc/a\040b' 'keep=mounts/home/upper/ann' >next
    overlayroot_read_next next
    equal "$ask_reset,$ask_keep" "yes,upper/etc/a\\040b
mounts/home/upper/ann
"
}
