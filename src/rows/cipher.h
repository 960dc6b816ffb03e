/*
 * The wire form of lwe_cipher, one type, three kinds (doc/wire-format.md).
 *
 * All integers little-endian.  Common header, 24 bytes:
 *    0 u16 magic 0x4C50 ("PL")      2 u8 version = 1     3 u8 kind
 *    4 u8  ring id (params.h)       5 u8 limbs           6 u16 width: values a row, 1..N
 *    8 u8[8] key fingerprint       16 f64 scale
 * slice, then:
 *   24 u8 log2 C   25 u8 log2 k   26 u16 pos   28 u8[32] seed
 *   60 residues: limb by limb, k values bit-packed at the prime's bit length, each limb padded to a byte
 *      (the row's coefficients pos*g + f*N/k of B, in the coefficient domain; f >= width are encryptions of 0)
 * row, then:
 *   24 f64 noise   32 f64 bound   40 u8 log2 k   41 u8[7] zero
 *   48 limb by limb: k coefficients f*N/k of b (coefficient domain), padded; then N values of a (NTT domain), padded
 * packed, then:
 *   24 f64 noise   32 f64 bound   40 u8 layout  41 u8 log2 k  42 u16 zero  44 u32 nrows  48 u32 nchunks  52 u32 zero
 *   56 u32[nrows] place of row r: chunk << 16 | tree position, or 0xFFFFFFFF for a row without value (SQL NULL)
 *      then a chunk: limb by limb b, a (NTT domain), padded
 *   layout 0 (coefficients): row at tree position p, value f: coefficient bitrev_D(p) + f*N/k, D = log2(N/k)
 *   layout 1 (slots): real part of slot p*k/2 + f, f < width
 */
#ifndef PPDL_ROWS_CIPHER_H
#define PPDL_ROWS_CIPHER_H

#include "base/bytes.h"
#include "ckks/params.h"
#include "ring/random.h"

#define PPDL_CIPHER_MAGIC 0x4C50
#define PPDL_CIPHER_VERSION 1
#define PPDL_CIPHER_HEADER 24
#define PPDL_FINGERPRINT_BYTES 8
#define PPDL_NO_PLACE 0xFFFFFFFFu
#define PPDL_MAX_CHUNKS 65535

/* a slice's scale is 2^PPDL_SCALE_BITS_MIN .. 2^PPDL_SCALE_BITS_MAX */
#define PPDL_SCALE_BITS_MIN 20
#define PPDL_SCALE_BITS_MAX 40

typedef enum PpdlKind
{
	PPDL_KIND_SLICE = 1,
	PPDL_KIND_ROW = 2,
	PPDL_KIND_PACKED = 3
} PpdlKind;

typedef enum PpdlLayout
{
	PPDL_LAYOUT_COEFFS = 0,
	PPDL_LAYOUT_SLOTS = 1
} PpdlLayout;

/* A parsed view; pointers go into the parsed bytes, which must outlive it (any alignment). */
typedef struct PpdlCipher
{
	const PpdlParams *par;
	PpdlKind	kind;
	int			limbs;
	int			width;
	int			logk;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	double		scale;
	double		noise;			/* of a coefficient, absolute; slices: PPDL_SIGMA */
	double		bound;			/* of |value|; slices: 1 */
	/* slice */
	int			logc;
	uint32_t	pos;
	const uint8_t *seed;
	/* packed */
	PpdlLayout	layout;
	uint32_t	nrows,
				nchunks;
	const uint8_t *places;		/* nrows little-endian u32 */
	/* all */
	const uint8_t *residues;
	size_t		residue_bytes;
} PpdlCipher;

/*
 * Reads the header and checks structure: magic, version, kind, ring, limbs, width,
 * finite positive scale and noise, exact length.  Cheap enough for every row of an
 * aggregate.  PPDL_ERR_FORMAT / PPDL_ERR_VERSION.
 */
PpdlStatus	ppdl_cipher_parse(PpdlCipher *c, const void *buf, size_t len, PpdlError *err);
/* the same; ring: found for its id before the built-in ones, NULL for those alone */
PpdlStatus	ppdl_cipher_parse_in(PpdlCipher *c, const PpdlParams *ring, const void *buf, size_t len, PpdlError *err);
/* Only the first PPDL_CIPHER_HEADER bytes, all that buf need hold: for accessors on a toasted value.  Sets par, kind, limbs, width, fingerprint and scale. */
PpdlStatus	ppdl_cipher_peek(PpdlCipher *c, const void *buf, PpdlError *err);
/* parse, and every residue below its modulus, padding bits zero: for input functions */
PpdlStatus	ppdl_cipher_validate(const void *buf, size_t len, PpdlError *err);

/* place of row i of a packed value, i < nrows */
static inline uint32_t
ppdl_cipher_place(const PpdlCipher *c, uint32_t i)
{
	uint32_t	place;

	memcpy(&place, c->places + (size_t) i * 4, 4);
	return place;
}

/* exact sizes in bytes */
size_t		ppdl_slice_size(const PpdlParams *par, int limbs, int logk);
size_t		ppdl_row_size(const PpdlParams *par, int limbs, int logk);

/* estimated standard deviation of one value's error, in units of the value: noise/scale (coefficients), noise*sqrt(N)/scale (slots) */
double		ppdl_cipher_error(const PpdlCipher *c);

/* smallest log2 k with 2^k >= width */
int			ppdl_log2_width(int width);

/* 16 lower-case hex digits and a zero */
void		ppdl_fingerprint_hex(char out[17], const uint8_t fp[PPDL_FINGERPRINT_BYTES]);
int			ppdl_fingerprint_parse(uint8_t fp[PPDL_FINGERPRINT_BYTES], const char *hex);	/* 0 when it is not 16 hex digits */

/* Same ring, key, width, scale? else PPDL_ERR_KEY / PPDL_ERR_SCALE naming both. what: e.g. "sum" */
PpdlStatus	ppdl_cipher_check_same(const PpdlCipher *a, const PpdlCipher *b, const char *what, PpdlError *err);

#endif
