#!/bin/bash
# GROUP BY over encrypted rows: groups that lie scattered over all batches, against the same
# sums over plain numbers in the same run, and how time grows with thousands of groups.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_ROWS makes it smaller.
set -eu -o pipefail

. "${BASH_SOURCE%/*}/sum_tables.sh"
encrypt_rows compact
export PGOPTIONS="$PGOPTIONS -c max_parallel_workers_per_gather=0 -c work_mem=1GB"
# a planner that takes each row for a group sorts them, and then every group is alone
for table in plain compact; do
	for groups in 10 1000 10000 20000 40000; do
		sql -c "CREATE STATISTICS ${table}_$groups ON (id % $groups) FROM ${table}_rows"
	done
	sql -c "ANALYZE ${table}_rows"
done

for groups in 10 1000; do
	plain=$(milliseconds 0 "SELECT count(result) FROM (SELECT id % $groups, $sums FROM plain_rows GROUP BY 1 OFFSET 0) AS result")
	cipher=$(milliseconds 0 "SELECT count(result) FROM (SELECT id % $groups, sum(features) FROM compact_rows GROUP BY 1 OFFSET 0) AS result")
	awk -v a="$cipher" -v b="$plain" -v groups="$groups" -v rows="$rows" 'BEGIN {
		printf "sum_%d_groups_scattered_over_plain\t%.3f\tratio\t%.0f ms against %.0f ms, %d compact rows\n", groups, a / b, a, b, rows
	}'
done
# ten rows a group, as they stand
for groups in 10000 20000 40000; do
	[ $((10 * groups)) -le "$rows" ] || break
	ms=$(milliseconds 0 "SELECT count(result) FROM (SELECT id % $groups, sum(features) FROM compact_rows WHERE id <= 10 * $groups GROUP BY 1 OFFSET 0) AS result")
	awk -v a="$ms" -v groups="$groups" 'BEGIN {
		printf "groups_%d_s\t%.3f\ts\tten compact rows a group, scattered over %d batches\n", groups, a / 1000, (10 * groups + 127) / 128
	}'
done
