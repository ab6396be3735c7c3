#!/bin/sh
# /usr/local/bin/aggregator, for root: any command of the program as the service's user, with the service's paths and
# secrets. What writes feeds.yaml (add, remove, opml import) is for root itself; docs/install.md says how.
exec systemd-run --quiet --collect --wait --pipe --pty --uid=aggregator --gid=aggregator \
    --property=EnvironmentFile=-/etc/aggregator/secrets --property=UMask=0022 \
    "--property=WorkingDirectory=-$PWD" \
    --setenv=AGGREGATOR_CONFIG=/etc/aggregator/feeds.yaml --setenv=AGGREGATOR_DATA=/var/lib/aggregator \
    /opt/aggregator/.venv/bin/aggregator "$@"
