#!/bin/sh
# The compiler, by a path that differs from clone to clone: see env.sh.
exec "$@"
