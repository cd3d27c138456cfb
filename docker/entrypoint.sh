#!/bin/sh
# Runs the command as PUID and PGID with UMASK. Started as root it first gives them the data folder, then is root no more.
set -eu

refuse() {
    echo "$1" >&2
    exit 64
}

number() {
    case "$2" in
        '' | *[!0-9]*) refuse "$1=$2 is not usable: allowed is a number" ;;
    esac
}

PUID="${PUID:-1000}"
PGID="${PGID:-1000}"
UMASK="${UMASK:-022}"
DATA_DIR="${DATA_DIR:-/data}"
number PUID "$PUID"
number PGID "$PGID"
case "$UMASK" in
    [0-7][0-7] | [0-7][0-7][0-7] | 0[0-7][0-7][0-7]) umask "$UMASK" ;;
    *) refuse "UMASK=$UMASK is not usable: allowed are three digits from 0 to 7, such as 022" ;;
esac

if [ "$(id -u)" != 0 ]; then
    # Started as somebody already (docker run --user): that is who it is.
    exec "$@"
fi

[ "$PUID" != 0 ] || refuse "PUID=0 is not usable: the program does not run as root"
mkdir -p "$DATA_DIR"
if [ "$(stat -c %u:%g "$DATA_DIR")" != "$PUID:$PGID" ]; then
    chown -R "$PUID:$PGID" "$DATA_DIR"
fi
export HOME="$DATA_DIR"
exec setpriv --reuid="$PUID" --regid="$PGID" --clear-groups --no-new-privs -- "$@"
