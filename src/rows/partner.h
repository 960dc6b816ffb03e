/*
 * Labels that know their features.  A batch of labels that lies beside a batch of features has a seed
 * (32 bytes, public) that says so:
 *
 *    0 u8[12] fresh randomness
 *   12 u8[12] SHA-256("ppdl/partner/1" | seed of the features), cut
 *   24 u8[8]  SHA-256("ppdl/beside/1" | the 24 bytes before), cut: such seeds are recognised by it
 *
 * Seeds of all other batches are 32 random bytes, of labels written before 0.2.0 too: nothing is said about those.
 * No seed is used twice: the fresh part alone makes each new (doc/security.md).
 */
#ifndef PPDL_ROWS_PARTNER_H
#define PPDL_ROWS_PARTNER_H

#include "ring/random.h"

/* label: a fresh seed for labels beside the batch of this seed; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_partner_seed(uint8_t label[PPDL_SEED_BYTES], const uint8_t features[PPDL_SEED_BYTES], PpdlRng *rng,
							  PpdlError *err);

/* does the seed name a partner, as of labels?  PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_partner_named(const uint8_t seed[PPDL_SEED_BYTES], int *named, PpdlError *err);

/* PPDL_ERR_ARGUMENT, with a hint, when the label's seed names other features; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_partner_check(const uint8_t features[PPDL_SEED_BYTES], const uint8_t label[PPDL_SEED_BYTES],
							   PpdlError *err);

/*
 * The batch's number, below 2^63, that lwe_batch() shows: bytes 12 to 19 of a seed that names a partner, of any other
 * the same bytes of seeds that name it.  So features and labels of a row have one number.  PPDL_ERR_CRYPTO
 */
PpdlStatus	ppdl_batch_number(const uint8_t seed[PPDL_SEED_BYTES], uint64_t *number, PpdlError *err);

/* the error of a row whose features and label do not belong together, with its hint */
PpdlStatus	ppdl_partner_mismatch(PpdlError *err);

#endif
