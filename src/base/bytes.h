/*
 * Reading and writing little-endian bytes, and bit-packed arrays of residues.
 * A reader never passes its end: it sets `bad` and returns zeros from then on,
 * so that a parser may read a whole header and check once.
 */
#ifndef PPDL_BASE_BYTES_H
#define PPDL_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

typedef struct PpdlReader
{
	const uint8_t *p,
			   *end;
	int			bad;
} PpdlReader;

static inline PpdlReader
ppdl_reader(const void *buf, size_t len)
{
	PpdlReader	r = {(const uint8_t *) buf, (const uint8_t *) buf + len, 0};

	return r;
}

static inline size_t
ppdl_reader_left(const PpdlReader *r)
{
	return (size_t) (r->end - r->p);
}

/* the next len bytes, or NULL */
const uint8_t *ppdl_read_bytes(PpdlReader *r, size_t len);
uint8_t		ppdl_read_u8(PpdlReader *r);
uint16_t	ppdl_read_u16(PpdlReader *r);
uint32_t	ppdl_read_u32(PpdlReader *r);
uint64_t	ppdl_read_u64(PpdlReader *r);
double		ppdl_read_f64(PpdlReader *r);

/* A writer grows its malloc'ed buffer; a failed allocation sets `bad`. */
typedef struct PpdlWriter
{
	uint8_t    *buf;
	size_t		len,
				cap;
	int			bad,
				secret;			/* wipe what is left behind */
} PpdlWriter;

void		ppdl_writer_init(PpdlWriter *w);
/* for secrets and values in the clear: buffers are wiped when they grow and when they are freed */
void		ppdl_writer_init_secret(PpdlWriter *w);
void		ppdl_writer_free(PpdlWriter *w);
/* len more bytes to fill in, or NULL when out of memory */
uint8_t    *ppdl_write_space(PpdlWriter *w, size_t len);
void		ppdl_write_bytes(PpdlWriter *w, const void *src, size_t len);
void		ppdl_write_text(PpdlWriter *w, const char *s);	/* without its zero */
void		ppdl_write_u8(PpdlWriter *w, uint8_t v);
void		ppdl_write_u16(PpdlWriter *w, uint16_t v);
void		ppdl_write_u32(PpdlWriter *w, uint32_t v);
void		ppdl_write_u64(PpdlWriter *w, uint64_t v);
void		ppdl_write_f64(PpdlWriter *w, double v);

/* bytes that n values of `bits` bits take: ceil(n*bits/8) */
static inline size_t
ppdl_packed_size(size_t n, int bits)
{
	return (n * (size_t) bits + 7) / 8;
}

/*
 * n values of `bits` (1..56) bits each, value i at bits [i*bits, (i+1)*bits) of
 * the little-endian bit string; unused bits of the last byte are zero.
 */
void		ppdl_pack_bits(uint8_t *dst, const uint64_t *src, size_t n, int bits);
void		ppdl_unpack_bits(uint64_t *dst, const uint8_t *src, size_t n, int bits);

#endif
