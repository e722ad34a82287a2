#!/bin/sh
# Runs a command on an X server of its own, so that windows under test neither need a screen nor
# disturb a real one. Without xvfb-run (macOS, Windows) the command runs as it is.
if command -v xvfb-run >/dev/null 2>&1; then
    exec xvfb-run -a -s "-screen 0 1920x1200x24 -nolisten tcp" "$@"
fi
exec "$@"
