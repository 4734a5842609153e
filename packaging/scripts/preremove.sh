#!/bin/sh
# Before a removal. dpkg passes "remove", rpm 0; both pass something else before an upgrade.
set -e

case "$1" in
  remove | 0) ;;
  *) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
  # Disabling a template disables its instances, but does not stop them.
  systemctl stop krosyn-audit.service 'krosyn-audit-forward@*.service' 'krosyn-audit-prune@*' || true
  systemctl --no-reload disable krosyn-audit.service krosyn-audit-forward@.service krosyn-audit-prune@.timer || true
fi

exit 0
