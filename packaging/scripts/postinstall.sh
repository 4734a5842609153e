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

# 0.2.0 had one timer, krosyn-audit-prune.timer. If it was enabled, its link leads nowhere now, and the timer of the default
# profile takes its place. An operator's own unit of that name stays.
wants=/etc/systemd/system/timers.target.wants
case "$(readlink "$wants/krosyn-audit-prune.timer" || true)" in
  /usr/lib/systemd/system/* | /lib/systemd/system/*) has_old_timer=yes ;;
  *) has_old_timer=no ;;
esac
for unit in /etc/systemd/system/krosyn-audit-prune.timer /etc/systemd/system/krosyn-audit-prune.service; do
  if [ $has_old_timer = yes ] && [ -e "$unit" ]; then
    has_old_timer=own
    echo "krosyn-audit: $unit does not belong to the package: its units are krosyn-audit-prune@PROFILE.timer and .service" >&2
  fi
done
if [ $has_old_timer = yes ]; then
  environment=/etc/krosyn-audit/krosyn-audit.env
  options=/etc/krosyn-audit/prune-default.env
  # What cannot be carried over must not be lost: without its options, a prune might delete more, or keep no archive.
  why=
  if cat "$environment" "$environment.dpkg-old" 2>/dev/null | grep '^[[:space:]]*KROSYN_AUDIT_' >/dev/null; then
    why="$environment sets variables"
  elif grep -q '^[[:space:]]*profile[[:space:]]*=' "$config" 2>/dev/null; then
    why="$config names a profile"
  elif grep -q '^[[:space:]]*PRUNE_OPTIONS=' "$environment.dpkg-old" 2>/dev/null; then
    why="its options are in $environment.dpkg-old"
  elif grep -q '^[[:space:]]*PRUNE_OPTIONS=.*\(\\$\|--profile\)' "$environment" 2>/dev/null; then
    why="its options in $environment have several lines, or a profile"
  elif [ -d /etc/systemd/system/krosyn-audit-prune.timer.d ] || [ -d /etc/systemd/system/krosyn-audit-prune.service.d ]; then
    why="/etc/systemd/system/krosyn-audit-prune.*.d changes its units"
  elif [ -L "$options" ] && [ ! -e "$options" ]; then
    why="$options leads nowhere"
  elif [ ! -e "$options" ]; then
    if grep -q '^[[:space:]]*PRUNE_OPTIONS=' "$environment" 2>/dev/null; then
      (umask 077 && grep '^[[:space:]]*PRUNE_OPTIONS=' "$environment" >"$options")
      echo "krosyn-audit: copied the options of the nightly prune to $options" >&2
    fi
  fi
  if [ -d /run/systemd/system ]; then
    systemctl stop krosyn-audit-prune.timer || true
  fi
  rm -f "$wants/krosyn-audit-prune.timer"
  if [ -n "$why" ]; then
    echo "krosyn-audit: the nightly prune is off: $why" >&2
    echo "  hint: write PRUNE_OPTIONS into $options, then: systemctl enable --now krosyn-audit-prune@default.timer" >&2
  else
    ln -sf /usr/lib/systemd/system/krosyn-audit-prune@.timer "$wants/krosyn-audit-prune@default.timer"
    echo "krosyn-audit: the nightly prune is now krosyn-audit-prune@default.timer" >&2
    if [ -d /run/systemd/system ]; then
      systemctl --system daemon-reload || true
      systemctl start krosyn-audit-prune@default.timer || true
    fi
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
