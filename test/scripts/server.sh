# shellcheck shell=bash
# A throw-away PostgreSQL server for tests, demo and benchmarks.  Source this
# file from a bash script in the root of the source tree, then:
#
#	sandbox_begin			temporary directory $sandbox; traps that always clean up
#	sandbox_install			private copy of the PostgreSQL installation, with ppdl in it
#	server_start [option=value ...]
#							initdb and start; exports PGHOST, PGPORT, PGUSER, PGDATABASE
#	sandbox_database name	all of the above, with a fresh build, and a database; exports PGDATABASE
#	run command ...			runs a long command so that signals are obeyed at once
#	beside function ...		runs functions of the script beside each other, each in a process of its own
#	as_server_user command ...	runs a command as the user that owns the server
#
# Nothing outside $sandbox is written: PostgreSQL finds its files relative to
# its own executable, so a copy of bin/ beside links to the rest is a complete
# installation into which `make install DESTDIR=` puts the extension.  The server
# listens on a Unix socket inside $sandbox only.  When the script ends, however
# it ends, every server below $sandbox is stopped and $sandbox is removed.

sandbox=
sandbox_job=
sandbox_lanes=()

# a make that called this script must not hand its job slots and -w to those called here
unset MAKEFLAGS MFLAGS MAKELEVEL

say() {
	echo "$*" >&2
}

die() {
	say "$0: $*"
	exit 1
}

sandbox_begin() {
	local base=${TMPDIR:-/tmp}

	# a Unix socket's path has at most 107 characters
	[ ${#base} -le 60 ] || base=/tmp
	sandbox_user=
	if [ "$(id -u)" = 0 ]; then
		# PostgreSQL refuses to run as root
		for sandbox_user in postgres nobody; do
			getent passwd "$sandbox_user" >/dev/null && break
		done
	fi
	trap sandbox_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	base=$(cd "$base" && pwd -P) || die "cannot use the temporary directory $base"
	sandbox=$(mktemp -d "$base/ppdl.XXXXXX") || die "cannot make a temporary directory in $base"
	[ -z "$sandbox_user" ] || chown "$sandbox_user" "$sandbox"

	# nothing of the caller's own PostgreSQL settings may leak in
	unset PGDATA PGHOSTADDR PGSERVICE PGPASSFILE PGOPTIONS PGSSLMODE PGCLIENTENCODING
	export PGHOST=$sandbox PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PGAPPNAME=ppdl
	export LC_ALL=C LANG=C
}

as_server_user() {
	if [ -n "$sandbox_user" ]; then
		setpriv --reuid="$sandbox_user" --regid="$(id -g "$sandbox_user")" --clear-groups \
			env HOME="$sandbox" USER="$sandbox_user" LOGNAME="$sandbox_user" "$@"
	else
		"$@"
	fi
}

# Runs a command as a process group of its own and waits for it: a signal to
# this script is handled at once, and sandbox_end can stop the whole group.
run() {
	local rc=0

	set -m
	"$@" </dev/null &
	sandbox_job=$!
	set +m
	wait "$sandbox_job" || rc=$?
	sandbox_job=
	return $rc
}

# For functions, each in a shell of its own, which `run` their commands; waits for all, and fails when one of them fails.
beside() {
	local lane rc=0

	set -m
	for lane; do
		(
			set +m
			sandbox_job= sandbox_lanes=()
			trap 'sandbox_stop_job; exit 143' HUP INT TERM
			"$lane"
		) </dev/null &
		sandbox_lanes+=($!)
	done
	set +m
	for lane in "${sandbox_lanes[@]}"; do
		wait "$lane" || rc=1
	done
	sandbox_lanes=()
	return $rc
}

sandbox_stop_job() {
	[ -n "$sandbox_job" ] || return 0
	kill -TERM -- "-$sandbox_job" 2>/dev/null
	wait "$sandbox_job" 2>/dev/null
}

sandbox_stop_servers() {
	local pidfile pid i

	while IFS= read -r pidfile; do
		pid=$(head -n 1 "$pidfile" 2>/dev/null) || continue
		# only a process that really is a server of this sandbox
		case "$(readlink "/proc/$pid/exe" 2>/dev/null)" in
			"$sandbox"/*) ;;
			*) continue ;;
		esac
		kill -INT "$pid" 2>/dev/null || continue
		for ((i = 0; i < 100; i++)); do
			kill -0 "$pid" 2>/dev/null || continue 2
			sleep 0.1
			[ $i != 50 ] || kill -QUIT "$pid" 2>/dev/null
		done
		kill -KILL "$pid" 2>/dev/null
	done < <(find "$sandbox" -name postmaster.pid 2>/dev/null)
}

sandbox_end() {
	local rc=$?

	trap - EXIT
	trap '' HUP INT TERM
	[ ${#sandbox_lanes[@]} = 0 ] || kill -TERM "${sandbox_lanes[@]}" 2>/dev/null
	sandbox_stop_job
	wait 2>/dev/null
	if [ -n "$sandbox" ]; then
		sandbox_stop_servers
		rm -rf "$sandbox"
	fi
	exit $rc
}

pg_config=${PG_CONFIG:-}

# Debian's /usr/bin/pg_config speaks for the newest installed version; ppdl is built for 15.
find_pg_config() {
	[ -z "$pg_config" ] || return 0
	pg_config=/usr/lib/postgresql/15/bin/pg_config
	[ -x "$pg_config" ] || pg_config=$(command -v pg_config) || die "pg_config not found; run test/scripts/setup.sh"
	export PG_CONFIG=$pg_config
}

# Where the programs of the private installation are or will be, and the test tools of PGXS.
sandbox_paths() {
	local pgxs

	find_pg_config
	pgxs=$(dirname "$("$pg_config" --pgxs)")
	pg_bindir=$sandbox/tree$("$pg_config" --bindir)
	pg_regress=$pgxs/../test/regress/pg_regress
	pg_perl=$pgxs/../test/perl
	export PATH=$sandbox/tree/usr/local/bin:$pg_bindir:$PATH
}

sandbox_install() {
	local sharedir pkglibdir f tree=$sandbox/tree

	sandbox_paths
	sharedir=$("$pg_config" --sharedir)
	pkglibdir=$("$pg_config" --pkglibdir)
	mkdir -p "$pg_bindir" "$tree$pkglibdir" "$tree$sharedir/extension"
	cp -a "$("$pg_config" --bindir)/." "$pg_bindir"
	for f in "$pkglibdir"/*; do
		[ "${f##*/}" = ppdl.so ] || ln -s "$f" "$tree$pkglibdir/"
	done
	for f in "$sharedir"/*; do
		[ "${f##*/}" = extension ] || ln -s "$f" "$tree$sharedir/"
	done
	for f in "$sharedir"/extension/*; do
		case "${f##*/}" in
			ppdl.control | ppdl--*) ;;
			*) ln -s "$f" "$tree$sharedir/extension/" ;;
		esac
	done
	make -s install PG_CONFIG="$pg_config" PREFIX=/usr/local DESTDIR="$tree" >&2 || return 1
	# earlier versions' catalogues, which tests upgrade from
	cp test/data/ppdl--*.sql "$tree$sharedir/extension/"
	# so that programs run as the server's user can read and enter, too
	chmod -R a+rX "$tree"
}

server_start() {
	local data=$sandbox/data log=$sandbox/server.log option

	as_server_user initdb -D "$data" -U "$PGUSER" -A trust -E UTF8 --locale=C -N >"$sandbox/initdb.log" 2>&1 </dev/null || {
		cat "$sandbox/initdb.log" >&2
		return 1
	}
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$sandbox'"
		echo "port = $PGPORT"
		echo "fsync = off"
		echo "max_wal_size = 4GB"
		echo "log_line_prefix = '%t [%p] '"
		for option in "$@"; do
			echo "$option"
		done
	} >>"$data/postgresql.conf"
	as_server_user pg_ctl -w -t 60 -D "$data" -l "$log" start >"$sandbox/start.log" 2>&1 </dev/null || {
		cat "$sandbox/start.log" "$log" >&2
		return 1
	}
}

sandbox_database() {	# name
	find_pg_config
	run make -s -j2 PG_CONFIG="$pg_config" all
	sandbox_begin
	sandbox_install
	server_start
	createdb "$1"
	export PGDATABASE=$1
}
