#!/bin/bash
# make bench: prints one line a figure on standard output and nothing else:
#	name <TAB> value <TAB> unit <TAB> note
# Progress goes to standard error.  Core figures come from the programs
# test/bench/bench_*.c, SQL figures from the scripts test/bench/sql_*.sh, which
# find a throw-away server in PGHOST and so on, with the extension and the tool
# on PATH installed.  With arguments, runs only the benchmarks of these names:
#	test/scripts/bench.sh bench_ntt sql_sum
set -u -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

rc=0
wanted=" $* "

is_wanted() {
	[ "$wanted" = "  " ] || [[ "$wanted" == *" $1 "* ]]
}

# Lets only well-formed figures through to standard output.
figures() {
	awk -F '\t' -v name="$1" '
		NF == 4 && $1 ~ /^[a-z][a-z0-9_]*$/ && $2 ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ { print; n++; fflush(); next }
		{ print name ": " $0 > "/dev/stderr" }
		END { exit n == 0 }'
}
export -f figures

measure() {
	local name=$1

	shift
	say "bench: $name"
	run bash -c 'set -o pipefail; name=$1; shift; "$@" | figures "$name"' _ "$name" "$@" || {
		say "bench: $name failed"
		rc=1
	}
}

test/scripts/setup.sh || die "set-up failed"
find_pg_config
sandbox_begin
run make -s -j2 PG_CONFIG="$pg_config" all bench-programs >&2 || die "build failed"

for source in test/bench/bench_*.c; do
	name=$(basename "$source" .c)
	[ -e "$source" ] && is_wanted "$name" || continue
	measure "$name" "build/release/bench/$name"
done

scripts=()
for script in test/bench/sql_*.sh; do
	[ -x "$script" ] && is_wanted "$(basename "$script" .sh)" && scripts+=("$script")
done
if [ ${#scripts[@]} -gt 0 ]; then
	sandbox_install || die "install failed"
	# tables that are summed stay in memory, as they would on a server made for them: a quarter of it, up to 4 GB
	buffers=$(awk '/^MemTotal:/ { mb = int($2 / 4096); if (mb > 4096) mb = 4096; print (mb < 128 ? 128 : mb) }' /proc/meminfo)
	server_start "shared_buffers = ${buffers}MB" "wal_level = minimal" "max_wal_senders = 0" "autovacuum = off" \
		"max_parallel_workers = 8" "synchronous_commit = off" || die "server failed"
	mkdir "$sandbox/work"
	for script in "${scripts[@]}"; do
		createdb ppdl_bench && psql -q -v ON_ERROR_STOP=1 -d ppdl_bench -c 'CREATE EXTENSION ppdl' || die "CREATE EXTENSION failed"
		measure "$(basename "$script" .sh)" env PGDATABASE=ppdl_bench PPDL_BENCH_DIR="$sandbox/work" "$script"
		dropdb --force ppdl_bench
		rm -rf "$sandbox/work"/*
	done
fi
exit $rc
