#!/bin/bash
# Runs the fuzz programs named on the command line, each from seeds that it makes
# itself, two at a time.  Prints a line a program and last "N passed, N failed".
# What was found lies in build/fuzz/found, with the line that repeats it.
#
#	TIME				seconds each (25)
#	RUNS				executions each, instead of a time
#	PPDL_FUZZ_JOBS		programs at a time (2)
#	PPDL_FUZZ_CORPUS	directory whose subdirectories keep what is interesting, for long runs (build/fuzz/corpus)
set -u

export TIME=${TIME:-25} RUNS=${RUNS:-}
export PPDL_FUZZ_CORPUS=${PPDL_FUZZ_CORPUS:-build/fuzz/corpus}
# leaks are looked for at the end, in all that was found interesting: after each input they would cost most of the time
export ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1:malloc_context_size=4:quarantine_size_mb=16}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export PPDL_CPU=${PPDL_CPU:-}

# Runs one program; its report goes to PROGRAM.log, "passed failed" to PROGRAM.result.
run_one() {
	local program=$1 name=${1##*/} corpus=$PPDL_FUZZ_CORPUS/${1##*/} seeds=build/fuzz/seeds/${1##*/} rc=0 limit start=$SECONDS

	rm -rf "$seeds"
	mkdir -p "$seeds" "$corpus" build/fuzz/found
	[ -n "$PPDL_CPU" ] || unset PPDL_CPU
	if ! PPDL_FUZZ_SEEDS=$seeds "$program" >"$program.log" 2>&1; then
		printf '%-20s no seeds\n' "$name"
		tail -n 20 "$program.log"
		echo "0 1" >"$program.result"
		return
	fi
	limit="-max_total_time=$TIME"
	[ -z "$RUNS" ] || limit="-runs=$RUNS"
	set -- -timeout=60 -rss_limit_mb=3000 -malloc_limit_mb=1000 -artifact_prefix="build/fuzz/found/$name-" "$corpus" "$seeds"
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 "$program" "$limit" -use_value_profile=1 -print_final_stats=1 "$@" \
		>>"$program.log" 2>&1 </dev/null || rc=$?
	[ $rc != 0 ] || ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=1 "$program" -runs=0 "$@" >>"$program.log" 2>&1 </dev/null || rc=$?
	printf '%-20s %10s executions %5d s  %s\n' "$name" \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' "$program.log" | tail -n 1)" $((SECONDS - start)) "$([ $rc = 0 ] && echo ok || echo FAILED)"
	if [ $rc = 0 ]; then
		echo "1 0" >"$program.result"
	else
		echo "0 1" >"$program.result"
		grep -vE '^(#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|INITED|RELOAD)|INFO)' "$program.log" | tail -n 60
		echo "repeat with: $program $(ls -t build/fuzz/found/"$name"-* 2>/dev/null | head -n 1)"
	fi
}
export -f run_one

for program; do
	rm -f "$program.result"
done
printf '%s\n' "$@" | xargs -P "${PPDL_FUZZ_JOBS:-2}" -I{} bash -c 'run_one "$1"' _ {}
passed=0 failed=0
for program; do
	read -r p f <"$program.result" || { p=0 f=1; }
	passed=$((passed + p))
	failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
