#!/bin/bash
# Rows of 16 values that are encrypted one by one, a batch each, as a ward writes them: how fast the tool puts them into
# a table, and a sum over them against one over as many rows that were encrypted together.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in PPDL_BENCH_DIR.
set -eu -o pipefail

export PPDL_BENCH_ROWS=${PPDL_BENCH_SINGLE_ROWS:-10000}
. "${BASH_SOURCE%/*}/sum_tables.sh"
encrypt_rows compact
sql -c "CREATE TABLE single_rows (id int, features lwe_cipher(16))"
start=$(date +%s.%N)
ppdl encrypt --key "$dir/bench.key" --features "$dir/features.json" --scale-bits 28 --compact --batch-rows 1 \
	--table single_rows --columns id,features "$dir/rows.csv" >&2
end=$(date +%s.%N)
[ "$(sql -c 'SELECT count(DISTINCT lwe_batch(features)) FROM single_rows')" = "$rows" ]
sql -c 'VACUUM ANALYZE single_rows'
awk -v n="$rows" -v s="$start" -v e="$end" 'BEGIN {
	printf "insert_single_rows_per_s\t%.0f\trows/s\t%d compact rows, a batch each, in one call of the tool, %.2f s\n", n / (e - s), n, e - s
}'
together=$(milliseconds 0 'SELECT sum(features) FROM compact_rows')
single=$(milliseconds 0 'SELECT sum(features) FROM single_rows')
awk -v a="$single" -v b="$together" -v n="$rows" 'BEGIN {
	printf "sum_single_rows_ms\t%.1f\tms\tsum of %d compact rows, a batch each; %.1f ms when encrypted together\n", a, n, b
}'
