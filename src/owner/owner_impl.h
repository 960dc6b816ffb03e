/* Private to src/owner: keys in owner.c, what is derived from the master seed in derive.c and signature.c. */
#ifndef PPDL_OWNER_OWNER_IMPL_H
#define PPDL_OWNER_OWNER_IMPL_H

#include "owner/owner.h"
#include "rows/slice_reader.h"

#define PPDL_MASTER_BYTES 32
#define PPDL_NAME_MAX 63

struct PpdlOwner
{
	char		name[PPDL_NAME_MAX + 1];
	uint8_t		master[PPDL_MASTER_BYTES];
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint8_t		verify_key[PPDL_VERIFY_KEY_BYTES];	/* checks the signatures of its parts */
	/* by ring id; all but the row ring's are NULL until first needed, and so are these: */
	PpdlSecret *ring[PPDL_RING_COMPACT + 1],
			   *sparse,			/* encapsulation secret of bootstrapping */
			   /* by ring id of the rows: their secret in the deep ring, s(X^stretch) */
			   *bridge[PPDL_RING_COMPACT + 1];
	PpdlSliceReader *reader[PPDL_RING_COMPACT + 1];	/* by ring id of the rows, NULL until first needed */
	PpdlRng    *rng;
	const PpdlPoll *poll;		/* of decryption; NULL: nobody */
	PpdlWriter	public_key;		/* wire form */
	int			is_writer;
	uint8_t		writes_for[PPDL_FINGERPRINT_BYTES];	/* of a writer: its owner */
	/* keys of writers whose rows this one reads: its own */
	struct PpdlOwner **writer;
	int			writers;
};

/* the one of o and its writers, and theirs, that has this fingerprint; NULL: none */
PpdlOwner  *ppdl_owner_find(PpdlOwner *o, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES]);
/* the key pair to which seeds of writers are sealed; both are the caller's (owner.c) */
PpdlStatus	ppdl_owner_encapsulation_secret(const PpdlOwner *o, PpdlSecret **out, PpdlError *err);
PpdlStatus	ppdl_owner_encapsulation_key(const PpdlOwner *o, PpdlPublicKey **out, PpdlError *err);
/* the secret of a ring of rows in a larger ring: s(X^stretch) */
PpdlStatus	ppdl_secret_stretch(PpdlSecret **out, const PpdlSecret *rows, const PpdlParams *par, PpdlError *err);
/* a generator that is a function of o's master seed and of what a switching key is made of, by that label */
PpdlStatus	ppdl_owner_key_rng(PpdlRng **rng, const PpdlOwner *o, const char *label, const uint8_t inputs[32],
							   PpdlError *err);

/* everything that follows from the master seed and the name */
PpdlStatus	ppdl_owner_from_master(PpdlOwner **out, const char *name, const uint8_t master[PPDL_MASTER_BYTES],
								   PpdlError *err);

PpdlStatus	ppdl_check_owner_name(const char *name, PpdlError *err);

/* a key of its own for each label (at most 63 bytes) and context (NULL: none), by HKDF from the master seed; wipe it */
PpdlStatus	ppdl_derive(uint8_t out[PPDL_MASTER_BYTES], const uint8_t master[PPDL_MASTER_BYTES], const char *label,
						const uint8_t context[32], PpdlError *err);
PpdlStatus	ppdl_derive_verify_key(uint8_t out[PPDL_VERIFY_KEY_BYTES], const uint8_t master[PPDL_MASTER_BYTES],
								   PpdlError *err);

/* cost of scrypt; key files say theirs */
typedef struct PpdlScrypt
{
	uint64_t	n;
	uint32_t	r,
				p;
} PpdlScrypt;

/* ppdl_owner_write (keyfile.c) at another cost: tests that open many files */
PpdlStatus	ppdl_key_file_write(const PpdlOwner *o, const char *passphrase, const PpdlScrypt *cost, PpdlWriter *w,
								PpdlError *err);

PpdlStatus	ppdl_sha256(uint8_t out[32], const void *data, size_t len, PpdlError *err);

/*
 * The least error, in units of the value, that an honest ciphertext of this kind, layout, ring and scale can have,
 * whatever noise it states.  0 when its `a` is zero everywhere: such a value is no function of the key.  (floor.c)
 */
double		ppdl_cipher_floor(const PpdlCipher *c);

/* values plus Gaussian noise of standard deviation 2^15 * error, on a grid (flood.c) */
PpdlStatus	ppdl_values_flood(PpdlValues *v, double bound, PpdlRng *rng, PpdlError *err);

#endif
