#!/bin/bash
# Runs the unit-test programs named on the command line, two at a time, each
# under a time limit: first those that took long last time, or that are known
# to take long, so that no processor waits at the end.  Prints a line a
# program, the output of those that failed, and last "N passed, N failed",
# counting single tests.  Succeeds when nothing failed.
#
#	PPDL_TEST_LEVEL		quick (default) or full; tests may shorten themselves
#	PPDL_UNIT_JOBS		programs at a time
#	PPDL_UNIT_RUNNER	what runs a program of another architecture, for instance qemu-aarch64
#	PPDL_UNIT_TIMEOUT	seconds a program may take
set -u

export PPDL_TEST_LEVEL=${PPDL_TEST_LEVEL:-quick}
export PPDL_UNIT_TIMEOUT=${PPDL_UNIT_TIMEOUT:-900}
export CMOCKA_MESSAGE_OUTPUT=TAP
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [ $# = 0 ]; then
	echo "no unit tests"
	echo "0 passed, 0 failed"
	exit 0
fi

# Runs one program; leaves its output in PROGRAM.log and "passed failed seconds" in PROGRAM.result.
run_one() {
	local program=$1 log=$1.log rc=0 start end passed failed planned

	start=$(date +%s%N)
	timeout --foreground -k 5 "$PPDL_UNIT_TIMEOUT" ${PPDL_UNIT_RUNNER:-} "$program" >"$log" 2>&1 </dev/null || rc=$?
	end=$(date +%s%N)
	passed=$(grep -c '^ok ' "$log")
	failed=$(grep -c '^not ok ' "$log")
	planned=$(awk '/^1\.\.[0-9]+/ { n += substr($1, 4) } END { print n + 0 }' "$log")
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		echo "# time limit of $PPDL_UNIT_TIMEOUT s reached" >>"$log"
	fi
	# a crash, or an exit half-way through, is a failure even when no test said so
	if [ "$failed" = 0 ] && { [ "$rc" != 0 ] || [ "$passed" != "$planned" ] || [ "$planned" = 0 ]; }; then
		echo "# exit status $rc, $passed of $planned tests reported" >>"$log"
		failed=1
	fi
	printf '%d %d %d.%03d\n' "$passed" "$failed" $(((end - start) / 1000000000)) $(((end - start) / 1000000 % 1000)) >"$program.result"
	printf '%-32s %4d passed %3d failed %8s s\n' "${program##*/}" "$passed" "$failed" "$(cut -d' ' -f3 "$program.result")"
}
export -f run_one

# where there was no last time, most first
known=" boot_real estimate_encrypted predict rsa_key predict_lifted boot estimate where step_real gram step estimate_real alloc sum "
for program; do
	seconds=$(cut -d' ' -f3 "$program.result" 2>/dev/null)
	if [ -z "$seconds" ]; then
		rest=${known#* "${program##*/test_}" }
		seconds=0
		[ "$rest" = "$known" ] || seconds=$((1 + $(wc -w <<<"$rest")))
	fi
	printf '%s %s\n' "$seconds" "$program"
done | sort -s -k1,1nr | cut -d' ' -f2 >"${1%/*}/order"
for program; do
	rm -f "$program.result"
done
xargs -P "${PPDL_UNIT_JOBS:-2}" -I{} bash -c 'run_one "$1"' _ {} <"${1%/*}/order"

passed=0 failed=0
for program; do
	read -r p f _ <"$program.result" || { p=0 f=1; }
	passed=$((passed + p))
	failed=$((failed + f))
	if [ "$f" != 0 ]; then
		echo "--- ${program##*/}:"
		tail -n 60 "$program.log"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
