#!/bin/bash
# The test of constant time (test/ctime), under valgrind.  First shows that a
# branch on a secret is noticed.  Prints what was found; succeeds when nothing was.
set -u
program=$1 rc=0

command -v valgrind >/dev/null || { echo "valgrind not found: run test/scripts/setup.sh"; exit 1; }
check() {	# kernels, arguments
	PPDL_CPU=$1 valgrind -q --error-exitcode=9 --track-origins=${PPDL_CTIME_ORIGINS:-no} --num-callers=20 \
		--suppressions=test/ctime/ctime.supp "$program" ${2:-} 2>&1
}

check scalar leak >"$program.leak.log" && { echo "a branch on a secret went unnoticed"; exit 1; }
grep -q 'depends on uninitialised' "$program.leak.log" || { cat "$program.leak.log"; exit 1; }
for level in scalar avx2; do
	check $level >"$program.$level.log" || rc=1
	grep -v '^==[0-9]*== *$' "$program.$level.log" | head -n 150
done
[ $rc = 0 ] && echo "no branch and no address depends on a secret"
exit $rc
