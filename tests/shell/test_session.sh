# shellcheck shell=dash disable=SC2154,SC2034,SC2329 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

make_store() {
    store=$scratch/store conf_persistence=session ask_generation='' ask_discard=''
    mkdir -p "$store/layers/a" "$store/generations" "$store/boot" "$store/trash"
    echo a >"$store/generations/1"
    echo 1 >"$store/boot/current"
}

chooses() {
    overlayroot_choose_generation && equal "$generation,$persistence" "$1"
}

test_a_session_belongs_to_the_current_generation() {
    make_store
    chooses 1,session
}

test_an_upper_on_the_disk_is_none_of_its_business() {
    make_store
    mkdir "$store/upper"
    echo 0 >"$store/boot/upper"
    chooses 1,session
}

test_nothing_of_a_visit_is_saved() {
    make_store
    ask_generation=0
    chooses 0,none
}

test_nothing_is_saved_where_that_is_asked_for() {
    make_store
    echo 'quiet overlayroot.discard' >"$OVERLAYROOT_CMDLINE"
    overlayroot_read_cmdline && chooses 1,none
}

# A session that was put into transit over generation 0, while generation 1 is current.
make_transit() {
    make_store
    mkdir -p "$store/transit/new/etc"
    echo '{}' >"$store/transit/new.json"
    echo new >"$store/transit/new.layers"
}

is_there() {
    [ -d "$store/layers/new/etc" ] && [ -f "$store/layers/new.json" ] &&
        equal "$(cat "$store/generations/2")" new && equal "$(cat "$store/boot/current")" 2
}

test_what_is_in_transit_becomes_a_layer_of_the_generation_that_it_was_written_over() {
    make_transit
    overlayroot_save new && is_there && [ ! -e "$store/generations/3" ]
}

test_what_is_in_transit_arrives_wherever_the_boot_was_cut_off() {
    for left in 0 1 2 3 4 5 6 7; do
        rm -rf "$store"
        make_transit
        (cut_off_after "$left" && overlayroot_save new) || :
        if ! { overlayroot_save new && is_there; }; then
            echo "cut off after $left"
            return 1
        fi
    done
}

test_what_a_shutdown_left_is_moved_aside() {
    make_transit
    mkdir -p "$store/shutdown/upper"
    overlayroot_clear_shutdown && [ ! -e "$store/shutdown" ] && [ ! -e "$store/transit" ] &&
        [ -d "$store/trash/0/transit/new" ] && overlayroot_clear_shutdown && [ ! -e "$store/trash/1" ]
}

test_units_are_for_systemd_only() {
    root=$scratch/root
    mkdir -p "$root/sbin"
    for target in /lib/systemd/systemd ../lib/systemd/systemd; do
        ln -sf "$target" "$root/sbin/init"
        overlayroot_has_systemd || return
    done
    ln -sf /bin/busybox "$root/sbin/init"
    ! overlayroot_has_systemd || return
    rm "$root/sbin/init"
    : >"$root/sbin/init"
    ! overlayroot_has_systemd && init=/lib/systemd/systemd && overlayroot_has_systemd
}

# A booted store; the layer a has no checksum unless $1 gives it one.
make_noted() {
    make_store
    echo "{\"label\": \"is \\\"sha256\\\" in here?\"${1:+, \"sha256\": \"$1\"}}" >"$store/layers/a.json"
    echo '{"label": ""}' >"$store/layers/to-come.json"
    mkdir -p "$OVERLAYROOT_RUN/base/etc/overlayroot"
}

test_a_layer_without_a_checksum_is_seen() {
    make_noted
    overlayroot_lacks_checksums
}

test_what_has_its_checksum_is_not_read_again() {
    make_noted 1
    ! overlayroot_lacks_checksums || return
    rm "$store/layers"/*.json
    ! overlayroot_lacks_checksums
}

test_a_layer_of_another_union_without_a_checksum_is_seen() {
    make_noted 1
    other="$scratch/other unions/web"
    mkdir -p "$other/layers/b"
    printf '%s\n' "none /run/none $scratch/none" "web /run/web $scratch/other\\0040unions/web" >"$OVERLAYROOT_RUN/base/etc/overlayroot/targets"
    echo '{"sha256": "1"}' >"$other/layers/b.json"
    ! overlayroot_lacks_checksums || return
    echo '{}' >"$other/layers/b.json"
    overlayroot_lacks_checksums
}

test_checksums_are_noted_in_the_background_where_some_are_lacking() {
    made=''
    overlayroot_unit() { made="$made $1,$2" && cat >"$scratch/unit"; }
    overlayroot_has_systemd() { :; }
    make_noted 1
    overlayroot_note_checksums && equal "$made" '' || return
    make_noted
    overlayroot_note_checksums && equal "$made" ' overlayroot-checksums.service,multi-user.target' &&
        equal "$(grep -c -x -e Nice=19 -e IOSchedulingClass=idle -e 'ExecStart=.*/halt.sh checksums' "$scratch/unit")" 3
}

test_without_systemd_they_are_noted_by_a_process_that_goes_along() {
    made=''
    overlayroot_unit() { made="$made $1,$2" && cat >"$scratch/unit"; }
    overlayroot_has_systemd() { return 1; }
    make_noted
    mkdir "$scratch/bin"
    printf '%s\n' '#!/bin/sh' "printf '%s|' \"\$@\" >$scratch/asked" >"$scratch/bin/chroot"
    chmod +x "$scratch/bin/chroot"
    PATH=$scratch/bin:$PATH
    overlayroot_note_checksums && wait && equal "$made" '' &&
        equal "$(cat "$scratch/asked")" "$root|sh|-c|sleep 30; exec nice -n 19 /usr/local/lib/overlayroot/halt.sh checksums|"
}
