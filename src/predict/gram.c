/* Sums of products of rows with themselves; from rows in slots.  Rows in the deep ring come from gram_lifted.c. */
#include "predict/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/rotations.h"
#include "rows/packed_writer.h"

void
ppdl_gram_init(PpdlGram *g, const PpdlGramLayout *lay)
{
	memset(g, 0, sizeof(*g));
	g->lay = *lay;
	g->count = ppdl_gram_terms(lay);
}

static void
release_terms(PpdlGram *g, PpdlEval *ev)
{
	for (int t = 0; t < g->count; t++)
		ppdl_ct3_release(ev, &g->term[t]);
}

void
ppdl_gram_release(PpdlGram *g, PpdlEval *ev)
{
	release_terms(g, ev);
	ppdl_ct_release(ev, &g->merged);
}

/* ---- products ---- */

/* rows that are being added */
typedef struct Addition
{
	PpdlGram   *g;
	PpdlEval   *ev;
	const PpdlCt *x,
			   *y;
} Addition;

static PpdlStatus
add_product(const Addition *a, PpdlGramPair pair, int shift, int conj, const PpdlCt *rotated, PpdlError *err)
{
	return ppdl_ct3_add_product(a->ev, &a->g->term[ppdl_gram_term(&a->g->lay, pair, shift, conj)],
								pair == PPDL_GRAM_XX ? a->x : a->y, rotated, err);
}

/* rotations of the features, or of the label, as they are or conjugated */
typedef struct Factors
{
	const Addition *a;
	int			label,
				conj;
} Factors;

/* PpdlRotated: all products with such a rotation */
static PpdlStatus
add_products(void *arg, int shift, const PpdlCt *rotated, PpdlError *err)
{
	const Factors *f = arg;

	if (f->label)
		return add_product(f->a, PPDL_GRAM_YY, shift, f->conj, rotated, err);
	if (shift >= 0)
		PPDL_TRY(add_product(f->a, PPDL_GRAM_XX, shift, f->conj, rotated, err));
	return f->a->y == NULL ? PPDL_OK : add_product(f->a, PPDL_GRAM_YX, shift, f->conj, rotated, err);
}

/* products with in and with its conjugate */
static PpdlStatus
add_column(const Addition *a, int label, const PpdlCt *in, PpdlError *err)
{
	const PpdlGramLayout *lay = &a->g->lay;
	const int	from = label || a->y == NULL ? 0 : 1 - lay->half_y,
				to = (label ? lay->half_y : lay->half_x) - 1;
	PpdlCt		conj;
	PpdlStatus	status;

	PPDL_TRY(ppdl_each_rotation(a->ev, in, from, to, add_products, &(Factors) {a, label, 0}, err));
	PPDL_TRY(ppdl_ct_conjugate(a->ev, &conj, in, err));
	status = ppdl_each_rotation(a->ev, &conj, from, to, add_products, &(Factors) {a, label, 1}, err);
	ppdl_ct_release(a->ev, &conj);
	return status;
}

/* of a complex slot, squared */
static double
slot_variance(const PpdlCt *ct)
{
	const double e = ct->noise / ct->scale;

	return e * e * (double) ct->par->n;
}

PpdlStatus
ppdl_gram_add(PpdlGram *g, PpdlEval *ev, const PpdlCt *x, const PpdlCt *y, double rows, PpdlError *err)
{
	const Addition a = {g, ev, x, y};

	if (x->limbs != PPDL_GRAM_LIMBS || (y != NULL && y->limbs != PPDL_GRAM_LIMBS))
		return ppdl_error(err, PPDL_ERR_LEVEL, "second moments take rows of %d limbs", PPDL_GRAM_LIMBS);
	if ((y == NULL) != (g->lay.width_y == 0))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "second moments of %d columns, rows of %d",
						  g->lay.width_y == 0 ? 1 : 2, y == NULL ? 1 : 2);
	PPDL_TRY(add_column(&a, 0, x, err));
	if (y != NULL)
		PPDL_TRY(add_column(&a, 1, y, err));
	g->rows += rows;
	/* |z + e|^2 is |z|^2 + |e|^2 in the mean, each part of z has a half of that */
	g->bias += rows * fmax(slot_variance(x), y == NULL ? 0 : slot_variance(y)) / 2;
	return PPDL_OK;
}

/* ---- sums ---- */

PpdlStatus
ppdl_gram_join(PpdlGram *into, PpdlEval *ev, const PpdlGram *from, PpdlError *err)
{
	if (into->lay.width_x != from->lay.width_x || into->lay.width_y != from->lay.width_y)
		return ppdl_error(err, PPDL_ERR_SCALE, "second moments of different widths: %d and %d, %d and %d",
						  into->lay.width_x, into->lay.width_y, from->lay.width_x, from->lay.width_y);
	PPDL_TRY(ppdl_ct_join(ev, &into->merged, &from->merged, err));
	for (int t = 0; t < from->count; t++)
		PPDL_TRY(ppdl_ct3_join(ev, &into->term[t], &from->term[t], err));
	into->rows += from->rows;
	into->bias += from->bias;
	return PPDL_OK;
}

/*
 * e = (e + o') + sigma(e - o'), o' = o*X^(N/2^(l+1)), both good at the multiples of N/2^l: good at those of N/2^(l+1),
 * doubled (algorithms.md, 3.3).  The rotation by 2^(l-1) is such a sigma: 5^(2^(l-1)) = 2^(l+1) + 1 mod 2^(l+2).  o is
 * used up.
 */
static PpdlStatus
merge_two(PpdlEval *ev, PpdlCt *e, PpdlCt *o, int l, PpdlError *err)
{
	PpdlCt		difference = {0},
				rotated = {0};
	PpdlStatus	status;

	ppdl_ct_mul_monomial(ev, o, (int64_t) (ev->par->n >> (l + 1)));
	PPDL_GOTO(done, ppdl_ct_copy(ev, &difference, e, e->limbs, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, &difference, o, err));
	PPDL_GOTO(done, ppdl_ct_rotate(ev, &rotated, &difference, 1 << (l - 1), err));
	PPDL_GOTO(done, ppdl_ct_add(ev, e, o, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, e, &rotated, err));
done:
	ppdl_ct_release(ev, &difference);
	ppdl_ct_release(ev, &rotated);
	ppdl_ct_release(ev, o);
	return status;
}

/* node i of the tree's next level; without a partner it is doubled just as well */
static PpdlStatus
merge_node(PpdlEval *ev, PpdlCt *node, int i, int count, int l, PpdlError *err)
{
	PpdlCt	   *e = &node[2 * i];

	if (2 * i + 1 < count)
		PPDL_TRY(merge_two(ev, e, &node[2 * i + 1], l, err));
	else
		PPDL_TRY(ppdl_ct_mul_int(ev, e, 2, err));
	if (i > 0)
	{
		node[i] = *e;
		memset(e, 0, sizeof(*e));
	}
	return PPDL_OK;
}

/* all nodes into node[0], whose scale grows by two a level, as values do */
static PpdlStatus
merge_tree(PpdlEval *ev, PpdlCt *node, const PpdlGramLayout *lay, PpdlError *err)
{
	int			count = ppdl_gram_terms(lay);

	for (int level = 0; level < ppdl_gram_log_terms(lay); level++)
	{
		const int	next = (count + 1) / 2;

		for (int i = 0; i < next; i++)
			PPDL_TRY(merge_node(ev, node, i, count, lay->logk + level, err));
		count = next;
	}
	node[0].scale = ldexp(node[0].scale, ppdl_gram_log_terms(lay));
	return PPDL_OK;
}

PpdlStatus
ppdl_gram_merge(PpdlGram *g, PpdlEval *ev, PpdlError *err)
{
	PpdlCt		node[PPDL_GRAM_MAX_TERMS] = {{0}};
	PpdlStatus	status;

	if (g->term[0].d == NULL)
		return PPDL_OK;
	if (g->lay.logk + ppdl_gram_log_terms(&g->lay) > ev->par->logn)
		return ppdl_error(err, PPDL_ERR_LEVEL, "ring %s does not hold the second moments of %d and %d values",
						  ev->par->name, g->lay.width_x, g->lay.width_y);
	for (int t = 0; t < g->count; t++)
		PPDL_GOTO(done, ppdl_ct_relinearize(ev, &node[t], &g->term[t], err));
	PPDL_GOTO(done, merge_tree(ev, node, &g->lay, err));
	status = ppdl_ct_join(ev, &g->merged, &node[0], err);
done:
	for (int t = 0; t < g->count; t++)
		ppdl_ct_release(ev, &node[t]);
	return status;
}

/* ---- the result ---- */

/* errors of rows are independent of each other, but for the bias */
static void
state_error(const PpdlGram *g, PpdlCt *ct)
{
	const double gain = ppdl_gram_gain(ct->par, g->lay.logk) / ct->scale;

	ct->noise += g->bias / gain;
	ct->bound = fmax(g->rows, 8 * ct->noise * gain);
}

/* before anything wraps: false for NaN and infinity, too */
static PpdlStatus
check_room(const PpdlGram *g, const PpdlCt *ct, PpdlError *err)
{
	const double have = ppdl_params_log2_q(ct->par, ct->limbs),
				need = 1 + log2(ct->bound * ct->scale);

	if (need < have)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE, "the second moments of %.0f rows may overflow: they take %.1f bits, there are %.1f",
			   g->rows, need, have);
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Aggregate at most %.0f rows at a time, and add up what they decrypt to.",
						   floor(exp2(have - 1) / ct->scale));
}

PpdlStatus
ppdl_gram_result(const PpdlGram *g, PpdlEval *ev, PpdlCt *out, PpdlError *err)
{
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	if (g->merged.b == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "second moments of no rows");
	PPDL_TRY(ppdl_ct_copy(ev, out, &g->merged, g->merged.limbs, err));
	PPDL_GOTO(fail, ppdl_ct_rescale(ev, out, err));
	state_error(g, out);
	PPDL_GOTO(fail, check_room(g, out, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, out);
	return status;
}

static PpdlStatus
write_result(const PpdlGramLayout *lay, PpdlPackedWriter *pw, PpdlEval *ev, const PpdlCt *ct, PpdlWriter *w,
			 PpdlError *err)
{
	const size_t places = ct->par->n >> lay->logk;
	uint32_t   *ordinal = malloc(places * sizeof(uint32_t));
	PpdlStatus	status;

	if (ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(ordinal, 0xFF, places * sizeof(uint32_t));
	for (int i = 0; i < ppdl_gram_size(lay); i++)
		ordinal[ppdl_gram_place(lay, i)] = (uint32_t) i;
	PPDL_GOTO(done, ppdl_packed_writer_add(pw, ev, ct, ordinal, err));
	status = ppdl_packed_writer_finish(pw, (uint32_t) ppdl_gram_size(lay), w, err);
done:
	free(ordinal);
	return status;
}

PpdlStatus
ppdl_gram_write(const PpdlGram *g, PpdlEval *ev, const PpdlCipher *rows, PpdlWriter *w, PpdlError *err)
{
	PpdlPackedWriter *pw = NULL;
	PpdlCt		ct;
	PpdlStatus	status;

	PPDL_TRY(ppdl_gram_result(g, ev, &ct, err));
	PPDL_GOTO(done, ppdl_packed_writer_create(&pw, PPDL_LAYOUT_GRAM, ppdl_gram_size(&g->lay), g->lay.logk,
											  rows->fingerprint, err));
	ppdl_packed_writer_set_encoding(pw, rows->encoding);
	status = write_result(&g->lay, pw, ev, &ct, w, err);
done:
	ppdl_packed_writer_destroy(pw);
	ppdl_ct_release(ev, &ct);
	return status;
}
