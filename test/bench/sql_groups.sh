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
	for groups in 10 1000 10000 20000 40000 100000; do
		sql -c "CREATE STATISTICS ${table}_$groups ON (id % $groups) FROM ${table}_rows"
	done
	sql -c "ANALYZE ${table}_rows"
done

# milliseconds of the query over plain rows and over encrypted ones
pair() {		# groups
	milliseconds 0 "SELECT count(result) FROM (SELECT id % $1, $sums FROM plain_rows GROUP BY 1 OFFSET 0) AS result"
	milliseconds 0 "SELECT count(result) FROM (SELECT id % $1, sum(features) FROM compact_rows GROUP BY 1 OFFSET 0) AS result"
}

# in plans that sort each group is finished before the next begins, and all ask for the same batches
for groups in 10 1000; do
	pair $groups | paste - - | awk -v groups="$groups" -v rows="$rows" '{
		printf "sum_%d_groups_scattered_over_plain\t%.3f\tratio\t%.0f ms against %.0f ms, %d compact rows\n", groups, $2 / $1, $2, $1, rows
	}'
	PGOPTIONS="$PGOPTIONS -c enable_hashagg=off" pair $groups | paste - - | awk -v groups="$groups" -v rows="$rows" '{
		printf "sum_%d_groups_sorted_over_plain\t%.3f\tratio\t%.0f ms against %.0f ms, %d compact rows, both plans sort\n", groups, $2 / $1, $2, $1, rows
	}'
done
# ten rows a group, as they stand; times of the plan that the planner chooses
ten_rows() {		# groups
	milliseconds 0 "SELECT count(result) FROM (SELECT id % $1, sum(features) FROM compact_rows WHERE id <= 10 * $1 GROUP BY 1 OFFSET 0) AS result"
}
for groups in 10000 20000 40000; do
	[ $((10 * groups)) -le "$rows" ] || break
	awk -v a="$(ten_rows $groups)" -v groups="$groups" 'BEGIN {
		printf "groups_%d_s\t%.3f\ts\tten compact rows a group, scattered over %d batches\n", groups, a / 1000, (10 * groups + 127) / 128
	}'
done
if [ "$rows" -ge 1000000 ]; then
	for plan in hashed:enable_sort sorted:enable_hashagg; do
		option="-c ${plan#*:}=off"
		few=$(PGOPTIONS="$PGOPTIONS $option" ten_rows 10000)
		many=$(PGOPTIONS="$PGOPTIONS $option" runs=1 ten_rows 100000)
		awk -v a="$many" -v b="$few" -v plan="${plan%:*}" 'BEGIN {
			printf "groups_100000_over_10000_%s\t%.2f\tratio\t%.0f ms against %.0f ms, ten rows a group; 10 is linear\n", plan, a / b, a, b
		}'
	done
fi
