# shellcheck shell=dash disable=SC2154,SC2034,SC2329 # the library and its tests share variables, and functions in place of commands
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# A kernel that has these types, and programs that are told of in $done.
have() {
    OVERLAYROOT_FILESYSTEMS=$scratch/filesystems
    printf 'nodev\t%s\n' "$@" >"$OVERLAYROOT_FILESYSTEMS"
    echo "	ext4" >>"$OVERLAYROOT_FILESYSTEMS"
    conf_fallback='' instead='' reason='' done=''
    modprobe() { :; }
    command() { [ "$2" = @unionfs ]; }
    mount() { done="$done mount:$*"; }
}

test_the_backend_that_was_asked_for() {
    have tmpfs aufs overlay
    conf_backend=aufs
    overlayroot_choose_backend && equal "$backend,$instead" aufs,
}

test_a_kernel_without_it_takes_the_fallback_and_says_so() {
    have overlay
    conf_backend=aufs conf_fallback=overlay
    overlayroot_choose_backend && equal "$backend,$instead" "overlay,backend overlay, since this boot has no aufs"
}

test_a_kernel_with_neither_fails() {
    have tmpfs
    conf_backend=aufs
    ! overlayroot_choose_backend && equal "$reason" "this boot has no aufs" || return
    conf_fallback=overlay
    ! overlayroot_choose_backend && equal "$reason" "this boot has no aufs, and no overlay"
}

test_unionfs_fuse_needs_its_program() {
    have fuse overlay
    conf_backend=unionfs_fuse conf_fallback=overlay
    overlayroot_choose_backend && equal "$backend" unionfs_fuse || return
    command() { return 1; }
    overlayroot_choose_backend && equal "$backend" overlay
}

test_an_unknown_backend_is_refused() {
    have overlay
    conf_backend=overlay conf_fallback=btrfs conf_persistence=none
    ! overlayroot_check_conf && equal "$reason" "boot.conf: unknown backend 'btrfs'"
}

test_branches_of_aufs_are_added_one_by_one() {
    have aufs
    store=/s upper=/u lower=/s/layers/b:/s/layers/a below=/b root=/r
    overlayroot_mount_aufs &&
        equal "$done" " mount:-n -t aufs -o br=/u=rw+icexusr,udba=reval,dirperm1,xino=$OVERLAYROOT_RUN/root.xino overlayroot /r\
 mount:-n -o remount,append=/s/layers.aufs/b=ro+wh none /r mount:-n -o remount,append=/s/layers.aufs/a=ro+wh none /r\
 mount:-n -o remount,append=/b=rr none /r"
}

test_a_branch_that_aufs_does_not_take() {
    have aufs
    store=/s upper=/u lower=/s/layers/b below=/b root=/r
    mount() { case $* in *layers.aufs*) return 1 ;; esac; }
    ! overlayroot_mount_aufs && equal "$reason" "the layer b cannot become a branch"
}

test_layers_of_unionfs_fuse_are_seen_through_an_overlay() {
    have fuse overlay
    upper=$OVERLAYROOT_RUN/rw/upper.unionfs_fuse lower=/s/layers/b:/s/layers/a below=/b root=/r conf_options=xino=auto
    mkdir bin
    printf '#!/bin/sh\necho "$*" >"%s"\n' "$scratch/told" >bin/@unionfs
    chmod +x bin/@unionfs
    PATH=$scratch/bin:$PATH
    overlayroot_mount_unionfs_fuse &&
        equal "$done" " mount:-n -t overlay -o ro,lowerdir=/s/layers/b:/s/layers/a:/b,xino=auto overlayroot $OVERLAYROOT_RUN/lower" &&
        equal "$(cat told)" "-o cow,allow_other,use_ino,suid,dev,hide_meta_files,nonempty,max_files=65536,subtype=unionfs,\
chroot=$OVERLAYROOT_RUN,fsname=unionfs:$upper=RW:$OVERLAYROOT_RUN/lower=RO /rw/upper.unionfs_fuse=RW:/lower=RO /r"
}

make_processes() {
    OVERLAYROOT_PROCESSES=$scratch/proc OVERLAYROOT_SPARED=$scratch/run/omit
    mkdir -p proc/1 proc/20 proc/300 proc/self
    echo init >proc/1/comm
    echo "$1" >proc/300/comm
    echo "$1" >proc/self/comm
    backend=unionfs_fuse root=/r
    overlayroot_has_systemd() { return 1; }
    overlayroot_by_command() { asked="$*"; }
}

test_who_serves_the_root_is_spared_by_what_ends_all_processes() {
    make_processes @unionfs
    overlayroot_arm && equal "$(cat run/omit/overlayroot)" 300 &&
        equal "$asked" "$OVERLAYROOT_RUN/base  keep-awake 300"
}

test_who_serves_the_root_and_is_not_found() {
    make_processes other
    ! overlayroot_arm && equal "$reason" "the process @unionfs cannot be spared when the host goes down"
}

test_who_serves_the_root_and_would_stay_stopped() {
    make_processes @unionfs
    overlayroot_by_command() { return 1; }
    ! overlayroot_arm && equal "$reason" "the process @unionfs cannot be spared when the host goes down"
}

test_nobody_is_spared_where_the_kernel_serves_the_root() {
    make_processes @unionfs
    backend=overlay
    overlayroot_arm && [ ! -e run/omit ]
}

test_the_base_converts_with_what_a_program_needs() {
    have overlay
    root=/r loop='' below=/b
    chroot() { done="$done $*"; }
    umount() { done="$done umount:$*"; }
    overlayroot_is_mounted() { :; }
    data=$OVERLAYROOT_RUN/data
    overlayroot_convert overlay aufs /s/layers/b /s/layers.aufs/b /s/layers/a &&
        equal "$done" " mount:-n -o bind /dev /r/dev mount:-n -o bind /proc /r/proc mount:-n -o bind /run /r/run\
 mount:-n -o bind $data /r$data /r /usr/local/sbin/overlayrootctl convert --from overlay --to aufs\
 --below /s/layers/a:/ /s/layers/b /s/layers.aufs/b umount:/r$data umount:/r/run umount:/r/proc umount:/r/dev" &&
        equal "$reason" ''
}

test_what_is_mounted_for_that_goes_when_it_fails() {
    have overlay
    root=/r loop=''
    chroot() { return 1; }
    umount() { done="$done umount:$*"; }
    overlayroot_is_mounted() { :; }
    ! overlayroot_convert overlay aufs /l /l.aufs '' &&
        equal "${done##*umount:}" /r/dev &&
        equal "$reason" "/l cannot be made readable for aufs"
}

# What is made readable makes a folder.
make_uppers() {
    store=$scratch/store lower=/l
    mkdir -p "$store/trash" "$store/layers/a" "$store/layers/b"
    for name; do mkdir "$store/$name"; done
    converted=''
    overlayroot_convert() {
        [ -d "$4" ] || converted="$converted $1>$2"
        mkdir -p "$4"
    }
}

uppers_left() {
    for name in upper upper.aufs upper.unionfs_fuse; do [ ! -d "$store/$name" ] || printf '%s ' "$name"; done
}

test_an_upper_becomes_that_of_the_backend() {
    make_uppers upper.aufs
    overlayroot_convert_upper unionfs_fuse &&
        equal "$converted" " aufs>overlay overlay>unionfs_fuse" &&
        equal "$(uppers_left)" "upper.unionfs_fuse "
}

test_an_upper_of_the_backend_stays() {
    for backend in overlay aufs unionfs_fuse; do
        make_uppers "$(overlayroot_upper_of "$backend")"
        overlayroot_convert_upper "$backend" && equal "$converted" '' || return
        rm -r "$store"
    done
}

test_an_upper_that_was_nearly_done_is_not_made_again() {
    make_uppers upper upper.aufs
    overlayroot_convert_upper overlay && equal "$converted,$(uppers_left)" ",upper "
}

test_an_upper_stays_where_it_cannot_be_made_readable() {
    make_uppers upper.aufs
    overlayroot_convert() { return 1; }
    ! overlayroot_convert_upper overlay && equal "$(uppers_left)" "upper.aufs "
}

test_layers_are_made_readable_for_aufs_with_what_they_lie_on() {
    make_uppers
    lower=$store/layers/b:$store/layers/a told=''
    overlayroot_convert() { told="$told ${3##*/}>${4#"$store/"}:${5##*/}"; }
    overlayroot_convert_layers && equal "$told" " b>layers.aufs/b:a a>layers.aufs/a:"
}
