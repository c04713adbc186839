# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
# shellcheck shell=sh

# It is sysvinit's own init that runs OpenRC.
# shellcheck source=tests/vm/recipe/init-sysvinit.sh
. /recipe/init-sysvinit.sh
