# shellcheck shell=dash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Loads the boot library so that it works in a scratch folder, and gives the tests their assertions.

# shellcheck disable=SC2154 # top and scratch come from run.sh
export OVERLAYROOT_RUN="$scratch/run" OVERLAYROOT_CMDLINE="$scratch/cmdline" OVERLAYROOT_KMSG=/dev/null
export OVERLAYROOT_PUBLIC=/run/overlayroot
mkdir -p "$OVERLAYROOT_RUN"
: >"$OVERLAYROOT_CMDLINE"
# shellcheck source=roles/initramfs/files/overlayroot.sh
. "$top/roles/initramfs/files/overlayroot.sh"
store='' loop='' root=$scratch/root

# The value found, the value expected.
equal() {
    [ "$1" = "$2" ] || {
        printf 'found:    %s\nexpected: %s\n' "$1" "$2"
        return 1
    }
}

# Only so many renames and flushes more are made.
# shellcheck disable=SC2329 # called in place of the commands
cut_off_after() {
    steps_left=$1
    spend() { [ "$steps_left" -gt 0 ] && steps_left=$((steps_left - 1)) || exit 1; }
    mv() { spend && command mv "$@"; }
    sync() { spend; }
}
