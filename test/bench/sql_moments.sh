#!/bin/bash
# Wall time of SELECT sum(features) over a million compact rows of five numbers and their fifteen squares and products
# (ppdl encode --moments) against SELECT sum(f1), ..., sum(f1*f1), sum(f1*f2), ... over the same numbers as float8: same
# server, same run, serial.  The decrypted sums must agree with the plain ones.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_ROWS makes it smaller.
set -eu -o pipefail

. "${BASH_SOURCE%/*}/sum_tables.sh"
ppdl encode "$dir/head.csv" --id id --columns f1,f2,f3,f4,f5 --moments -o "$dir/moments.json" >&2
echo "encrypting $rows rows with products" >&2
sql -c "CREATE TABLE moments (id int, features lwe_cipher(20))"
{
	echo "BEGIN; TRUNCATE moments;"
	echo "\\copy moments FROM PROGRAM 'ppdl encrypt --key $dir/bench.key --features $dir/moments.json --compact --scale-bits 28 $dir/rows.csv'"
	echo "COMMIT;"
} | sql
sql -c 'VACUUM ANALYZE moments'

terms=$(for i in 1 2 3 4 5; do for ((j = i; j <= 5; j++)); do printf ', sum(f%d*f%d)' "$i" "$j"; done; done)
plain="SELECT $(seq -s, -f 'sum(f%.0f)' 5)$terms FROM plain_rows"
cipher='SELECT sum(features) FROM moments'
{
	sql -F ' ' -c "$plain"
	ppdl query --key "$dir/bench.key" --raw --format csv -c "$cipher" | tail -n 1
} | tr -d '"[]{}' | tr ', \n' '   ' | awk '{
	if (NF != 40) { print "expected 20 sums, got " NF - 20 > "/dev/stderr"; exit 1 }
	for (i = 1; i <= 20; i++)
		if (($i - $(i + 20)) ^ 2 > 1) { print "sum " i ": plain " $i ", decrypted " $(i + 20) > "/dev/stderr"; exit 1 }
}'

a=$(milliseconds 0 "$cipher")
b=$(milliseconds 0 "$plain")
awk -v a="$a" -v b="$b" -v rows="$rows" 'BEGIN {
	printf "gram_moments_over_plain\t%.3f\tratio\t%.0f ms against %.0f ms, %d rows of 5 numbers and 15 products, serial\n", a / b, a, b, rows
}'
