#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints as JSON what lsblk says of the device $1 and its partitions, and which signatures wipefs finds
# on them. lsblk alone believes udev, which may not have looked since somebody wrote to the device.

set -e
# Partitions come and go for a moment after the table was written, while udev reads it again.
! command -v udevadm >/dev/null || udevadm settle --timeout=30 || true
printf '{"lsblk":'
lsblk --json --list --bytes --output PATH,TYPE,SIZE,MOUNTPOINTS "$1"
printf ',"wipefs":['
lsblk --noheadings --raw --output PATH "$1" | while read -r path; do
    found=$(wipefs --json "$path")
    printf '%s,' "${found:-null}"
done
printf 'null]}'
