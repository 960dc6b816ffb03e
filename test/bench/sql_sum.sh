#!/bin/bash
# Wall time of SELECT sum(features) over a million encrypted rows of 16 values,
# compact and full, against SELECT sum(f1), ..., sum(f16) over the same numbers
# as float8: same server, same run, serial and parallel.  The decrypted sums must
# agree with the plain ones.  And against what full rows cost PostgreSQL alone.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_ROWS makes it smaller.
set -eu -o pipefail

. "${BASH_SOURCE%/*}/sum_tables.sh"
workers=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
for kind in full compact; do
	encrypt_rows $kind
done

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
	touch=$(milliseconds "$w" "SELECT count(lwe_width(features)) FROM full_rows")
	for kind in compact full; do
		cipher=$(milliseconds "$w" "SELECT sum(features) FROM ${kind}_rows")
		awk -v a="$cipher" -v b="$plain" -v name="sum_1m_rows_over_plain_${kind}_$mode" -v rows="$rows" -v w="$w" 'BEGIN {
			printf "%s\t%.3f\tratio\t%.0f ms against %.0f ms, %d rows, %d workers\n", name, a / b, a, b, rows, w
		}'
	done
	awk -v a="$cipher" -v touch="$touch" -v b="$plain" -v mode="$mode" -v w="$w" 'BEGIN {
		printf "sum_full_over_touch_%s\t%.3f\tratio\t%.0f ms against %.0f ms, count(lwe_width(features)): what PostgreSQL takes to bring full rows to an aggregate, %d workers\n", mode, a / touch, a, touch, w
		printf "touch_full_over_plain_%s\t%.3f\tratio\tthat over plain sums\n", mode, touch / b
	}'
done | awk -F '\t' '{ print } /^sum_1m_rows_over_plain_/ && $2 + 0 > worst { worst = $2 + 0; which = $1 " " $4 } END {
	sub(/^sum_1m_rows_over_plain_/, "", which)
	printf "sum_1m_rows_over_plain\t%.3f\tratio\tthe worst: %s\n", worst, which
}'

# what the two have in common is computed once: more groups than the halves of all are held at a time, so that each is expanded alone
groups=1000
spread=$(sql -c "SELECT string_agg((n * ($rows / 2000))::text, ',') FROM generate_series(1, 2000) n")
sql -c "CREATE TABLE scattered AS SELECT * FROM full_rows WHERE id IN ($spread)" -c 'VACUUM ANALYZE scattered'
grouped="FROM scattered GROUP BY id % $groups) t"
one=$(milliseconds 0 "SELECT count(s) FROM (SELECT sum(features) s $grouped")
both=$(milliseconds 0 "SELECT count(s), count(a) FROM (SELECT sum(features) s, avg(features) a $grouped")
awk -v a="$both" -v b="$one" -v groups="$groups" 'BEGIN {
	printf "sum_avg_over_sum\t%.3f\tratio\t%.0f ms against %.0f ms, %d groups\n", a / b, a, b, groups
}'
