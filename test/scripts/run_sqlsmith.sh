#!/bin/bash
# Random queries over everything in a database, by sqlsmith, as an ordinary user:
#	run_sqlsmith.sh DATABASE ROLE
# Fails when a backend dies of one.  PPDL_SQLSMITH_TIME: seconds (30)
set -u
log=$(mktemp)
trap 'rm -f "$log"' EXIT

PGOPTIONS='-c statement_timeout=2s' timeout --foreground -s INT -k 5 "${PPDL_SQLSMITH_TIME:-30}" \
	sqlsmith --exclude-catalog --target="host=$PGHOST port=$PGPORT dbname=$1 user=$2" >"$log" 2>&1 </dev/null
if grep -qiE 'server closed the connection|terminating connection|connection to server was lost|broken connection' "$log"; then
	grep -iE -B 40 'server closed|terminating|lost|broken' "$log" | head -n 120
	exit 1
fi
tail -n 3 "$log"
psql -X -q -A -t -d "$1" -c 'SELECT 1' >/dev/null
