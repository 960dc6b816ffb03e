#!/bin/bash
# make check: sets everything up, builds, and runs every test there is.  Its
# last line is "N passed, N failed"; it fails when a test or a step failed.
# Logs of the steps are left in build/log.
#
#	PPDL_CHECK	only these parts, for instance "unit regress": static, unit,
#				regress, pgtap, tap (all)
#	PPDL_TAP	only Perl tests with this in their names, for instance cli
set -u -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

passed=0
failed=0
jobs=$(nproc)
export PPDL_WERROR=-Werror
[ "$jobs" -le 4 ] || jobs=4
began=$SECONDS

is_wanted() {
	[[ -z "${PPDL_CHECK:-}" || " $PPDL_CHECK " == *" $1 "* ]]
}

# Notes the outcome of a step: name, tests passed, tests failed.
note() {
	passed=$((passed + $2))
	failed=$((failed + $3))
	printf '%-44s %5d passed %4d failed %5d s\n' "$1" "$2" "$3" $((SECONDS - began))
	began=$SECONDS
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] || exit 1
	exit 0
}

# A step that is one test: name, command ...
step() {
	local name=$1 log=build/log/${1// /_}.log

	shift
	if run "$@" >"$log" 2>&1; then
		grep -i 'warning:' "$log"
		note "$name" 1 0
		return 0
	fi
	echo "--- $name: $*"
	tail -n 80 "$log"
	note "$name" 0 1
	return 1
}

# Counts the top-level "ok" lines of TAP output; a program that ended early is a failure, too.
tap_step() {
	local name=$1 log=build/log/${1// /_}.log rc=0 p f

	shift
	run "$@" >"$log" 2>&1 || rc=$?
	p=$(grep -c '^ok ' "$log")
	f=$(grep -c '^not ok ' "$log")
	[ $rc = 0 ] || [ "$f" != 0 ] || f=1
	if [ "$f" != 0 ]; then
		echo "--- $name: the lines around failures"
		grep -v '^ok ' "$log" | tail -n 120
	fi
	note "$name" "$p" "$f"
}

unit_tests() {
	local log=build/log/unit_tests.log rc=0 p f

	run make -s PG_CONFIG="$pg_config" unit >"$log" 2>&1 || rc=$?
	read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1) || { p=0 f=1; }
	[ $rc = 0 ] || [ "$f" != 0 ] || f=1
	sed '/^[0-9]* passed, [0-9]* failed$/d' "$log"
	note "unit tests (assertions, sanitizers)" "$p" "$f"
}

regression_tests() {
	local log=build/log/pg_regress.log rc=0 p f tests out=build/regress

	tests=$(cd sql && ls -- *.sql 2>/dev/null | grep -v '^ppdl--' | sed 's/\.sql$//')
	if [ -z "$tests" ]; then
		note "pg_regress" 0 0
		return
	fi
	rm -rf "$out"
	mkdir -p "$out"
	# shellcheck disable=SC2086
	run "$pg_regress" --inputdir=. --outputdir="$out" --bindir="$pg_bindir" --host="$PGHOST" --port="$PGPORT" \
		--user="$PGUSER" --dbname=contrib_regression --load-extension=ppdl $tests >"$log" 2>&1 || rc=$?
	p=$(grep -cE '^(test|    ) .* \.\.\. ok' "$log")
	f=$(grep -cE '^(test|    ) .* \.\.\. FAILED' "$log")
	[ $rc = 0 ] || [ "$f" != 0 ] || f=1
	if [ "$f" != 0 ]; then
		cat "$log"
		head -n 400 "$out/regression.diffs" 2>/dev/null
	fi
	note "pg_regress" "$p" "$f"
}

pgtap_tests() {
	local files

	files=$(ls test/pgtap/*.sql 2>/dev/null)
	if [ -z "$files" ]; then
		note "pgTAP" 0 0
		return
	fi
	createdb ppdl_pgtap && psql -q -v ON_ERROR_STOP=1 -d ppdl_pgtap -c 'CREATE EXTENSION pgtap' -c 'CREATE EXTENSION ppdl' || {
		note "pgTAP" 0 1
		return
	}
	# shellcheck disable=SC2086
	tap_step "pgTAP" pg_prove --psql-bin "$pg_bindir/psql" --dbname ppdl_pgtap --verbose $files
}

# These make servers of their own, so they run as the server's user, on a copy
# that this user can read.
perl_tests() {
	local dir=$sandbox/tap

	if ! ls test/tap/*.pl >/dev/null 2>&1; then
		note "Perl TAP" 0 0
		return
	fi
	mkdir -p "$dir"
	cp -a test/tap "$dir/t"
	cp -a contrib-data "$dir/contrib-data"
	chmod -R a+rX "$dir"
	[ -z "$sandbox_user" ] || chown "$sandbox_user" "$dir"
	tap_step "Perl TAP" as_server_user env -C "$dir" -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		TESTDIR="$dir" TESTDATADIR="$dir/tmp_check" TESTLOGDIR="$dir/tmp_check/log" TMPDIR="$sandbox" PG_REGRESS="$pg_regress" \
		sh -c 'prove -j2 --timer --verbose --norc -I "$1" -I t t/*"$2"*.pl' sh "$pg_perl" "${PPDL_TAP:-}"
}

test/scripts/setup.sh || die "set-up failed"
mkdir -p build/log
find_pg_config
sandbox_begin

step "build" make -j"$jobs" PG_CONFIG="$pg_config" all || finish
if is_wanted static; then
	step "include directions" make -s check-includes PG_CONFIG="$pg_config"
	step "include check notices violations" test/scripts/check_includes.sh --self-test
	step "contrib-data is what its generator makes" make -s check-data PG_CONFIG="$pg_config"
fi
if is_wanted unit; then
	step "build of the unit tests" make -j"$jobs" PG_CONFIG="$pg_config" unit-programs && unit_tests
fi
step "install" sandbox_install || finish
sandbox_paths
step "server" server_start || finish
is_wanted regress && regression_tests
is_wanted pgtap && pgtap_tests
is_wanted tap && perl_tests
finish
