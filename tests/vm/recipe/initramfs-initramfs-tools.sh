# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

printf '%s\n' MODULES=list COMPRESSLEVEL=1 >/etc/initramfs-tools/conf.d/quick
printf '%s\n' virtio_pci virtio_blk ext4 >>/etc/initramfs-tools/modules
