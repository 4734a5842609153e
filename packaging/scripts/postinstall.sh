#!/bin/sh
# After an installation or upgrade. dpkg passes "configure" and the previous version, rpm the number of installed versions.
set -e

state=/var/lib/krosyn-audit
config=/etc/krosyn-audit/config.toml

case "$1" in
  configure) [ -n "$2" ] && is_upgrade=yes || is_upgrade=no ;;
  1) is_upgrade=no ;;
  [2-9]) is_upgrade=yes ;;
  # dpkg undoes a failed removal or upgrade.
  *) exit 0 ;;
esac

systemd-sysusers /usr/lib/sysusers.d/krosyn-audit.conf

# An existing directory may be the operator's own file system: only report a wrong owner.
if [ -L "$state" ] && [ -d /run/systemd/system ]; then
  # So says StateDirectory=.
  echo "krosyn-audit: $state is a link: systemd starts the services only if it is a directory" >&2
  echo "  hint: mount the disk there, or: rm $state && mkdir $state && mount --bind $(readlink -m "$state") $state" >&2
elif [ -L "$state" ] && [ ! -e "$state" ]; then
  echo "krosyn-audit: $state is a link to $(readlink "$state"), which does not exist: is its disk mounted?" >&2
elif [ ! -e "$state" ]; then
  install -d -m 0700 -o krosyn-audit -g krosyn-audit "$state"
elif owner=$(stat -L -c %U "$state") && [ "$owner" != krosyn-audit ]; then
  echo "krosyn-audit: $state belongs to $owner, but the server runs as krosyn-audit" >&2
  if [ -d /run/systemd/system ]; then
    # StateDirectory= does it.
    echo "  systemctl start krosyn-audit will give the directory and all files in it to krosyn-audit" >&2
  else
    echo "  hint: chown -R krosyn-audit:krosyn-audit $state" >&2
  fi
fi

# It names a token: only the group may read it. rpm sets the group of an unchanged file back in every upgrade; a group that
# the operator has set stays.
if [ -e "$config" ] && [ "$(stat -c %G "$config")" = root ]; then
  chgrp krosyn-audit "$config"
fi

# 0.2.0 had one timer, for the default profile. Its name is in use only if it was enabled.
wants=/etc/systemd/system/timers.target.wants
if [ -L "$wants/krosyn-audit-prune.timer" ]; then
  options=/etc/krosyn-audit/prune-default.env
  if [ ! -e "$options" ] && grep -q '^PRUNE_OPTIONS=' /etc/krosyn-audit/krosyn-audit.env; then
    (umask 077 && grep '^PRUNE_OPTIONS=' /etc/krosyn-audit/krosyn-audit.env >"$options")
  fi
  rm "$wants/krosyn-audit-prune.timer"
  ln -sf /usr/lib/systemd/system/krosyn-audit-prune@.timer "$wants/krosyn-audit-prune@default.timer"
  echo "krosyn-audit: the nightly prune is now krosyn-audit-prune@default.timer, with options in $options" >&2
  for directory in /etc/systemd/system/krosyn-audit-prune.timer.d /etc/systemd/system/krosyn-audit-prune.service.d; do
    if [ -d "$directory" ]; then
      echo "  hint: move the files in $directory to $(echo "$directory" | sed 's/prune/prune@default/')" >&2
    fi
  done
  if [ -d /run/systemd/system ]; then
    systemctl stop krosyn-audit-prune.timer || true
    systemctl --system daemon-reload || true
    systemctl start krosyn-audit-prune@default.timer || true
  fi
fi

if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload || true
  # deb-systemd-invoke respects policy-rc.d.
  invoke=$(command -v deb-systemd-invoke || echo systemctl)
  for unit in krosyn-audit.service $(systemctl list-units --plain --no-legend 'krosyn-audit-forward@*' | cut -d ' ' -f 1); do
    # A running service goes on with the old program until it is restarted.
    "$invoke" try-restart "$unit" || true
  done
elif [ "$is_upgrade" = yes ]; then
  echo "krosyn-audit: systemd is not running: restart a running server yourself" >&2
fi

exit 0
