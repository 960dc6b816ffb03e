#!/bin/bash
# Checks the one-way dependencies between the floors of src/ (or of the source
# tree named as an argument), and that no line is longer than 120 columns, tabs
# being 4.  With --self-test, checks that it notices each kind of violation.
set -u -o pipefail
floors="base ring ckks rows rsa net predict learn owner stats table query image report"

check_tree() {
	local files

	mapfile -t files < <(cd "$1" && find src include -name '*.[ch]' 2>/dev/null | sort)
	[ ${#files[@]} -gt 0 ] || { echo "no sources in $1"; return 1; }
	(cd "$1" && LC_ALL=C awk -v floors="$floors" '
		BEGIN {
			n = split(floors, name, " ")
			for (i = 1; i <= n; i++)
				rank[name[i]] = i
			rank["pg"] = rank["cli"] = rank["lib"] = n + 1
			rank["include"] = 0
		}
		# columns of a line in UTF-8
		function columns(line,   n, part, i, width) {
			gsub(/[\200-\277]/, "", line)
			n = split(line, part, "\t")
			for (i = 1; i < n; i++)
				width += int(length(part[i]) / 4 + 1) * 4
			return width + length(part[n])
		}
		function complain(what) {
			printf "%s:%d: %s\n", FILENAME, FNR, what
			bad = 1
		}
		FNR == 1 {
			split(FILENAME, part, "/")
			# the public header includes nothing of ours
			floor = part[1] == "src" ? part[2] : "include"
			if (!(floor in rank))
				complain("unknown directory src/" floor)
		}
		length($0) > 90 && columns($0) > 120 {
			complain("a line of " columns($0) " columns; at most 120")
		}
		FNR == 801 {
			printf "%s: warning: more than 800 lines\n", FILENAME
		}
		/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
			match($0, /[<"][^>"]*/)
			target = substr($0, RSTART + 1, RLENGTH - 1)
			quoted = substr($0, RSTART, 1) == "\""
			to = target
			sub(/\/.*/, "", to)
			# the server has a lib, too
			if (floor == "pg" && target ~ /^lib\/(stringinfo|ilist|pairingheap|dshash)\.h$/)
				to = ""
			if (target ~ /^\.\.?\// || target ~ /\/\.\.\//)
				complain("relative include of " target)
			else if (target ~ /\// && (to in rank) && to != floor && rank[to] >= rank[floor])
				complain((floor == "include" ? "a public header" : "src/" floor) " must not include " target)
			else if (quoted && target !~ /\// && floor != "pg")
				complain("include of " target " without its directory")
			else if (floor == "pg" && to ~ /^(stats|table|query|image|report)$/)
				complain(target " belongs to the tool, which the server does without")
			else if (floor == "lib" && to ~ /^(image|report)$/)
				complain(target " belongs to the tool, which the library does without")
			if (floor != "image" && target ~ /^(png|turbojpeg|jpeglib)\.h$/)
				complain(target " is for src/image")
			if (target == "ppdl.h" && floor != "lib" && !(floor == "pg" && quoted))
				complain("the public header is for src/lib and for users")
			if (floor != "pg" && (target ~ /^(postgres|postgres_fe|fmgr|funcapi|miscadmin)\.h$/ ||
				target ~ /^(access|catalog|commands|executor|nodes|storage|utils)\/[a-z_]*\.h$/))
				complain("server header " target " outside src/pg")
			if (floor != "cli" && target ~ /^(libpq-fe|csv|argp)\.h$/ && !(floor == "table" && target == "csv.h"))
				complain(target " is for src/cli")
		}
		/(^|[^A-Za-z0-9_>.])(palloc0?|pfree|ereport|elog|longjmp|siglongjmp)[ \t]*\(/ {
			if (floor != "pg" && $0 !~ /^[ \t]*(\*|\/\*|\/\/)/)
				complain("server or jumping call outside src/pg")
		}
		END { exit bad }
	' "${files[@]}")
}

self_test() {
	local tmp long rc=0

	tmp=$(mktemp -d)
	try() {						# file, line, expected: 0 clean, 1 violation
		local got=0

		rm -rf "$tmp/src" "$tmp/include"
		mkdir -p "$tmp/${1%/*}"
		printf '%s\n' "$2" >"$tmp/$1"
		check_tree "$tmp" >/dev/null || got=1
		[ $got = "$3" ] || { echo "check_includes: self-test failed on $1: $2"; rc=1; }
	}
	try src/ring/a.c '#include "base/error.h"' 0
	try src/ring/a.c '#include "ring/ntt.h"' 0
	try src/pg/a.c '#include "postgres.h"' 0
	try src/pg/a.c '#include "owner/key.h"' 0
	try src/pg/a.c '#include "lib/stringinfo.h"' 0
	try src/pg/a.c '#include "lib/handles.h"' 1
	try src/ring/a.c '#include "ckks/ct.h"' 1
	try src/rows/a.c '  #  include "rsa/key.h"' 1
	try src/base/a.h '#include <postgres.h>' 1
	try src/cli/a.c '#include "utils/builtins.h"' 1
	try src/cli/a.c '#include "pg/types.h"' 1
	try src/pg/a.c '#include "cli/options.h"' 1
	try src/ring/a.c '#include "../ckks/ct.h"' 1
	try src/ring/a.c '#include "ntt.h"' 1
	try src/net/a.c '	p = palloc(8);' 1
	try src/misc/a.c 'int a;' 1
	try src/cli/a.c '#include "stats/metrics.h"' 0
	try src/stats/a.c '#include "predict/eigen.h"' 0
	try src/pg/a.c '#include "stats/metrics.h"' 1
	try src/stats/a.c '#include "report/svg.h"' 1
	try src/table/a.c '#include <csv.h>' 0
	try src/image/a.c '#include <png.h>' 0
	try src/cli/a.c '#include <png.h>' 1
	long=$(printf '%0112d' 0)
	try src/net/a.c "		$long" 0
	try src/net/a.c "		0$long" 1
	try src/net/a.c "	ab	$long" 0
	try src/net/a.c "	abcd	$long" 1
	try include/ppdl.h "×ö$long$(printf '%06d' 0)" 0
	try include/ppdl.h "×ö$long$(printf '%07d' 0)" 1
	try include/ppdl.h '#include <stdint.h>' 0
	try include/ppdl.h '#include "rows/batch.h"' 1
	try src/lib/a.c '#include <ppdl.h>' 0
	try src/lib/a.c '#include "table/features.h"' 0
	try src/lib/a.c '#include "image/image.h"' 1
	try src/table/a.c '#include "lib/handles.h"' 1
	try src/owner/a.c '#include <ppdl.h>' 1
	try src/cli/a.c '#include "lib/handles.h"' 1
	rm -rf "$tmp"
	return $rc
}

if [ "${1:-}" = --self-test ]; then
	self_test
else
	check_tree "${1:-$(dirname "$0")/../..}"
fi
