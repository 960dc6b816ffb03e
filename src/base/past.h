/*
 * Writing past the caches: what is not read again soon need not be read before it is written, nor take the place of
 * what is.
 */
#ifndef PPDL_BASE_PAST_H
#define PPDL_BASE_PAST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/error.h"

/* both aligned to 64 bytes, bytes a multiple of 64; other threads see it after ppdl_past_end */
static inline void
ppdl_past_write(void *out, const void *in, size_t bytes)
{
	PPDL_ASSERT((((uintptr_t) out | (uintptr_t) in | bytes) & 63) == 0);
#ifdef __SSE2__
	const __m128i *from = in;
	__m128i    *to = out;

	for (size_t i = 0; i < bytes / sizeof(__m128i); i++)
		_mm_stream_si128(to + i, _mm_load_si128(from + i));
#else
	memcpy(out, in, bytes);
#endif
}

static inline void
ppdl_past_end(void)
{
#ifdef __SSE2__
	_mm_sfence();
#endif
}

#endif
