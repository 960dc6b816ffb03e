#!/bin/bash
# make check-packages: builds the Debian packages of this tree in a Debian 12 that debootstrap makes in build/bookworm
# (kept for the next time), and installs, tries and removes them in a clean one.  Needs root, and debootstrap.  The
# packages are left in build/packages.  Its last line is "N passed, N failed".
set -eu -o pipefail
[ "$(id -u)" = 0 ] || { echo "check-packages: needs root, for chroot" >&2; exit 1; }
# what is mounted below is this script's alone, and goes with it however it ends: a later `rm -rf build` finds no /dev there
[ -n "${PPDL_OWN_MOUNTS:-}" ] || exec env PPDL_OWN_MOUNTS=yes unshare --mount -- "$0" "$@"
cd "$(dirname "$0")/../.."
top=$PWD/build
base=$top/bookworm-base		# never changed
builder=$top/bookworm		# with what building needs
clean=$top/bookworm-clean	# with what the packages bring

command -v debootstrap >/dev/null || apt-get -q -y install --no-install-recommends debootstrap >/dev/null
mkdir -p "$top/log" "$top/apt-archives"
passed=0 failed=0

leave() {	# root
	umount -l "$1/var/cache/apt/archives" "$1/dev" "$1/proc"
}

enter() {	# root
	mount --bind /proc "$1/proc" &&
		mount --rbind /dev "$1/dev" &&
		mount --make-rslave "$1/dev" &&
		mount --bind "$top/apt-archives" "$1/var/cache/apt/archives"
}

in_root() {	# root, command ...
	local root=$1

	shift
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		DEB_BUILD_OPTIONS="parallel=$(nproc)" "$@" </dev/null
}

install_in() {	# root, packages ...
	local root=$1

	shift
	in_root "$root" apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Keep-Downloaded-Packages=true install --no-install-recommends "$@"
}

# The command runs where `set -e` means nothing: in it each line that may fail ends with && or || return.
step() {	# name, command ...
	local name=$1 log="$top/log/packages_${1// /_}.log" began=$SECONDS

	shift
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		printf '%-60s ok %5d s\n' "$name" $((SECONDS - began))
		return 0
	fi
	failed=$((failed + 1))
	printf '%-60s FAILED\n' "$name"
	tail -n 60 "$log"
	return 1
}

finish() {
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
	exit
}

make_base() {
	[ -f "$base/ready" ] && return
	rm -rf --one-file-system "$base"
	debootstrap --variant=minbase bookworm "$base" && touch "$base/ready"
}

# a copy of the clean system, the one before taken away
copy_base() {	# root
	rm -rf --one-file-system "$1" && cp -a --reflink=auto "$base" "$1"
}

make_builder() {
	local control=$PWD/debian/control

	[ -f "$builder/built" ] || copy_base "$builder" || return
	enter "$builder" && in_root "$builder" apt-get -q update || return
	# shellcheck disable=SC2046
	install_in "$builder" build-essential fakeroot lintian $(sed -n '/^Build-Depends:/,/^[A-Z]/p' "$control" | sed -n 's/^ \([a-z0-9.+-]*\).*/\1/p' |
		sed 's/^debhelper-compat$/debhelper/') && touch "$builder/built"
}

build() {
	rm -rf --one-file-system "$builder/build" && mkdir -p "$builder/build/ppdl" &&
		git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$builder/build/ppdl" &&
		chown -R nobody "$builder/build" || return
	in_root "$builder" setpriv --reuid=nobody --regid=nogroup --clear-groups env -C /build/ppdl HOME=/build dpkg-buildpackage -us -uc -b
}

take_packages() {
	rm -rf "$top/packages" && mkdir "$top/packages" && cp "$builder"/build/*.deb "$builder"/build/*.changes "$top/packages" &&
		ls -l "$top/packages"
}

lint() {
	in_root "$builder" sh -c 'lintian --fail-on error --allow-root /build/*.changes'
}

# files of packages other than those of the system's own, and of none
files_of() {	# root
	find "$1"/usr "$1"/etc "$1"/var/lib -xdev -name '*ppdl*' -not -path '*/var/lib/dpkg/*' -not -path '*/var/lib/apt/*' | sort
}

install_packages() {
	copy_base "$clean" && enter "$clean" || return
	mkdir "$clean/packages" && cp "$top"/packages/*.deb "$clean/packages" && rm -f "$clean"/packages/*-dbgsym_* || return
	in_root "$clean" apt-get -q update || return
	in_root "$clean" sh -c 'mkdir -p /etc/postgresql-common/createcluster.d &&
		echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no.conf' || return
	# shellcheck disable=SC2046
	install_in "$clean" $(cd "$clean" && ls packages/*.deb | sed 's|^|/|') || return
	files_of "$clean"
}

# as a user who is nobody in particular
session() {
	mkdir -p "$clean/session" && cp debian/tests/* "$clean/session" || return
	in_root "$clean" sh -c 'command -v ppdl && ppdl --version && useradd -m owner && cd /tmp &&
		setpriv --reuid=owner --regid=owner --clear-groups env HOME=/home/owner USER=owner LOGNAME=owner bash /session/session'
}

# the example of libppdl-dev, with nothing but what the package names
program() {
	install_in "$clean" gcc libc6-dev pkg-config || return
	in_root "$clean" sh -c 'cd /tmp && cp /usr/share/doc/libppdl-dev/examples/owner.c* . && { [ ! -f owner.c.gz ] || gunzip owner.c.gz; } &&
		gcc -Wall -Werror -o owner owner.c $(pkg-config --cflags --libs ppdl) && ldd owner | grep "libppdl.so.0 => /" &&
		gcc -Wall -Werror -o owner-static owner.c -Wl,-Bstatic -lppdl -Wl,-Bdynamic $(pkg-config --static --libs ppdl | sed "s/-lppdl\>//") &&
		! ldd owner-static | grep libppdl'
}

remove_packages() {
	in_root "$clean" sh -c 'apt-get -q -y -o Dpkg::Use-Pty=0 purge $(dpkg-query -W -f "\${source:Package} \${Package}\n" | sed -n "s/^ppdl //p")' || return
	[ -z "$(files_of "$clean")" ] || { files_of "$clean"; return 1; }
}

step "Debian 12" make_base || finish
step "what building needs" make_builder || finish
step "dpkg-buildpackage" build || finish
step "packages" take_packages || finish
cat "$top/log/packages_packages.log"
step "lintian finds no errors" lint || true
grep '^[EW]:' "$top/log/packages_lintian_finds_no_errors.log" || true
step "installation in a clean system" install_packages || finish
step "a session with what is installed" session || true
tail -n 3 "$top/log/packages_a_session_with_what_is_installed.log"
step "a program with the library that is installed" program || true
step "removal leaves nothing" remove_packages || true
[ $failed != 0 ] || { leave "$clean" && rm -rf --one-file-system "$clean"; }
finish
