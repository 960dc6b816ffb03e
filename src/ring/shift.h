/*
 * Private to the kernels: acc += X^-e * a over the integers modulo 2^64, in Z[X]/(X^n + 1).  The
 * loop is the same for every instruction set; each file of kernels compiles it for its own.
 */
#ifndef PPDL_RING_SHIFT_H
#define PPDL_RING_SHIFT_H

#include <stddef.h>
#include <stdint.h>

static inline void
ppdl_add_shifted_loop(uint64_t *restrict acc, const uint64_t *restrict a, size_t e, size_t n)
{
	for (size_t i = 0; i < n - e; i++)
		acc[i] += a[i + e];
	for (size_t i = n - e; i < n; i++)
		acc[i] -= a[i + e - n];
}

#endif
