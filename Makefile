# ppdl: built with PGXS.
#
#	make, make install	the extension for the PostgreSQL of $(PG_CONFIG); the tool, with its manual pages and completion, and the
#						library libppdl below $(PREFIX), /usr/local (BINDIR, LIBDIR, INCLUDEDIR, DATADIR); also make uninstall.
#						PARTS= : the extension alone; make install-tool, make install-library: one of them alone.
#						DESTDIR=... goes before all paths.
#	make demo			sets everything up and shows a session on a throw-away server
#	make check			sets everything up, builds, runs all tests
#	make study			sets everything up; methods side by side on contrib-data, with a report in build/study
#	make bench			sets everything up, prints one tab-separated line a figure
#	make unit			unit tests only, on core objects with assertions and sanitizers
#	make unit-release	unit tests on the optimised core objects
#	make check-includes	the one-way dependencies between the directories of src/, circles between its files, where
#						functions are declared, the list of what is global, and the length of lines
#	make check-versions PG_INCLUDES=...	src/pg against the headers of other PostgreSQL versions
#	make check-packages	Debian packages, built in a Debian 12 of its own below build/, tried in a clean one (root)
#	make dist			what PGXN takes: build/ppdl-VERSION.zip, of the last commit
#	make check-pg17		most of make check on Debian 13 with PostgreSQL 17, in a system of its own below build/ (root)
#	make fuzz TIME=...	fuzz programs, so many seconds each; RUNS=... executions instead (clang)
#	make ctime			no branch or address depends on a secret (valgrind)
#	make assert			everything built with clang and assertions; make unit-assert runs its unit tests
#	make unit-arm64		tests of the kernels for arm64, with a cross compiler on an emulator (qemu)
#	make bench-smoke	each figure of the core benchmarks once: do they run?
#	make soak			eight clients on one table for ten minutes, every answer checked

# These start from a machine that may lack PostgreSQL, its makefiles included;
# their scripts come back to this Makefile when all is there.
SCRIPTED = setup demo study check bench

.PHONY: $(SCRIPTED)
ifneq ($(filter $(SCRIPTED),$(MAKECMDGOALS)),)

.NOTPARALLEL:
$(SCRIPTED):
	@test/scripts/$@.sh
OTHERS = $(filter-out $(SCRIPTED),$(MAKECMDGOALS))
.PHONY: $(OTHERS)
$(OTHERS):
	@$(MAKE) $@

else

EXTENSION = ppdl
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" ppdl.control)
MODULE_big = ppdl

# floors, lowest first: each may include only those before it (src/pg, src/cli and src/lib stand side by side on top)
FLOORS = base ring ckks rows rsa net predict learn owner
# floors of the tool alone, above those: what an owner does with plain numbers and pictures
TOOL_FLOORS = stats table query image report
# those of them that the owner's library has, too
LIB_FLOORS = stats table query
CORE_SRCS = $(sort $(foreach floor,$(FLOORS),$(wildcard src/$(floor)/*.c)))
PG_SRCS = $(sort $(wildcard src/pg/*.c))
CLI_SRCS = $(sort $(foreach floor,$(TOOL_FLOORS),$(wildcard src/$(floor)/*.c)) $(wildcard src/cli/*.c))
CORE_OBJS = $(CORE_SRCS:.c=.o)
CLI_OBJS = $(CLI_SRCS:.c=.o)
# of the owner's library alone, and all of it
LIB_ONLY_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/lib/*.c)))
LIB_OBJS = $(CORE_OBJS) $(filter $(addprefix src/,$(addsuffix /%,$(LIB_FLOORS))),$(CLI_OBJS)) $(LIB_ONLY_OBJS)
OBJS = $(CORE_OBJS) $(PG_SRCS:.c=.o)

INSTALL_SQL = sql/ppdl--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)
DATA = $(wildcard sql/upgrade/ppdl--*--*.sql)
EXTRA_CLEAN = $(INSTALL_SQL) $(CLI_OBJS) $(LIB_ONLY_OBJS) ppdl build $(wildcard src/*/*.d)

REGRESS = $(sort $(basename $(notdir $(filter-out sql/ppdl--%,$(wildcard sql/*.sql)))))
REGRESS_OPTS = --inputdir=. --load-extension=ppdl

# warnings are errors for developers (check.sh: PPDL_WERROR=-Werror), not for whoever packages with another compiler
PPDL_WERROR ?=
WARN = -Wall -Wextra $(PPDL_WERROR) -Wno-declaration-after-statement -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
PG_CPPFLAGS = -I$(CURDIR)/src -I$(CURDIR)/include -D_GNU_SOURCE
# compilers for arm64 fuse multiplications and additions unless told not to: doubles round as on x86-64
ifeq ($(shell uname -m),aarch64)
PG_CPPFLAGS += -ffp-contract=off
endif
PG_CFLAGS = -std=gnu11 -O3 $(WARN) -MMD -MP
LIBS_CORE = -lgmp -lcrypto -ljansson -lpthread -lm
# of the tool alone
LIBS_TOOL = -lpq -lcsv -lpng -lturbojpeg -ledit -lsqlite3
# of the owner's library
LIBS_LIB = -lcsv $(LIBS_CORE)
SHLIB_LINK = $(LIBS_CORE)

# no JIT bitcode: the work is in loops the planner never inlines
override with_llvm := no

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(PGXS),)
$(error $(PG_CONFIG) not found: `make setup` installs what is needed on Debian 12)
endif
include $(PGXS)

# The tool and the owner's library go where everybody's PATH and compiler lead, not into the server's directories.
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR = $(DATADIR)/man/man1
COMPLETIONDIR = $(DATADIR)/bash-completion/completions
# what is built and installed beside the extension
PARTS ?= tool library
OBJCOPY ?= objcopy

# vector kernels are compiled for their instruction set and chosen at run time
ifneq ($(filter x86_64%,$(shell $(CC) -dumpmachine)),)
AVX2_FLAGS = -mavx2 -mfma -ffp-contract=off
IFMA_FLAGS = -mavx512f -mavx512dq -mavx512vl -mavx512bw -mavx512ifma
endif
# NEON is in every arm64 processor; what is written is what is rounded
NEON_FLAGS = -ffp-contract=off
src/%_avx2.o: override CFLAGS += $(AVX2_FLAGS)
src/%_ifma.o: override CFLAGS += $(IFMA_FLAGS)
src/%_neon.o: override CFLAGS += $(NEON_FLAGS)

$(INSTALL_SQL): $(sort $(wildcard sql/install/*.sql)) ppdl.control
	@{ printf '%s\n' '\echo Use "CREATE EXTENSION ppdl" to load this file. \quit'; cat $(sort $(wildcard sql/install/*.sql)); } > $@

# the owner's tool: same core objects, no server code
all: $(PARTS)
install: $(addprefix install-,$(PARTS))
uninstall: $(addprefix uninstall-,$(PARTS))
ppdl: $(CLI_OBJS) $(CORE_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -L$(libdir) $(LIBS_TOOL) $(LIBS_CORE)
$(CLI_OBJS): override CPPFLAGS += -I$(includedir)

# manual pages and completion say what the tool says
HELP_SCRIPTS = packaging/ToolHelp.pm packaging/make_man.pl packaging/make_completion.pl
build/help/made: ppdl $(HELP_SCRIPTS)
	@$(MKDIR_P) $(@D)/man
	@packaging/make_man.pl ./ppdl $(@D)/man
	@packaging/make_completion.pl ./ppdl $(@D)/ppdl.bash
	@touch $@

.PHONY: tool install-tool uninstall-tool
tool: ppdl build/help/made
install-tool: tool
	$(MKDIR_P) '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(MANDIR)' '$(DESTDIR)$(COMPLETIONDIR)'
	$(INSTALL_PROGRAM) ppdl '$(DESTDIR)$(BINDIR)/ppdl'
	$(INSTALL_DATA) build/help/man/*.1 '$(DESTDIR)$(MANDIR)'
	$(INSTALL_DATA) build/help/ppdl.bash '$(DESTDIR)$(COMPLETIONDIR)/ppdl'
uninstall-tool:
	rm -f '$(DESTDIR)$(BINDIR)/ppdl' '$(DESTDIR)$(COMPLETIONDIR)/ppdl'
	rm -f '$(DESTDIR)$(MANDIR)/ppdl.1' '$(DESTDIR)$(MANDIR)'/ppdl-*.1

# the owner's library: the public symbols of include/ppdl.h, whatever else is in its objects
LIB_SO = libppdl.so.0
LIB_BUILT = build/lib/$(LIB_SO) build/lib/libppdl.a
LIB_MAP = src/lib/ppdl.map
$(LIB_OBJS): override CFLAGS += -fvisibility=hidden
build/lib/$(LIB_SO): $(LIB_OBJS) $(LIB_MAP)
	@$(MKDIR_P) $(@D)
	$(CC) $(CFLAGS) -shared -Wl,-soname,$(LIB_SO) -Wl,--version-script=$(LIB_MAP) -Wl,--no-undefined -o $@ $(LIB_OBJS) $(LDFLAGS) -Wl,--as-needed $(LIBS_LIB)
# one object, in which all that is hidden is private
build/lib/libppdl.a: $(LIB_OBJS)
	@$(MKDIR_P) $(@D)
	$(LD) -r -o build/lib/libppdl.o $(LIB_OBJS)
	$(OBJCOPY) --localize-hidden build/lib/libppdl.o
	@rm -f $@
	$(AR) $(AROPT) $@ build/lib/libppdl.o

.PHONY: library install-library uninstall-library
library: $(LIB_BUILT)
install-library: library
	$(MKDIR_P) '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)'
	$(INSTALL_SHLIB) build/lib/$(LIB_SO) '$(DESTDIR)$(LIBDIR)/$(LIB_SO)'
	ln -sf $(LIB_SO) '$(DESTDIR)$(LIBDIR)/libppdl.so'
	$(INSTALL_STLIB) build/lib/libppdl.a '$(DESTDIR)$(LIBDIR)/libppdl.a'
	$(INSTALL_DATA) include/ppdl.h '$(DESTDIR)$(INCLUDEDIR)/ppdl.h'
	sed -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(EXTVERSION)|' \
		-e 's|@LIBS@|$(LIBS_LIB)|' src/lib/ppdl.pc.in > '$(DESTDIR)$(LIBDIR)/pkgconfig/ppdl.pc'
	chmod 644 '$(DESTDIR)$(LIBDIR)/pkgconfig/ppdl.pc'
uninstall-library:
	rm -f $(addprefix '$(DESTDIR)$(LIBDIR)'/,$(LIB_SO) libppdl.so libppdl.a pkgconfig/ppdl.pc) '$(DESTDIR)$(INCLUDEDIR)/ppdl.h'

# annotations and tests of the Python package in python/; with PGHOST those that need a server, too
.PHONY: check-python
check-python: ppdl $(LIB_BUILT)
	@test/scripts/check_python.sh

# Unit tests and core benchmarks, one program a file.  Tests link to a second
# set of core objects, with assertions and sanitizers; those at parameters too
# large for that, test_*_real, and whole training runs to the optimised ones.
UNIT_NAMES = $(sort $(basename $(notdir $(wildcard test/unit/test_*.c))))
BENCH_NAMES = $(sort $(basename $(notdir $(wildcard test/bench/bench_*.c))))
UNIT_REAL = $(filter test_%_real test_trainer,$(UNIT_NAMES))
UNIT_CHECK = $(addprefix build/debug/unit/,$(filter-out $(UNIT_REAL),$(UNIT_NAMES))) $(addprefix build/release/unit/,$(UNIT_REAL))
UNIT_RELEASE = $(addprefix build/release/unit/,$(UNIT_NAMES))
BENCH_PROGRAMS = $(addprefix build/release/bench/,$(BENCH_NAMES))
# tests of the tool, test_cli_*, need its objects, too
TEST_OBJS = $(CORE_OBJS) $(filter-out src/cli/main.o,$(CLI_OBJS)) $(LIB_ONLY_OBJS)
# check.sh takes -g1, which is quicker to compile and has the lines that sanitizers print
DEBUG_INFO ?= -g
DEBUG_CFLAGS = -std=gnu11 -O2 $(DEBUG_INFO) -fno-omit-frame-pointer -fwrapv -DPPDL_DEBUG -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all $(WARN) -MMD -MP
RELEASE_CFLAGS = -std=gnu11 -O2 $(DEBUG_INFO) -fwrapv $(WARN) -MMD -MP
COMMA = ,
LIBS_TEST = -lcmocka -Wl,--as-needed -L$(libdir) $(LIBS_TOOL) $(LIBS_CORE)

build/debug/%_avx2.o: DEBUG_CFLAGS += $(AVX2_FLAGS)
build/debug/%_ifma.o: DEBUG_CFLAGS += $(IFMA_FLAGS)
build/debug/%_neon.o: DEBUG_CFLAGS += $(NEON_FLAGS)
build/debug/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(CC) $(DEBUG_CFLAGS) $(PG_CPPFLAGS) -c -o $@ $<
build/debug/src/cli/%.o: PG_CPPFLAGS += -I$(includedir)
build/debug/libtest.a: $(addprefix build/debug/,$(TEST_OBJS))
build/release/libtest.a: $(TEST_OBJS)
build/%/libtest.a:
	@$(MKDIR_P) $(@D)
	@rm -f $@
	$(AR) $(AROPT) $@ $^
build/debug/unit/%: test/unit/%.c build/debug/libtest.a
	@$(MKDIR_P) $(@D)
	$(CC) $(DEBUG_CFLAGS) $(PG_CPPFLAGS) -o $@ $< build/debug/libtest.a $(LIBS_TEST)
build/release/unit/%: test/unit/%.c build/release/libtest.a
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) $(PG_CPPFLAGS) -o $@ $< build/release/libtest.a $(LIBS_TEST)
# Everything once more with the other compiler, clang where it is there, with assertions and without sanitizers: unit
# tests, and an extension for the server's tests.
ASSERT_CC ?= $(or $(FUZZ_CC),$(CC))
ASSERT_CFLAGS = -std=gnu11 -O2 $(DEBUG_INFO) -fPIC -fwrapv -fno-strict-aliasing -DPPDL_DEBUG $(WARN) -MMD -MP
ASSERT_UNIT = $(addprefix build/assert/unit/,$(filter-out $(UNIT_REAL),$(UNIT_NAMES)))
build/assert/%_avx2.o: ASSERT_CFLAGS += $(AVX2_FLAGS)
build/assert/%_ifma.o: ASSERT_CFLAGS += $(IFMA_FLAGS)
build/assert/%_neon.o: ASSERT_CFLAGS += $(NEON_FLAGS)
build/assert/src/cli/%.o: PG_CPPFLAGS += -I$(includedir)
build/assert/src/pg/%.o: PG_CPPFLAGS += -Wno-ignored-attributes -isystem $(includedir_server) -isystem $(includedir_internal)
build/assert/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(ASSERT_CC) $(ASSERT_CFLAGS) $(PG_CPPFLAGS) -c -o $@ $<
build/assert/libtest.a: $(addprefix build/assert/,$(TEST_OBJS))
build/assert/unit/%: test/unit/%.c build/assert/libtest.a
	@$(MKDIR_P) $(@D)
	$(ASSERT_CC) $(ASSERT_CFLAGS) $(PG_CPPFLAGS) -o $@ $< build/assert/libtest.a $(LIBS_TEST)
build/assert/ppdl.so: $(addprefix build/assert/,$(OBJS))
	$(ASSERT_CC) -shared -o $@ $^ $(LIBS_CORE)

# secrets are undefined memory: for valgrind
build/release/test_ctime: test/ctime/test_ctime.c build/release/libtest.a
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) $(PG_CPPFLAGS) $(addprefix -Wl$(COMMA)--wrap=,ppdl_rng_bytes ppdl_owner_from_master) -o $@ $< build/release/libtest.a $(LIBS_TEST)
# allocations that fail on demand (test/unit/alloc_failure.h), and a server that is not there (test/unit/fake_server.h)
build/debug/unit/test_alloc build/release/unit/test_alloc build/assert/unit/test_alloc: PG_CPPFLAGS += -I$(includedir)
build/debug/unit/test_alloc build/release/unit/test_alloc build/assert/unit/test_alloc: LIBS_TEST += $(addprefix -Wl$(COMMA)--wrap=,malloc calloc realloc posix_memalign strdup strndup free json_loads json_loadb json_dumps PQexec PQexecParams)
# what linear transforms are made is seen (test/unit/test_keyplan.c)
build/debug/unit/test_keyplan build/release/unit/test_keyplan build/assert/unit/test_keyplan: LIBS_TEST += -Wl$(COMMA)--wrap=ppdl_lintrans_create
# every call of a kernel can be counted (test/bench/floor.h)
build/release/bench/floor.o: test/bench/floor.c
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) $(PG_CPPFLAGS) -c -o $@ $<
build/release/bench/%: test/bench/%.c build/release/bench/floor.o $(CORE_OBJS)
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) $(PG_CPPFLAGS) -Wl$(COMMA)--wrap=ppdl_kernels -o $@ $< build/release/bench/floor.o $(CORE_OBJS) $(LIBS_CORE)

# not a benchmark of time: how well suggested models do on tables (test/scripts/measure_tables.sh)
build/release/bench/tables: test/bench/tables.c build/release/libtest.a
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) $(PG_CPPFLAGS) -o $@ $< build/release/libtest.a $(LIBS_TEST)

# Fuzz programs (libFuzzer, which comes with clang), on core objects with assertions, sanitizers and coverage.
FUZZ_CC ?= $(firstword $(foreach cc,clang-14 clang-19 clang,$(shell command -v $(cc) 2>/dev/null)))
FUZZ_NAMES = $(sort $(basename $(notdir $(wildcard test/fuzz/fuzz_*.c))))
FUZZ_PROGRAMS = $(addprefix build/fuzz/,$(FUZZ_NAMES))
FUZZ_CFLAGS = -std=gnu11 -O1 $(DEBUG_INFO) -fno-omit-frame-pointer -fwrapv -DPPDL_DEBUG -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(filter-out $(PPDL_WERROR),$(WARN)) -MMD -MP
build/fuzz/%_avx2.o: FUZZ_CFLAGS += $(AVX2_FLAGS)
build/fuzz/%_ifma.o: FUZZ_CFLAGS += $(IFMA_FLAGS)
build/fuzz/%_neon.o: FUZZ_CFLAGS += $(NEON_FLAGS)
build/fuzz/src/cli/%.o: PG_CPPFLAGS += -I$(includedir)
build/fuzz/src/%.o: src/%.c
	@$(MKDIR_P) $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link $(PG_CPPFLAGS) -c -o $@ $<
build/fuzz/libtest.a: $(addprefix build/fuzz/,$(TEST_OBJS))
build/fuzz/fuzz_%: test/fuzz/fuzz_%.c build/fuzz/libtest.a
	$(FUZZ_CC) $(FUZZ_CFLAGS) -fsanitize=fuzzer $(PG_CPPFLAGS) -o $@ $< build/fuzz/libtest.a $(filter-out -lcmocka,$(LIBS_TEST))

# The floors of kernels for arm64, and their tests on an emulator.  The cross compiler comes without OpenSSL: of this
# machine's, the headers do for compiling, and these tests take none of its functions but one.
ARM64_CC ?= aarch64-linux-gnu-gcc
ARM64_RUN ?= $(firstword $(foreach run,qemu-aarch64 qemu-aarch64-static,$(shell command -v $(run) 2>/dev/null)))
ARM64_CFLAGS = -std=gnu11 -O2 -g -fwrapv -DPPDL_DEBUG $(WARN) -MMD -MP
ARM64_HEADERS = -idirafter /usr/include $(addprefix -idirafter /usr/include/,$(shell $(CC) -print-multiarch))
ARM64_OBJS = $(patsubst %.c,build/arm64/%.o,$(filter src/base/% src/ring/% src/rows/accumulate%,$(CORE_SRCS)) test/arm64/openssl.c)
ARM64_UNIT = $(addprefix build/arm64/unit/,test_accumulate test_kernels)
build/arm64/%_neon.o: ARM64_CFLAGS += $(NEON_FLAGS)
build/arm64/%.o: %.c
	@$(MKDIR_P) $(@D)
	$(ARM64_CC) $(ARM64_CFLAGS) $(PG_CPPFLAGS) $(ARM64_HEADERS) -c -o $@ $<
build/arm64/libtest.a: $(ARM64_OBJS)
build/arm64/unit/%: test/unit/%.c build/arm64/libtest.a
	@$(MKDIR_P) $(@D)
	$(ARM64_CC) $(ARM64_CFLAGS) $(PG_CPPFLAGS) -Itest/arm64 -static -o $@ $< build/arm64/libtest.a -lpthread -lm

build/generate_patients: contrib-data/generate_patients.c
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) -o $@ $< -lm
# for the Perl tests
build/find_bytes: test/tap/find_bytes.c
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) -D_GNU_SOURCE -o $@ $<
build/generate_images: contrib-data/generate_images.c
	@$(MKDIR_P) $(@D)
	$(CC) $(RELEASE_CFLAGS) -ffp-contract=off -o $@ $< -lm

.PHONY: unit unit-release unit-programs bench-programs bench-smoke check-includes check-versions check-release check-packages dist check-pg17 check-data fuzz fuzz-programs assert unit-assert build-arm64 unit-arm64 ctime soak
unit-programs: $(UNIT_CHECK)
unit: unit-programs
	@test/scripts/run_unit.sh $(UNIT_CHECK)
unit-release: $(UNIT_RELEASE)
	@test/scripts/run_unit.sh $(UNIT_RELEASE)
assert: build/assert/ppdl.so $(ASSERT_UNIT)
unit-assert: $(ASSERT_UNIT)
	@test/scripts/run_unit.sh $(ASSERT_UNIT)
build-arm64: $(ARM64_UNIT)
unit-arm64: $(ARM64_UNIT)
	@PPDL_UNIT_RUNNER=$(ARM64_RUN) test/scripts/run_unit.sh $^
soak:
	@test/scripts/with_server.sh test/scripts/soak.pl
ctime: build/release/test_ctime
	@test/scripts/run_ctime.sh $<
bench-programs: $(BENCH_PROGRAMS)
# but for the deep ring's, whose keys alone take longer than all others together
bench-smoke: bench-programs
	@test/scripts/bench_smoke.sh $(filter-out %/bench_boot,$(BENCH_PROGRAMS))
fuzz-programs: $(FUZZ_PROGRAMS)
fuzz: fuzz-programs
	@test/scripts/run_fuzz.sh $(FUZZ_PROGRAMS)
# circles between files that may be left
CIRCLES ?= 0
check-includes: $(OBJS) $(CLI_OBJS) $(LIB_ONLY_OBJS)
	@test/scripts/check_includes.sh
	@test/scripts/check_circles.pl --allow $(CIRCLES) $(OBJS) $(CLI_OBJS) $(LIB_ONLY_OBJS)
	@test/scripts/check_headers.pl $(OBJS) $(CLI_OBJS) $(LIB_ONLY_OBJS)
	@test/scripts/check_globals.sh $(OBJS) $(CLI_OBJS) $(LIB_ONLY_OBJS)
check-versions:
	@PG_INCLUDES="$(PG_INCLUDES)" test/scripts/check_versions.sh
check-release:
	@test/scripts/check_release.pl
check-packages:
	@test/scripts/check_packages.sh
dist: check-release
	@$(MKDIR_P) build
	git archive --format=zip --prefix=ppdl-$(EXTVERSION)/ -o build/ppdl-$(EXTVERSION).zip HEAD
check-pg17:
	@test/scripts/check_pg17.sh
check-data: build/generate_patients build/generate_images ppdl
	@test/scripts/check_data.sh

# header dependencies, written by the compiler beside each object
-include $(wildcard src/*/*.d build/debug/src/*/*.d build/debug/unit/*.d build/release/*.d build/release/*/*.d build/fuzz/*.d build/fuzz/src/*/*.d build/assert/src/*/*.d build/assert/unit/*.d build/arm64/src/*/*.d build/arm64/unit/*.d)

endif
