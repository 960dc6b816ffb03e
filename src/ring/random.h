/*
 * Randomness.  Public uniform polynomials are expanded from 32-byte seeds (the
 * stored form of the uniform half of ciphertexts and keys: xof.c, stream.c); secrets and errors
 * come from a generator seeded by OpenSSL (rng.c, sampler.c).  PPDL_ERR_CRYPTO: OpenSSL failed.
 */
#ifndef PPDL_RING_RANDOM_H
#define PPDL_RING_RANDOM_H

#include <stdint.h>

#include "base/error.h"
#include "ring/ring.h"

#define PPDL_SEED_BYTES 32

/* separate streams of one seed */
typedef enum PpdlXofDomain
{
	PPDL_XOF_ROW_A = 1,			/* uniform half of a row batch */
	PPDL_XOF_KEY_A = 2,			/* uniform half of public and evaluation keys */
	PPDL_XOF_SECRET = 3			/* secrets from the owner's master seed */
} PpdlXofDomain;

/*
 * One limb of n residues, uniform mod m->q, directly in the NTT domain.  The stream is AES-256
 * in counter mode, key = seed, initial counter block = domain, index (2 bytes,
 * little-endian), q (7 bytes, little-endian), six zero bytes; read as 64-bit
 * little-endian words.  Word i gives residue i as word mod q, unless word >= T =
 * floor(2^64/q)*q; each refused position, in ascending order, takes the next
 * word below T from the stream after word n-1.  Limbs are independent: a reader
 * that needs one limb expands one.
 */
PpdlStatus	ppdl_xof_uniform(const PpdlModulus *m, uint64_t *out, size_t n, const uint8_t seed[PPDL_SEED_BYTES],
							 PpdlXofDomain domain, uint16_t index, PpdlError *err);

/*
 * A generator for secrets and errors: AES-256-CTR, domain PPDL_XOF_SECRET.  The caller's to destroy, which wipes it
 * (NULL is allowed); used by one thread at a time.
 */
typedef struct PpdlRng PpdlRng;

/* keyed by 32 bytes of OpenSSL's RAND_priv_bytes, index 0 */
PpdlStatus	ppdl_rng_create(PpdlRng **out, PpdlError *err);
/* keyed by a given seed, so deterministic: secrets from a master seed, an index each; tests */
PpdlStatus	ppdl_rng_create_seeded(PpdlRng **out, const uint8_t seed[PPDL_SEED_BYTES], uint16_t index, PpdlError *err);
void		ppdl_rng_destroy(PpdlRng *rng);
/* the next len bytes of the stream */
PpdlStatus	ppdl_rng_bytes(PpdlRng *rng, void *out, size_t len, PpdlError *err);

/* n signed coefficients each; no branch or address depends on what is kept */
/* uniform in {-1,0,1}, but for 2^-62 */
PpdlStatus	ppdl_sample_ternary(PpdlRng *rng, int8_t *out, size_t n, PpdlError *err);
/* exactly h entries of +-1, 0 <= h <= n <= 2^32 (PPDL_ERR_ARGUMENT), in time h*n */
PpdlStatus	ppdl_sample_sparse(PpdlRng *rng, int8_t *out, size_t n, int h, PpdlError *err);
/* discrete Gaussian, sigma = PPDL_SIGMA, by a cumulative table of 63 bits, which ends at |e| = 29 */
PpdlStatus	ppdl_sample_gaussian(PpdlRng *rng, int8_t *out, size_t n, PpdlError *err);

#define PPDL_SIGMA 3.2

/* n signed coefficients, |c| < q -> reduced residues (coefficient domain), branch-free */
void		ppdl_small_to_limb(const PpdlModulus *m, uint64_t *out, const int8_t *in, size_t n);

#endif
