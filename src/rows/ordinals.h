/*
 * The callers' numbers of rows, 0 .. n - 1, each at most once: a bit a number.  How states that come as
 * bytes are checked.
 */
#ifndef PPDL_ROWS_ORDINALS_H
#define PPDL_ROWS_ORDINALS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

static inline size_t
ppdl_ordinal_bytes(uint32_t n)
{
	return ((size_t) n + 7) / 8;
}

/* sets the bit of `ordinal`; PPDL_ERR_FORMAT unless it is below n and was clear */
static inline PpdlStatus
ppdl_ordinal_mark(uint8_t *bits, uint32_t n, uint32_t ordinal, PpdlError *err)
{
	if (ordinal >= n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state numbers a row %u of %u", ordinal, n);
	if (bits[ordinal >> 3] >> (ordinal & 7) & 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "state has two rows of number %u", ordinal);
	bits[ordinal >> 3] |= (uint8_t) (1 << (ordinal & 7));
	return PPDL_OK;
}

#endif
