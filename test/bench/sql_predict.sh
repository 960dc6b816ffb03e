#!/bin/bash
# Prediction of a 16-32-1 network on encrypted rows, from the table, on one core:
# complete batches, every second row missing, or some by a hash, one row at a time; and the bytes of
# the keys that it takes.  Complete batches on two threads, too, and in a parallel plan.  The decrypted outputs must agree with the plain twin's.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in
# PPDL_BENCH_DIR.  PPDL_BENCH_BATCHES makes it smaller.
set -eu -o pipefail

batches=${PPDL_BENCH_BATCHES:-16}
runs=${PPDL_BENCH_RUNS:-3}
rows=$((batches * 1024))
partial=2048			# places, of which every second is there
dir=$PPDL_BENCH_DIR
export PGOPTIONS='-c jit=off -c ppdl.threads=1 -c max_parallel_workers_per_gather=0 -c client_min_messages=warning' PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Milliseconds of a query: the smallest of some runs in one session, after one to warm up.
milliseconds() {		# query
	{
		echo "${settings-}"
		echo '\timing on'
		for ((i = 0; i <= runs; i++)); do
			echo "$1;"
		done
	} | sql | awk '/^Time: / { if (n++ > 0 && (best == "" || $2 < best)) best = $2 } END { if (best == "") exit 1; print best }'
}

figure() {				# name, value, unit, note
	printf '%s\t%s\t%s\t%s\n' "$@"
}

per_second() {			# rows, milliseconds
	awk -v rows="$1" -v ms="$2" 'BEGIN { printf "%.0f", rows * 1000 / ms }'
}

echo "making $rows rows of 16 numbers" >&2
awk -v rows="$rows" 'BEGIN {
	srand(2)
	printf "id"
	for (f = 1; f <= 16; f++)
		printf ",f%d", f
	print ""
	for (i = 1; i <= rows; i++) {
		line = i
		# the first two rows span [-1, 1], so that learnt scaling changes nothing
		for (f = 1; f <= 16; f++)
			line = line "," (i == 1 ? -1 : i == 2 ? 1 : sprintf("%.6f", 2 * rand() - 1))
		print line
	}
}' >"$dir/predict.csv"
sql -c "CREATE TABLE predict_plain (id int, $(seq -s, -f 'f%.0f float8' 16))"
sql -c "\\copy predict_plain FROM '$dir/predict.csv' CSV HEADER"

echo "making and publishing keys" >&2
ppdl keygen --out "$dir/predict" --for predict >&2
ppdl publish --for predict "$dir/predict.pub" >&2
ppdl encode "$dir/predict.csv" --id id -o "$dir/predict.json" >&2
sql -c "CREATE TABLE predict_rows (id int, features lwe_cipher(16))"
ppdl encrypt --key "$dir/predict.key" --features "$dir/predict.json" "$dir/predict.csv" | sql -c "\\copy predict_rows FROM STDIN"
sql -c "VACUUM ANALYZE predict_rows"
sql -c "SELECT ppdl_create_model('bench', '{\"inputs\":16,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":1}]}',
	(SELECT array_agg(0.3 * sin(1.7 * i)) FROM generate_series(1, 16 * 32 + 32 + 33) i))" >&2

complete="SELECT lwe_rows(ppdl_predict_agg('bench', features)) FROM predict_rows"
holes="SELECT lwe_rows(ppdl_predict_agg('bench', features)) FROM predict_rows WHERE id <= $partial AND id % 2 = 0"
half="FROM predict_rows WHERE id <= $partial AND (hashint4(id) & 63) < 29"
ms=$(milliseconds "$complete")
whole=$ms
figure predict_rows_per_s "$(per_second "$rows" "$ms")" rows/s "16-32-1, $batches complete batches of 1,024 rows from the table, one core"
scan=$(milliseconds "SELECT count(lwe_width(features)) FROM predict_rows")
figure predict_scan_share "$(awk -v scan="$scan" -v all="$ms" 'BEGIN { printf "%.4f", scan / all }')" ratio \
	"time of reading the rows, which one process does alone, of that of predicting them on one core"
if [ "$(nproc)" -ge 2 ]; then
	two=$(settings="SET ppdl.threads = 2;" milliseconds "$complete")
	one=$(milliseconds "$complete")		# once more: others may have come to work beside us
	figure predict_threads2_speedup "$(awk -v one="$(printf '%s\n' "$ms" "$one" | sort -g | head -n 1)" -v two="$two" 'BEGIN { printf "%.2f", one / two }')" ratio \
		"complete batches, two threads over one, the same run"
	both="SET max_parallel_workers_per_gather = 1; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;"
	parallel=$(settings="$both SET ppdl.threads = 2;" milliseconds "$complete")
	figure predict_parallel_over_threads "$(awk -v parallel="$parallel" -v two="$two" 'BEGIN { printf "%.2f", parallel / two }')" ratio \
		"complete batches, a parallel scan by two processes over a plain one, two threads each time"
fi
ms=$(runs=1 milliseconds "$holes")
figure predict_partial_rows_per_s "$(per_second "$((partial / 2))" "$ms")" rows/s "every second row of $partial missing, one core"
figure predict_partial_over_complete "$(awk -v ms="$ms" -v rows="$((partial / 2))" -v whole="$whole" -v all="$rows" 'BEGIN { printf "%.2f", ms / rows / (whole / all) }')" ratio \
	"time of such a row over that of one of a complete batch, the same run"
ms=$(runs=1 milliseconds "SELECT lwe_rows(ppdl_predict_agg('bench', features)) $half")
figure predict_random_rows_per_s "$(per_second "$(sql -c "SELECT count(*) $half")" "$ms")" rows/s "29 of 64 of $partial rows, by a hash: a ciphertext, one core"
figure predict_one_ms "$(milliseconds "SELECT lwe_rows(ppdl_predict('bench', features)) FROM predict_rows WHERE id = 7")" ms "one row, warm"
figure predict_keys_bytes "$(sql -c "SELECT sum(bytes) FROM ppdl_key_part_info")" bytes "all that sums and prediction in the row ring need, as published"

echo "comparing with the plain twin" >&2
ppdl query --key "$dir/predict.key" --format csv -c "SELECT ppdl_predict_agg('bench', features ORDER BY id) FROM predict_rows WHERE id <= 1024" |
	tail -n +2 | tr -d '"[]{} ' | tr ',' '\n' | head -n 1024 >"$dir/predicted.txt"
sql -c "SELECT (ppdl_predict('bench', ARRAY[$(seq -s, -f 'f%.0f' 16)]))[1] FROM predict_plain WHERE id <= 1024 ORDER BY id" |
	paste "$dir/predicted.txt" - | awk '
		{ d = $1 - $2; d = d < 0 ? -d : d; if (d > worst) worst = d; n++ }
		END {
			if (n != 1024 || NF != 2 || worst > 2 ^ -14) { print "predictions of " n " rows differ by " worst > "/dev/stderr"; exit 1 }
			printf "predict_precision_bits\t%.1f\tbits\tworst of 1,024 rows against the plain twin\n", -log(worst) / log(2)
		}'
