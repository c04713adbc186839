#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Adapter for initramfs-tools: runs the boot library once the root and a separate /usr are mounted,
# while udev still serves late devices.

PREREQ=""
case $1 in
    prereqs) echo "$PREREQ"; exit 0 ;;
esac

# shellcheck disable=SC1091 # initramfs-tools's own, there at boot
. /scripts/functions
# shellcheck disable=SC1091
. /scripts/local
# shellcheck source=roles/initramfs/files/overlayroot.sh
. /usr/local/lib/overlayroot/overlayroot.sh

# Waits as initramfs-tools waits for the root, LVM and other stacked devices included; sets DEV.
overlayroot_find_device() {
    local_device_setup "$1" "data file system" false
}

overlayroot_check_device() {
    command -v fsck >/dev/null || return 0
    fsck -a -T -t "$2" "$1"
    [ $(($? & 4)) -eq 0 ]
}

# shellcheck disable=SC2154 # rootmnt and reason are set by initramfs-tools and the library
until overlayroot_boot "$rootmnt"; do
    panic "overlayroot: this host does not start without its union: $reason"
done
