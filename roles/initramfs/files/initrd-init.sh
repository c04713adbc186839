#!/bin/sh
# shellcheck shell=dash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The first process of an initramfs that holds nothing but busybox, kernel modules and scripts. Words on the kernel command
# line, besides those of the boot library:
#
#   root=DEVICE|UUID=...|LABEL=...|PARTUUID=...   rootfstype=TYPE   rootflags=OPTIONS   ro   rw   init=PATH
#   rootdelay=SECONDS        how long the root may take to appear, if not 30
#   ip=dhcp                  asks for an address, on each network device until one gets it
#   panic=SECONDS            a boot that fails ends in a reboot after so long
#   initrd.panic=halt   ... in a halt; without these two in a shell, after which it is tried again

PATH=/bin
export PATH

say() {
    echo "initrd: $*" >/dev/console
}

# $1 has gone wrong.
fail() {
    say "$1"
    if [ "${panic:-0}" -gt 0 ]; then
        say "rebooting in $panic seconds"
        sleep "$panic"
        reboot -f
    elif [ "$on_panic" = halt ]; then
        halt -f
    fi
    say "a shell; the boot is tried again when it ends"
    setsid cttyhack sh </dev/console >/dev/console 2>&1
}

read_cmdline() {
    root='' type='' flags='' access=ro init=/sbin/init delay=30 panic='' on_panic='' ip=''
    # shellcheck disable=SC2046 # its words
    set -- $(cat /proc/cmdline)
    for word; do
        case $word in
            root=*) root=${word#root=} ;;
            rootfstype=*) type=${word#*=} ;;
            rootflags=*) flags=${word#*=} ;;
            rootdelay=*) delay=${word#*=} ;;
            ro | rw) access=$word ;;
            init=*) init=${word#*=} ;;
            panic=*) panic=${word#*=} ;;
            initrd.panic=*) on_panic=${word#*=} ;;
            ip=*) ip=${word#*=} ;;
        esac
    done
}

load_modules() {
    find /sys/devices -name modalias -exec cat {} + | sort -u | xargs modprobe -a -q -b 2>/dev/null
}

# Sets DEV to the node of $1, which may take a while to appear, as may what it lies on.
wait_for() {
    local left=$delay
    while :; do
        case $1 in
            /dev/*) DEV=$1 ;;
            *) DEV=$(findfs "$1" 2>/dev/null) ;;
        esac
        [ ! -b "$DEV" ] || return 0
        [ "$left" -gt 0 ] || return 1
        left=$((left - 1))
        sleep 1
        load_modules
    done
}

mount_root() {
    wait_for "$root" || { say "the root '$root' was not found" && return 1; }
    # shellcheck disable=SC2086 # a type is two words, or none
    mount ${type:+-t "$type"} -o "$access${flags:+,$flags}" "$DEV" /root || { say "$DEV cannot be mounted as the root" && return 1; }
}

# What udhcpc calls with a server's answer, in variables that it names.
write_address_script() {
    cat >/run/address <<'SCRIPT'
#!/bin/sh
case $1 in
    bound | renew)
        ip address flush dev "$interface"
        ip address add "$ip/${mask:-24}" dev "$interface"
        for gateway in $router; do
            ip route add default via "$gateway" dev "$interface"
        done
        for server in $dns; do
            echo "nameserver $server"
        done >/run/resolv.conf
        ;;
esac
SCRIPT
    chmod 0755 /run/address
}

get_address() {
    local path
    write_address_script
    for path in /sys/class/net/*; do
        [ "${path##*/}" = lo ] && continue
        ip link set "${path##*/}" up
        udhcpc -n -q -t 5 -i "${path##*/}" -s /run/address && return
    done
    say "no network device gets an address"
}

/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /run /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
read_cmdline
load_modules
until mount_root; do
    fail "this host does not start without its root"
done
[ "$ip" != dhcp ] || get_address
# shellcheck source=/dev/null # the adapter of the boot library, where the host is to have a union
[ ! -f /scripts/labs-overlayroot ] || . /scripts/labs-overlayroot
[ -x "/root$init" ] || [ -L "/root$init" ] || fail "the root has no $init"
for folder in /dev /proc /sys /run; do
    mount -o move "$folder" "/root$folder"
done
exec switch_root /root "$init"
