# shellcheck shell=dash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Adapter for dracut, with systemd in the initramfs or without: runs the boot library once the root and a separate /usr
# are mounted, while udev still serves late devices.

# Waits as long as initramfs-tools waits for the root; sets DEV.
overlayroot_find_device() {
    local left
    left=$(getarg rootdelay=) || left=30
    while :; do
        udevadm settle --timeout=10
        DEV=$(overlayroot_device_of "$1") && [ -b "$DEV" ] && return
        [ "$left" -gt 0 ] || return
        left=$((left - 1))
        sleep 1
    done
}

overlayroot_device_of() {
    case $1 in
        *=*) blkid -l -o device -t "$1" ;;
        *) echo "$1" ;;
    esac
}

overlayroot_check_device() {
    command -v fsck >/dev/null || return 0
    fsck -a -T -t "$2" "$1"
    [ $(($? & 4)) -eq 0 ]
}

# As initramfs-tools does it: a shell, or with panic=N on the kernel command line a reboot after N seconds.
overlayroot_panic() {
    local seconds
    seconds=$(getarg panic=)
    if [ "${seconds:-0}" -gt 0 ]; then
        warn "$1; rebooting in $seconds seconds"
        sleep "$seconds"
        reboot -f
    fi
    emergency_shell -n overlayroot "$1"
}

# Dracut sources this file, and has a variable root itself.
# shellcheck disable=SC2154 # NEWROOT and reason are set by dracut and the library
(
    # shellcheck source=roles/initramfs/files/overlayroot.sh
    . /usr/local/lib/overlayroot/overlayroot.sh
    # Where mounts are shared, as under systemd, none can be moved.
    mount --make-rprivate /
    until overlayroot_boot "$NEWROOT"; do
        overlayroot_panic "overlayroot: this host does not start without its union: $reason"
    done
)
