#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The end of a host whose session is saved, whose upper is on a disk, or whose root is served by a program.
#
#   halt.sh leave    run by systemd when all else has stopped: makes the exit root ready
#   halt.sh VERB     run as the last process of the host, with the exit root as its root and the old one at
#                    /oldroot: saves the session, then does VERB (poweroff, reboot, halt, kexec)
#   halt.sh base     run by systemd in place of the first, where a program serves the root: moves the host into the exit root
#                    and saves the session, or into its base where there is none
#   halt.sh stop     run by any other init system when all else has stopped: moves the host into the exit root and saves
#                    the session, or into its base where there is none, and leaves the verb to the init system, which goes
#                    on there
#   halt.sh checksums
#                    run in the background after the next boot: reads the layers whose checksums nobody waited for
#
# What became of the session is noted in the store, in boot/session.

: "${OVERLAYROOT_RUN:=/run/initramfs/overlayroot}"
: "${OVERLAYROOT_PUBLIC:=/run/overlayroot}"
: "${OVERLAYROOT_CONSOLE:=/dev/console}"
: "${OVERLAYROOT_OLD:=/oldroot}"
: "${OVERLAYROOT_EXIT:=/run/initramfs}"

say() {
    echo "overlayroot: $*" >"$OVERLAYROOT_CONSOLE"
}

# For those who ask after the next boot: $1 is what became of the session. In place, since the disk may be full.
note() {
    result=$1 seconds=$(($(date +%s) - start))
    write_note
}

write_note() {
    printf '{"result": "%s", "began": "%s", "seconds": %s, "told": %s, "targets": [%s]}\n' \
        "$result" "$began" "$seconds" "${told:-null}" "$targets" \
        >"$OVERLAYROOT_RUN/data/overlayroot/boot/session" || say "what becomes of the session cannot be noted"
}

# A number that the command told.
told() {
    printf '%s\n' "$told" | sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" | head -n 1
}

saved() {
    say "the session is saved as $name: $(told files) files, $(told bytes) bytes"
    note "$1"
}

lost() {
    say "THE SESSION IS LOST, for the reason above"
    note lost
}

# By the way $1. Where the root cannot or is not to be left, the session is saved as far as a running host can be.
leave() {
    if [ -e "$OVERLAYROOT_PUBLIC/discard" ]; then
        say "the session is discarded, as was asked for"
        note discarded
    elif ! { note begun && [ ! -e "$OVERLAYROOT_PUBLIC/indirect" ] && "$1"; }; then
        say "the session is saved while the host still runs, and is a layer after the next boot"
        if told=$(overlayrootctl save "$name" --session --mode indirect --label shutdown --json); then saved transit; else lost; fi
        save_targets
    fi
}

prepare() {
    can_leave && overlayrootctl exit-root
}

# systemd moves into the exit root; before version 254 it took nothing along that is mounted in it.
can_leave() {
    ! mountpoint -q "$OVERLAYROOT_RUN/base/usr" || [ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -ge 254 ] ||
        { say "this systemd cannot leave a root with a separate /usr" && return 1; }
}

# That the old root is the union proves that it was left.
is_left() {
    case $(findmnt -no SOURCE,FSTYPE --mountpoint "$OVERLAYROOT_OLD" | tr -s ' ') in
        "overlayroot overlay" | "overlayroot aufs" | unionfs:*" fuse.unionfs") ;;
        *) return 1 ;;
    esac
}

# What the boot hook has mounted is still there, below the exit root; here it is to have the same names.
save() {
    is_left || { say "$OVERLAYROOT_OLD is not the root of the host" && return 1; }
    # Or what is unmounted in the old root would be gone here, too.
    mount --make-rprivate /
    ! mountpoint -q "$OVERLAYROOT_OLD/run/initramfs" || umount "$OVERLAYROOT_OLD/run/initramfs" || return
    parts='base data rw'
    # Its upper says of a folder what is gone there, and not what it was like.
    ! is_booted backend=unionfs_fuse || parts="$parts image lower"
    for part in $parts; do
        ! mountpoint -q "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/$part" ||
            mount --bind "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/$part" "$OVERLAYROOT_RUN/$part" || return
    done
    umount -R "$OVERLAYROOT_OLD" 2>/dev/null || clear_old
    mount -o remount,rw "$OVERLAYROOT_RUN/data" && told=$(overlayrootctl save "$name" --session --label shutdown --json)
}

# What is left in the old root, which stays in use where the init system came from it; the innermost first. tac would need a
# place to write to.
clear_old() {
    findmnt -Rrno SOURCE,TARGET "$OVERLAYROOT_OLD" | sed -n '1!G;h;$p' | while read -r source target; do
        case $source in /dev/*) umount -r "$(printf %b "$target")" ;; esac
    done
    umount -l "$OVERLAYROOT_OLD"
}

# Sessions become one layer if there is time, where there are several. None is lost where that fails: it stays a layer until
# the next save.
fold() {
    [ "$(told sessions)" != 1 ] || return 0
    # Only the save had to see what was below, and what is seen is not given up.
    ! mountpoint -q "$OVERLAYROOT_RUN/lower" || umount "$OVERLAYROOT_RUN/lower"
    limit=$(sed -n 's/^fold_seconds=\([0-9][0-9]*\)$/\1/p' "$OVERLAYROOT_RUN/base/etc/overlayroot/boot.conf")
    left=$((start + ${limit:-0} - $(date +%s)))
    { [ "$left" -gt 0 ] && timeout "$left" overlayrootctl fold "$@"; } || say "the session is a layer of its own for now"
}

# The other unions that the host has declared. Each is saved into a store of its own, whatever becomes of the others.
save_targets() {
    [ -s "$OVERLAYROOT_RUN/base/etc/overlayroot/targets" ] || return 0
    session_told=$told
    while read -r target upper store; do
        save_target "$(printf %b "$upper")" "$(printf %b "$store")"
        targets="$targets${targets:+, }{\"name\": \"$target\", \"result\": \"$became\", \"told\": ${told:-null}}"
    done <"$OVERLAYROOT_RUN/base/etc/overlayroot/targets"
    told=$session_told
    write_note
}

save_target() {
    told='' became=unchanged
    [ -n "$(ls -A "$1" 2>/dev/null)" ] || return 0
    if told=$(overlayrootctl save "$name" --upper "$1" --store "$2" --session --label shutdown --json </dev/null); then
        became=saved
        say "target $target is saved: $(told files) files, $(told bytes) bytes"
        fold --store "$2" </dev/null
    else
        became=lost
        say "TARGET $target IS LOST, for the reason above"
    fi
}

finish() {
    say "saving the session ..."
    if save; then
        saved saved
        fold
    else
        lost
    fi
    save_targets
    settle
}

# Of all layers that have none yet. What is held by somebody else is left for the next boot.
checksums() {
    overlayrootctl checksums
    [ -s "$OVERLAYROOT_RUN/base/etc/overlayroot/targets" ] || return 0
    while read -r target upper store; do
        store=$(printf %b "$store")
        [ ! -d "$store" ] || overlayrootctl checksums --store "$store" </dev/null
    done <"$OVERLAYROOT_RUN/base/etc/overlayroot/targets"
}

settle() {
    sync
    still=60
    until mount -o remount,ro "$OVERLAYROOT_RUN/data" 2>/dev/null; do
        # What was given up is deleted in the background.
        [ "$still" -gt 0 ] || { say "the data file system is not clean" && break; }
        still=$((still - 1))
        sleep 1
    done
}

# Once: what is left of the host has moved then.
stop() {
    [ ! -d "$OVERLAYROOT_OLD" ] && [ ! -d "$OVERLAYROOT_PUBLIC/oldroot" ] && has_to_end || return 0
    end_processes
    empty_trash
    if is_booted persistence=session; then
        leave move
        # Not every init system makes it read-only.
        if is_left; then finish; else settle; fi
    else
        leave_for_base
    fi
}

# Without a data file system and a program, all that was written is in RAM.
has_to_end() {
    is_booted protected=yes && { mountpoint -q "$OVERLAYROOT_RUN/data" || is_booted backend=unionfs_fuse; }
}

# Whether the boot record says so.
is_booted() {
    grep -qsx "$1" "$OVERLAYROOT_PUBLIC/boot"
}

# Only systemd has a unit that does this while the host runs.
empty_trash() {
    trash=$OVERLAYROOT_RUN/data/overlayroot/trash
    [ ! -d "$trash" ] || find "$trash" -xdev -mindepth 1 -delete
}

# The old root stays in use by the init system and what has run this script: all that is on a disk is made read-only. A swap file
# would keep its file system from that.
leave_for_base() {
    swapoff -a
    base
    if mountpoint -q "$OVERLAYROOT_OLD"; then
        ! mountpoint -q "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/data" ||
            mount --bind "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/data" "$OVERLAYROOT_RUN/data"
        umount -R "$OVERLAYROOT_OLD" 2>/dev/null || clear_old
    fi
    ! mountpoint -q "$OVERLAYROOT_RUN/data" || settle
}

# Whom an init system spares, it has named.
end_processes() {
    # shellcheck disable=SC2046 # its lines become words
    set -- $(cat /run/sendsigs.omit /run/sendsigs.omit.d/* 2>/dev/null | sed 's/^/-o /')
    killall5 -15 "$@"
    for _ in 1 2 3 4 5; do
        killall5 -18 "$@" || return 0
        sleep 1
    done
    killall5 -9 "$@"
}

# Every process whose root was the old one has the exit root then, the init system before all.
move() {
    overlayrootctl exit-root || return
    # Or the kernel refuses.
    mount --make-rprivate /
    take_along "$OVERLAYROOT_EXIT" && pivot_root "$OVERLAYROOT_EXIT" "$OVERLAYROOT_EXIT$OVERLAYROOT_OLD" && cd / && return
    say "the root cannot be left"
    umount -R "$OVERLAYROOT_EXIT"
    umount -R "$OVERLAYROOT_PUBLIC/exit"
    return 1
}

# To the root $1.
take_along() {
    for part in dev proc run; do
        mount --bind "/$part" "$1/$part" || return
    done
    # systemd needs its control groups until the end.
    mount --rbind /sys "$1/sys"
}

# What the init system is run from then needs no program any more: it may end those that are left, and unmount all. A program
# that serves the old root still finds its base where it was.
base() {
    mount --make-rprivate /
    new=$OVERLAYROOT_PUBLIC/exit OVERLAYROOT_OLD=$OVERLAYROOT_PUBLIC/oldroot
    if mkdir -p "$new" "$OVERLAYROOT_OLD" && mount --rbind "$OVERLAYROOT_RUN/base" "$new" && take_along "$new" &&
        pivot_root "$new" "$new$OVERLAYROOT_OLD"; then
        cd / && umount -l "$OVERLAYROOT_OLD/dev" "$OVERLAYROOT_OLD/proc" "$OVERLAYROOT_OLD/sys"
    else
        say "the root cannot be left"
        umount -R "$new"
        return 1
    fi
}

# systemd would wait for the program after it has stopped it.
leave_program() {
    ! is_booted persistence=session || leave move
    if is_left; then finish; else base && take_out; fi
}

# systemd forces the old root to be unmounted, which ends the program, and finds nothing any more that lies below it. As soon
# as its lower is gone the program finds no mount point either.
take_out() {
    for part in rw image data lower; do
        ! mountpoint -q "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/$part" ||
            mount --move "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/$part" "$OVERLAYROOT_RUN/$part"
    done
    umount -l "$OVERLAYROOT_OLD/run" 2>/dev/null || :
}

# Where another exit root lay, as dracut's does that takes apart what the root is on, that does the rest. It unmounts all that
# is below its old root.
hand_on() {
    [ -x "$OVERLAYROOT_EXIT/shutdown" ] || return 0
    mount --move "$OVERLAYROOT_RUN/base" "$OVERLAYROOT_OLD" &&
        mount --move "$OVERLAYROOT_RUN/data" "$OVERLAYROOT_OLD/run" &&
        mount --bind "$OVERLAYROOT_EXIT" "$OVERLAYROOT_EXIT" &&
        take_along "$OVERLAYROOT_EXIT" && mkdir -p "$OVERLAYROOT_EXIT$OVERLAYROOT_OLD" &&
        pivot_root "$OVERLAYROOT_EXIT" "$OVERLAYROOT_EXIT$OVERLAYROOT_OLD" && cd / && exec /shutdown "$1"
    say "the exit root in $OVERLAYROOT_EXIT cannot be gone to"
}

end() {
    case $1 in
        # LINUX_REBOOT_CMD_KEXEC, which is all that `kexec -e` does: the command is a package of its own.
        kexec) python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x45584543)' ;;
        reboot | halt) systemctl --force --force "$1" || "$1" -f ;;
        poweroff) systemctl --force --force poweroff || poweroff -f ;;
        *) say "nobody knows how to $1, so the host is powered off" ;;
    esac
    # The kernel itself, where no program did it.
    case $1 in reboot | kexec) echo b ;; *) echo o ;; esac >/proc/sysrq-trigger
    while :; do sleep 60; done
}

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
start=$(date +%s)
name=session-$(date -u -d "@$start" +%Y%m%dT%H%M%SZ)
began=$(date -u -d "@$start" +%Y-%m-%dT%H:%M:%SZ)
told='' targets=''
case $1 in
    leave) leave prepare ;;
    base) leave_program ;;
    stop)
        # Others keep what a script says until it has ended.
        exec 2>"$OVERLAYROOT_CONSOLE"
        stop
        ;;
    checksums) checksums || : ;;
    *)
        # On a host that runs, this would take its disks away.
        [ $$ -eq 1 ] || { echo "halt.sh: '$1' is for the last process of a host; others say leave, base, stop or checksums" >&2 && exit 2; }
        exec 0<>"$OVERLAYROOT_CONSOLE" 1>&0 2>&0
        finish
        hand_on "$1"
        end "$1"
        ;;
esac
