#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Build hook for initramfs-tools: puts what the boot library needs into each initramfs.

PREREQ=""
case $1 in
    prereqs) echo "$PREREQ"; exit 0 ;;
esac

# shellcheck disable=SC1091 # initramfs-tools's own
. /usr/share/initramfs-tools/hook-functions

conf=/etc/overlayroot/boot.conf
library=/usr/local/lib/overlayroot/overlayroot.sh
[ -f "$conf" ] || exit 0

setting() {
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in "$1="*) echo "${line#*=}" ;; esac
    done <"$conf"
}

type=$(setting data_type)
# Those that this kernel does not have are left out: a boot may fall back to another one.
manual_add_modules overlay aufs fuse
! command -v unionfs >/dev/null || copy_exec "$(command -v unionfs)" /bin/@unionfs
# A generation of a store may stand on an image.
[ -z "$type" ] || manual_add_modules "$type" loop squashfs ext4

copy_file library "$library"
for tool in chown chmod chroot cp losetup; do
    copy_exec "$(command -v "$tool")" /bin
done
if [ -n "$type" ] && checker=$(command -v "fsck.$type"); then
    copy_exec "$checker" /sbin
    copy_exec "$(command -v fsck)" /sbin
fi
# By that name, since busybox has put its own mke2fs there by now, which cannot set a UUID.
case $type in
    ext[234]) copy_exec "$(command -v mke2fs)" "/sbin/mkfs.$type" ;;
esac

# An empty file whose name tells which library this image holds, so that a listing shows a stale one.
mkdir -p "$DESTDIR/conf"
sum=$(sha256sum "$library")
: >"$DESTDIR/conf/overlayroot-${sum%% *}"
