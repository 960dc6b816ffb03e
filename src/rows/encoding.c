#include "rows/encoding.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "rows/cipher_read.h"
#include "rows/seed_digest.h"

#define FRESH PPDL_ENCODING_FRESH	/* bytes of a seed */
#define NAMED 24				/* with the id */

static const uint64_t id_mask = ((uint64_t) 1 << PPDL_ENCODING_BITS) - 1;

/* ------------------------------------------------------------------ ids */

PpdlStatus
ppdl_encoding_draw(uint64_t *encoding, PpdlError *err)
{
	uint64_t	id = 0;

	while (id == 0)
	{
		if (RAND_bytes((unsigned char *) &id, sizeof(id)) != 1)
			return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL has no randomness to give");
		id &= id_mask;
	}
	*encoding = id;
	return PPDL_OK;
}

void
ppdl_encoding_print(char out[PPDL_ENCODING_SIZE], uint64_t encoding)
{
	snprintf(out, PPDL_ENCODING_SIZE, "%012" PRIx64, encoding & id_mask);
}

int
ppdl_encoding_parse(uint64_t *encoding, const char *text)
{
	if (strlen(text) != PPDL_ENCODING_SIZE - 1 ||
		strspn(text, "0123456789abcdefABCDEF") != PPDL_ENCODING_SIZE - 1)
		return 0;
	*encoding = strtoull(text, NULL, 16);
	return *encoding != 0;
}

/* ------------------------------------------------------------------ seeds */

static PpdlStatus
mark(uint8_t out[PPDL_SEED_BYTES - NAMED], const uint8_t *seed, PpdlError *err)
{
	return ppdl_seed_digest(out, PPDL_SEED_BYTES - NAMED, "ppdl/encoding/1", seed, NAMED, err);
}

PpdlStatus
ppdl_encoding_seed(uint8_t seed[PPDL_SEED_BYTES], uint64_t encoding, PpdlRng *rng, PpdlError *err)
{
	if (encoding == 0)
		return ppdl_rng_bytes(rng, seed, PPDL_SEED_BYTES, err);
	if (encoding > id_mask)
		return ppdl_error(err, PPDL_ERR_RANGE, "the id of an encoding has %d bits at most", PPDL_ENCODING_BITS);
	PPDL_TRY(ppdl_rng_bytes(rng, seed, FRESH, err));
	return ppdl_encoding_seed_of(seed, seed, encoding, err);
}

PpdlStatus
ppdl_encoding_seed_of(uint8_t seed[PPDL_SEED_BYTES], const uint8_t *fresh, uint64_t encoding, PpdlError *err)
{
	memmove(seed, fresh, FRESH);
	memcpy(seed + FRESH, &encoding, sizeof(encoding));
	return mark(seed + NAMED, seed, err);
}

PpdlStatus
ppdl_encoding_of_seed(const uint8_t seed[PPDL_SEED_BYTES], uint64_t *encoding, PpdlError *err)
{
	uint8_t		want[PPDL_SEED_BYTES - NAMED];
	uint64_t	id;

	*encoding = 0;
	memcpy(&id, seed + FRESH, sizeof(id));
	if (id > id_mask)
		return PPDL_OK;
	PPDL_TRY(mark(want, seed, err));
	if (memcmp(want, seed + NAMED, sizeof(want)) == 0)
		*encoding = id;
	return PPDL_OK;
}

PpdlStatus
ppdl_cipher_encoding(const PpdlCipher *c, uint64_t *encoding, PpdlError *err)
{
	if (c->kind == PPDL_KIND_SLICE)
		return ppdl_encoding_of_seed(c->seed, encoding, err);
	*encoding = c->encoding;
	return PPDL_OK;
}

/* bytes of the head of a value that say it, and where its low 16 and its other 32 bits are */
typedef struct Place
{
	size_t		need,
				low,
				high;
} Place;

PpdlStatus
ppdl_encoding_of_head(const uint8_t *head, size_t len, uint64_t *encoding, PpdlError *err)
{
	static const Place places[] = {
		[PPDL_KIND_SLICE] = {PPDL_SLICE_HEADER, 0, 0},
		[PPDL_KIND_ROW] = {PPDL_ROW_HEADER, 41, 43},
		[PPDL_KIND_PACKED] = {PPDL_PACKED_HEADER, 42, 52},
		/* of the first part */
		[PPDL_KIND_PARTS] = {PPDL_PARTS_HEADER + PPDL_ROW_HEADER, PPDL_PARTS_HEADER + 41, PPDL_PARTS_HEADER + 43},
	};
	const Place *at;
	uint16_t	low;
	uint32_t	high;
	PpdlCipher	c;

	if (len < PPDL_CIPHER_HEADER)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher value is cut short");
	PPDL_TRY(ppdl_cipher_peek(&c, head, err));
	at = &places[c.kind];
	if (len < at->need)
		return ppdl_error(err, PPDL_ERR_FORMAT, "lwe_cipher value is cut short");
	if (c.kind == PPDL_KIND_SLICE)
		return ppdl_encoding_of_seed(head + PPDL_SLICE_HEADER - PPDL_SEED_BYTES, encoding, err);
	memcpy(&low, head + at->low, sizeof(low));
	memcpy(&high, head + at->high, sizeof(high));
	*encoding = (uint64_t) high << 16 | low;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ mixing */

PpdlStatus
ppdl_encoding_join(uint64_t *known, uint64_t other, const char *what, PpdlError *err)
{
	char		a[PPDL_ENCODING_SIZE],
				b[PPDL_ENCODING_SIZE];

	if (other == 0 || other == *known)
		return PPDL_OK;
	if (*known == 0)
	{
		*known = other;
		return PPDL_OK;
	}
	ppdl_encoding_print(a, *known);
	ppdl_encoding_print(b, other);
	ppdl_error(err, PPDL_ERR_SCALE, "%s of values in two encodings, %s and %s", what, a, b);
	ppdl_error_detail(err, PPDL_ERR_SCALE, "They were encoded with different feature files, so that one number means "
					  "different things in them.");
	return ppdl_error_hint(err, PPDL_ERR_SCALE, "Take each by itself (lwe_encoding() tells them apart), or encrypt all "
						   "rows with one feature file. \"ppdl inspect\" shows the encoding of a feature file, row or "
						   "model.");
}

PpdlStatus
ppdl_encoding_join_other_seed(uint64_t *known, const uint8_t seed[PPDL_SEED_BYTES], const char *what, PpdlError *err)
{
	uint64_t	encoding;

	PPDL_TRY(ppdl_encoding_of_seed(seed, &encoding, err));
	return ppdl_encoding_join(known, encoding, what, err);
}

PpdlStatus
ppdl_encoding_join_cipher(uint64_t *known, const PpdlCipher *c, const char *what, PpdlError *err)
{
	if (c->kind == PPDL_KIND_SLICE)
		return ppdl_encoding_join_seed(known, c->seed, what, err);
	return ppdl_encoding_join(known, c->encoding, what, err);
}
