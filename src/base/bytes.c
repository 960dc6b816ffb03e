#include "base/bytes.h"

#include <stdlib.h>

#include <openssl/crypto.h>

const uint8_t *
ppdl_read_bytes(PpdlReader *r, size_t len)
{
	const uint8_t *p = r->p;

	if (r->bad || len > ppdl_reader_left(r))
	{
		r->bad = 1;
		return NULL;
	}
	r->p += len;
	return p;
}

static uint64_t
read_le(PpdlReader *r, int len)
{
	const uint8_t *p = ppdl_read_bytes(r, (size_t) len);
	uint64_t	v = 0;

	if (p != NULL)
		for (int i = len - 1; i >= 0; i--)
			v = v << 8 | p[i];
	return v;
}

uint8_t
ppdl_read_u8(PpdlReader *r)
{
	return (uint8_t) read_le(r, 1);
}

uint16_t
ppdl_read_u16(PpdlReader *r)
{
	return (uint16_t) read_le(r, 2);
}

uint32_t
ppdl_read_u32(PpdlReader *r)
{
	return (uint32_t) read_le(r, 4);
}

uint64_t
ppdl_read_u64(PpdlReader *r)
{
	return read_le(r, 8);
}

double
ppdl_read_f64(PpdlReader *r)
{
	uint64_t	u = read_le(r, 8);
	double		d;

	memcpy(&d, &u, 8);
	return d;
}

void
ppdl_writer_init(PpdlWriter *w)
{
	memset(w, 0, sizeof(*w));
}

void
ppdl_writer_init_secret(PpdlWriter *w)
{
	ppdl_writer_init(w);
	w->secret = 1;
}

void
ppdl_writer_free(PpdlWriter *w)
{
	if (w->secret && w->buf != NULL)
		OPENSSL_cleanse(w->buf, w->cap);
	free(w->buf);
	memset(w, 0, sizeof(*w));
}

/* realloc moves a buffer without wiping the old place */
static uint8_t *
grow(const PpdlWriter *w, size_t cap)
{
	uint8_t    *grown;

	if (!w->secret)
		return realloc(w->buf, cap);
	grown = malloc(cap);
	if (grown != NULL && w->buf != NULL)
	{
		memcpy(grown, w->buf, w->len);
		OPENSSL_cleanse(w->buf, w->cap);
		free(w->buf);
	}
	return grown;
}

uint8_t *
ppdl_write_space(PpdlWriter *w, size_t len)
{
	uint8_t    *p;

	if (w->bad)
		return NULL;
	if (len > w->cap - w->len)
	{
		size_t		cap = w->cap ? w->cap : 256;
		uint8_t    *grown;

		while (cap - w->len < len)
			cap *= 2;
		grown = grow(w, cap);
		if (grown == NULL)
		{
			w->bad = 1;
			return NULL;
		}
		w->buf = grown;
		w->cap = cap;
	}
	p = w->buf + w->len;
	w->len += len;
	return p;
}

void
ppdl_write_bytes(PpdlWriter *w, const void *src, size_t len)
{
	uint8_t    *p = ppdl_write_space(w, len);

	if (p != NULL && len > 0)
		memcpy(p, src, len);
}

static void
write_le(PpdlWriter *w, uint64_t v, int len)
{
	uint8_t    *p = ppdl_write_space(w, (size_t) len);

	if (p != NULL)
		for (int i = 0; i < len; i++, v >>= 8)
			p[i] = (uint8_t) v;
}

void
ppdl_write_text(PpdlWriter *w, const char *s)
{
	ppdl_write_bytes(w, s, strlen(s));
}

void
ppdl_write_u8(PpdlWriter *w, uint8_t v)
{
	write_le(w, v, 1);
}

void
ppdl_write_u16(PpdlWriter *w, uint16_t v)
{
	write_le(w, v, 2);
}

void
ppdl_write_u32(PpdlWriter *w, uint32_t v)
{
	write_le(w, v, 4);
}

void
ppdl_write_u64(PpdlWriter *w, uint64_t v)
{
	write_le(w, v, 8);
}

void
ppdl_write_f64(PpdlWriter *w, double v)
{
	uint64_t	u;

	memcpy(&u, &v, 8);
	write_le(w, u, 8);
}

/* little-endian machines only, checked in cpu.c */
void
ppdl_pack_bits(uint8_t *dst, const uint64_t *src, size_t n, int bits)
{
	uint64_t	acc = 0;
	int			have = 0;

	PPDL_ASSERT(bits >= 1 && bits <= 56);
	for (size_t i = 0; i < n; i++)
	{
		PPDL_ASSERT(src[i] >> bits == 0);
		acc |= src[i] << have;
		have += bits;
		if (have >= 64)
		{
			memcpy(dst, &acc, 8);
			dst += 8;
			have -= 64;
			acc = src[i] >> (bits - have);
		}
	}
	for (; have > 0; have -= 8, acc >>= 8)
		*dst++ = (uint8_t) acc;
}

/* Reads whole 8-byte words while they lie inside the packed bytes, then byte by byte. */
void
ppdl_unpack_bits(uint64_t *dst, const uint8_t *src, size_t n, int bits)
{
	const uint64_t mask = (UINT64_C(1) << bits) - 1;
	const size_t total = ppdl_packed_size(n, bits);
	size_t		i = 0;

	PPDL_ASSERT(bits >= 1 && bits <= 56);
	for (; i < n; i++)
	{
		size_t		bit = i * (size_t) bits,
					byte = bit >> 3;
		uint64_t	v;

		if (byte + 8 > total)
			break;
		memcpy(&v, src + byte, 8);	/* little-endian machines only, checked in cpu.c */
		dst[i] = v >> (bit & 7) & mask;
	}
	for (; i < n; i++)
	{
		size_t		bit = i * (size_t) bits;
		uint64_t	v = 0;

		for (size_t byte = bit >> 3, s = 0; byte < total && s < 64; byte++, s += 8)
			v |= (uint64_t) src[byte] << s;
		dst[i] = v >> (bit & 7) & mask;
	}
}
