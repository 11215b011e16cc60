#!/bin/sh
# Before the app's package is removed: ends the app of each user, which gives back the proxy settings
# that it has changed, and gives back what one that crashed has left. An update leaves all as it is.
set -u

# dpkg says what it does, rpm how many versions there will be.
case "${1:-}" in remove | 0) ;; *) exit 0 ;; esac

program=/opt/PicoSOCKS5/picosocks5-desktop

# The processes that others were not started by: these have a type.
running() {
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe" 2>/dev/null)" = "$program" ] || continue
    tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -q '^--type=' || echo "${process#/proc/}"
  done
}

for pid in $(running); do kill -TERM "$pid" 2>/dev/null; done
left=50
while [ "$left" -gt 0 ] && [ -n "$(running)" ]; do
  sleep 0.2
  left=$((left - 1))
done

for bus in /run/user/*/bus; do
  [ -S "$bus" ] || continue
  runtime=${bus%/bus}
  entry=$(getent passwd "${runtime##*/}") || continue
  user=${entry%%:*}
  home=$(echo "$entry" | cut -d: -f6)
  [ -e "$home/.config/PicoSOCKS5/system-proxy.json" ] || continue
  timeout 20 runuser -u "$user" -- env HOME="$home" XDG_RUNTIME_DIR="$runtime" \
    DBUS_SESSION_BUS_ADDRESS="unix:path=$bus" \
    "$program" --ozone-platform=headless --disable-gpu --give-back-system-proxy >/dev/null 2>&1
done
exit 0
