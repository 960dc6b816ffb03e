/*
 * Secret, public and switching keys of one ring.  Secrets and public keys are made in keys.c, switching keys in
 * switchkey.c.  Each is the caller's to destroy (NULL is allowed), *out is NULL after an error, and outlives
 * neither its parameters nor, where it points into a file, the mapping.
 */
#ifndef PPDL_CKKS_KEYS_H
#define PPDL_CKKS_KEYS_H

#include "base/threads.h"
#include "ckks/params.h"
#include "ring/random.h"

typedef struct PpdlSecret
{
	const PpdlParams *par;
	int8_t	   *coeff;			/* N small coefficients */
	uint64_t   *ntt;			/* over QP with nq limbs, NTT domain; both in locked memory, wiped */
} PpdlSecret;

/* uniform ternary; deterministic when rng is seeded */
PpdlStatus	ppdl_secret_create(PpdlSecret **out, const PpdlParams *par, PpdlRng *rng, PpdlError *err);
/* h non-zero coefficients, 1 <= h <= N (PPDL_ERR_ARGUMENT): the encapsulation secret of bootstrapping */
PpdlStatus	ppdl_secret_create_sparse(PpdlSecret **out, const PpdlParams *par, int h, PpdlRng *rng, PpdlError *err);
/* a secret given by its N coefficients, small ones (e.g. s_row(X^4) in the deep ring); they are copied */
PpdlStatus	ppdl_secret_create_from(PpdlSecret **out, const PpdlParams *par, const int8_t *coeff, PpdlError *err);
void		ppdl_secret_destroy(PpdlSecret *sk);

/* pk = (b, a), b = -a*s + e over Q with nq limbs, NTT domain; a from seed (PPDL_XOF_KEY_A, index 0) */
typedef struct PpdlPublicKey
{
	const PpdlParams *par;
	uint8_t		seed[PPDL_SEED_BYTES];
	uint64_t   *b,
			   *a;
} PpdlPublicKey;

/* seed and errors from rng */
PpdlStatus	ppdl_public_key_create(PpdlPublicKey **out, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err);
void		ppdl_public_key_destroy(PpdlPublicKey *pk);

/*
 * The same pair modulo the special primes: with it, others can make switching keys to the owner's secret.  b: np limbs,
 * NTT domain; a as above.  rng: in the state in which it gave the public key.  PPDL_ERR_ARGUMENT: no special primes.
 */
typedef struct PpdlPublicSpecial
{
	const PpdlParams *par;
	uint8_t		seed[PPDL_SEED_BYTES];
	uint64_t   *b;
} PpdlPublicSpecial;

PpdlStatus	ppdl_public_special_create(PpdlPublicSpecial **out, const PpdlSecret *sk, PpdlRng *rng, PpdlError *err);
void		ppdl_public_special_destroy(PpdlPublicSpecial *ps);

/*
 * Which switching key.  Odd ids are Galois elements d.
 */
#define PPDL_KEY_RELIN 0u
#define PPDL_KEY_BRIDGE 2u		/* deep ring: s_row(X^4) -> s_sparse at q0*p0 */
#define PPDL_KEY_TO_SPARSE 4u	/* deep ring: s_deep -> s_sparse at q0*p0 */
/*
 * deep ring: s_sparse -> s_deep over the whole chain, for inputs below q0: one digit, g = 1 mod every prime, one
 * special prime
 */
#define PPDL_KEY_FROM_SPARSE 6u
/* deep ring: s_compact(X^32) -> s_sparse at q0*p0; row ring: s_compact(X^8) -> s, one limb, all special primes */
#define PPDL_KEY_BRIDGE_COMPACT 8u
#define PPDL_KEY_PUBLIC 10u		/* compact ring: no switching key, but its public key */
/* no switching keys either: of an owner, for those who make writers' keys (doc/algorithms.md, 2.5) */
#define PPDL_KEY_PUBLIC_SPECIAL 12u	/* row ring: PpdlPublicSpecial */
#define PPDL_KEY_ENCAPSULATION 14u	/* compact ring: a public key of its own, to which writers seal their seeds */
/* row ring, of a writer: to its owner's secret, with all special primes */
#define PPDL_KEY_TO_OWNER 16u	/* s_writer, two limbs */
#define PPDL_KEY_TO_OWNER_PACKED 18u	/* s_writer, all limbs */
#define PPDL_KEY_TO_OWNER_COMPACT 20u	/* s_writer,compact(X^8), one limb */
#define PPDL_KEY_WRITER 22u		/* no switching key: the owner's fingerprint and the sealed seed */
/* PPDL_KEY_GALOIS(d) is d itself */

/*
 * Hybrid switching key from secret s_from to s_to for ciphertexts of at most
 * `limbs` limbs: digit j = (b_j, a_j) over QP with `limbs` limbs,
 *   b_j = -a_j*s_to + e_j + P * g_j * s_from,   g_j = 1 mod the primes of digit j, 0 mod the others.
 * (Han and Ki 2020, §3.)  a_j from the seed (PPDL_XOF_KEY_A, index j).
 * Galois key d: from = s, to = sigma_(d^-1)(s), so that the automorphism is
 * applied once, after the key switch: sigma_d(b + ks_b, ks_a) decrypts under s.
 */
typedef struct PpdlSwitchKey
{
	const PpdlParams *par;
	uint32_t	id;
	int			limbs;			/* Q limbs it serves */
	int			np;				/* special primes used: par->np, or 1 for the encapsulation keys at q0*p0 */
	int			ndigits;
	int			whole;			/* a comes from no seed: made under a public key (switch_public.c) */
	uint8_t		seed[PPDL_SEED_BYTES];
	/* [ndigits][limbs + np][N] residues, NTT domain, packed (vec.h): switching is a matter of reading them */
	uint8_t    *b,
			   *a;
	int			owned;			/* b and a are freed with the key (else they point into a mapped file) */
} PpdlSwitchKey;

/* which key is to be made: np = par->np, or 1 for inputs of one limb */
typedef struct PpdlSwitchKeyForm
{
	uint32_t	id;
	int			limbs,
				np;
} PpdlSwitchKeyForm;

/* PPDL_ERR_ARGUMENT: no such key; seed and errors from rng; the secrets are only read */
PpdlStatus	ppdl_switch_key_create(PpdlSwitchKey **out, const PpdlSwitchKeyForm *form, const PpdlSecret *from,
								   const PpdlSecret *to, PpdlRng *rng, PpdlThreads *threads, PpdlError *err);
/* relinearisation (s^2 -> s) and Galois keys (d odd below 2N), from the one secret, with all special primes */
PpdlStatus	ppdl_eval_key_create(PpdlSwitchKey **out, uint32_t id, const PpdlSecret *sk, int limbs,
								 PpdlRng *rng, PpdlThreads *threads, PpdlError *err);
/*
 * The same key made with the public key of s_to alone: digit j is an encryption of P * g_j * s_from under it, with
 * errors of its own, so that its noise is that of ppdl_encrypt_public instead of 3.2.  pk and special are of one key
 * (PPDL_ERR_ARGUMENT), np all special primes.
 */
PpdlStatus	ppdl_switch_key_create_public(PpdlSwitchKey **out, const PpdlSwitchKeyForm *form, const PpdlSecret *from,
										  const PpdlPublicKey *pk, const PpdlPublicSpecial *special, PpdlRng *rng,
										  PpdlThreads *threads, PpdlError *err);
void		ppdl_switch_key_destroy(PpdlSwitchKey *key);

/* bytes of b (and of a) */
size_t		ppdl_switch_key_bytes(const PpdlSwitchKey *key);

#endif
