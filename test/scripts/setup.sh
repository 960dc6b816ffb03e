#!/bin/bash
# Installs the Debian packages that building and testing ppdl need, and does
# nothing when they are all there.  No database cluster is created.
# Debian 12 with PostgreSQL 15; Debian 13 with PostgreSQL 17.
set -eu

pg=15 clang=14
[ "$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")" != trixie ] || pg=17 clang=19

packages=(
	gcc g++ libc6-dev make pkg-config						# compilers
	postgresql-$pg postgresql-server-dev-$pg libpq-dev		# server, its headers, client library
	libgmp-dev libssl-dev libjansson-dev libcsv-dev			# what ppdl links to
	libpng-dev libturbojpeg0-dev							# what the tool reads pictures with
	libedit-dev libsqlite3-dev								# the tool's shell, and queries on decrypted results
	libcmocka-dev											# unit tests
	postgresql-$pg-pgtap libtap-parser-sourcehandler-pgtap-perl	# pgTAP tests
	perl libipc-run-perl libio-pty-perl groff-base openssl	# Perl TAP tests; manual pages; keys of others
	clang-$clang libclang-rt-$clang-dev								# libFuzzer, and a second compiler's opinion
	valgrind												# secrets as undefined memory: the test of constant time
	python3-numpy python3-pandas python3-psycopg			# the Python package, and what its models come from
	python3-sklearn python3-onnx
	python3-pytest mypy										# its tests
)

# what make check can do without, and says so: kernels for arm64 on an emulator (56 MB to download)
optional=()
[ "$(uname -m)" != x86_64 ] || optional=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

if ! command -v dpkg-query >/dev/null; then
	command -v pg_config >/dev/null && exit 0
	echo "setup: not a Debian system; please install the equivalents of: ${packages[*]}" >&2
	exit 1
fi

# those of the packages named that are not installed
missing_of() {
	local p

	for p; do
		case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null || true)" in
			ii*) ;;
			*) echo "$p" ;;
		esac
	done
}
mapfile -t missing < <(missing_of "${packages[@]}")
mapfile -t lacking < <(missing_of "${optional[@]}")
[ $((${#missing[@]} + ${#lacking[@]})) -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		[ ${#missing[@]} -gt 0 ] || exit 0
		echo "setup: these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
		exit 1
	fi
	as_root=(sudo -n)
	# on a terminal sudo may ask; elsewhere it must fail rather than wait
	[ ! -t 0 ] || as_root=(sudo)
fi
echo "setup: installing ${missing[*]} ${lacking[*]}" >&2

# Debian makes and starts a cluster "main" when a server is first installed; a
# drop-in file, gone again when this script ends, tells it not to.
dropin=
if [ ! -d /usr/lib/postgresql/$pg/bin ] || [ ! -x /usr/lib/postgresql/$pg/bin/postgres ]; then
	dropin=/etc/postgresql-common/createcluster.d/ppdl-setup.conf
	trap '"${as_root[@]}" rm -f "$dropin"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	"${as_root[@]}" mkdir -p "${dropin%/*}"
	echo "create_main_cluster = false" | "${as_root[@]}" tee "$dropin" >/dev/null
fi

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null >&2
}
apt update || echo "setup: apt-get update reported errors; going on with the package lists at hand" >&2
[ ${#missing[@]} = 0 ] || apt install --no-install-recommends "${missing[@]}"
[ ${#lacking[@]} = 0 ] || apt install --no-install-recommends "${lacking[@]}" ||
	echo "setup: going on without ${lacking[*]}: kernels for arm64 will not be tested" >&2
