# shellcheck shell=bash
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The module of dracut that puts what the boot library needs into each initramfs.

conf=/etc/overlayroot/boot.conf
library=/usr/local/lib/overlayroot/overlayroot.sh

setting() {
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in "$1="*) echo "${line#*=}" ;; esac
    done <"$conf"
}

check() {
    [ -f "$conf" ]
}

depends() {
    echo base
}

# Whatever the host has mounted while the image is made.
installkernel() {
    local type
    type=$(setting data_type)
    # Those that this kernel does not have are left out: a boot may fall back to another one.
    hostonly='' instmods overlay aufs fuse
    # A generation of a store may stand on an image.
    [ -z "$type" ] || hostonly='' instmods "$type" loop squashfs ext4
}

# shellcheck disable=SC2154 # moddir and initdir are dracut's
install() {
    local type sum
    type=$(setting data_type)
    inst_hook pre-pivot 90 "$moddir/labs-overlayroot.sh"
    inst_simple "$library"
    ! command -v unionfs >/dev/null || inst_binary "$(command -v unionfs)" /bin/@unionfs
    inst_multiple mount umount mkdir mv ln readlink cat cp chown chmod chroot losetup modprobe sync sleep reboot blkid udevadm
    if [ -n "$type" ]; then
        inst_multiple -o fsck "fsck.$type"
        case $type in ext[234]) inst_multiple -o mke2fs "mkfs.$type" ;; esac
    fi
    # An empty file whose name tells which library this image holds, so that a listing shows a stale one.
    sum=$(sha256sum "$library")
    mkdir -p "$initdir/conf"
    : >"$initdir/conf/overlayroot-${sum%% *}"
}
