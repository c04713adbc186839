# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

ln -sf /bin/busybox /sbin/init
for name in halt poweroff reboot; do
    ln -sf /bin/busybox "/sbin/$name"
done
install -m 0755 /recipe/lab-network.sh /usr/local/sbin/lab-network

cat >/etc/inittab <<'EOF'
::sysinit:/etc/rc.sysinit
ttyS0::respawn:/sbin/agetty --autologin root --keep-baud 115200 ttyS0 vt220
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/rc.shutdown
EOF

cat >/etc/rc.sysinit <<'EOF'
#!/bin/sh
PATH=/sbin:/bin:/usr/sbin:/usr/bin
for place in proc:/proc sysfs:/sys devtmpfs:/dev tmpfs:/run; do
    mountpoint -q "${place#*:}" || mount -t "${place%:*}" "${place%:*}" "${place#*:}"
done
mkdir -p /dev/pts /run/lock /run/sshd
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle
mount -o remount,rw /
mount -a
hostname -F /etc/hostname
ip link set lo up
/usr/local/sbin/lab-network
/usr/sbin/sshd
EOF

# In the manner of many a live system: whoever uses a file system is killed before it is unmounted.
cat >/etc/rc.shutdown <<'EOF'
#!/bin/sh
PATH=/sbin:/bin:/usr/sbin:/usr/bin
echo "The system is going down"
for x in $(awk '$2 != "/" && $2 !~ "^/(proc|sys|dev|run$)" {print $2}' /proc/mounts | sort -r); do
    /bin/fuser -s -k -9 -m "${x}"
    umount "${x}"
done
swapoff -a
umount -a -r
EOF
chmod 0755 /etc/rc.sysinit /etc/rc.shutdown

rm -f /etc/machine-id
dbus-uuidgen --ensure=/etc/machine-id
