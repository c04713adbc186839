# shellcheck shell=dash disable=SC2154,SC2034,SC2329 # top comes from run.sh; variables and functions are for what is sourced
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# Nobody can end this machine, whatever becomes of the script.
as_nobody() {
    if [ "$(id -u)" -eq 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}

test_a_verb_is_refused_to_whoever_is_not_the_last_process() {
    for verb in poweroff nonsense --help; do
        told=$(as_nobody sh -s -- "$verb" <"$top/roles/initramfs/files/halt.sh" 2>&1)
        equal "$?" 2 && equal "$told" "halt.sh: '$verb' is for the last process of a host; others say leave, base, stop or checksums" || return
    done
}

# halt.sh with the verb $1, in a host of its own where overlayrootctl only notes its arguments.
halt() {
    export OVERLAYROOT_PUBLIC="$scratch/public" OVERLAYROOT_CONSOLE="$scratch/console" OVERLAYROOT_OLD="$scratch/oldroot"
    mkdir -p "$OVERLAYROOT_PUBLIC" "$OVERLAYROOT_RUN/data/overlayroot/boot" "$OVERLAYROOT_RUN/base/etc/overlayroot" bin
    printf '%s\n' '#!/bin/sh' "echo \"\$*\" >>$scratch/asked" 'exit 3' >bin/overlayrootctl
    chmod +x bin/overlayrootctl
    # Its search path is that of a host.
    sed "s|^PATH=|PATH=$scratch/bin:|" "$top/roles/initramfs/files/halt.sh" >halt.sh
    sh halt.sh "$1"
}

asked() {
    cut -d ' ' -f 1 "$scratch/asked" | tr '\n' ' '
}

test_the_root_is_left_unless_the_session_is_to_be_saved_before() {
    halt leave
    # It could not be left, as that command fails here.
    equal "$(asked)" 'exit-root save ' || return
    rm "$scratch/asked"
    : >"$OVERLAYROOT_PUBLIC/indirect"
    halt leave
    equal "$(sed 's/ session-[0-9TZ]* / ID /' "$scratch/asked")" 'save ID --session --mode indirect --label shutdown --json' || return
    rm "$scratch/asked"
    : >"$OVERLAYROOT_PUBLIC/discard"
    halt leave
    [ ! -e "$scratch/asked" ]
}

test_each_store_gets_its_checksums_whatever_becomes_of_the_others() {
    mkdir -p "$OVERLAYROOT_RUN/base/etc/overlayroot" "$scratch/other unions/web"
    printf '%s\n' "none /run/none $scratch/none" "web /run/web $scratch/other\\0040unions/web" >"$OVERLAYROOT_RUN/base/etc/overlayroot/targets"
    halt checksums && equal "$(cat "$scratch/asked")" "checksums
checksums --store $scratch/other unions/web"
}

test_sessions_are_folded_where_there_are_several() {
    sed '/^PATH=/,$d' "$top/roles/initramfs/files/halt.sh" >functions.sh
    # shellcheck source=/dev/null
    . ./functions.sh
    mkdir -p "$OVERLAYROOT_RUN/base/etc/overlayroot"
    echo fold_seconds=60 >"$OVERLAYROOT_RUN/base/etc/overlayroot/boot.conf"
    timeout() { shift && asked="$asked$*"; }
    mountpoint() { [ "$2" = "$OVERLAYROOT_RUN/lower" ]; }
    umount() { asked="umount $*, "; }
    start=$(date +%s) asked=''
    told='  "sessions": null,
  "sessions": 1,'
    fold && equal "$asked" '' || return
    told='  "sessions": 2'
    fold --store /web && equal "$asked" "umount $OVERLAYROOT_RUN/lower, overlayrootctl fold --store /web"
}
