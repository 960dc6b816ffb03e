#!/bin/bash
# make bench-smoke: does every core benchmark still run?  Each program of test/bench measures each of its figures once;
# it has to end well, and every figure has to be a number that is not 0.  How large they are is not looked at: that is for
# make bench.  Ends with "N passed, N failed".
set -u -o pipefail
cd "$(dirname "$0")/../.."

passed=0
failed=0

# lines of figures whose value is none, or that there are no figures
odd_figures() {
	awk -F '\t' '
		NF != 4 { next }
		$1 ~ /^[a-z][a-z0-9_]*$/ && $2 ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ && $2 + 0 != 0 { n++; next }
		{ print }
		END { if (n == 0) print "no figures" }'
}

for program in "$@"; do
	out=$(mktemp)
	if PPDL_BENCH_ONCE=1 "$program" >"$out" 2>"$out.err"; then
		odd=$(odd_figures <"$out")
	else
		odd="it ended with status $?: $(tail -n 5 "$out.err")"
	fi
	if [ -z "$odd" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s\n' "--- $program" "$odd"
	fi
	rm -f "$out" "$out.err"
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
