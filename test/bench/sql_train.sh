#!/bin/bash
# Training on encrypted rows: seconds a step of 256 rows of a 16-16-1 network, bytes of the keys as stored and as
# cached, and the most memory that the server process had.  The weights, decrypted, must agree with plain training.
#
# Needs the server of test/scripts/bench.sh and a scratch directory in PPDL_BENCH_DIR.
set -eu -o pipefail

rows=${PPDL_BENCH_ROWS:-1024}
steps=${PPDL_BENCH_STEPS:-4}
dir=$PPDL_BENCH_DIR
options="{\"steps\": $steps, \"batch\": 256, \"learning_rate\": 0.3, \"init_scale\": 0.1}"
spec='{"inputs": 16, "bias": false, "layers": [{"units": 16, "activation": "quadratic"}, {"units": 1}]}'
export PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

awk -v rows="$rows" 'BEGIN {
	srand(1)
	printf "id"
	for (f = 1; f <= 16; f++)
		printf ",f%d", f
	print ",y"
	for (i = 1; i <= rows; i++) {
		line = i
		sum = 0
		for (f = 1; f <= 16; f++) {
			x = sprintf("%.6f", 2 * rand() - 1)
			sum += x * cos(3 * f)
			line = line "," x
		}
		print line "," (sum > 0 ? 1 : -1)
	}
}' >"$dir/rows.csv"
echo "making and publishing keys" >&2
ppdl keygen --for train --out "$dir/bench" >&2
ppdl publish "$dir/bench.pub" --for train --dsn "dbname=$PGDATABASE" >&2
ppdl encrypt --raw --id id --label y --compact --key "$dir/bench.key" "$dir/rows.csv" >"$dir/cipher.copy"
ppdl encrypt --raw --id id --label y --plain "$dir/rows.csv" >"$dir/plain.copy"
sql <<EOF
CREATE TABLE cipher_rows (id int, features lwe_cipher, label lwe_cipher);
CREATE TABLE plain_rows (id int, features float8[], label float8);
\copy cipher_rows FROM '$dir/cipher.copy'
\copy plain_rows FROM '$dir/plain.copy'
DO \$\$ BEGIN
	PERFORM ppdl_create_model('encrypted', '$spec');
	PERFORM ppdl_create_model('plain', '$spec');
	PERFORM ppdl_train('plain', features, label, '$options' ORDER BY id) FROM plain_rows;
END \$\$;
EOF
cached=$(sql -c "SELECT ppdl_cache_warm('bench', 'train')")
stored=$(sql -c "SELECT sum(bytes) FROM ppdl_key_info")
echo "training" >&2
{
	echo "SELECT pg_backend_pid() AS pid \gset"
	echo "SELECT ppdl_train('encrypted', features, label, '$options' ORDER BY id) FROM cipher_rows \g /dev/null"
	echo "\setenv PID :pid"
	echo "\! awk '/^VmHWM/ { print \$2 * 1024 }' /proc/\$PID/status"
} | sql >"$dir/rss"
ppdl model export encrypted --key "$dir/bench.key" --dsn "dbname=$PGDATABASE" -o "$dir/model.json"
ppdl model import "$dir/model.json" --name opened --dsn "dbname=$PGDATABASE" >&2
error=$(sql -c "SELECT max(abs(a - b)) FROM unnest(ppdl_model_weights('opened'), ppdl_model_weights('plain')) AS w (a, b)")
[ "$(sql -c "SELECT $error < 2.0 ^ -8")" = t ] || {
	echo "weights are off by $error" >&2
	exit 1
}
step=$(sql -c "SELECT trained->>'step_seconds' FROM ppdl_models WHERE name = 'encrypted' AND version = 2")
threads=$(nproc)
printf 'train_step_s\t%s\ts\t256 of %s rows, 16-16-1, %s threads, mean of %s steps, bootstraps included; weights off by %.1e\n' \
	"$step" "$rows" "$threads" "$steps" "$error"
printf 'train_keys_bytes\t%s\tbytes\tall keys of training and prediction, as stored\n' "$stored"
printf 'train_cache_bytes\t%s\tbytes\tthe same keys expanded in the cache, shared by all sessions\n' "$cached"
printf 'train_peak_rss_bytes\t%s\tbytes\tserver process, the mapped keys included\n' "$(cat "$dir/rss")"
