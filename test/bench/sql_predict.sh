#!/bin/bash
# Classifying encrypted rows of 16 values from a table with a network 16-32-1,
# on one core: ppdl_predict_agg over complete batches, and over batches of which
# every second row is missing; ppdl_predict on one row; the bytes of published keys
# that this needs.  All decrypted predictions must agree with those on plain rows.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_BATCHES makes it smaller.
set -eu -o pipefail

rows=$((1024 * ${PPDL_BENCH_BATCHES:-16}))
runs=${PPDL_BENCH_RUNS:-3}
dir=$PPDL_BENCH_DIR
export PGOPTIONS='-c jit=off -c max_parallel_workers_per_gather=0 -c ppdl.threads=1' PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Milliseconds of a query: the smallest of some runs after one to warm up.
milliseconds() {
	{
		echo '\timing on'
		for ((i = 0; i <= runs; i++)); do
			echo "$1;"
		done
	} | sql | awk '/^Time: / { if (n++ > 0 && (best == "" || $2 < best)) best = $2 } END { if (best == "") exit 1; print best }'
}

# Predictions of a subset, decrypted, against those on plain rows.
agree() {		# condition
	ppdl query --key "$dir/bench.key" --csv --expand -o "$dir/encrypted.csv" \
		-c "SELECT array_agg(id ORDER BY id), ppdl_predict_agg('bench', features ORDER BY id) FROM cipher_rows WHERE $1"
	sql -F , -c "SELECT id, (ppdl_predict('bench', features))[1] FROM plain_rows WHERE $1 ORDER BY id" >"$dir/plain.csv"
	tail -n +2 "$dir/encrypted.csv" | paste -d , - "$dir/plain.csv" | tr -d '"{}' | awk -F, -v condition="$1" '
		NF != 4 || $1 != $3 || $2 == "" || ($2 - $4) ^ 2 > 2 ^ -24 {
			print condition ", line " NR ": encrypted, plain: " $0 > "/dev/stderr"; bad = 1; exit 1
		}
		END { exit bad || NR == 0 }'
}

awk -v rows="$rows" 'BEGIN {
	srand(2)
	printf "id"
	for (f = 1; f <= 16; f++) printf ",f%d", f
	print ""
	for (i = 1; i <= rows; i++) {
		printf "%d", i
		for (f = 1; f <= 16; f++) printf ",%.6f", 2 * rand() - 1
		print ""
	}
}' >"$dir/rows.csv"
ppdl keygen --out "$dir/bench" >&2
ppdl publish "$dir/bench.pub" --for predict >&2
ppdl encrypt --raw --id id --key "$dir/bench.key" "$dir/rows.csv" -o "$dir/cipher.copy"
ppdl encrypt --raw --id id --plain "$dir/rows.csv" -o "$dir/plain.copy"
sql <<SQL
CREATE TABLE cipher_rows (id int PRIMARY KEY, features lwe_cipher(16));
CREATE TABLE plain_rows (id int PRIMARY KEY, features float8[]);
\copy cipher_rows FROM '$dir/cipher.copy'
\copy plain_rows FROM '$dir/plain.copy'
VACUUM ANALYZE cipher_rows;
\o /dev/null
SELECT ppdl_create_model('bench', '{"inputs": 16, "layers": [{"units": 32, "activation": "quadratic"}, {"units": 1, "activation": "identity"}]}',
	(SELECT array_agg(0.2 * sin(i * 1.7)) FROM generate_series(1, 16 * 32 + 32 + 32 + 1) i));
SQL

agree true
agree "id % 2 = 0"
# a figure a line: name, rows, condition, note
figure() {
	awk -v ms="$(milliseconds "SELECT ppdl_predict_agg('bench', features) FROM cipher_rows WHERE $3")" -v name="$1" -v n="$2" -v note="$4" 'BEGIN {
		printf "%s\t%.0f\trows/s\t%s, %d rows in %.0f ms\n", name, n / ms * 1000, note, n, ms
	}'
}
figure predict_rows_per_s "$rows" true "16-32-1 from the table, complete batches, one core"
figure predict_partial_rows_per_s $((rows / 2)) "id % 2 = 0" "the same, every second row missing"
printf 'predict_one_ms\t%s\tms\tppdl_predict on one row, keys cached\n' \
	"$(milliseconds "SELECT ppdl_predict('bench', features) FROM cipher_rows WHERE id = 7")"
printf 'predict_keys_bytes\t%s\tbytes\tas published for sums and prediction\n' \
	"$(sql -c 'SELECT sum(octet_length(data)) FROM ppdl_key_parts')"
