# shellcheck shell=dash disable=SC2154,SC2034 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

test_conf_is_read_and_never_evaluated() {
    # shellcheck disable=SC2016
    printf '%s\n' '# a comment' 'backend=overlay' 'data=LABEL=a b$(touch evil)`touch evil`' 'options=xino=off,index=off' 'on_failure=closed' \
        'keep_generations=5' >conf
    overlayroot_read_conf conf || return
    # shellcheck disable=SC2016
    equal "$conf_data" 'LABEL=a b$(touch evil)`touch evil`' &&
        equal "$conf_options" xino=off,index=off &&
        equal "$conf_on_failure" closed &&
        equal "$conf_persistence" none &&
        [ ! -e evil ]
}

test_conf_without_a_last_newline() {
    printf 'persistence=upper' >conf
    overlayroot_read_conf conf && equal "$conf_persistence" upper
}

test_an_unknown_setting_fails_and_still_fails_closed() {
    printf 'colour=blue\non_failure=closed\n' >conf
    ! overlayroot_read_conf conf &&
        equal "$reason" "boot.conf: unknown setting 'colour=blue'" &&
        equal "$conf_on_failure" closed
}

test_persistence_needs_data() {
    printf 'persistence=upper\n' >conf
    overlayroot_read_conf conf
    ! overlayroot_check_conf && equal "$reason" "boot.conf: persistence=upper needs data"
}

test_unknown_values_fail() {
    conf_backend=zfs
    ! overlayroot_check_conf && equal "$reason" "boot.conf: unknown backend 'zfs'" || return
    conf_backend=overlay conf_persistence=forever
    ! overlayroot_check_conf && equal "$reason" "boot.conf: unknown persistence 'forever'"
}
