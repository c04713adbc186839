# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

cat >/etc/dracut.conf.d/quick.conf <<'CONF'
compress="gzip"
add_drivers+=" virtio_pci virtio_blk ext4 "
omit_dracutmodules+=" crypt dm lvm mdraid nvdimm nvmf hwdb resume terminfo i18n qemu multipath btrfs lunmask virtfs virtiofs memstrack "
CONF
# Each release has what the other one has not: systemd in the initramfs, and only what this host needs.
if [ "$(. /etc/os-release && echo "$VERSION_ID")" = 12 ]; then
    cat >/etc/dracut.conf.d/release.conf <<'CONF'
hostonly="no"
omit_dracutmodules+=" systemd systemd-initrd dracut-systemd "
CONF
else
    echo 'hostonly="yes"' >/etc/dracut.conf.d/release.conf
fi
