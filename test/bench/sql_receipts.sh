#!/bin/bash
# What receipts cost in SQL: SELECT sum(features) over a million compact rows with tags against the same rows without,
# the same with lwe_receipt beside it, and the whole of ppdl query --verify, with a manifest and without.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in PPDL_BENCH_DIR.  PPDL_BENCH_ROWS makes it smaller.
set -eu -o pipefail

. "${BASH_SOURCE%/*}/sum_tables.sh"
workers=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
encrypt_rows compact
encrypt_rows tagged --receipts --receipts-for rows --manifest "$dir/rows.manifest"

ratio() {		# name, milliseconds, of milliseconds, what
	awk -v name="$1" -v a="$2" -v b="$3" -v what="$4" -v rows="$rows" 'BEGIN {
		printf "%s\t%.3f\tratio\t%.0f ms against %.0f ms, %d rows, %s\n", name, a / b, a, b, rows, what
	}'
}

for mode in serial parallel; do
	w=$([ $mode = serial ] && echo 0 || echo "$workers")
	plain=$(milliseconds "$w" 'SELECT sum(features) FROM compact_rows')
	tagged=$(milliseconds "$w" 'SELECT sum(features) FROM tagged_rows')
	receipt=$(milliseconds "$w" 'SELECT sum(features), length(lwe_receipt(features)) FROM tagged_rows')
	ratio "sum_tagged_over_sum_$mode" "$tagged" "$plain" "rows of 192 bytes for 160"
	ratio "sum_receipts_over_sum_$mode" "$receipt" "$plain" 'with lwe_receipt beside the sum'
done

verify() {		# name, options
	local start=$EPOCHREALTIME name=$1 said

	shift
	said=$(ppdl query --key "$dir/bench.key" --verify "$@" --csv --raw -c 'SELECT sum(features), lwe_receipt(features) FROM tagged_rows')
	[[ $said == *verified:*$rows\ rows* ]] || { echo "not verified: $said" >&2; exit 1; }
	awk -v name="$name" -v a="$start" -v b="$EPOCHREALTIME" -v rows="$rows" 'BEGIN {
		printf "%s\t%.2f\ts\tppdl query --verify, %d rows: passphrase, query, transfer, check, decryption\n", name, b - a, rows
	}'
}
verify query_verify_s --receipts-for rows
verify query_verify_manifest_s --manifest "$dir/rows.manifest" --all-rows
