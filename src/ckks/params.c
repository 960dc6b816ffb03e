#include "ckks/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/cache.h"

/* Bossuat et al. 2024, "Security guidelines for implementing homomorphic encryption", ternary secrets, 128 bits */
static const struct
{
	int			logn;
	double		log2_qp;
}			max_log2_qp[] = {{11, 53}, {13, 214}, {14, 430}, {15, 868}, {16, 1747}};

/* bits by which P exceeds each digit */
#define DIGIT_MARGIN 5

static double
log2_product(const uint64_t *q, int count)
{
	double		sum = 0;

	for (int i = 0; i < count; i++)
		sum += log2((double) q[i]);
	return sum;
}

double
ppdl_params_log2_q(const PpdlParams *par, int limbs)
{
	double		sum = 0;

	for (int i = 0; i < limbs; i++)
		sum += log2((double) par->ring->mod[i].q);
	return sum;
}

static PpdlStatus
check_security_bound(const PpdlParamsLiteral *lit, double log2_qp, PpdlError *err)
{
	for (size_t i = 0; i < sizeof(max_log2_qp) / sizeof(max_log2_qp[0]); i++)
	{
		if (max_log2_qp[i].logn != lit->logn)
			continue;
		if (log2_qp <= max_log2_qp[i].log2_qp)
			return PPDL_OK;
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "parameter set %s: modulus QP of %.3f bits exceeds the %.0f bits that ring degree 2^%d "
						  "allows at 128-bit security",
						  lit->name, log2_qp, max_log2_qp[i].log2_qp, lit->logn);
	}
	return ppdl_error(err, PPDL_ERR_ARGUMENT,
					  "parameter set %s: no 128-bit security bound is known for ring degree 2^%d", lit->name,
					  lit->logn);
}

static PpdlStatus
check_literal(const PpdlParamsLiteral *lit, int check_security, PpdlError *err)
{
	if (lit->nq < 1 || lit->nq > PPDL_MAX_Q)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "parameter set %s: %d primes in Q, must be 1 to %d", lit->name,
						  lit->nq, PPDL_MAX_Q);
	if (lit->np < 0 || lit->np > PPDL_MAX_P)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "parameter set %s: %d special primes, must be 0 to %d", lit->name,
						  lit->np, PPDL_MAX_P);
	for (int i = 0; i < lit->nq + lit->np; i++)
	{
		uint64_t	q = i < lit->nq ? lit->q[i] : lit->p[i - lit->nq];

		if (q < 3)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "parameter set %s: prime number %d is missing", lit->name, i);
	}
	if (check_security)
		return check_security_bound(lit, log2_product(lit->q, lit->nq) + log2_product(lit->p, lit->np), err);
	return PPDL_OK;
}

/* digits are cut greedily from the bottom: log D_j <= log P - DIGIT_MARGIN */
static PpdlStatus
cut_digits(PpdlParams *par, const PpdlParamsLiteral *lit, PpdlError *err)
{
	double		budget = par->log2_p - DIGIT_MARGIN,
				have = 0;

	par->ndigits = 0;
	if (par->np == 0)
		return PPDL_OK;
	for (int i = 0; i < par->nq; i++)
	{
		double		bits = log2((double) lit->q[i]);

		if (bits > budget)
			return ppdl_error(err, PPDL_ERR_ARGUMENT,
							  "parameter set %s: prime number %d of Q has %.1f bits, more than P's %.1f bits less %d",
							  lit->name, i, bits, par->log2_p, DIGIT_MARGIN);
		if (i == 0 || have + bits > budget)
		{
			if (par->ndigits == PPDL_MAX_DIGITS)
				return ppdl_error(err, PPDL_ERR_ARGUMENT,
								  "parameter set %s: key switching would need more than %d digits; give P more primes",
								  lit->name, PPDL_MAX_DIGITS);
			par->digit_start[par->ndigits++] = i;
			have = 0;
		}
		have += bits;
	}
	par->digit_start[par->ndigits] = par->nq;
	return PPDL_OK;
}

PpdlStatus
ppdl_params_create(PpdlParams **out, const PpdlParamsLiteral *lit, int check_security, PpdlError *err)
{
	uint64_t	primes[PPDL_MAX_Q + PPDL_MAX_P];
	PpdlParams *par;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(check_literal(lit, check_security, err));
	par = calloc(1, sizeof(*par));
	if (par == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	par->id = lit->id;
	par->name = lit->name;
	par->logn = lit->logn;
	par->nq = lit->nq;
	par->np = lit->np;
	par->log2_q = log2_product(lit->q, lit->nq);
	par->log2_p = log2_product(lit->p, lit->np);
	memcpy(primes, lit->q, sizeof(uint64_t) * (size_t) lit->nq);
	memcpy(primes + lit->nq, lit->p, sizeof(uint64_t) * (size_t) lit->np);
	PPDL_GOTO(fail, cut_digits(par, lit, err));
	PPDL_GOTO(fail, ppdl_ring_create(&par->ring, lit->logn, primes, lit->nq + lit->np, err));
	par->n = (size_t) 1 << lit->logn;
	par->slots = par->n / 2;
	PPDL_GOTO(fail, ppdl_params_cache_create(par, err));
	*out = par;
	return PPDL_OK;

fail:
	ppdl_params_destroy(par);
	return status;
}

void
ppdl_params_destroy(PpdlParams *par)
{
	if (par == NULL)
		return;
	ppdl_params_cache_destroy(par);
	ppdl_ring_destroy(par->ring);
	free(par);
}
