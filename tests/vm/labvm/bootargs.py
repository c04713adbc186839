# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Words for the kernel command line of one boot, handed to GRUB on a floppy.

The floppy is a tar archive, which GRUB reads as a file system; the guest's kernel has no floppy
driver and sees nothing of it. It is emptied once the guest has answered, so that a reboot goes
without the words.
"""

import io
import tarfile

FLOPPY_BYTES = 1474560
FILE = "extra_cmdline.cfg"


def floppy(words):
    """The bytes of a floppy that makes GRUB append words; an empty one for no words."""
    if not words:
        return bytes(FLOPPY_BYTES)
    quoted = words.replace("'", "'\\''")
    text = f"set extra_cmdline='{quoted}'\nexport extra_cmdline\n".encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo(FILE)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return archive.getvalue().ljust(FLOPPY_BYTES, b"\0")


def write(path, words):
    """Put words onto the floppy in the file at path, in place: a running qemu holds it open."""
    mode = "r+b" if path.exists() else "wb"
    with open(path, mode) as handle:
        handle.write(floppy(words))
