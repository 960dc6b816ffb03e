/*
 * Receipts: sums that say which rows they are of, so that the owner of the rows can check them (owner/receipt.h).  A
 * receipt holds the sum of the rows' coefficients and of their tags, the position of each row in its batch, and how
 * many rows came with each bound text.  The uniform half of the sum follows from the positions, and is not stored.
 *
 * Rows of one key and shape are a section.  What one ciphertext would not hold is in several parts, each with rows of
 * its own, as in sums (rows/parts.h): a sum of 524,287 compact rows and more.
 *
 * Wire form (doc/wire-format.md): u32 magic "PLRC", u8 version 1, u8[3] zero, u32 sections, u32 zero; then each:
 *   u8[8] fingerprint   u8 ring   u8 limbs (1, 2)   u16 width   f64 scale   u64 encoding   u32 parts   u32 zero
 *   and each part:
 *     u64 rows   u32 bound texts   u32 batches
 *     limb by limb: k residues, packed; limb by limb: u64[2] tags
 *     a bound text: u64 rows   u32 length   bytes
 *     a batch: u8 log2 C | flags   u16 n - 1   seed   bits
 *       flag 0x40: of the seed the first 16 bytes, the rest follows from the section's encoding; else all 32
 *       flag 0x80: n bits, bit i of byte i / 8: position i has a row, the last one has; else all of the first n have
 */
#ifndef PPDL_ROWS_RECEIPT_H
#define PPDL_ROWS_RECEIPT_H

#include "base/poll.h"
#include "rows/accumulate.h"
#include "rows/bound.h"
#include "rows/seed_table.h"
#include "rows/tag.h"

#define PPDL_RECEIPT_MAGIC 0x43524C50u	/* "PLRC" */
#define PPDL_RECEIPT_VERSION 1
#define PPDL_MAX_SECTIONS 1024

#define PPDL_RECEIPT_FEW 2		/* words of bits that need no memory of their own: a batch of 128 rows */

/* the rows of a part that are of one batch */
typedef struct PpdlReceiptBatch
{
	uint8_t		seed[PPDL_SEED_BYTES];
	int			logc;
	uint32_t	part,
				rows,
				words;			/* of bits, by position; 0: the first `rows` positions */
	union
	{
		uint64_t	few[PPDL_RECEIPT_FEW];	/* as many words at most */
		uint64_t   *many;
	}			bits;
} PpdlReceiptBatch;

typedef struct PpdlReceiptPart
{
	uint64_t	rows;
	uint64_t   *b[PPDL_TAG_LIMBS];	/* k each: sums of coefficients, reduced when read and by ppdl_receipt_reduce */
	uint64_t	tag[PPDL_MAX_TAGS]; /* by limb: two each; the same */
	unsigned	lazy;			/* additions since they were reduced */
	PpdlBoundTable bound;		/* and how many rows have each */
} PpdlReceiptPart;

typedef struct PpdlReceiptSection
{
	const PpdlParams *par;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	int			limbs,			/* 1 or 2 */
				width,
				logk;
	double		scale,
				reach;			/* rows of a part, at most */
	uint64_t	encoding;		/* of the rows, 0: not known */
	PpdlUnpackPlan plan[PPDL_TAG_LIMBS];
	PpdlReceiptPart *part;
	uint32_t	nparts;
	PpdlSeedTable index;		/* of batches; copy: the part */
	PpdlReceiptBatch *batch;	/* by number */
	uint32_t	batch_cap,
				last;			/* batch */
} PpdlReceiptSection;

/* the row last added by ppdl_receipt_add_bytes, and where others of its batch and bound text go */
typedef struct PpdlReceiptLast
{
	size_t		row_len;		/* 0: none; nothing else is valid then */
	uint64_t	head[PPDL_CIPHER_HEADER / 8],
				seed[PPDL_SEED_BYTES / 8];
	uint8_t		flags,			/* log2 C among them */
				logk;
	uint32_t	positions;		/* that have bits */
	uint64_t   *bits,
				q[PPDL_TAG_LIMBS],
				most;			/* rows of the part */
	PpdlReceiptSection *section;
	PpdlReceiptPart *part;
	PpdlReceiptBatch *batch;
	PpdlBoundText *text;
} PpdlReceiptLast;

typedef struct PpdlReceipt
{
	PpdlReceiptSection *section;
	uint32_t	nsections,
				last;
	uint64_t	rows;
	size_t		bytes;			/* held */
	PpdlReceiptLast row;
	const PpdlPoll *poll;		/* whom merging, reading and writing ask, batch by batch; NULL: nobody */
} PpdlReceipt;

/* *out: of no rows, destroyed by the caller */
PpdlStatus	ppdl_receipt_create(PpdlReceipt **out, PpdlError *err);
void		ppdl_receipt_destroy(PpdlReceipt *r);

/*
 * Adds a slice with tags (others: PPDL_ERR_ARGUMENT) that came with this bound text.  PPDL_ERR_ARGUMENT when the same
 * row has been added before.  After other errors than those and PPDL_ERR_FORMAT the receipt is fit for destruction
 * only.
 */
PpdlStatus	ppdl_receipt_add(PpdlReceipt *r, const PpdlCipher *c, const void *bound, size_t len, PpdlError *err);
/* the same of a row's bytes, any alignment, quick for rows of a batch one after the other; errors of parsing, too */
PpdlStatus	ppdl_receipt_add_bytes(PpdlReceipt *r, const void *row, size_t row_len, const void *bound, size_t len,
								   PpdlError *err);
/* into += from, which stays.  After an error into is fit for destruction only. */
PpdlStatus	ppdl_receipt_merge(PpdlReceipt *into, const PpdlReceipt *from, PpdlError *err);
void		ppdl_receipt_reduce(PpdlReceipt *r);

/* appends the wire form, of a receipt of at least one row (PPDL_ERR_ARGUMENT) */
PpdlStatus	ppdl_receipt_write(PpdlReceipt *r, PpdlWriter *w, PpdlError *err);
/*
 * ... and back.  Checks every byte but what only the owner can check: whether rows, sums and tags belong together.
 * ring: as of ppdl_cipher_parse_in; poll, or NULL, is asked and becomes that of *out.  PPDL_ERR_FORMAT,
 * PPDL_ERR_VERSION; takes memory in proportion to len.
 */
PpdlStatus	ppdl_receipt_read(PpdlReceipt **out, const PpdlParams *ring, const PpdlPoll *poll, const void *buf,
							  size_t len, PpdlError *err);

/* for an owner that knows better: of so many rows of a part that is of r, or of none any more, the bound text */
PpdlStatus	ppdl_receipt_add_bound(PpdlReceipt *r, PpdlReceiptPart *p, const void *text, size_t len, uint64_t rows,
								   PpdlError *err);
void		ppdl_receipt_forget_bounds(PpdlReceiptPart *p);

static inline uint32_t
ppdl_receipt_batches(const PpdlReceiptSection *s)
{
	return s->index.used;
}

static inline uint32_t
ppdl_receipt_bounds(const PpdlReceiptPart *p)
{
	return p->bound.index.used;
}

static inline uint64_t *
ppdl_receipt_bits(PpdlReceiptBatch *b)
{
	return b->words <= PPDL_RECEIPT_FEW ? b->bits.few : b->bits.many;
}

static inline uint64_t
ppdl_receipt_bits_word(const PpdlReceiptBatch *b, uint32_t i)
{
	return b->words <= PPDL_RECEIPT_FEW ? b->bits.few[i] : b->bits.many[i];
}

/* whether the row at that position is in */
static inline int
ppdl_receipt_has(const PpdlReceiptBatch *b, uint32_t pos)
{
	if (b->words == 0)
		return pos < b->rows;
	return pos >> 6 < b->words && ppdl_receipt_bits_word(b, pos >> 6) >> (pos & 63) & 1;
}

/* the rows at positions 64 * i to 64 * i + 63, a bit each */
static inline uint64_t
ppdl_receipt_word(const PpdlReceiptBatch *b, uint32_t i)
{
	if (b->words > 0)
		return i < b->words ? ppdl_receipt_bits_word(b, i) : 0;
	if (b->rows <= i * 64)
		return 0;
	return b->rows >= i * 64 + 64 ? ~UINT64_C(0) : (UINT64_C(1) << (b->rows - i * 64)) - 1;
}

/* positions below this may have rows */
static inline uint32_t
ppdl_receipt_end(const PpdlReceiptBatch *b)
{
	const uint32_t all = UINT32_C(1) << b->logc;

	if (b->words == 0)
		return b->rows;
	return b->words * 64 < all ? b->words * 64 : all;
}

/* have two a row at the same position? */
static inline int
ppdl_receipt_overlap(const PpdlReceiptBatch *a, const PpdlReceiptBatch *b)
{
	for (uint32_t i = 0; i * 64 < ppdl_receipt_end(a); i++)
		if (ppdl_receipt_word(a, i) & ppdl_receipt_word(b, i))
			return 1;
	return 0;
}

/*
 * Appends what a section is the sum of, its values divided by `divisor`: a row, or a value in parts.  Limbs, scale,
 * bound and noise as the rows' sum has them, the uniform half as their positions say.
 */
PpdlStatus	ppdl_receipt_sum(PpdlReceipt *r, const PpdlReceiptSection *s, double divisor, PpdlWriter *w,
							 PpdlError *err);

#endif
