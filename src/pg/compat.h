/*
 * What differs between the server's versions, from 15 on.
 */
#ifndef PPDL_PG_COMPAT_H
#define PPDL_PG_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"				/* was part of postgres.h */
#endif

#if SIZEOF_VOID_P != 8 || !defined(USE_FLOAT8_BYVAL)
#error "ppdl needs a 64-bit PostgreSQL"
#endif

/* after a declaration: 18 has no pg_attribute_noreturn() */
#define PPDL_NORETURN __attribute__((noreturn))

#endif
