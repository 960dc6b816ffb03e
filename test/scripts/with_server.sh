#!/bin/bash
# Builds ppdl, starts a throw-away server that has it, and runs a command there:
#	test/scripts/with_server.sh psql
set -eu
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

[ $# -gt 0 ] || set -- psql
sandbox_database ppdl >&2
psql -q -c 'CREATE EXTENSION ppdl'
"$@"
