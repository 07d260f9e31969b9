#!/bin/sh
# Runs the compiler. Only its path matters, which differs between clones: see env.sh.
exec "$@"
