#!/bin/sh
# Stops the gateway of an instance directory and waits for its end:
#
#   stop.sh [INSTANCE_DIRECTORY [SECONDS]]
#
# Without an argument the directory is $IG_INSTANCE_DIR, else $HOME/.openig. Environment variables for the
# instance may stand in bin/env.sh or env.sh of the directory. A gateway that has not ended after SECONDS
# (default 30; 0 waits for ever) is killed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
instance=${1:-${IG_INSTANCE_DIR:-$HOME/.openig}}

# Absolute, so that a name with a leading - is not taken for an option.
case $instance in
    /*) ;;
    *) instance=$PWD/$instance ;;
esac

# Both places are in use. What env.sh sets without `export` stays in this shell, as it always did.
for file in "$instance/bin/env.sh" "$instance/env.sh"; do
    if [ -f "$file" ]; then
        # An env.sh written for another start script may use variables that are not set.
        set +eu
        # shellcheck source=/dev/null
        . "$file"
        set -eu
    fi
done

if [ -x "$here/portcullis" ]; then
    portcullis=$here/portcullis
elif [ -x "$here/../target/release/portcullis" ]; then
    portcullis=$here/../target/release/portcullis
elif command -v portcullis >/dev/null 2>&1; then
    portcullis=portcullis
else
    echo "stop.sh: there is no portcullis beside this script, in ../target/release, or on the PATH" >&2
    exit 1
fi

exec "$portcullis" stop "$instance" ${2:+"$2"}
