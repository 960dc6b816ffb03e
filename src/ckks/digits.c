/*
 * Digits of hybrid key switching (Han and Ki 2020, §3): the limbs of a
 * polynomial fall into groups, and each group is extended to all of QP by base
 * conversion.
 */
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/keys_impl.h"
#include "ckks/keyswitch.h"

void
ppdl_digits_release(PpdlEval *ev, PpdlDigits *d)
{
	for (int j = 0; j < PPDL_MAX_DIGITS; j++)
	{
		ppdl_pool_put(ev->pool, d->buf[j]);
		d->buf[j] = NULL;
	}
}

typedef struct Extending
{
	const PpdlParams *par;
	const PpdlKsPlan *plan;
	PpdlDigits *digits;
	uint64_t   *coeff;			/* a in the coefficient domain */
	int			digit;
} Extending;

static void
task_to_coeff(void *arg, int i)
{
	const Extending *op = arg;
	const PpdlParams *par = op->par;
	uint64_t   *c = ppdl_at(par, op->coeff, i);

	memcpy(c, ppdl_cat(par, op->digits->a, i), ppdl_limb_bytes(par, 1));
	ppdl_intt(par->ring, &par->ring->mod[i], c);
}

/* target number `task` of a digit's conversion is this limb over QP */
static int
target_limb(const PpdlKsPlan *plan, int j, int task)
{
	return task < plan->lo[j] ? task : task + plan->hi[j] - plan->lo[j];
}

static void
task_to_ntt(void *arg, int task)
{
	const Extending *op = arg;
	int			t = target_limb(op->plan, op->digit, task);

	ppdl_ntt(op->par->ring, ppdl_qp_mod(op->par, op->plan->limbs, t), ppdl_at(op->par, op->digits->buf[op->digit], t));
}

/* digit by digit: what is converted is transformed while it lies in the cache */
static PpdlStatus
extend(PpdlEval *ev, Extending *op, PpdlError *err)
{
	const PpdlParams *par = op->par;
	const PpdlKsPlan *plan = op->plan;

	PPDL_TRY(ppdl_buffer(ev, plan->limbs, &op->coeff, err));
	ppdl_parallel_for(ev->threads, plan->limbs, task_to_coeff, op);
	for (int j = 0; j < plan->ndigits; j++)
	{
		const uint64_t *in[PPDL_MAX_Q];
		uint64_t   *out[PPDL_MAX_Q + PPDL_MAX_P];
		int			nout = plan->total - (plan->hi[j] - plan->lo[j]);

		PPDL_TRY(ppdl_buffer(ev, plan->total, &op->digits->buf[j], err));
		for (int i = plan->lo[j]; i < plan->hi[j]; i++)
			in[i - plan->lo[j]] = ppdl_cat(par, op->coeff, i);
		for (int k = 0; k < nout; k++)
			out[k] = ppdl_at(par, op->digits->buf[j], target_limb(plan, j, k));
		PPDL_TRY(ppdl_baseconv_run(plan->up[j], in, out, ev->pool, ev->threads, err));
		op->digit = j;
		ppdl_parallel_for(ev->threads, nout, task_to_ntt, op);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_digits_extend(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err)
{
	Extending	op = {.par = ev->par, .plan = plan, .digits = d};
	PpdlStatus	status;

	memset(d, 0, sizeof(*d));
	d->plan = plan;
	d->a = a;
	status = extend(ev, &op, err);
	ppdl_pool_put(ev->pool, op.coeff);
	if (status != PPDL_OK)
		ppdl_digits_release(ev, d);
	return status;
}

/* coefficients that are unpacked from the key at a time: they stay in the first cache */
#define BLOCK 256

void
ppdl_digits_dot(const PpdlParams *par, const PpdlDigits *d, const PpdlSwitchKey *key, int t, uint64_t *kb, uint64_t *ka)
{
	const PpdlKsPlan *plan = d->plan;
	const int	in_key = t < plan->limbs ? t : key->limbs + t - plan->limbs;
	const size_t block = par->n < BLOCK ? par->n : BLOCK;
	uint64_t	words[2][PPDL_MAX_DIGITS][BLOCK];
	const uint64_t *x[PPDL_MAX_DIGITS],
			   *b[PPDL_MAX_DIGITS],
			   *a[PPDL_MAX_DIGITS];

	for (size_t from = 0; from < par->n; from += block)
	{
		for (int j = 0; j < plan->ndigits; j++)
		{
			const int	at = j * (key->limbs + key->np) + in_key;
			const size_t skip = ppdl_vec_packed_bytes(from);

			x[j] = (t >= plan->lo[j] && t < plan->hi[j] ? ppdl_cat(par, d->a, t) : ppdl_cat(par, d->buf[j], t)) + from;
			ppdl_vec_unpack(words[0][j], ppdl_key_limb(key, key->b, at) + skip, block);
			ppdl_vec_unpack(words[1][j], ppdl_key_limb(key, key->a, at) + skip, block);
			b[j] = words[0][j];
			a[j] = words[1][j];
		}
		ppdl_vec_dot(ppdl_qp_mod(par, plan->limbs, t), kb + from, ka + from, x, b, a, plan->ndigits, 0, block);
	}
}
