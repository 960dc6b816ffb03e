# ppdl: build with PGXS.  `make demo` and `make check` do all their set-up themselves.
EXTENSION = ppdl
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" ppdl.control)
MODULE_big = ppdl

CORE_SRCS = $(sort $(wildcard src/base/*.c src/ring/*.c src/ckks/*.c src/rows/*.c src/rsa/*.c src/nn/*.c src/owner/*.c))
PG_SRCS = $(sort $(wildcard src/pg/*.c))
CLI_SRCS = $(sort $(wildcard src/cli/*.c))
CORE_OBJS = $(CORE_SRCS:.c=.o)
CLI_OBJS = $(CLI_SRCS:.c=.o)
OBJS = $(CORE_OBJS) $(PG_SRCS:.c=.o)

INSTALL_SQL = sql/ppdl--$(EXTVERSION).sql
DATA_built = $(INSTALL_SQL)
DATA = $(wildcard sql/upgrade/ppdl--*--*.sql)
EXTRA_CLEAN = $(INSTALL_SQL) $(CLI_OBJS) ppdl build

REGRESS = $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS := $(filter-out ppdl--%,$(REGRESS))
REGRESS_OPTS = --inputdir=. --load-extension=ppdl

PPDL_WERROR ?= -Werror
WARN = -Wall -Wextra $(PPDL_WERROR) -Wno-declaration-after-statement -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
PG_CPPFLAGS = -I$(CURDIR)/src -I$(CURDIR)/include -D_GNU_SOURCE
PG_CFLAGS = -std=gnu11 -O3 $(WARN)
LIBS_CORE = -lgmp -lcrypto -ljansson -lpthread -lm
SHLIB_LINK = $(LIBS_CORE)

# no JIT bitcode: the work is in loops the planner never inlines
override with_llvm := no

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# vector kernels are compiled for their instruction set and chosen at run time
src/ring/%_avx2.o: CFLAGS += -mavx2 -mfma -ffp-contract=off
src/ring/%_ifma.o: CFLAGS += -mavx512f -mavx512dq -mavx512vl -mavx512bw -mavx512ifma

$(INSTALL_SQL): $(sort $(wildcard sql/install/*.sql)) ppdl.control
	{ echo '\echo Use "CREATE EXTENSION ppdl" to load this file. \quit'; cat $(sort $(wildcard sql/install/*.sql)); } > $@

all: ppdl

ppdl: $(CLI_OBJS) $(CORE_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -L$(libdir) -lpq -lcsv $(LIBS_CORE)
$(CLI_OBJS): override CPPFLAGS += -I$(includedir)

install: install-tool
.PHONY: install-tool demo check bench unit
install-tool: ppdl
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) ppdl '$(DESTDIR)$(bindir)/ppdl'
