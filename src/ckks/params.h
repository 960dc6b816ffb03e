/*
 * Parameter sets.  A set is built from a literal, checked rule by rule, and
 * immutable afterwards; the two built-in sets (builtin_params.c; algorithms.md, 1.4: 128-bit
 * security, uniform ternary secrets, sigma = 3.2) live as long as the process.
 *
 * Moduli: ring->mod[0 .. nq-1] are Q (bottom to top), ring->mod[nq .. nq+np-1]
 * are the special primes P.  A ciphertext with `limbs` limbs lives modulo the
 * product of mod[0 .. limbs-1]; a buffer "over QP with l limbs" holds l limbs of
 * Q followed by np limbs of P.
 */
#ifndef PPDL_CKKS_PARAMS_H
#define PPDL_CKKS_PARAMS_H

#include "base/error.h"
#include "ring/ring.h"

#define PPDL_MAX_Q 32
#define PPDL_MAX_P 10
#define PPDL_MAX_DIGITS 8

/* ids are part of the wire format */
typedef enum PpdlRingId
{
	PPDL_RING_ROW = 1,			/* N = 2^14: rows, sums, fast prediction */
	PPDL_RING_DEEP = 2,			/* N = 2^16: bootstrapping, training */
	PPDL_RING_COMPACT = 3,		/* N = 2^11: compact rows and their sums; no key switching */
	PPDL_RING_CUSTOM = 255		/* built by ppdl_params_create; never on the wire of a release */
} PpdlRingId;

typedef struct PpdlParamsLiteral
{
	uint8_t		id;
	const char *name;
	int			logn;
	int			nq,
				np;
	uint64_t	q[PPDL_MAX_Q];
	uint64_t	p[PPDL_MAX_P];
} PpdlParamsLiteral;

typedef struct PpdlParams
{
	uint8_t		id;
	const char *name;
	int			logn;
	size_t		n,
				slots;			/* N/2 */
	int			nq,
				np;				/* 0: no switching keys in this ring */
	int			ndigits;		/* digits of hybrid key switching, cut by bit budget: log D_j <= log P - 5 */
	int			digit_start[PPDL_MAX_DIGITS + 1];	/* digit j = primes digit_start[j] .. digit_start[j+1]-1 */
	double		log2_q,
				log2_p;
	PpdlRing   *ring;
	struct PpdlParamsCache *cache;	/* private: FFT roots, key-switch constants made on first use (thread-safe) */
} PpdlParams;

/*
 * PPDL_ERR_ARGUMENT names the broken rule.  check_security: refuse log2(QP) beyond the 128-bit bound of Bossuat et al.
 * 2024 (2^11: 53, 2^13: 214, 2^14: 430, 2^15: 868, 2^16: 1747); only tests pass 0.  lit is copied, but for its name,
 * which must outlive the set; *out is the caller's to destroy, after all that was made with it.
 */
PpdlStatus	ppdl_params_create(PpdlParams **out, const PpdlParamsLiteral *lit, int check_security, PpdlError *err);
void		ppdl_params_destroy(PpdlParams *par);

/* The built-in sets, made on first use (thread-safe), never freed; PPDL_ERR_VERSION for an unknown id. */
PpdlStatus	ppdl_params_get(uint8_t id, const PpdlParams **out, PpdlError *err);

/* log2 of the product of the lowest `limbs` primes of Q, 0 <= limbs <= nq */
double		ppdl_params_log2_q(const PpdlParams *par, int limbs);

#endif
