#!/bin/sh
# After a removal, and after a purge by dpkg ("purge"). The log is evidence: no purge deletes it.
set -e

state=/var/lib/krosyn-audit

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload || true
fi

if [ "$1" = purge ] && [ -d "$state" ]; then
  if ! rmdir --ignore-fail-on-non-empty "$state" || [ -d "$state" ]; then
    echo "krosyn-audit: $state is kept, because it has data. If you no longer need the log: rm -r $state" >&2
  fi
fi

exit 0
