/*
 * What differs between the server's versions, from 15 on.
 */
#ifndef PPDL_PG_COMPAT_H
#define PPDL_PG_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"				/* was part of postgres.h */
#endif

#if SIZEOF_VOID_P != 8
#error "ppdl needs a 64-bit PostgreSQL"
#endif
StaticAssertDecl(FLOAT8PASSBYVAL, "ppdl needs a PostgreSQL that passes float8 by value");

/* after a declaration: 18 has no pg_attribute_noreturn() */
#define PPDL_NORETURN __attribute__((noreturn))

/* from 18 on pg_get_loaded_modules() tells which release a server has loaded */
#ifdef PG_MODULE_MAGIC_EXT
#define PPDL_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "ppdl", .version = PPDL_RELEASE)
#else
#define PPDL_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif
