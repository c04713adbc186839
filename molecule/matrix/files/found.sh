#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes down the files of the folders that provisioning writes to, and what is in them: found.sh FILE

set -eu
file=$1
set -- /boot /etc /usr/local
for folder in /usr/lib/dracut /usr/share/initramfs-tools; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
done
{
    find "$@" -printf '%M %u %g %p %l\n' | sort
    find "$@" -type f ! -name grubenv -exec sha256sum {} + | sort
} >"$file"
