#!/bin/bash
# make study: the study of contrib-data/study.json on a throw-away server: networks in the clear, on encrypted rows and
# under RSA, side by side (doc/study.md).  Prints the tables and where the report lies, and leaves no server.
# Results stay in build/study: run again, it goes on with what is missing, and when nothing is, it only writes the
# report anew.
#
#	PPDL_STUDY		another study file
#	PPDL_STUDY_OUT	another directory for results and report
#	PPDL_STUDY_NEW	when set, earlier results are put away first (as build/study.old; what was there before is removed)
#	PPDL_STUDY_TIME	begin no run after so many seconds (1500); run it again to go on
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

study=${PPDL_STUDY:-contrib-data/study.json}
out=${PPDL_STUDY_OUT:-build/study}
time=${PPDL_STUDY_TIME:-1500}
[ -r "$study" ] || die "cannot read $study"

test/scripts/setup.sh
find_pg_config
run make -s -j2 PG_CONFIG="$pg_config" all
if [ -n "${PPDL_STUDY_NEW:-}" ] && [ -e "$out" ]; then
	rm -rf "$out.old"
	mv "$out" "$out.old"
fi
mkdir -p "$out"
# ppdl works where the sandbox has put it; its files lie here
study=$(realpath "$study") out=$(realpath "$out")
if [ -s "$out/results.jsonl" ]; then
	say "$out holds results: the study goes on with what is missing (PPDL_STUDY_NEW=1 begins anew)"
fi
sandbox_begin
sandbox_install
server_start
createdb study
export PGDATABASE=study
psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION ppdl'

rc=0
run ppdl study "$study" --time-limit "$time" --out "$out" || rc=$?
if [ -s "$out/report.html" ]; then
	echo "report: $out/report.html"
fi
exit $rc
