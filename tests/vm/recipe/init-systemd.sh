# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

cat >/etc/systemd/network/20-wired.network <<'EOF'
[Match]
Type=ether

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
EOF
systemctl enable -q systemd-networkd ssh

mkdir -p /etc/systemd/system/serial-getty@ttyS0.service.d
cat >/etc/systemd/system/serial-getty@ttyS0.service.d/autologin.conf <<'EOF'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 - vt220
EOF
systemctl enable -q serial-getty@ttyS0

# Each costs a boot some tenths of a second where the processor is emulated.
systemctl mask -q apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service \
    grub-common.service grub-initrd-fallback.service \
    systemd-networkd-wait-online.service systemd-pstore.service \
    dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service \
    modprobe@fuse.service modprobe@loop.service \
    systemd-ask-password-console.path systemd-ask-password-wall.path systemd-binfmt.service \
    systemd-creds.socket systemd-hostnamed.socket systemd-network-generator.service \
    systemd-networkd-persistent-storage.service systemd-random-seed.service systemd-sysctl.service \
    systemd-sysext.socket systemd-tmpfiles-clean.timer systemd-udev-load-credentials.service \
    blk-availability.service dm-event.socket lvm2-lvmpolld.socket lvm2-monitor.service
mkdir -p /etc/systemd/system-generators
for name in debug hibernate-resume rc-local ssh system-update sysv tpm2; do
    ln -s /dev/null "/etc/systemd/system-generators/systemd-$name-generator"
done

rm -f /etc/machine-id
systemd-machine-id-setup
journalctl --update-catalog 2>/dev/null || :
