#!/bin/bash
# libppdl as its users have it: the binary interface against test/lib/abi.txt, an installation below a prefix of its own
# and in a package's directory, the example in C against it, shared and static, from COPY text to a decrypted average;
# through a server, if one is set by PGHOST.
set -eu -o pipefail
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d "${TMPDIR:-/tmp}/ppdl-library.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
prefix=$tmp/prefix
export PPDL_PASSPHRASE='only for tests'

say() {
	echo "--- $*"
}

say "binary interface"
test/lib/check_abi.pl --self-test
test/lib/check_abi.pl build/lib/libppdl.so.0 include/ppdl.h
objdump -p build/lib/libppdl.so.0 | grep 'SONAME *libppdl.so.0$'
# the archive has the same symbols and no others
diff <(nm -D --defined-only build/lib/libppdl.so.0 | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort) \
	<(nm -g --defined-only build/lib/libppdl.a | awk '$2 ~ /^[A-Z]$/ { print $3 }' | sort)

say "installation"
make -s install-library PREFIX="$prefix" >/dev/null
make -s install-library PREFIX=/usr DESTDIR="$tmp/package" LIBDIR=/usr/lib/somewhere >/dev/null
(cd "$tmp/package" && find . ! -type d | sort) | diff - <(printf '%s\n' ./usr/include/ppdl.h ./usr/lib/somewhere/{libppdl.a,libppdl.so,libppdl.so.0,pkgconfig/ppdl.pc})
grep -q '^libdir=/usr/lib/somewhere$' "$tmp/package/usr/lib/somewhere/pkgconfig/ppdl.pc"
make -s uninstall-library PREFIX=/usr DESTDIR="$tmp/package" LIBDIR=/usr/lib/somewhere >/dev/null
[ -z "$(find "$tmp/package" ! -type d)" ]
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
[ "$(pkg-config --modversion ppdl)" = "$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" ppdl.control)" ]

say "the header, by itself, in C and in C++"
flags=$(pkg-config --cflags ppdl)
cc -std=c99 -pedantic -Wall -Wextra -Werror -x c -fsyntax-only $flags "$prefix/include/ppdl.h"
cxx=$(for c in c++ clang++ clang-14 clang-19 clang; do command -v $c && break; done)
"$cxx" -Wall -Wextra -Werror -x c++ -fsyntax-only $flags "$prefix/include/ppdl.h"

say "its functions, under valgrind"
cc -g -O1 -Wall -Wextra -Werror -o "$tmp/test_lib" test/unit/test_lib.c $(pkg-config --cflags --libs ppdl) -lcmocka -lm -lpthread
PPDL_TEST_FILES=no LD_LIBRARY_PATH=$prefix/lib valgrind -q --error-exitcode=9 --leak-check=full "$tmp/test_lib" >"$tmp/log" 2>&1 || {
	cat "$tmp/log"
	exit 1
}

say "example"
cc -Wall -Wextra -Werror -o "$tmp/owner" examples/owner.c $(pkg-config --cflags --libs ppdl)
# what links to the archive needs nothing of ours at run time
cc -Wall -Wextra -Werror -o "$tmp/owner-static" examples/owner.c $flags -L"$prefix/lib" -Wl,-Bstatic -lppdl -Wl,-Bdynamic \
	$(pkg-config --static --libs ppdl | sed 's/-lppdl\>//')
if ldd "$tmp/owner-static" | grep libppdl; then
	exit 1
fi
cat >"$tmp/features.json" <<'JSON'
{"format": "ppdl-features", "version": 1, "features": [
	{"column": "Weight", "kind": "numeric", "min": 40, "max": 120, "missing": true},
	{"column": "Ward", "kind": "binary", "categories": ["A", "B"]}]}
JSON
export LD_LIBRARY_PATH=$prefix/lib
"$tmp/owner" keygen "$tmp/hospital.key" >"$tmp/key"
"$tmp/owner-static" encrypt "$tmp/hospital.key" "$tmp/features.json" >"$tmp/rows"
[ "$(wc -l <"$tmp/rows")" = 3 ]
# one row, and its values in the table's units; the third has no weight
head -n 1 "$tmp/rows" | cut -f 2 | "$tmp/owner" average "$tmp/hospital.key" "$tmp/features.json" >"$tmp/answer"
grep -Eq '^Weight: 61\.0*$' "$tmp/answer"
sed -n 3p "$tmp/rows" | cut -f 2 | "$tmp/owner" average "$tmp/hospital.key" "$tmp/features.json" >"$tmp/answer"
grep -Eq '^Weight: $' "$tmp/answer"
grep -Eq '^Weight missing: 1\.0*$' "$tmp/answer"
# errors reach whoever runs it
if PPDL_PASSPHRASE=wrong "$tmp/owner" encrypt "$tmp/hospital.key" "$tmp/features.json" 2>"$tmp/err"; then
	exit 1
fi
grep -q 'wrong passphrase' "$tmp/err"

[ -n "${PGHOST:-}" ] || exit 0
say "example, through a server"
psql -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION IF NOT EXISTS ppdl' -c 'CREATE TABLE library_test (id int, features lwe_cipher(3))' \
	-c '\copy library_test FROM pstdin' <"$tmp/rows"
psql -At -v ON_ERROR_STOP=1 -c 'SELECT avg(features) FROM library_test' |
	"$tmp/owner" average "$tmp/hospital.key" "$tmp/features.json" >"$tmp/answer"
psql -At -v ON_ERROR_STOP=1 -c 'SELECT sum(features) FROM library_test' |
	"$tmp/owner" sum "$tmp/hospital.key" "$tmp/features.json" >"$tmp/sum"
psql -q -c 'DROP TABLE library_test'
cat "$tmp/answer" "$tmp/sum"
# of 61, 74.5 and nothing; wards A, B, A
grep -Eq '^Weight: 67\.7(5|4999|5000)' "$tmp/answer"
grep -Eq '^Weight missing: 0\.3333' "$tmp/answer"
grep -Eq '^Ward = B: 0\.3333' "$tmp/answer"
grep -Eq '^Weight: 135\.(5|4999|5000)' "$tmp/sum"
grep -Eq '^Weight missing: (1\.000|0\.9999)' "$tmp/sum"
