/* Sets of small numbers, 0 .. n - 1: number i is bit i & 7 of byte i / 8. */
#ifndef PPDL_BASE_BITS_H
#define PPDL_BASE_BITS_H

#include <stdint.h>
#include <stdlib.h>

/* the empty set; NULL: out of memory.  Released with free */
static inline uint8_t *
ppdl_bits_create(size_t n)
{
	return calloc(n / 8 + 1, 1);
}

static inline int
ppdl_bits_have(const uint8_t *bits, size_t i)
{
	return bits[i >> 3] >> (i & 7) & 1;
}

/* was it there before? */
static inline int
ppdl_bits_add(uint8_t *bits, size_t i)
{
	const int	was = ppdl_bits_have(bits, i);

	bits[i >> 3] |= (uint8_t) (1 << (i & 7));
	return was;
}

#endif
