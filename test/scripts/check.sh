#!/bin/bash
# make check: sets everything up, builds, and runs every test there is.  Its
# last line is "N passed, N failed"; it fails when a test or a step failed, and
# says once more at the end what that was: of a long output people often see the end only.
# Logs of the steps are left in build/log.
#
#	PPDL_CHECK	only these parts, for instance "unit regress": static, unit,
#				bench, assert, arm64, ctime, fuzz, library, python, regress, pgtap, sqlfuzz, soak, tap (all)
#	PPDL_TAP	only Perl tests with this in their names, for instance cli
#	TIME		seconds of each fuzz program (25)
#	PPDL_SQL_FUZZ_TIME	seconds of damaged values in SQL (120), and then of sqlsmith where it is installed (30)
#	PPDL_SOAK_TIME	seconds of eight clients on one table (30)
set -u -o pipefail
cd "$(dirname "$0")/../.."
. test/scripts/server.sh

tally=build/log/tally			# "passed failed" of each step: steps run in several processes
failures=build/log/failures		# what failed, in short
jobs=$(nproc)
export PPDL_WERROR=-Werror DEBUG_INFO=-g1
[ "$jobs" -le 4 ] || jobs=4
began=$SECONDS

is_wanted() {
	[[ -z "${PPDL_CHECK:-}" || " $PPDL_CHECK " == *" $1 "* ]]
}

# Notes the outcome of a step: name, tests passed, tests failed, lines that say what failed.
note() {
	echo "$2 $3" >>"$tally"
	[ "$3" = 0 ] || printf '%s: %s failed\n%s' "$1" "$3" "${4:+$(sed 's/^/    /' <<<"$4")$'\n'}" >>"$failures"
	printf '%-44s %5d passed %4d failed %5d s\n' "$1" "$2" "$3" $((SECONDS - began))
	began=$SECONDS
}

finish() {
	[ ! -s "$failures" ] || printf '%s\n' "--- what failed" "$(cat "$failures")"
	awk '{ p += $1; f += $2 } END { print p + 0 " passed, " f + 0 " failed"; exit f != 0 }' "$tally"
	exit
}

# Steps that do not depend on each other, in lanes: a lane that breaks off is a failure, too.
lanes() {
	beside "$@" || note "not all of these ended: $*" 0 1
	began=$SECONDS
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
	printf '%s\n' "--- $name: $*" "$(tail -n 80 "$log")"
	note "$name" 0 1 "$(tail -n 10 "$log")"
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
		printf '%s\n' "--- $name: the lines around failures" "$(grep -v '^ok ' "$log" | tail -n 120)"
	fi
	note "$name" "$p" "$f" "$(grep '^not ok ' "$log" | head -n 20)"
}

# Programs that end with "N passed, N failed": name, target of make
counted_step() {
	local log=build/log/$2.log rc=0 p f

	run make -s PG_CONFIG="$pg_config" "$2" >"$log" 2>&1 || rc=$?
	read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1) || { p=0 f=1; }
	[ $rc = 0 ] || [ "$f" != 0 ] || f=1
	printf '%s\n' "$(sed '/^[0-9]* passed, [0-9]* failed$/d' "$log")"
	note "$1" "$p" "$f" "$(grep -vE ' 0 failed|^[0-9]+ passed, | ok$' "$log" | tail -n 20)"
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
	# "test name ... ok" up to PostgreSQL 15, "ok 1 - name" from 16 on
	p=$(grep -cE '^(test|    ) .* \.\.\. ok|^ok [0-9]' "$log")
	f=$(grep -cE '^(test|    ) .* \.\.\. FAILED|^not ok [0-9]' "$log")
	[ $rc = 0 ] && [ "$p" != 0 ] || [ "$f" != 0 ] || f=1
	if [ "$f" != 0 ]; then
		cat "$log"
		head -n 400 "$out/regression.diffs" 2>/dev/null
	fi
	note "pg_regress" "$p" "$f" "$(grep -E 'FAILED|^not ok' "$log"; head -n 60 "$out/regression.diffs" 2>/dev/null)"
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

# A build of the extension for backends that start from now on; those that run keep the file that they have.
take_library() {
	local to=$sandbox/tree$("$pg_config" --pkglibdir)/ppdl.so

	cp "$1" "$to.new" && chmod 755 "$to.new" && mv "$to.new" "$to"
}

# looked for here: a step runs in a process of its own
clang=$(for c in clang-14 clang-19 clang; do command -v "$c" && break; done)
has_clang() {
	[ -z "$clang" ] || return 0
	echo "warning: clang is missing: nothing is fuzzed, and only gcc builds this; run test/scripts/setup.sh"
	# a person may go on without; continuous integration may not
	[ -z "${CI:-}" ]
}

# a cross compiler and an emulator, which set-up installs where it can
has_arm64() {
	if [ "$(uname -m)" = aarch64 ]; then
		echo "this machine is arm64: the unit tests are of its kernels"
		return 1
	fi
	if ! aarch64-linux-gnu-gcc -static -x c -o /dev/null - <<<'int main(void) { return 0; }' 2>/dev/null ||
		! { command -v qemu-aarch64 || command -v qemu-aarch64-static; } >/dev/null; then
		echo "aarch64-linux-gnu-gcc, its C library or qemu-aarch64 is missing: the kernels for arm64 are not tested;" \
			"run test/scripts/setup.sh"
		return 1
	fi
}

sql_fuzz() {
	step "damaged values in SQL" test/scripts/sql_fuzz.pl
	command -v sqlsmith >/dev/null || return 0
	createdb ppdl_sqlsmith && psql -q -d ppdl_sqlsmith -c 'CREATE EXTENSION ppdl' -c 'CREATE ROLE sqlsmith LOGIN' &&
		step "sqlsmith" test/scripts/run_sqlsmith.sh ppdl_sqlsmith sqlsmith
}

# These make servers of their own, so they run as the server's user, on a copy
# that this user can read.
perl_tests() {
	local dir=$sandbox/tap files name
	# those that take longest begin first, one more than there are processors, as servers start and stop
	local slow="020_train_encrypted 030_secrets cli_server cli_stats cli_writers cli_words 040_kill9 021_models cli_rsa cli_files"

	if ! ls test/tap/*.pl >/dev/null 2>&1; then
		note "Perl TAP" 0 0
		return
	fi
	step "build of the search of the Perl tests" make -s PG_CONFIG="$pg_config" build/find_bytes || return
	mkdir -p "$dir"
	cp -a build/find_bytes "$dir/"
	cp -a test/tap "$dir/t"
	cp -a contrib-data "$dir/contrib-data"
	mkdir "$dir/doc"
	cp -a doc/tour.md "$dir/doc/"
	chmod -R a+rX "$dir"
	[ -z "$sandbox_user" ] || chown "$sandbox_user" "$dir"
	files=$(for name in $slow; do echo "t/$name.pl"; done; cd "$dir" && ls t/*.pl)
	files=$(printf '%s\n' "$files" | awk '!seen[$0]++' | grep -- "^t/.*${PPDL_TAP:-}.*[.]pl$")
	if [ -z "$files" ]; then
		echo "no Perl test has ${PPDL_TAP:-} in its name"
		note "Perl TAP" 0 1
		return
	fi
	# shellcheck disable=SC2086
	tap_step "Perl TAP" as_server_user env -C "$dir" -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		TESTDIR="$dir" TESTDATADIR="$dir/tmp_check" TESTLOGDIR="$dir/tmp_check/log" TMPDIR="$sandbox" PG_REGRESS="$pg_regress" \
		prove -j$((jobs + 1)) --timer --verbose --norc -I "$pg_perl" -I t $files
}

# ---------------------------------------------------------------- parts, most of them in lanes beside others

static_checks() {
	if is_wanted static; then
		step "include directions" make -s check-includes PG_CONFIG="$pg_config"
		step "include check notices violations" test/scripts/check_includes.sh --self-test
		step "circle check notices circles" test/scripts/check_circles.pl --self-test
		step "header check notices misplaced declarations" test/scripts/check_headers.pl --self-test
		step "check of globals notices what is not listed" test/scripts/check_globals.sh --self-test
		step "META.json is what PGXN asks for, one release everywhere" make -s check-release PG_CONFIG="$pg_config"
		step "release check notices violations" test/scripts/check_release.pl --self-test
		step "contrib-data is what its generator makes" make -s check-data PG_CONFIG="$pg_config"
	fi
	if is_wanted arm64 && has_arm64; then
		step "build of the kernels for arm64" make PG_CONFIG="$pg_config" build-arm64 &&
			counted_step "kernels for arm64 (emulator)" unit-arm64
	fi
	return 0
}

unit_tests() {
	if is_wanted unit; then
		step "build of the unit tests" make -j"$jobs" PG_CONFIG="$pg_config" unit-programs &&
			counted_step "unit tests (assertions, sanitizers)" unit
	fi
	if is_wanted bench; then
		step "build of the benchmarks" make -j"$jobs" PG_CONFIG="$pg_config" bench-programs &&
			counted_step "benchmarks, each figure once" bench-smoke
	fi
	if is_wanted ctime; then
		step "build of the test of constant time" make -s -j"$jobs" PG_CONFIG="$pg_config" build/release/test_ctime &&
			step "constant time" make -s PG_CONFIG="$pg_config" ctime
	fi
	return 0
}

clang_builds() {
	if is_wanted fuzz || is_wanted assert; then
		step "clang is there" has_clang
	fi
	if is_wanted fuzz && [ -n "$clang" ]; then
		step "build of the fuzz programs" make -j"$jobs" PG_CONFIG="$pg_config" fuzz-programs && fuzzing=yes
	fi
	if is_wanted assert; then
		step "build with clang and assertions" make -j"$jobs" PG_CONFIG="$pg_config" assert && asserting=yes
	fi
}

clang_tests() {
	export PPDL_FUZZ_JOBS=${PPDL_FUZZ_JOBS:-$other_jobs} PPDL_UNIT_JOBS=${PPDL_UNIT_JOBS:-$other_jobs}
	[ -z "$fuzzing" ] || counted_step "fuzz programs" fuzz
	[ -z "$asserting" ] || counted_step "unit tests (clang, assertions)" unit-assert
	return 0
}

server_tests() {
	is_wanted library && step "libppdl: interface, installation, example" test/scripts/check_library.sh
	is_wanted python && counted_step "Python package" check-python
	is_wanted regress && regression_tests
	is_wanted pgtap && pgtap_tests
	is_wanted sqlfuzz && sql_fuzz
	return 0
}

test/scripts/setup.sh || die "set-up failed"
mkdir -p build/log
: >"$tally"
: >"$failures"
find_pg_config
sandbox_begin
fuzzing=
asserting=
# each of the server's tests keeps one processor busy
other_jobs=$jobs
for part in library python regress pgtap sqlfuzz; do
	is_wanted $part && other_jobs=$((jobs > 2 ? 2 : 1))
done

step "build" make -j"$jobs" PG_CONFIG="$pg_config" all || finish
lanes static_checks unit_tests
clang_builds
step "install" sandbox_install || finish
sandbox_paths
step "server" server_start || finish
# what SQL does is tested with assertions where they were built, all that is about time and crashes as it is shipped
[ -z "$asserting" ] || take_library build/assert/ppdl.so
lanes server_tests clang_tests
[ -z "$asserting" ] || take_library ppdl.so
is_wanted tap && step "Citus, where it is installed" test/scripts/citus.sh && tail -n 1 build/log/Citus,_where_it_is_installed.log
is_wanted soak && step "eight clients on one table" env PPDL_SOAK_TIME="${PPDL_SOAK_TIME:-30}" test/scripts/soak.pl
is_wanted tap && perl_tests
finish
