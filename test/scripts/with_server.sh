#!/bin/bash
# Builds ppdl, starts a throw-away server that has it, and runs a command there:
#	test/scripts/with_server.sh psql
set -eu
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

[ $# -gt 0 ] || set -- psql
find_pg_config
make -s PG_CONFIG="$pg_config" all >&2
sandbox_begin
sandbox_install
server_start
createdb ppdl
export PGDATABASE=ppdl
psql -q -c 'CREATE EXTENSION ppdl'
"$@"
