/*
 * Digits of hybrid key switching (Han and Ki 2020, §3): the limbs of a
 * polynomial fall into groups, and each group is extended to all of QP by base
 * conversion, one target limb at a time.
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
		ppdl_pool_put(ev->pool, d->loaded[j]);
		d->loaded[j] = NULL;
	}
}

PpdlStatus
ppdl_digits_load(PpdlEval *ev, PpdlDigits *d, const PpdlKsPlan *plan, const uint64_t *a, PpdlError *err)
{
	uint64_t   *coeff = NULL;
	int			most = 1;
	PpdlStatus	status = PPDL_OK;

	memset(d, 0, sizeof(*d));
	d->plan = plan;
	d->a = a;
	for (int j = 0; j < plan->ndigits; j++)
		if (plan->hi[j] - plan->lo[j] > most)
			most = plan->hi[j] - plan->lo[j];
	PPDL_TRY(ppdl_buffer(ev, most, &coeff, err));
	for (int j = 0; j < plan->ndigits && status == PPDL_OK; j++)
	{
		const PpdlConvertible in = {
			plan, plan->lo[j], plan->hi[j] - plan->lo[j], ppdl_cat(ev->par, a, plan->lo[j]), coeff
		};

		status = ppdl_conversion_load(ev, plan->up[j], &in, &d->loaded[j], err);
	}
	ppdl_pool_put(ev->pool, coeff);
	if (status != PPDL_OK)
		ppdl_digits_release(ev, d);
	return status;
}

/* limb t over QP is this target of digit j's conversion */
static int
target_number(const PpdlKsPlan *plan, int j, int t)
{
	return t < plan->lo[j] ? t : t - (plan->hi[j] - plan->lo[j]);
}

static int
is_own(const PpdlKsPlan *plan, int j, int t)
{
	return t >= plan->lo[j] && t < plan->hi[j];
}

/* limbs first .. first+count-1 over QP of digit j, one behind the other, not finished; its own ones are left out */
static void
extend(const PpdlParams *par, const PpdlDigits *d, int j, int first, int count, uint64_t *out)
{
	const PpdlKsPlan *plan = d->plan;

	for (int i = 0, end; i < count; i = end)
	{
		end = i + 1;
		if (is_own(plan, j, first + i))
			continue;
		while (end < count && !is_own(plan, j, first + end))
			end++;
		ppdl_baseconv_targets(plan->up[j], ppdl_at(par, out, i), d->loaded[j], target_number(plan, j, first + i),
							  end - i);
	}
}

/* a part of limb t over QP of every digit that was extended to it; limb: those limbs, or NULL */
static void
finish(const PpdlParams *par, const PpdlDigits *d, int t, int part, uint64_t *const *limb, PpdlAhead *ahead)
{
	for (int j = 0; j < d->plan->ndigits; j++)
		if (limb[j] != NULL && !is_own(d->plan, j, t))
			ppdl_ntt_part(par->ring, ppdl_qp_mod(par, d->plan->limbs, t), limb[j], part, ahead);
}

/* digits of limb t of a group that wait to be finished */
static int
unfinished(const PpdlDigits *d, int t)
{
	int			count = 0;

	for (int j = 0; j < d->plan->ndigits; j++)
		count += d->extended[j] == NULL && !is_own(d->plan, j, t);
	return count;
}

void
ppdl_digits_finish(const PpdlParams *par, const PpdlDigitLimbs *g, int t, int part, PpdlAhead *ahead)
{
	const PpdlDigits *d = g->digits;
	uint64_t   *limb[PPDL_MAX_DIGITS];

	for (int j = 0; j < d->plan->ndigits; j++)
		limb[j] = d->extended[j] != NULL ? NULL : ppdl_at(par, g->scratch, j * g->count + t - g->first);
	finish(par, d, t, part, limb, ahead);
}

void
ppdl_digits_limbs(const PpdlParams *par, PpdlDigitLimbs *out, const PpdlDigits *d, int first, int count,
				  uint64_t *scratch)
{
	out->digits = d;
	out->first = first;
	out->count = count;
	out->scratch = scratch;
	for (int j = 0; j < d->plan->ndigits; j++)
	{
		const uint64_t *there = d->extended[j] != NULL ? ppdl_cat(par, d->extended[j], first) :
			ppdl_cat(par, scratch, j * count);

		if (d->extended[j] == NULL)
			extend(par, d, j, first, count, ppdl_at(par, scratch, j * count));
		for (int i = 0; i < count; i++)
			out->x[i][j] = is_own(d->plan, j, first + i) ? ppdl_cat(par, d->a, first + i) : ppdl_cat(par, there, i);
	}
}

typedef struct Extending
{
	const PpdlParams *par;
	const PpdlDigits *digits;
	uint64_t  **extended;
} Extending;

static void
task_extend(void *arg, int task)
{
	const Extending *op = arg;
	const PpdlKsPlan *plan = op->digits->plan;
	const int	first = task * PPDL_LIMB_GROUP,
				count = ppdl_limb_group(first, plan->total, PPDL_LIMB_GROUP);

	for (int j = 0; j < plan->ndigits; j++)
		extend(op->par, op->digits, j, first, count, ppdl_at(op->par, op->extended[j], first));
	for (int t = first; t < first + count; t++)
	{
		uint64_t   *limb[PPDL_MAX_DIGITS];

		for (int j = 0; j < plan->ndigits; j++)
			limb[j] = ppdl_at(op->par, op->extended[j], t);
		for (int part = 0; part < ppdl_ntt_parts(op->par->ring); part++)
			finish(op->par, op->digits, t, part, limb, NULL);
	}
}

PpdlStatus
ppdl_digits_extend(PpdlEval *ev, const PpdlDigits *d, uint64_t **extended, PpdlError *err)
{
	Extending	op = {.par = ev->par, .digits = d, .extended = extended};

	for (int j = 0; j < d->plan->ndigits; j++)
		PPDL_TRY(ppdl_buffer(ev, d->plan->total, &extended[j], err));
	ppdl_parallel_for(ev->threads, (d->plan->total + PPDL_LIMB_GROUP - 1) / PPDL_LIMB_GROUP, task_extend, &op);
	return PPDL_OK;
}

void
ppdl_digits_ahead(const PpdlKsPlan *plan, const PpdlSwitchKey *key, int t, size_t from, size_t n, PpdlAhead *ahead)
{
	const int	in_key = t < plan->limbs ? t : key->limbs + t - plan->limbs;
	const size_t skip = ppdl_vec_packed_bytes(from),
				bytes = ppdl_vec_packed_bytes(n);

	for (int j = 0; j < plan->ndigits; j++)
	{
		const int	at = j * (key->limbs + key->np) + in_key;

		ppdl_ahead_add(ahead, ppdl_key_limb(key, key->b, at) + skip, bytes);
		ppdl_ahead_add(ahead, ppdl_key_limb(key, key->a, at) + skip, bytes);
	}
}

/* entries that are unpacked from the key at a time */
#define UNPACKED 256

void
ppdl_digits_dots(const PpdlParams *par, const PpdlKsPlan *plan, const PpdlKeyProduct *out, int count,
				 const PpdlSwitchKey *key, int t, size_t from, PpdlAhead *ahead)
{
	const PpdlModulus *m = ppdl_qp_mod(par, plan->limbs, t);
	const int	in_key = t < plan->limbs ? t : key->limbs + t - plan->limbs;
	const size_t all = ppdl_key_block(par),
				n = all < UNPACKED ? all : UNPACKED,
				step = n < PPDL_AHEAD_STEP ? n : PPDL_AHEAD_STEP;
	uint64_t	words[2][PPDL_MAX_DIGITS][UNPACKED];
	const uint64_t *digit[PPDL_MAX_DIGITS],
			   *b[PPDL_MAX_DIGITS],
			   *a[PPDL_MAX_DIGITS];

	ppdl_ahead_share(ahead, all / n * (2 * (size_t) plan->ndigits + (size_t) count * (n / step)));
	for (size_t i = 0; i < all; i += n)
	{
		const size_t skip = ppdl_vec_packed_bytes(from + i);

		for (int j = 0; j < plan->ndigits; j++)
		{
			const int	at = j * (key->limbs + key->np) + in_key;

			ppdl_vec_unpack(words[0][j], ppdl_key_limb(key, key->b, at) + skip, n);
			ppdl_ahead_piece(ahead);
			ppdl_vec_unpack(words[1][j], ppdl_key_limb(key, key->a, at) + skip, n);
			ppdl_ahead_piece(ahead);
		}
		for (int o = 0; o < count; o++)
			for (size_t k = 0; k < n; k += step)
			{
				for (int j = 0; j < plan->ndigits; j++)
				{
					digit[j] = out[o].x[j] + from + i + k;
					b[j] = words[0][j] + k;
					a[j] = words[1][j] + k;
				}
				ppdl_vec_dot(m, &(PpdlDot) {
					.out = {out[o].kb + i + k, out[o].ka + i + k}, .a = digit, .k = {b, a}, .terms = plan->ndigits
				}, step);
				ppdl_ahead_piece(ahead);
			}
	}
}

/*
 * Memory is idle while a part is transformed, and products wait for it: half of what a part takes of the key comes
 * during its transforms, the other half during the products of the first.
 */
void
ppdl_digits_blocks(const PpdlParams *par, const PpdlDigitLimbs *g, int count, const PpdlSwitchKey *key, int t,
				   size_t from, uint64_t *const (*out)[2], PpdlAhead *ahead)
{
	const PpdlKsPlan *plan = g->digits->plan;
	const size_t block = ppdl_key_block(par),
				part = ppdl_key_part(par);
	PpdlKeyProduct product[PPDL_MAX_PRODUCTS];
	int			transforms = 0;
	size_t		lead = block,
				end = par->n;

	for (int o = 0; o < count; o++)
	{
		transforms += unfinished(g[o].digits, t);
		product[o] = (PpdlKeyProduct) {g[o].x[t - g[o].first], out[o][0], out[o][1]};
	}
	if (transforms > 0)
	{
		lead = part / 2 < block ? block : part / 2;
		end = (from / part + 1) * part;
	}
	if (transforms > 0 && from % part == 0)
	{
		PpdlAhead	half;

		ppdl_ahead_begin(&half);
		ppdl_digits_ahead(plan, key, t, from, lead, &half);
		ppdl_ahead_share(&half, (size_t) transforms * (part / PPDL_AHEAD_STEP + 1));
		for (int o = 0; o < count; o++)
			ppdl_digits_finish(par, &g[o], t, (int) (from / part), &half);
	}
	if (from + lead < end)
		ppdl_digits_ahead(plan, key, t, from + lead, block, ahead);
	ppdl_digits_dots(par, plan, product, count, key, t, from, ahead);
}

void
ppdl_digits_block(const PpdlParams *par, const PpdlDigitLimbs *g, const PpdlSwitchKey *key, int t, size_t from,
				  uint64_t *kb, uint64_t *ka, PpdlAhead *ahead)
{
	uint64_t   *const out[1][2] = {{kb, ka}};

	ppdl_digits_blocks(par, g, 1, key, t, from, out, ahead);
}
