#!/bin/bash
# ppdl on a throw-away Citus cluster: a coordinator and two workers, tables distributed by batch. Needs Citus for the
# PostgreSQL of pg_config; says so, and succeeds, where it is not installed.
#
#	PPDL_CITUS_ROWS		rows (4000)
set -eu -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

find_pg_config
if [ ! -e "$("$pg_config" --sharedir)/extension/citus.control" ]; then
	echo "Citus is not installed for $("$pg_config" --version): nothing was tried"
	exit 0
fi

rows=${PPDL_CITUS_ROWS:-4000}
failed=0
first_port=$((20000 + RANDOM % 20000))
export PPDL_PASSPHRASE='only for tests'

note() {	# ok?, name
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 - $2"
}

# a command succeeds
check_that() {	# name, command ...
	local name=$1

	shift
	if "$@"; then note ok "$name"; else note "not ok" "$name"; fi
}

# the answer of a query is what is expected
check() {	# name, expected, query
	local got

	got=$(psql -XAtq -c "$3" 2>&1) || true
	if [ "$got" = "$2" ]; then
		note ok "$1"
	else
		note "not ok" "$1"
		printf '#   got:      %s\n#   expected: %s\n' "$got" "$2"
	fi
}

# the answer, or the error, matches a pattern
check_like() {	# name, extended regular expression, query
	local got

	got=$(psql -XAtq -c "$3" 2>&1) || true
	if grep -Eq "$2" <<<"$got"; then
		note ok "$1"
	else
		note "not ok" "$1"
		printf '#   got: %s\n' "$got"
	fi
}

# numbers in the decrypted answer of one query and in the answer of another agree
check_numbers() {	# name, encrypted query, plain query
	local name=$1 got expected

	got=$(ppdl query --raw --min-count 1 --key "$sandbox/clinic.key" --format csv -c "$2" | tail -n +2 | grep -Eo -- '-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?') || true
	expected=$(psql -XAtq -c "$3" | grep -Eo -- '-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?') || true
	if paste <(echo "$got") <(echo "$expected") | awk 'NF != 2 || ($1 - $2) ^ 2 > 1e-6 { bad = 1 } END { exit bad || NR == 0 }'; then
		note ok "$name"
	else
		note "not ok" "$name"
	fi
}

make -s -j2 PG_CONFIG="$pg_config" all
sandbox_begin
sandbox_install
export PGHOST=localhost
for i in 0 1 2; do
	port=$((first_port + i))
	as_server_user initdb -D "$sandbox/node$i" -U "$PGUSER" -A trust -E UTF8 --locale=C -N >/dev/null
	printf '%s\n' "listen_addresses = 'localhost'" "unix_socket_directories = '$sandbox'" "port = $port" "fsync = off" "wal_level = logical" \
		"shared_preload_libraries = 'citus,ppdl'" "max_wal_size = 4GB" >>"$sandbox/node$i/postgresql.conf"
	as_server_user pg_ctl -w -t 60 -D "$sandbox/node$i" -l "$sandbox/node$i.log" start >/dev/null
	PGPORT=$port psql -Xq -c 'CREATE EXTENSION citus'
done
export PGPORT=$first_port
psql -Xq -c "SELECT citus_set_coordinator_host('localhost', $first_port)" -c "SELECT citus_add_node('localhost', $((first_port + 1)))" \
	-c "SELECT citus_add_node('localhost', $((first_port + 2)))" -c 'CREATE EXTENSION IF NOT EXISTS ppdl' >/dev/null
for i in 1 2; do
	PGPORT=$((first_port + i)) psql -Xq -c 'CREATE EXTENSION IF NOT EXISTS ppdl'
done

# an owner's rows, in the clear beside the encrypted ones
psql -XAtq -F, -c "SELECT 'id', 'ward', 'a', 'b', 'c', 'd' UNION ALL SELECT i::text, 'w' || i % 10, sin(i)::numeric(6,4)::text, cos(i)::numeric(6,4)::text,
	sin(3 * i)::numeric(6,4)::text, cos(5 * i)::numeric(6,4)::text FROM generate_series(1, $rows) i" >"$sandbox/rows.csv"
ppdl keygen --out "$sandbox/clinic" 2>/dev/null
psql -Xq -c 'CREATE TABLE rows (id int, ward text, batch bigint, v lwe_cipher)' -c 'CREATE TABLE compact (LIKE rows)' -c 'CREATE TABLE plain (id int, ward text, v float8[])' \
	-c "SELECT create_distributed_table('rows', 'batch', shard_count => 8)" -c "SELECT create_distributed_table('compact', 'batch', shard_count => 8)" >/dev/null
encrypt=(ppdl encrypt --key "$sandbox/clinic.key" --raw --id id --keep ward --batch-column batch --batch-rows 256)
"${encrypt[@]}" --table rows "$sandbox/rows.csv"
"${encrypt[@]}" --compact --sort-by ward --table compact "$sandbox/rows.csv"
ppdl encrypt --plain --raw --id id --keep ward --table plain "$sandbox/rows.csv"

# keys and models on all nodes
published=$(ppdl publish "$sandbox/clinic.pub" --for predict --all-nodes --yes | wc -l)
check_that "publish --all-nodes reaches three nodes" [ "$published" = 3 ]
psql -Xq -c "SELECT ppdl_create_model('net', '{\"inputs\": 4, \"layers\": [{\"units\": 4, \"activation\": \"square\"}, {\"units\": 1}]}',
	(SELECT array_agg(sin(i)) FROM generate_series(1, 25) i))" >/dev/null
ppdl model sync --all-nodes --yes
pin=$(psql -XAtqc "SELECT ppdl_model_pin('net')")
for i in 1 2; do
	check_that "worker $i has the model" [ "$(PGPORT=$((first_port + i)) psql -XAtqc "SELECT ppdl_model_pin('net')")" = "$pin" ]
done

check "all rows, each batch in one shard" "$rows|t" 'SELECT count(*), bool_and(batch = lwe_batch(v)) FROM rows'
for table in rows compact; do
	check_numbers "$table: sum" "SELECT sum(v) FROM $table" 'SELECT sum(x) FROM plain, unnest(v) WITH ORDINALITY u (x, i) GROUP BY i ORDER BY i'
	check_numbers "$table: avg by ward" "SELECT avg(v) FROM $table GROUP BY ward ORDER BY ward" 'SELECT avg(x) FROM plain, unnest(v) WITH ORDINALITY u (x, i) GROUP BY ward, i ORDER BY ward, i'
done
check_like "sum is computed on the workers" 'worker_partial_agg|sum\(v\)' 'EXPLAIN (VERBOSE, COSTS OFF) SELECT sum(v) FROM rows'
check_like "prediction by batch is computed on the workers" 'Task Count: 8' "EXPLAIN (VERBOSE, COSTS OFF) SELECT batch, ppdl_predict_agg('$pin', v) FROM rows GROUP BY batch"
check "prediction by batch" "$rows" "SELECT sum(lwe_rows(p)) FROM (SELECT batch, ppdl_predict_agg('$pin', v) AS p FROM rows GROUP BY batch) t"
check_like "a name without version is refused on workers" 'must be named with its version' "SELECT batch, ppdl_predict_agg('net', v) FROM rows GROUP BY batch"
PGPORT=$((first_port + 1)) psql -Xq -c "UPDATE ppdl_models SET weights[1] = 0.5"
check_like "other contents on one worker are refused" 'has other contents here' "SELECT batch, ppdl_predict_agg('$pin', v) FROM rows GROUP BY batch"
ppdl model sync --all-nodes --yes --replace
check "and put right" "$rows" "SELECT sum(lwe_rows(p)) FROM (SELECT batch, ppdl_predict_agg('$pin', v) AS p FROM rows GROUP BY batch) t"

# what doc/cluster.md says that Citus refuses; a version that does not is worth a look
check_like "ORDER BY inside sum" 'ERROR' 'SELECT sum(v ORDER BY id) FROM rows'
check_like "ROLLUP" 'ERROR' 'SELECT ward, sum(v) FROM rows GROUP BY ROLLUP (ward)'
check_like "EXPLAIN ANALYZE" 'ERROR' 'EXPLAIN ANALYZE SELECT sum(v) FROM rows'

# columnar storage
if psql -Xq -c "CREATE TABLE columns (id int, v lwe_cipher) USING columnar" -c 'INSERT INTO columns SELECT id, v FROM compact' 2>/dev/null; then
	echo "# bytes a compact row of 4 values in columnar storage: $(psql -XAtqc "SELECT pg_total_relation_size('columns') / $rows")"
fi

[ $failed = 0 ] || die "$failed failed"
echo "all passed"
