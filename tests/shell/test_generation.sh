# shellcheck shell=dash disable=SC2154,SC2034,SC2329 # the library and its tests share variables, and functions in place of commands
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

make_image() {
    make_store
    : >"$store/layers/c.squashfs"
    printf '%s\n' a c.squashfs b.2 >"$store/generations/3"
    OVERLAYROOT_RELEASE=$scratch/release
    echo 6.1 >"$OVERLAYROOT_RELEASE"
    done=''
    mkdir -p "$OVERLAYROOT_RUN/image/lib/modules/6.1"
    modprobe() { done="$done modprobe:$*"; }
    losetup() { if [ "$1" = -f ]; then echo /dev/loop7; else done="$done losetup:$*"; fi; }
    mount() { done="$done mount:$*"; }
}

test_an_image_takes_the_place_of_the_base_and_of_what_it_was_made_of() {
    make_image
    overlayroot_read_generation 3 &&
        equal "$lower,$below,$layers" "$store/layers/b.2,$OVERLAYROOT_RUN/image,3" &&
        equal "$saved" "$store/layers/b.2:$store/layers/a" &&
        equal "$done" " modprobe:-q -a loop squashfs losetup:-r /dev/loop7 $store/layers/c.squashfs\
 mount:-n -t squashfs -o ro /dev/loop7 $OVERLAYROOT_RUN/image"
}

test_an_image_is_given_back_when_another_generation_is_chosen() {
    make_image
    overlayroot_read_generation 3 && done='' && overlayroot_read_generation 2 &&
        equal "$done" " losetup:-d /dev/loop7" &&
        equal "$lower,$below" "$store/layers/b.2:$store/layers/a,$OVERLAYROOT_RUN/base"
}

test_an_image_without_the_modules_of_the_kernel_is_refused() {
    make_image
    echo 6.12 >"$OVERLAYROOT_RELEASE"
    ! overlayroot_read_generation 3 &&
        equal "$reason" "generation 3: image c.squashfs has no modules of the kernel 6.12" || return
    # They are on a /usr of its own.
    overlayroot_is_mounted() { [ "$1" = "$root/usr" ]; }
    overlayroot_read_generation 3
}

test_an_image_that_cannot_be_mounted_is_refused() {
    make_image
    mount() { return 1; }
    ! overlayroot_read_generation 3 && equal "$reason" "generation 3: image c.squashfs cannot be mounted as squashfs" || return
    losetup() { return 1; }
    ! overlayroot_read_generation 3 && equal "$reason" "generation 3: image c.squashfs gets no loop device" || return
    rm "$store/layers/c.squashfs"
    ! overlayroot_read_generation 3 && equal "$reason" "generation 3: layer c.squashfs is missing"
}

test_a_rollback_to_an_image_that_cannot_be_booted_leaves_all() {
    make_session
    make_image
    mount() { return 1; }
    ! overlayroot_rollback 3 && [ -d "$store/upper" ] && equal "$(cat "$store/boot/current")" 2
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
    conf_persistence=upper ask_keep=''
    overlayroot_reset &&
        [ -d "$store/trash/1/upper" ] && [ -d "$store/trash/1/mounts/home/upper" ] && [ ! -e "$store/upper" ]
}

test_reset_leaves_an_upper_that_is_not_in_use() {
    make_store
    mkdir -p "$store/upper"
    conf_persistence=none
    overlayroot_reset && [ -d "$store/upper" ]
}

make_session() {
    make_store
    conf_persistence=upper policies=$scratch/mounts ask_keep=''
    mkdir -p "$store/upper/etc" "$store/upper/srv" "$store/work/work" "$store/mounts/home/upper/ann" \
        "$store/mounts/home/work" "$store/mounts/srv-my-disk/upper/photo"
    echo 2 >"$store/boot/current"
    printf '%s\n' 'union root / 0:0 755 -' 'union home /home 0:0 755 -' 'union srv-my-disk /srv/my\040disk 0:0 755 -' \
        'union usr /usr 0:0 755 -' 'ro boot /boot 0:0 755 -' >"$policies"
}

is_saved() {
    [ -d "$store/layers/new/etc" ] && [ -d "$store/layers/new/home/ann" ] && [ -d "$store/layers/new/srv/my disk/photo" ] &&
        [ ! -e "$store/upper" ] && [ ! -e "$store/work" ] && [ ! -e "$store/mounts" ] &&
        equal "$(cat "$store/generations/3")" 'a
b.2
new' && equal "$(cat "$store/boot/current")" 3 && [ ! -e "$store/generations/4" ]
}

test_save_makes_the_upper_a_layer() {
    make_session
    overlayroot_save new && is_saved
}

test_save_moves_aside_what_a_mount_point_holds() {
    make_session
    mkdir -p "$store/upper/home/hidden"
    overlayroot_save new && is_saved && [ ! -e "$store/layers/new/home/hidden" ]
}

test_the_first_save_stacks_one_layer() {
    make_session
    rm -r "$store/boot/current" "$store/generations" && mkdir "$store/generations"
    overlayroot_save new && equal "$(cat "$store/generations/1")" new && equal "$(cat "$store/boot/current")" 1
}

# Every rename and flush is a moment at which the power may go: whatever was done, doing all of it
# again comes to the same.
test_save_is_gone_on_with_wherever_it_was_cut_off() {
    for left in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        rm -rf "$store"
        make_session
        (cut_off_after "$left" && overlayroot_save new) || :
        if ! { overlayroot_save new && is_saved; }; then
            echo "cut off after $left"
            return 1
        fi
    done
}

# A save, and back to the generation that was there before it.
take_snapshot() { overlayroot_save new && overlayroot_rollback 2; }

test_a_snapshot_is_gone_on_with_wherever_it_was_cut_off() {
    for left in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        rm -rf "${scratch:?}"/*
        make_session
        (cut_off_after "$left" && take_snapshot) || :
        take_snapshot || return
        if [ -e "$store/upper" ] || [ ! -d "$store/layers/new" ] || [ -e "$store/generations/4" ] ||
            [ "$(cat "$store/generations/3" "$store/boot/current")" != "$(printf 'a\nb.2\nnew\n2')" ]; then
            echo "cut off after $left"
            return 1
        fi
    done
}

test_save_without_an_upper_is_ignored() {
    make_store
    conf_persistence=upper
    overlayroot_save new && [ ! -e "$store/layers/new" ] && [ ! -e "$store/generations/3" ]
    conf_persistence=none
    mkdir "$store/upper"
    overlayroot_save new && [ -d "$store/upper" ]
}

test_rollback_resets_and_goes_back() {
    make_session
    overlayroot_rollback 1 && [ ! -e "$store/upper" ] && equal "$(cat "$store/boot/current")" 1
}

test_rollback_to_what_cannot_be_booted_leaves_all() {
    make_session
    rmdir "$store/layers/a"
    ! overlayroot_rollback 1 && [ -d "$store/upper" ] && equal "$(cat "$store/boot/current")" 2
}

test_layers_of_a_file_system_of_its_own() {
    make_store
    mkdir -p "$store/layers/b.2/srv/my disk"
    overlayroot_read_generation 2 &&
        equal "$(overlayroot_layers_at '/srv/my\040disk')" "$store/layers/b.2/srv/my\\040disk:" &&
        equal "$(overlayroot_layers_at /usr)" ''
}

test_a_store_gets_a_version_and_keeps_it() {
    make_store
    overlayroot_check_version && equal "$(cat "$store/version")" 1 && overlayroot_check_version
}

test_a_store_of_a_later_version_is_not_touched() {
    make_store
    echo 2 >"$store/version"
    ! overlayroot_check_version &&
        equal "$reason" "the store has the version '2', and this library knows version 1 only"
}

# What is to be kept, and the folders that were made for that.
make_kept() {
    make_session
    echo old >"$store/upper/etc/a b"
    echo other >"$store/upper/etc/other"
    mkdir -p "$store/kept/upper/etc" "$store/kept/mounts/home/upper"
    ask_keep='upper/etc/a\040b
upper/etc/none
mounts/home/upper/ann
'
}

is_kept() {
    equal "$(cd "$store" && find upper mounts | sort)" 'mounts
mounts/home
mounts/home/upper
mounts/home/upper/ann
upper
upper/etc
upper/etc/a b' && equal "$(cat "$store/upper/etc/a b")" old && [ ! -e "$store/work" ]
}

test_reset_keeps_what_it_is_to_keep() {
    make_kept
    overlayroot_reset && is_kept
}

test_reset_is_gone_on_with_wherever_it_was_cut_off() {
    for left in 0 1 2 3 4 5 6 7 8; do
        rm -rf "$store"
        make_kept
        (cut_off_after "$left" && overlayroot_reset) || :
        if ! { overlayroot_reset && is_kept; }; then
            echo "cut off after $left"
            return 1
        fi
    done
}

test_reset_does_not_follow_a_link_to_what_it_is_to_keep() {
    make_kept
    mkdir secret && echo secret >secret/file
    ln -s "$scratch/secret" "$store/upper/link"
    mkdir "$store/kept/upper/link"
    ask_keep='upper/link/file
'
    overlayroot_reset && [ -f secret/file ] && [ ! -e "$store/upper/link/file" ]
}

test_a_link_is_kept_as_a_link() {
    make_kept
    ln -s /nowhere "$store/upper/etc/link"
    ask_keep='upper/etc/link
'
    overlayroot_reset && [ -L "$store/upper/etc/link" ]
}

test_an_upper_that_was_written_over_another_generation_is_left_alone() {
    make_session
    ask_generation=''
    echo 1 >"$store/boot/upper"
    overlayroot_choose_generation && equal "$generation,$persistence" 2,none && [ -d "$store/upper" ]
}

test_a_new_upper_belongs_to_the_generation_that_is_booted() {
    make_session
    ask_generation=''
    echo 1 >"$store/boot/upper"
    rm -r "$store/upper"
    overlayroot_choose_generation && overlayroot_make_uppers && equal "$generation,$persistence" 2,upper &&
        equal "$(cat "$store/boot/upper")" 2
}
