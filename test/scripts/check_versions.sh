#!/bin/bash
# Compiles src/pg against the headers of other PostgreSQL versions, without building anything:
#	make check-versions PG_INCLUDES="/path/to/17/server /path/to/18/server"
# A directory is what `pg_config --includedir-server` prints there, or lies in an unpacked postgresql-server-dev package
# (then libpq's headers are looked for two directories above it).  Without PG_INCLUDES: every version installed here.
set -u
cd "$(dirname "$0")/../.."
passed=0 failed=0
# what the C libraries that other versions were built for have, and the one here may lack
libc=$(mktemp --suffix=.h)
trap 'rm -f "$libc"' EXIT
echo 'extern __SIZE_TYPE__ strlcpy(char *dst, const char *src, __SIZE_TYPE__ siz);' >"$libc"
for dir in ${PG_INCLUDES:-/usr/include/postgresql/*/server}; do
	if [ ! -f "$dir/pg_config.h" ]; then
		echo "$dir: no PostgreSQL headers"
		failed=$((failed + 1))
		continue
	fi
	version=$(sed -n 's/^#define PG_VERSION "\(.*\)"/\1/p' "$dir"/pg_config*.h | head -n 1)
	found=0
	for file in src/pg/*.c; do
		${CC:-gcc} -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
			-Wno-missing-field-initializers -D_GNU_SOURCE -include "$libc" -Iinclude -Isrc \
			-I"$dir" -I"$dir/../.." "$file" 2>&1 | grep -E 'error' && found=1
	done
	echo "PostgreSQL $version: $([ $found = 0 ] && echo compiles || echo FAILED)"
	[ $found = 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
