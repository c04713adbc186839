#!/bin/sh
# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# host.sh FOLDER: makes this machine a host with one kernel. What is written goes to a tmpfs at FOLDER, and a command
# stands in for that of initramfs-tools: what is in an image are empty files.
set -eu

mount -t tmpfs role_initramfs "$1"
for name in etc usr boot; do
    mkdir "$1/$name" "$1/$name.work"
    mount -t overlay overlay -o "lowerdir=/$name,upperdir=$1/$name,workdir=$1/$name.work" "/$name"
done

mkdir -p /usr/lib/modules/9.9 /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts/local-bottom
echo kernel/fs/overlayfs/overlay.ko > /usr/lib/modules/9.9/modules.builtin
rm -f /boot/initrd.img-*
cat > /usr/sbin/update-initramfs <<'END'
#!/bin/sh
set -eu
[ "$*" = "-u -k 9.9" ]
image=$(mktemp -d)
cd "$image"
mkdir -p kernel/fs scripts/local-bottom conf
touch init kernel/fs/overlay.ko
if [ -x /etc/initramfs-tools/hooks/labs-overlayroot ]; then
    sum=$(sha256sum < /usr/local/lib/overlayroot/overlayroot.sh)
    touch scripts/local-bottom/labs-overlayroot "conf/overlayroot-${sum%% *}"
fi
find . -type f -printf '%P\n' | cpio --quiet -o -H newc > /boot/initrd.img-9.9.new
cd /
rm -r "$image"
mv /boot/initrd.img-9.9.new /boot/initrd.img-9.9
END
chmod 755 /usr/sbin/update-initramfs
update-initramfs -u -k 9.9
