#!/bin/bash
# The Python package: annotations where mypy is installed, then its tests, which need libppdl, the tool and, some of them,
# a server (PGHOST).  Ends with "N passed, N failed"; arguments go to pytest.
set -u -o pipefail
cd "$(dirname "$0")/../.."

# Debian's Python, which has Debian's packages, whatever else comes first on the PATH
python=${PPDL_PYTHON:-/usr/bin/python3}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ppdl-python.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
export PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
export PPDL_LIBRARY=$PWD/build/lib/libppdl.so.0 PPDL_TOOL=$PWD/ppdl
passed=0
failed=0

if "$python" -c 'import mypy' 2>/dev/null; then
	if (cd python && "$python" -m mypy --strict --cache-dir "$tmp/mypy" ppdl >"$tmp/mypy.log"); then
		passed=1
	else
		cat "$tmp/mypy.log"
		failed=1
	fi
else
	echo "mypy is missing: annotations are not checked; run test/scripts/setup.sh"
	[ -z "${CI:-}" ] || failed=1
fi
"$python" -m pytest -q -p no:cacheprovider --basetemp "$tmp/pytest" --tb=short -rs --junitxml "$tmp/junit.xml" \
	"$@" python >"$tmp/log" 2>&1
rc=$?
[ $rc = 0 ] || tail -n 120 "$tmp/log"
grep -i '^SKIPPED' "$tmp/log"
n='"\([0-9]*\)"'
counts=$(sed -n "s/.*<testsuite [^>]*errors=$n failures=$n skipped=$n tests=$n.*/\\1 \\2 \\3 \\4/p" "$tmp/junit.xml")
read -r e f s t <<<"${counts:-1 0 0 1}"
[ $rc = 0 ] || [ $((e + f)) != 0 ] || e=1
echo "$((passed + t - e - f - s)) passed, $((failed + e + f)) failed"
[ $((failed + e + f)) = 0 ]
