#!/usr/bin/env bash
# Install Tallycard as a service of this computer (Debian, Ubuntu; as root): its own user, the
# program in /opt/tallycard, the data in /var/lib/tallycard. A second run updates the program.
# Usage: sudo deploy/install.sh
set -euo pipefail
cd "$(dirname "$0")/.."
program=/opt/tallycard

say() { printf '%s\n' "$*" >&2; }

[ "$(id -u)" = 0 ] || { say "Run it as root: sudo deploy/install.sh"; exit 3; }
command -v systemctl >/dev/null || { say "There is no systemd here; see docs/operating.md."; exit 5; }

getent passwd tallycard >/dev/null ||
    useradd --system --home-dir /var/lib/tallycard --shell /usr/sbin/nologin tallycard
install -d -m 0755 "$program"
# The environment stays: only what changed is installed again.
tar --exclude=./.venv --exclude=./.git --exclude=./var -cf - . | tar -C "$program" -xf - --no-same-owner
"$program/deploy/setup.sh" run

install -m 0644 "$program"/deploy/systemd/tallycard.service \
    "$program"/deploy/systemd/tallycard-backup.service \
    "$program"/deploy/systemd/tallycard-backup.timer /etc/systemd/system/
systemctl daemon-reload
systemctl enable tallycard.service
systemctl restart tallycard.service
say "Running on http://127.0.0.1:8000. As its user run commands like this:"
say "  sudo -u tallycard TALLYCARD_DATA=/var/lib/tallycard $program/.venv/bin/tallycard doctor"
