/*
 * The wire form of an rsa_cipher, as it lies in a table.
 *
 *	offset	bytes
 *	 0		4	"PRSA"
 *	 4		1	version, 1
 *	 5		1	kind: 1 value, 2 prediction
 *	 6		1	encoding: 1 product, 2 exponent
 *	 7		1	flags: bit 0, some factor was randomised
 *	 8		8	fingerprint of the key
 *	16		2	bits of the modulus
 *	18		2	zero
 *	20		4	number of parts
 *	24		8	grid offset (signed)
 *	32		8	grid step (IEEE double)
 *	40		4	grid maximum
 *	44			body
 *
 * Integers are little-endian.  The body of a value is its parts: per part a
 * bound (4 bytes) on the logarithm of the number it encrypts, and c, big-endian
 * in exactly the bytes of the modulus, 1 <= c < n.
 *
 * Two encodings.  *Product*: the ciphertext holds the positive integer itself;
 * one part; the grid is 0, 1, 0.  *Exponent*: it holds 2^q·rho with odd rho and
 * stands for step·(q + offset), 0 <= q <= maximum; multiplying ciphertexts adds
 * q and offset.  A sum that one modulus cannot hold goes on in further parts,
 * whose q are added up after decryption.
 */
#ifndef PPDL_RSA_CIPHER_H
#define PPDL_RSA_CIPHER_H

#include "rsa/key.h"

#define PPDL_RSA_MAGIC "PRSA"
#define PPDL_RSA_VERSION 1
#define PPDL_RSA_HEADER_BYTES 44
#define PPDL_RSA_MAX_PARTS (1 << 20)
#define PPDL_RSA_MAX_OFFSET (INT64_C(1) << 52)

typedef enum PpdlRsaKind
{
	PPDL_RSA_VALUE = 1,
	PPDL_RSA_PREDICTION = 2
} PpdlRsaKind;

typedef enum PpdlRsaEncoding
{
	PPDL_RSA_PRODUCT = 1,
	PPDL_RSA_EXPONENT = 2
} PpdlRsaEncoding;

#define PPDL_RSA_RANDOMISED 1	/* without it, an exponent ciphertext holds a power of two */

/* What an exponent q stands for: step·(q + offset), 0 <= q <= max. */
typedef struct PpdlRsaGrid
{
	double		step;			/* finite, > 0 */
	int64_t		offset;			/* |offset| <= 2^52 */
	uint32_t	max;
} PpdlRsaGrid;

/* A wire value taken apart in place: pointers lead into the caller's bytes. */
typedef struct PpdlRsaView
{
	PpdlRsaKind kind;
	PpdlRsaEncoding encoding;
	uint8_t		flags;
	const uint8_t *fingerprint;
	int			modulus_bits;
	size_t		value_bytes;
	uint32_t	parts;
	PpdlRsaGrid grid;
	const uint8_t *body;
	size_t		body_len;
} PpdlRsaView;

/*
 * Reads the header and the body's layout, trusting nothing: every length,
 * field and bound is checked, and each c lies in [1, 2^bits).  That c < n needs
 * the key: ppdl_rsa_view_check.  (Both are in view.c, which knows predictions, too.)
 */
PpdlStatus	ppdl_rsa_view(PpdlRsaView *view, const void *wire, size_t len, PpdlError *err);
/* The header alone (44 bytes suffice); `body` is not set. */
PpdlStatus	ppdl_rsa_view_header(PpdlRsaView *view, const void *wire, size_t len, PpdlError *err);

/* PPDL_ERR_KEY unless the view is of this key; cheap */
PpdlStatus	ppdl_rsa_view_check_key(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err);
/* the same, and every c < n and every bound within the modulus */
PpdlStatus	ppdl_rsa_view_check(const PpdlRsaView *view, const PpdlRsaPublic *pub, PpdlError *err);

/* part i of a value */
static inline size_t
ppdl_rsa_part_bytes(const PpdlRsaView *view)
{
	return 4 + view->value_bytes;
}

uint32_t	ppdl_rsa_part_bound(const uint8_t *part);

static inline const uint8_t *
ppdl_rsa_view_part(const PpdlRsaView *view, uint32_t i)
{
	return view->body + (size_t) i * ppdl_rsa_part_bytes(view);
}

/* the largest bound of the parts */
uint32_t	ppdl_rsa_view_bound(const PpdlRsaView *view);

/* Writes the 44 bytes; kind, encoding, flags, parts and grid are taken from *view, the key from pub. */
void		ppdl_rsa_write_header(PpdlWriter *w, const PpdlRsaView *view, const PpdlRsaPublic *pub);

const char *ppdl_rsa_encoding_name(PpdlRsaEncoding encoding);

#endif
