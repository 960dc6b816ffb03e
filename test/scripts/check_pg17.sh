#!/bin/bash
# Tests this tree on Debian 13 with PostgreSQL 17, in a system of its own that debootstrap makes in build/trixie (about
# 1.5 GB, kept for the next time).  Needs root, and debootstrap.
#	PPDL_CHECK	the parts of `make check` to run there ("unit regress pgtap tap")
set -eu
[ "$(id -u)" = 0 ] || { echo "check-pg17: needs root, for chroot" >&2; exit 1; }
# what is mounted below is this script's alone, and goes with it however it ends: a later `rm -rf build` finds no /dev there
[ -n "${PPDL_OWN_MOUNTS:-}" ] || exec env PPDL_OWN_MOUNTS=yes unshare --mount -- "$0" "$@"
cd "$(dirname "$0")/../.."
root=$PWD/${PPDL_TRIXIE:-build/trixie}

command -v debootstrap >/dev/null || apt-get -q -y install --no-install-recommends debootstrap >/dev/null

if [ ! -f "$root/ready" ]; then
	echo "== Debian 13 in $root"
	rm -rf --one-file-system "$root"
	mkdir -p build
	debootstrap --variant=minbase --include=make,procps,ca-certificates trixie "$root" >build/trixie.log 2>&1 ||
		{ tail -n 20 build/trixie.log; exit 1; }
	touch "$root/ready"
fi

mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"

mkdir -p "$root/ppdl"
echo "== this tree, as it is, in $root/ppdl"
git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -C "$root/ppdl"
# what an earlier tree had and this one has not would be compiled, too; objects stay, for the next time
comm -z -13 <(git ls-files -z --cached --others --exclude-standard | sort -z) \
	<(cd "$root/ppdl" && find . -path ./build -prune -o -type f ! -name '*.[od]' -printf '%P\0' | sort -z) |
	(cd "$root/ppdl" && xargs -0 -r rm -f)
chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PPDL_CHECK="${PPDL_CHECK:-unit regress pgtap tap}" \
	PPDL_TAP="${PPDL_TAP:-}" make -C /ppdl check
