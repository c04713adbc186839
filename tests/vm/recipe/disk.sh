# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh
#
# Makes a partitioned disk of a tree: disk.sh LAYOUT TREE.tar WORK
# Needs root or fakeroot. ROOT_UUID, USR_UUID and HOME_UUID name the file systems. In WORK, an existing folder, it leaves disk, boot.img, core.img and vmlinuz.

set -eu
layout=$1 tree=$2 work=$3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/overlayroot-disk.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

root=$tmp/root
mkdir "$root"
tar -C "$root" -xf "$tree" --numeric-owner --exclude='./dev/*'

case $layout in
    plain) table='start=2048, size=3G, type=83, bootable' ;;
    split)
        table='start=2048, size=2G, type=83, bootable
size=2G, type=83
size=512M, type=83' ;;
esac

{
    echo "# <file system> <mount point> <type> <options> <dump> <pass>"
    echo "UUID=$ROOT_UUID / ext4 errors=remount-ro 0 1"
    if [ "$layout" = split ]; then
        echo "UUID=$USR_UUID /usr ext4 defaults 0 2"
        echo "LABEL=home /home ext4 defaults 0 2"
        mv "$root/usr" "$tmp/usr"
        mv "$root/home" "$tmp/home"
        mkdir "$root/usr" "$root/home"
    fi
} >"$root/etc/fstab"

cp "$root/boot/grub/i386-pc/boot.img" "$root/boot/grub/i386-pc/core.img" "$work"
cp -L "$root"/boot/vmlinuz-* "$work/vmlinuz"

truncate -s 5G "$work/disk"
printf 'label: dos\n%s\n' "$table" | sfdisk -q "$work/disk"

# format NUMBER LABEL UUID FOLDER
format() {
    sfdisk -q --dump "$work/disk" | tr -d ' ' |
        sed -n "s/.*disk$1:start=\([0-9]*\),size=\([0-9]*\),.*/\1 \2/p" >"$tmp/place"
    read -r start size <"$tmp/place"
    mke2fs -q -F -t ext4 -O ^metadata_csum_seed -J size=16 -m 1 \
        -L "$2" -U "$3" -d "$4" \
        -E "offset=$((start * 512)),root_owner=0:0,assume_storage_prezeroed=1" \
        "$work/disk" "$((size / 2))k"
}

format 1 overlayroot-root "$ROOT_UUID" "$root"
if [ "$layout" = split ]; then
    format 2 usr "$USR_UUID" "$tmp/usr"
    format 3 home "$HOME_UUID" "$tmp/home"
fi
