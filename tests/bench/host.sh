# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh
#
# Becomes a host, as the first process of new mount, process and host name namespaces:
# host.sh plain|union DEVICE LIBRARY FOLDER PORT
# Its root is the file system on DEVICE, mounted at FOLDER; `union` has the boot library LIBRARY make
# it a union, as an initramfs would. What its sshd at 127.0.0.1:PORT does is written to stderr.

set -eu
mode=$1 device=$2 library=$3 folder=$4 port=$5

hostname debian
mount -t tmpfs -o mode=0755 run /run
mount -t proc proc /proc
if [ "$mode" = union ]; then
    mount -o ro "$device" "$folder"
    printf 'root=%s\n' "$device" >/run/cmdline
    OVERLAYROOT_CMDLINE=/run/cmdline
    OVERLAYROOT_KMSG=/dev/null
    set +eu
    # shellcheck source=roles/initramfs/files/overlayroot.sh
    . "$library"
    overlayroot_boot "$folder" || exit
    set -eu
else
    mount "$device" "$folder"
fi
mount -o move /run "$folder/run"
mount -t proc proc "$folder/proc"
mount --rbind /sys "$folder/sys"
mount --rbind /dev "$folder/dev"
mkdir -p "$folder/run/sshd"
exec chroot "$folder" /usr/sbin/sshd -D -e -p "$port" -o ListenAddress=127.0.0.1 -o LogLevel=VERBOSE
