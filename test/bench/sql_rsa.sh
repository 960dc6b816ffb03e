#!/bin/bash
# rsa_product and ppdl_predict_agg over rsa_cipher, from a table, on one core.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_RSA_ROWS makes it smaller.
set -eu -o pipefail

rows=${PPDL_BENCH_RSA_ROWS:-30000}
predicted=$((rows / 100))
runs=${PPDL_BENCH_RUNS:-3}
export PGOPTIONS='-c jit=off -c max_parallel_workers_per_gather=0 -c ppdl.owner_mode=on' PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Milliseconds of processor time that the server takes for a query: the smallest of some
# runs after one to warm up.  (Wall time would measure what else the machine does.)
milliseconds() {
	{
		echo 'SET client_min_messages = log; SET log_executor_stats = on;'
		for ((i = 0; i <= runs; i++)); do
			echo "$1;"
		done
	} | sql 2>&1 | awk '/^!.*s user, .*s system, .*s elapsed/ {
			t = ($2 + $5) * 1000
			if (n++ > 0 && (best == "" || t < best)) best = t
		}
		/ERROR/ { print > "/dev/stderr"; exit 1 }
		END { if (best == "") exit 1; print best }'
}

ppdl keygen --scheme rsa --out "$PPDL_BENCH_DIR/rsa" >&2
ppdl publish "$PPDL_BENCH_DIR/rsa.pub" --name bench >&2

# groups of 3,000 numbers up to 2 just fit a modulus of 3072 bits
sql -c "CREATE TABLE products AS SELECT i / 3000 AS g, rsa_encrypt('bench', 1 + i % 2, max_value => 2) AS c FROM generate_series(1, $rows) i" \
	-c 'VACUUM ANALYZE products'
check=$(ppdl query --key "$PPDL_BENCH_DIR/rsa.key" --csv -c 'SELECT rsa_product(c) FROM products WHERE g = 0' | tail -n 1)
[ "$check" = "$(sql -c 'SELECT trim_scale(2::numeric ^ 1500)')" ] || { echo "wrong product: $check" >&2; exit 1; }
ms=$(milliseconds 'SELECT count(rsa_product) FROM (SELECT rsa_product(c) FROM products GROUP BY g) x')
gmp=$(build/release/bench/bench_rsa gmp)
awk -v ms="$ms" -v rows="$rows" -v gmp="$gmp" 'BEGIN {
	ns = 1e6 * ms / rows
	printf "rsa_product_sql_ns_per_row\t%.0f\tns\tSELECT rsa_product(c) GROUP BY over %d rows, 3072 bits, processor time; bare GMP loop %.0f ns\n", ns, rows, gmp
	printf "rsa_product_sql_over_gmp\t%.3f\tratio\tthe above against the bare GMP loop\n", ns / gmp
}'
sql -c 'SELECT pg_column_size(c) FROM products LIMIT 1' | awk '{ printf "rsa_value_bytes\t%d\tbytes\tone value as stored, 3072 bits\n", $1 }'

# 16 -> 32 -> 1, random weights, weights to +-7 and 4-bit inputs (the defaults)
sql -c "SELECT ppdl_create_model('bench', '{\"inputs\":16,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":1,\"activation\":\"identity\"}]}',
		(SELECT array_agg(sin(i * i)) FROM generate_series(1, 16 * 32 + 32 + 32 + 1) i))" >/dev/null
sql -c "CREATE TABLE rows AS SELECT i AS id, rsa_encrypt_features('bench', (SELECT array_agg(sin(i * 17 + f)) FROM generate_series(1, 16) f)) AS features FROM generate_series(1, $predicted) i" \
	-c 'VACUUM ANALYZE rows'
ms=$(milliseconds "SELECT octet_length(rsa_cipher_send(ppdl_predict_agg('bench', features))) FROM rows")
bytes=$(sql -c "SELECT octet_length(rsa_cipher_send(ppdl_predict_agg('bench', features))) FROM rows")
awk -v ms="$ms" -v rows="$predicted" -v bytes="$bytes" 'BEGIN {
	printf "rsa_predict_rows_per_s\t%.0f\trows/s\tppdl_predict_agg, 16 -> 32 -> 1, weights to +-7, 4-bit randomised inputs, 3072 bits, one core, processor time; %.0f bytes of result a row\n",
		rows / ms * 1e3, bytes / rows
}'
