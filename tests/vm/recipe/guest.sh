# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh disable=SC2016
#
# Runs inside the new system, as its root, with its release's own package sources still in place.
# In: /recipe/key.pub, the key that may log in; ROOT_UUID, of the root file system to be; INIT, the init system;
# INITRAMFS, what makes the initramfs.

set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
echo 'debconf debconf/frontend select Noninteractive' | debconf-set-selections

# --- kernels: the oldest of the series is installed, the newest lies ready ---------------------

# Of all suites that are reachable, only the release's own series counts.
series=$(apt-cache depends linux-image-cloud-amd64 |
    sed -n 's/^ *Depends: linux-image-\([0-9]*\.[0-9]*\)\..*/\1/p' | head -n 1)
apt-cache pkgnames "linux-image-$series." | grep -- '-cloud-amd64$' | grep -v -- '-rt-' |
    sort -V >/recipe/kernels
oldest=$(head -n 1 /recipe/kernels)
newest=$(tail -n 1 /recipe/kernels)
if [ "$oldest" = "$newest" ]; then
    newest=linux-image-amd64
fi

# An initramfs is made several times in each guest's life: it gets what these machines need, and no
# more, so that a test finds out what else must be put into it.
# shellcheck disable=SC1090 # one of those beside this file
. "/recipe/initramfs-$INITRAMFS.sh"

apt-get install -y -q --no-install-recommends "$oldest"

# --- the boot loader ----------------------------------------------------------------------------

# An emulator keeps what it translated by its address: code that lies elsewhere in each process, as it
# does by default, is translated for each of them, which takes longer than running it.
cat >/etc/default/grub <<'EOF'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_RECORDFAIL_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet norandmaps nokaslr"
# extra_cmdline is a variable of GRUB itself: see /etc/grub.d/01_extra_cmdline
GRUB_CMDLINE_LINUX='console=ttyS0,115200 $extra_cmdline'
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_DISABLE_OS_PROBER=true
GRUB_DISABLE_RECOVERY=true
EOF

cat >/etc/grub.d/01_extra_cmdline <<'EOF'
#!/bin/sh
cat <<'CFG'
if [ -e (fd0)/extra_cmdline.cfg ]; then
    source (fd0)/extra_cmdline.cfg
fi
CFG
EOF
chmod 0755 /etc/grub.d/01_extra_cmdline

modules=/usr/lib/grub/i386-pc
mkdir -p /boot/grub/i386-pc /boot/grub/fonts
cp "$modules"/*.mod "$modules"/*.lst "$modules/boot.img" /boot/grub/i386-pc/
printf '%s\n' \
    'search.fs_label overlayroot-root root' \
    'set prefix=($root)/boot/grub' >/recipe/core.cfg
grub-mkimage -O i386-pc -o /boot/grub/i386-pc/core.img -c /recipe/core.cfg -p /boot/grub \
    biosdisk part_msdos ext2 search search_label search_fs_uuid search_fs_file normal serial \
    terminal linux configfile echo test tar gzio loadenv
grub-editenv /boot/grub/grubenv create

# update-grub asks grub-probe what the root lies on. It lies on nothing yet, so for this one run
# the answers of the finished guest are given.
mv /usr/sbin/grub-probe /recipe/grub-probe
cat >/usr/sbin/grub-probe <<EOF
#!/bin/sh
case "\$*" in
    *target=device*) echo /dev/vda1 ;;
    *target=fs_uuid*) echo $ROOT_UUID ;;
    *target=fs_label*) echo overlayroot-root ;;
    *target=fs*) echo ext2 ;;
    *target=partmap*) echo msdos ;;
    *target=compatibility_hint*) echo hd0,msdos1 ;;
esac
EOF
chmod 0755 /usr/sbin/grub-probe
update-grub
mv /recipe/grub-probe /usr/sbin/grub-probe
# Without the device at hand the plain name was written where the guest will write the UUID.
sed -i "s|root=/dev/vda1|root=UUID=$ROOT_UUID|" /boot/grub/grub.cfg
grep -q "root=UUID=$ROOT_UUID .*console=ttyS0" /boot/grub/grub.cfg

# --- the user, ssh -------------------------------------------------------------------------------

useradd --create-home --shell /bin/bash ops
install -d -m 0700 -o ops -g ops /home/ops/.ssh
install -m 0600 -o ops -g ops /recipe/key.pub /home/ops/.ssh/authorized_keys
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops
chmod 0440 /etc/sudoers.d/ops

cat >/etc/ssh/sshd_config.d/fast.conf <<'EOF'
HostKey /etc/ssh/ssh_host_ed25519_key
PasswordAuthentication no
UseDNS no
PrintMotd no
PrintLastLog no
EOF
# Newer servers turn away for a while who looks in without logging in, as one does who waits for a boot.
if sshd -T -o PerSourcePenalties=no >/dev/null 2>&1; then
    echo 'PerSourcePenalties no' >>/etc/ssh/sshd_config.d/fast.conf
fi
rm -f /etc/ssh/ssh_host_rsa_key* /etc/ssh/ssh_host_ecdsa_key*

rm -f /etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 debian\n' >/etc/hosts
echo debian >/etc/hostname

# --- the network, a root shell on the serial console, nothing that a short life does not need ---

# shellcheck disable=SC1090 # one of those beside this file
. "/recipe/init-$INIT.sh"

# Drivers of what the machine has and nobody uses, and names of devices that it has not.
printf 'blacklist %s\n' ata_generic ata_piix button evdev ip_tables kvm kvm_amd powernow_k8 serio_raw \
    vmw_vsock_vmci_transport vsock vsock_loopback >/etc/modprobe.d/unused.conf
rm -f /usr/lib/udev/hwdb.bin

# --- identity, and no first-boot work -----------------------------------------------------------

ldconfig

# --- a package repository of its own, the only one ----------------------------------------------

mkdir -p /srv/packages/partial
cd /srv/packages
download() {
    apt-get install -y -q --download-only --no-install-recommends -o Dir::Cache::archives=/srv/packages "$@"
}
# Not every release has all of these.
# shellcheck disable=SC2046 # no name, or one
download "$newest" tree exfatprogs xfsprogs overlayroot $(apt-cache pkgnames unionfs-fuse)
# By itself: it takes the place of busybox.
download busybox-static
rm -rf partial lock
for deb in *.deb; do
    dpkg-deb -f "$deb"
    echo "Filename: ./$deb"
    echo "Size: $(stat -c %s "$deb")"
    echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
    echo
done >Packages
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
apt-get update -q
apt-get clean
rm -f /var/log/*.log /var/log/apt/*
touch /etc/.updated /var/.updated
