#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The end of a host whose session is saved.
#
#   halt.sh leave    run by the init system when all else has stopped: makes the exit root ready
#   halt.sh VERB     run as the last process of the host, with the exit root as its root and the old one at
#                    /oldroot: saves the session, then does VERB (poweroff, reboot, halt, kexec)

: "${OVERLAYROOT_RUN:=/run/initramfs/overlayroot}"
: "${OVERLAYROOT_PUBLIC:=/run/overlayroot}"
: "${OVERLAYROOT_CONSOLE:=/dev/console}"
: "${OVERLAYROOT_OLD:=/oldroot}"

say() {
    echo "overlayroot: $*" >"$OVERLAYROOT_CONSOLE"
}

# Where the root cannot be left, the session is saved as far as a running host can be.
leave() {
    if [ -e "$OVERLAYROOT_PUBLIC/discard" ]; then
        say "the session is discarded, as was asked for"
    elif ! { can_leave && overlayrootctl exit-root; }; then
        say "the session is saved while the host still runs, and is a layer after the next boot"
        overlayrootctl save "$name" --session --indirect --label shutdown || say "THE SESSION IS LOST, for the reason above"
    fi
}

# systemd moves into the exit root; before version 254 it took nothing along that is mounted in it.
can_leave() {
    ! mountpoint -q "$OVERLAYROOT_RUN/base/usr" || [ "$(systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -ge 254 ] ||
        { say "this systemd cannot leave a root with a separate /usr" && return 1; }
}

# That the old root is the union proves that it was left.
is_left() {
    [ "$(findmnt -no SOURCE,FSTYPE --mountpoint "$OVERLAYROOT_OLD" | tr -s ' ')" = "overlayroot overlay" ]
}

# What the boot hook has mounted is still there, below the exit root; here it is to have the same names.
save() {
    is_left || { say "$OVERLAYROOT_OLD is not the root of the host" && return 1; }
    # Or what is unmounted in the old root would be gone here, too.
    mount --make-rprivate /
    ! mountpoint -q "$OVERLAYROOT_OLD/run/initramfs" || umount "$OVERLAYROOT_OLD/run/initramfs" || return
    for part in base data rw; do
        mount --bind "$OVERLAYROOT_OLD$OVERLAYROOT_RUN/$part" "$OVERLAYROOT_RUN/$part" || return
    done
    umount -R "$OVERLAYROOT_OLD" || say "the old root is still in use"
    mount -o remount,rw "$OVERLAYROOT_RUN/data" && overlayrootctl save "$name" --session --label shutdown
}

end() {
    sync
    mount -o remount,ro "$OVERLAYROOT_RUN/data" || say "the data file system is not clean"
    case $1 in
        kexec) kexec -e ;;
        reboot | halt) systemctl --force --force "$1" || "$1" -f ;;
        *) systemctl --force --force poweroff || poweroff -f ;;
    esac
    # The kernel itself, where no program did it.
    case $1 in reboot | kexec) echo b ;; *) echo o ;; esac >/proc/sysrq-trigger
    while :; do sleep 60; done
}

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
name=session-$(date -u +%Y%m%dT%H%M%SZ)
if [ "$1" = leave ]; then
    leave
else
    exec 0<>"$OVERLAYROOT_CONSOLE" 1>&0 2>&0
    say "saving the session ..."
    if save; then say "the session is saved as $name"; else say "THE SESSION IS LOST, for the reason above"; fi
    end "$1"
fi
