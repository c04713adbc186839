# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh
#
# Runs in a guest, as root, once it answers on ssh. Prints when its boot got where, in seconds since
# its kernel started, and then what its memory is used for, in KiB, once the boot has settled.

set -eu

# stamp NAME PROPERTY [UNIT]: a time stamp of systemd, which is in microseconds.
stamp() {
    name=$1 property=$2
    shift 2
    echo "$name=$(systemctl show --value --property "$property" "$@" | sed 's/......$/.&/')"
}

systemctl is-system-running --wait >/dev/null || :
echo "init=$(dmesg | sed -n 's/^\[ *\([0-9.]*\)\] Run \/init as init process$/\1/p')"
stamp systemd UserspaceTimestampMonotonic
stamp sshd ActiveEnterTimestampMonotonic ssh.service

sleep 10
sync
echo 3 >/proc/sys/vm/drop_caches
sleep 2
sed -n 's/^\(MemAvailable\|Slab\|Shmem\): *\([0-9]*\) kB$/\1=\2/p' /proc/meminfo
echo "module=$(sed -n 's/^overlay \([0-9]*\) .*/\1/p' /proc/modules)"
echo "root=$(findmnt --noheadings --output FSTYPE --mountpoint /)"
for upper in /run/initramfs/overlayroot/rw /media/root-rw; do
    ! mountpoint -q "$upper" || echo "upper=$(df --output=used "$upper" | tail -n 1)"
done
