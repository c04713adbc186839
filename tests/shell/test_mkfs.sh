# shellcheck shell=dash disable=SC2154,SC2034 # the library and its tests share variables
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

uuid_of_old=11111111-2222-3333-4444-555555555555

# A data file system in a file; nothing is mounted.
make_data() {
    conf_data=LABEL=x conf_data_type=ext4 store=$OVERLAYROOT_RUN/data/overlayroot root_access=rw DEV=$scratch/disk
    note=$root/etc/overlayroot/boot/next
    mkdir -p "$root/etc/overlayroot" "$store/boot"
    truncate -s 4M "$DEV"
    mke2fs -q -F -t ext4 -U "$uuid_of_old" -L 'my data' "$DEV"
    made_at=$(made)
}

# shellcheck disable=SC2329 # called in place of the commands
mount() { :; }
# shellcheck disable=SC2329
umount() { :; }
overlayroot_find_device() { [ -e "$1" ] && DEV=$1 || DEV=$scratch/disk; }
overlayroot_check_device() { e2fsck -fn "$1" >/dev/null 2>&1; }

# When the file system was made, and as what: the seed of its hashes is new each time.
made() { dumpe2fs -h "$scratch/disk" 2>/dev/null | grep 'Directory Hash Seed'; }

is_new() {
    [ "$(made)" != "$made_at" ] && [ ! -s "$note" ] && overlayroot_check_device "$scratch/disk" &&
        equal "$(blkid -p -s LABEL -s UUID -s TYPE -o value "$scratch/disk")" "my data
$uuid_of_old
ext4"
}

test_a_new_file_system_has_the_same_names() {
    make_data
    overlayroot_mkfs && is_new
}

test_a_new_file_system_is_gone_on_with_wherever_it_was_cut_off() {
    make_data
    # Cut off after the note, in the middle, and at the end.
    for command in umount overlayroot_make_filesystem overlayroot_mount_data; do
        (eval "$command() { exit 1; }"; overlayroot_mkfs)
        [ -s "$note" ] || return
        [ "$command" != overlayroot_make_filesystem ] || truncate -s 0 "$DEV" || return
        truncate -s 4M "$DEV"
        made_at=$(made)
        overlayroot_go_on_mkfs && is_new || return
    done
}

test_another_file_system_is_not_made_anew() {
    make_data
    (eval 'umount() { exit 1; }'; overlayroot_mkfs)
    mke2fs -q -F -t ext4 "$DEV"
    made_at=$(made)
    ! overlayroot_go_on_mkfs && equal "$(made)" "$made_at" && [ -s "$note" ]
}

test_nothing_is_made_that_cannot_be_noted() {
    make_data
    rm -r "$root/etc/overlayroot"
    : >"$root/etc/overlayroot"
    overlayroot_mkfs && equal "$(made)" "$made_at"
}

test_a_request_on_the_base_is_no_note() {
    make_data
    mkdir -p "${note%/*}"
    echo mode=off >"$note"
    overlayroot_go_on_mkfs && equal "$(made)" "$made_at" && equal "$(cat "$note")" mode=off
}

test_the_command_line_makes_no_file_system() {
    ask_mkfs=''
    echo 'overlayroot.mkfs' >"$OVERLAYROOT_CMDLINE"
    overlayroot_read_cmdline
    equal "$ask_mkfs" ''
    echo mkfs >next
    overlayroot_read_next next
    equal "$ask_mkfs" yes
}
