#!/bin/bash
# Checks that the table "What is global" of doc/design.md names each file whose object has variables that can be
# written.  With --self-test, checks that it notices one that is missing.
#
#	check_globals.sh OBJECT ...
set -u -o pipefail

# file and variable, a line each, of what objdump -t says on standard input
writable() {
	awk '/^src\/.*file format/ { file = $1; sub(/^src\//, "", file); sub(/\.o:.*/, ".c", file) }
		/[ \t](\.data|\.bss|\.tdata|\.tbss|\*COM\*)[ \t]/ && $NF !~ /^\./ { print file, $NF }'
}

# those whose file the document does not name
missing() {
	local file name bad=0

	while read -r file name; do
		# shown with --version, by that name; never written
		[ "$name" = argp_program_version ] && continue
		grep -q "^| .*\`$file\`.* |" "$1" && continue
		echo "src/$file: $name can be written, and doc/design.md, \"What is global\", does not name the file"
		bad=1
	done
	return $bad
}

self_test() {
	local doc bad=0
	local text='src/a/b.o:     file format elf64-x86-64
0000000000000000 l     O .bss	0000000000000008 kept
0000000000000000 l    d  .bss	0000000000000000 .bss
0000000000000000 l     O .rodata	0000000000000008 table
0000000000000000 l     O .data.rel.ro.local	0000000000000008 names'

	doc=$(mktemp)
	echo '| `a/b.c`, `a/c.c` | what |' >"$doc"
	writable <<<"$text" | missing "$doc" >/dev/null || { echo "check_globals: self-test failed on a file that is named"; bad=1; }
	echo '| `a/bb.c` | what |' >"$doc"
	writable <<<"$text" | missing "$doc" >/dev/null && { echo "check_globals: self-test failed on a file that is not named"; bad=1; }
	[ "$(writable <<<"$text" | wc -l)" = 1 ] || { echo "check_globals: self-test failed on constants"; bad=1; }
	rm -f "$doc"
	return $bad
}

if [ "${1:-}" = --self-test ]; then
	self_test
else
	objdump -t "$@" | writable | missing "$(dirname "$0")/../../doc/design.md"
fi
