# shellcheck shell=dash disable=SC2154,SC2034 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

make_store() {
    store=$scratch/store
    mkdir -p "$store/layers/a" "$store/layers/b.2" "$store/generations" "$store/boot" "$store/trash"
    printf 'a\nb.2\n' >"$store/generations/2"
    printf 'a' >"$store/generations/1"
}

test_layers_are_listed_topmost_first() {
    make_store
    overlayroot_read_generation 2 &&
        equal "$lower" "$store/layers/b.2:$store/layers/a" &&
        equal "$layers" 2
}

test_generation_0_is_the_bare_base() {
    overlayroot_read_generation 0 && equal "$lower,$layers" ,0
}

test_a_generation_without_a_store_fails() {
    ! overlayroot_read_generation 1 && equal "$reason" "generation 1: there is no data file system to hold it"
}

test_a_missing_generation_fails() {
    make_store
    ! overlayroot_read_generation 9 && equal "$reason" "generation 9: the store does not have it"
}

test_a_missing_layer_fails() {
    make_store
    rmdir "$store/layers/a"
    ! overlayroot_read_generation 2 && equal "$reason" "generation 2: layer a is missing"
}

test_a_layer_cannot_leave_the_store() {
    make_store
    for id in ../a . .. a/b '' 'a:b' 'a b'; do
        printf '%s\n' "$id" >"$store/generations/3"
        ! overlayroot_read_generation 3 || return
    done
}

test_the_current_generation_is_booted() {
    make_store
    conf_persistence=upper ask_generation=''
    echo 2 >"$store/boot/current"
    overlayroot_choose_generation && equal "$generation,$persistence" 2,upper
}

test_a_visit_leaves_the_persistent_upper_alone() {
    make_store
    conf_persistence=upper ask_generation=1
    echo 2 >"$store/boot/current"
    overlayroot_choose_generation && equal "$generation,$persistence" 1,none
}

test_a_damaged_current_fails() {
    make_store
    echo 'two' >"$store/boot/current"
    ask_generation=''
    ! overlayroot_choose_generation && equal "$reason" "boot/current holds 'two', not a number"
}

test_reset_moves_the_uppers_aside() {
    make_store
    mkdir -p "$store/upper" "$store/work" "$store/mounts/home/upper" "$store/trash/0"
    conf_persistence=upper
    overlayroot_reset &&
        [ -d "$store/trash/1/upper" ] && [ -d "$store/trash/1/mounts/home/upper" ] && [ ! -e "$store/upper" ]
}

test_reset_leaves_an_upper_that_is_not_in_use() {
    make_store
    mkdir -p "$store/upper"
    conf_persistence=none
    overlayroot_reset && [ -d "$store/upper" ]
}
