#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# host.sh FOLDER: makes this machine a host with one kernel. What is written goes to a tmpfs at FOLDER, and commands
# stand in for those of initramfs-tools: an image is a text file, its own listing.
set -eu

mount -t tmpfs role_initramfs "$1"
for name in etc usr boot; do
    mkdir "$1/$name" "$1/$name.work"
    mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done

mkdir -p /usr/lib/modules/9.9 /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts/local-bottom
rm -f /boot/initrd.img-*
cat > /usr/sbin/update-initramfs <<'END'
#!/bin/sh
set -eu
[ "$*" = "-u -k 9.9" ]
{
    echo init
    echo kernel/fs/overlay.ko
    if [ -x /etc/initramfs-tools/hooks/labs-overlayroot ]; then
        echo scripts/local-bottom/labs-overlayroot
        sha256sum < /usr/local/lib/overlayroot/overlayroot.sh | sed 's,^,conf/overlayroot-,; s, .*,,'
    fi
} > /boot/initrd.img-9.9.new
mv /boot/initrd.img-9.9.new /boot/initrd.img-9.9
END
cat > /usr/bin/lsinitramfs <<'END'
#!/bin/sh
cat "$1"
END
chmod 755 /usr/sbin/update-initramfs /usr/bin/lsinitramfs
update-initramfs -u -k 9.9
