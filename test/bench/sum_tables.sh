# Sourced: a million rows of 16 numbers as plain_rows, a key for encrypted ones, and how queries are timed.
# PPDL_BENCH_DIR is a scratch directory, PPDL_BENCH_ROWS makes it smaller.
rows=${PPDL_BENCH_ROWS:-1000000}
runs=${PPDL_BENCH_RUNS:-3}
dir=$PPDL_BENCH_DIR
columns=$(seq -s, -f 'f%.0f' 16)
sums=$(seq -s, -f 'sum(f%.0f)' 16)
export PGOPTIONS='-c jit=off' PPDL_PASSPHRASE=benchmark

sql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# Milliseconds of a query: the smallest of some runs after one to warm up.
milliseconds() {		# workers, query
	{
		echo "SET max_parallel_workers_per_gather = $1;"
		echo '\timing on'
		for ((i = 0; i <= runs; i++)); do
			echo "$2;"
		done
	} | sql | awk '/^Time: / { if (n++ > 0 && (best == "" || $2 < best)) best = $2 } END { if (best == "") exit 1; print best }'
}

echo "making $rows rows of 16 numbers" >&2
awk -v rows="$rows" -v columns="$columns" 'BEGIN {
	srand(1)
	print "id," columns
	for (i = 1; i <= rows; i++) {
		line = i
		# the first two rows span [-1, 1], so that learnt scaling changes nothing
		for (f = 1; f <= 16; f++)
			line = line "," (i == 1 ? -1 : i == 2 ? 1 : sprintf("%.6f", 2 * rand() - 1))
		print line
	}
}' >"$dir/rows.csv"

sql -c "CREATE TABLE plain_rows (id int, $(seq -s, -f 'f%.0f float8' 16))"
{
	echo "BEGIN; TRUNCATE plain_rows;"
	echo "\\copy plain_rows FROM '$dir/rows.csv' CSV HEADER"
	echo "COMMIT;"
} | sql

ppdl keygen --out "$dir/bench" >&2
head -n 1000 "$dir/rows.csv" >"$dir/head.csv"
ppdl encode "$dir/head.csv" --id id -o "$dir/features.json" >&2

# Table <kind>_rows with the same rows encrypted.
encrypt_rows() {		# full, or another kind of compact rows; options of ppdl encrypt
	local kind=$1 option=("${@:2}")

	echo "encrypting $rows $kind rows" >&2
	# 2^20 rows of one group need the smaller scale: compact rows at 2^30 reach 2^19
	[ $kind = full ] || option+=(--compact)
	sql -c "CREATE TABLE ${kind}_rows (id int, features lwe_cipher(16))"
	mkfifo "$dir/$kind.copy"
	ppdl encrypt --key "$dir/bench.key" --features "$dir/features.json" --scale-bits 28 "${option[@]}" "$dir/rows.csv" >"$dir/$kind.copy" &
	{
		echo "BEGIN; TRUNCATE ${kind}_rows;"
		echo "\\copy ${kind}_rows FROM '$dir/$kind.copy'"
		echo "COMMIT;"
	} | sql
	wait $!
	sql -c "VACUUM ANALYZE ${kind}_rows"
}

sql -c 'VACUUM ANALYZE plain_rows'
