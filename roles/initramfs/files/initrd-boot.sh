# shellcheck shell=dash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Adapter for the initramfs that is made of busybox alone, whose first process sources it when the root is mounted.

# shellcheck source=roles/initramfs/files/overlayroot.sh
. /usr/local/lib/overlayroot/overlayroot.sh

overlayroot_find_device() {
    wait_for "$1"
}

# There is no fsck; a journal is replayed when it is mounted.
overlayroot_check_device() {
    :
}

# shellcheck disable=SC2154 # reason is set by the library
until overlayroot_boot /root; do
    fail "overlayroot: this host does not start without its union: $reason"
done
