#!/bin/bash
# Wall time of SELECT sum(features) over a million encrypted rows of 16 values,
# compact and full, against SELECT sum(f1), ..., sum(f16) over the same numbers
# as float8: same server, same run, serial and parallel.  The decrypted sums must
# agree with the plain ones.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_ROWS makes it smaller.
set -eu -o pipefail

rows=${PPDL_BENCH_ROWS:-1000000}
runs=${PPDL_BENCH_RUNS:-3}
dir=$PPDL_BENCH_DIR
workers=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
columns=$(seq -s, -f 'f%.0f' 16)
sums=$(seq -s, -f 'sum(f%.0f)' 16)
export PGOPTIONS='-c jit=off' PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Milliseconds of a query: the smallest of some runs after one to warm up.
milliseconds() {		# workers, query
	{
		echo "SET max_parallel_workers_per_gather = $1;"
		echo '\timing on'
		for ((i = 0; i <= runs; i++)); do
			echo "$2;"
		done
	} | sql | awk '/^Time: / { if (n++ > 0 && (best == "" || $2 < best)) best = $2 } END { if (best == "") exit 1; print best }'
}

echo "making $rows rows of 16 numbers" >&2
awk -v rows="$rows" -v columns="$columns" 'BEGIN {
	srand(1)
	print "id," columns
	for (i = 1; i <= rows; i++) {
		line = i
		# the first two rows span [-1, 1], so that learnt scaling changes nothing
		for (f = 1; f <= 16; f++)
			line = line "," (i == 1 ? -1 : i == 2 ? 1 : sprintf("%.6f", 2 * rand() - 1))
		print line
	}
}' >"$dir/rows.csv"

sql -c "CREATE TABLE plain_rows (id int, $(seq -s, -f 'f%.0f float8' 16))"
{
	echo "BEGIN; TRUNCATE plain_rows;"
	echo "\\copy plain_rows FROM '$dir/rows.csv' CSV HEADER"
	echo "COMMIT;"
} | sql

ppdl keygen --out "$dir/bench" >&2
head -n 1000 "$dir/rows.csv" >"$dir/head.csv"
ppdl encode "$dir/head.csv" --id id -o "$dir/features.json" >&2
for kind in full compact; do
	echo "encrypting $rows $kind rows" >&2
	# 2^20 rows of one group need the smaller scale: compact rows at 2^30 reach 2^19
	option=()
	[ $kind = full ] || option=(--compact)
	sql -c "CREATE TABLE ${kind}_rows (id int, features lwe_cipher(16))"
	mkfifo "$dir/$kind.copy"
	ppdl encrypt --key "$dir/bench.key" --features "$dir/features.json" --scale-bits 28 "${option[@]}" "$dir/rows.csv" >"$dir/$kind.copy" &
	{
		echo "BEGIN; TRUNCATE ${kind}_rows;"
		echo "\\copy ${kind}_rows FROM '$dir/$kind.copy'"
		echo "COMMIT;"
	} | sql
	wait $!
done
sql -c 'VACUUM ANALYZE plain_rows' -c 'VACUUM ANALYZE full_rows' -c 'VACUUM ANALYZE compact_rows'

plain_sums=$(sql -F ' ' -c "SELECT $sums FROM plain_rows")
for kind in full compact; do
	[ "$(sql -c "SELECT count(*) FROM ${kind}_rows")" = "$rows" ]
	sums_of_kind=$(ppdl query --key "$dir/bench.key" --format csv -c "SELECT sum(features) FROM ${kind}_rows" | tail -n 1)
	echo "$plain_sums $sums_of_kind" | tr -d '"[]{}' | tr ', ' '  ' | awk -v rows="$rows" -v kind="$kind" '{
		if (NF != 32) { print "expected 16 sums, got " NF - 16 " from " kind " rows" > "/dev/stderr"; exit 1 }
		for (i = 1; i <= 16; i++)
			if (($i - $(i + 16)) ^ 2 > 1) { print "sum " i ": plain " $i ", " kind " " $(i + 16) > "/dev/stderr"; exit 1 }
	}'
	sql -c "SET max_parallel_workers_per_gather = $workers" -c "EXPLAIN SELECT sum(features) FROM ${kind}_rows" |
		grep -q 'Partial Aggregate' || { echo "sum over $kind rows does not run in parallel" >&2; exit 1; }
done

for mode in serial parallel; do
	w=$([ $mode = serial ] && echo 0 || echo "$workers")
	plain=$(milliseconds "$w" "SELECT $sums FROM plain_rows")
	for kind in compact full; do
		cipher=$(milliseconds "$w" "SELECT sum(features) FROM ${kind}_rows")
		awk -v a="$cipher" -v b="$plain" -v name="sum_1m_rows_over_plain_${kind}_$mode" -v rows="$rows" -v w="$w" 'BEGIN {
			printf "%s\t%.3f\tratio\t%.0f ms against %.0f ms, %d rows, %d workers\n", name, a / b, a, b, rows, w
		}'
	done
done | awk -F '\t' '{ print } $2 + 0 > worst { worst = $2 + 0; which = $1 " " $4 } END {
	sub(/^sum_1m_rows_over_plain_/, "", which)
	printf "sum_1m_rows_over_plain\t%.3f\tratio\tthe worst: %s\n", worst, which
}'
