/*
 * lwe_cipher, one type of four kinds (doc/wire-format.md): what a value is made of, and the rules
 * that its header keeps.  Reading is in rows/cipher_read.h, writing in rows/cipher_write.h.
 *
 * All integers little-endian.  Common header, 24 bytes:
 *    0 u16 magic 0x4C50 ("PL")      2 u8 version = 1     3 u8 kind
 *    4 u8  ring id (params.h)       5 u8 limbs           6 u16 width: values a row, 1..N
 *    8 u8[8] key fingerprint       16 f64 scale
 * slice, then:
 *   24 u8 log2 C   25 u8 log2 k   26 u16 pos   28 u8[32] seed
 *   60 residues: limb by limb, k values bit-packed at the prime's bit length, each limb padded to a byte
 *      (the row's coefficients pos*g + f*N/k of B, in the coefficient domain; f >= width are encryptions of 0)
 *      where the high bit of byte 24 is set, then: u64[2] tags of each of the lowest two limbs, u8[16] MAC (rows/tag.h)
 * row, then:
 *   24 f64 noise   32 f64 bound   40 u8 log2 k   41 u8[6] encoding (rows/encoding.h)   47 u8 zero
 *   48 limb by limb: k coefficients f*N/k of b (coefficient domain), padded; then N values of a (NTT domain), padded
 * packed, then:
 *   24 f64 noise   32 f64 bound   40 u8 layout  41 u8 log2 k  42 u16 encoding, its low 16 bits
 *   44 u32 nrows  48 u32 nchunks  52 u32 encoding, the other 32 bits
 *   56 u32[nrows] place of row r: chunk << 16 | tree position, or 0xFFFFFFFF for a row without value (SQL NULL)
 *      then a chunk: limb by limb b, a (NTT domain), padded
 *   layout 0 (coefficients): row at tree position p, value f: coefficient bitrev_D(p) + f*N/k, D = log2(N/k)
 *   layout 1 (slots): real part of slot p*k/2 + f, f < width
 *   layout 3 (batches): as layout 0, but the coefficients of places without a row hold anything
 *   layout 2 (gram): second moments, row i of a symmetric matrix of width rows; rows/gram_layout.h
 * parts, then:
 *   24 f64 noise   32 f64 bound   40 u8 log2 k  41 u8[3] zero  44 u32 nparts
 *   48 whole rows, one behind the other, of the same ring, key, width and encoding: the value is what they come to
 *      together, for their owner to add up (rows/parts.h)
 */
#ifndef PPDL_ROWS_CIPHER_H
#define PPDL_ROWS_CIPHER_H

#include "base/bytes.h"
#include "ckks/params.h"
#include "ring/random.h"
#include "rows/fingerprint.h"

#define PPDL_CIPHER_MAGIC 0x4C50
#define PPDL_CIPHER_VERSION 1
#define PPDL_CIPHER_HEADER 24	/* bytes of the common header */
#define PPDL_SLICE_HEADER 60	/* bytes before the residues, common header included */
#define PPDL_ROW_HEADER 48
#define PPDL_PACKED_HEADER 56	/* bytes before the places */
#define PPDL_NO_PLACE 0xFFFFFFFFu
#define PPDL_MAX_CHUNKS 65535
#define PPDL_PARTS_HEADER 48	/* bytes before the parts */
#define PPDL_MAX_PARTS 4096
#define PPDL_SLICE_TAGGED 0x80	/* in byte 24 of a slice: tags and a MAC follow the residues */

/* a slice's scale is 2^PPDL_SCALE_BITS_MIN .. 2^PPDL_SCALE_BITS_MAX */
#define PPDL_SCALE_BITS_MIN 20
#define PPDL_SCALE_BITS_MAX 40

typedef enum PpdlKind
{
	PPDL_KIND_SLICE = 1,
	PPDL_KIND_ROW = 2,
	PPDL_KIND_PACKED = 3,
	PPDL_KIND_PARTS = 4
} PpdlKind;

typedef enum PpdlLayout
{
	PPDL_LAYOUT_COEFFS = 0,
	PPDL_LAYOUT_SLOTS = 1,
	PPDL_LAYOUT_GRAM = 2,		/* since 0.2.0, as the next */
	PPDL_LAYOUT_BATCHES = 3
} PpdlLayout;

/*
 * A value's header, and where its bytes are; pointers go into the parsed bytes, which must outlive it (any
 * alignment).
 */
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
	uint64_t	encoding;		/* below 2^48, 0: not known; slices: 0, their seeds say it (rows/encoding.h) */
	/* slice */
	int			logc;
	uint32_t	pos;
	const uint8_t *seed;
	const uint8_t *tags;		/* ppdl_tag_bytes(limbs) of tags and MAC; NULL: none (rows/tag.h) */
	/* packed */
	PpdlLayout	layout;
	uint32_t	nrows,
				nchunks;
	const uint8_t *places;		/* nrows little-endian u32 */
	/* parts; limbs: the fewest of a part; scale: of the first; residues: the parts themselves */
	uint32_t	nparts;
	/* all */
	const uint8_t *residues;
	size_t		residue_bytes;	/* tags not included */
} PpdlCipher;

/*
 * The rules that the fields of a header keep, all kinds, whatever their origin: limbs and width of the ring, log2 k
 * of the width, position in the batch, scale, noise and bound in the ranges of ct.h, slices in a ring that has
 * them.  par and kind must be valid; pointers are not looked at.  code: the status of a failure, PPDL_ERR_FORMAT for
 * what was read, PPDL_ERR_RANGE for a result.
 */
PpdlStatus	ppdl_cipher_check(const PpdlCipher *c, PpdlStatus code, PpdlError *err);
/* the rules of the common header alone: noise, bound and what follows them need not be set */
PpdlStatus	ppdl_cipher_check_common(const PpdlCipher *c, PpdlStatus code, PpdlError *err);

/* place of row i of a packed value, i < nrows */
static inline uint32_t
ppdl_cipher_place(const PpdlCipher *c, uint32_t i)
{
	uint32_t	place;

	memcpy(&place, c->places + (size_t) i * 4, 4);
	return place;
}

/* exact sizes in bytes, limbs and logk being of the ring; of a slice without tags */
size_t		ppdl_slice_size(const PpdlParams *par, int limbs, int logk);
size_t		ppdl_row_size(const PpdlParams *par, int limbs, int logk);

/*
 * estimated standard deviation of one value's error, in units of the value: noise/scale (coefficients),
 * noise*sqrt(N)/scale (slots), noise*N/(2*sqrt(k))/scale (second moments)
 */
double		ppdl_cipher_error(const PpdlCipher *c);

/* values a row that a layout has room for in rows of 2^logk coefficients, 0: there is no such layout, or logk for it */
int			ppdl_layout_room(PpdlLayout layout, int logk);

/* smallest log2 k with 2^k >= width; width 1 .. 2^30 */
int			ppdl_log2_width(int width);

/* PPDL_ERR_SCALE unless the rings are the same, naming the forms of rows that each has, and what to do */
PpdlStatus	ppdl_cipher_check_ring(const PpdlParams *a, const PpdlParams *b, const char *what, PpdlError *err);
/* Same ring, key, width, scale? else PPDL_ERR_KEY / PPDL_ERR_SCALE naming both. what: e.g. "sum" */
PpdlStatus	ppdl_cipher_check_same(const PpdlCipher *a, const PpdlCipher *b, const char *what, PpdlError *err);

#endif
