#include "rows/combine.h"

#include <math.h>
#include <stdlib.h>

#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/lift.h"
#include "rows/parts.h"
#include "rows/row.h"

/* integers are kept where doubles are exact */
#define MAX_FACTOR 0x1p52
#define RATIO_ERROR 0x1p-40

/* one operand: c times a factor, as sign * multiple of what it would be at the common scale */
typedef struct Term
{
	const PpdlCipher *c;
	double		factor,
				scale;			/* c's, over |factor| */
	double		multiple;		/* an integer */
} Term;

/*
 * The smallest integers x, y with |x/y - ratio| <= ratio * 2^-40, ratio >= 1: the convergents of
 * the continued fraction (Khinchin 1964, theorem 16).  0 when they grow too large, the first one included.
 */
static int
integer_ratio(double ratio, double *x, double *y)
{
	double		x0 = 1,
				y0 = 0,
				rest = ratio,
				whole = floor(rest);

	*x = whole;
	*y = 1;
	while (*x < MAX_FACTOR && *y < MAX_FACTOR && fabs(*x / *y - ratio) > ratio * RATIO_ERROR)
	{
		double		x1 = *x,
					y1 = *y;

		rest = 1 / (rest - whole);
		whole = floor(rest);
		*x = whole * x1 + x0;
		*y = whole * y1 + y0;
		x0 = x1;
		y0 = y1;
	}
	return *x >= 1 && *x < MAX_FACTOR && *y < MAX_FACTOR;
}

static PpdlStatus
bad_factor(double factor, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_RANGE, "a value cannot be multiplied by %g", factor);
}

static PpdlStatus
check_operand(const PpdlCipher *c, double factor, PpdlError *err)
{
	if (c->kind == PPDL_KIND_PACKED)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "packed values have no arithmetic; only slices and rows do");
	return isfinite(factor) ? PPDL_OK : bad_factor(factor, err);
}

static PpdlStatus
set_term(Term *t, const PpdlCipher *c, double factor, PpdlError *err)
{
	t->c = c;
	t->factor = factor;
	t->multiple = 1;
	t->scale = factor == 0 ? c->scale : c->scale / fabs(factor);
	if (!isnormal(t->scale) || t->scale < 0x1p-900 || t->scale > 0x1p900)
		return bad_factor(factor, err);
	return PPDL_OK;
}

/* whether there are integers that bring the scales together; a factor of zero stands for no message at all: 0 */
static int
match_scales(Term *t, int terms)
{
	for (int i = 0; i < terms; i++)
		t[i].multiple = t[i].factor == 0 ? 0 : 1;
	if (terms == 2 && t[0].multiple == 0)
		t[0].scale = t[1].scale;
	if (terms == 2 && t[1].multiple == 0)
		t[1].scale = t[0].scale;
	return terms == 1 || t[0].multiple == 0 || t[1].multiple == 0 ||
		(t[1].scale >= t[0].scale ?
		 integer_ratio(t[1].scale / t[0].scale, &t[0].multiple, &t[1].multiple) :
		 integer_ratio(t[0].scale / t[1].scale, &t[1].multiple, &t[0].multiple));
}

/* one row of the result: of one term or of two */
typedef struct Row
{
	Term		t[2];
	int			terms,
				limbs;
	double		scale,
				bound,
				noise;
} Row;

/* bits that the row takes, and that its limbs have */
static double
bits_needed(const Row *r)
{
	return log2(2 * (r->bound * r->scale + 32 * r->noise) + 1);
}

static double
bits_there(const Row *r)
{
	return ppdl_params_log2_q(r->t[0].c->par, r->limbs) - 0x1p-18;
}

/* what the terms come to as one row; false if they are none: of scales that have nothing in common, or without room */
static int
make_row(Row *r)
{
	int			matched = match_scales(r->t, r->terms);

	r->bound = r->noise = 0;
	r->limbs = r->t[0].c->par->nq;
	for (int i = 0; i < r->terms; i++)
	{
		const Term *t = &r->t[i];

		r->bound += t->c->bound * fabs(t->factor);
		r->noise += t->c->noise * t->multiple;	/* the operands may be the same value */
		if (t->c->limbs < r->limbs)
			r->limbs = t->c->limbs;
	}
	r->scale = r->t[0].multiple > 0 ? r->t[0].scale * r->t[0].multiple : r->t[0].scale;
	if (r->terms == 2)
		r->noise += RATIO_ERROR * r->bound * r->scale;
	return matched && bits_needed(r) < bits_there(r);
}

static PpdlStatus
add_terms(PpdlEval *ev, PpdlCt *sum, const Term *t, int terms, int limbs, PpdlError *err)
{
	for (int i = 0; i < terms; i++)
	{
		double		signed_multiple = copysign(t[i].multiple, t[i].factor);
		PpdlStatus	status;
		PpdlCt		ct;

		PPDL_TRY(ppdl_lift_vector(ev, i == 0 ? sum : &ct, t[i].c, limbs, err));
		status = ppdl_ct_mul_int(ev, i == 0 ? sum : &ct, (__int128) signed_multiple, err);
		if (i > 0)
		{
			ct.scale = sum->scale;
			if (status == PPDL_OK)
				status = ppdl_ct_add(ev, sum, &ct, err);
			ppdl_ct_release(ev, &ct);
		}
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

static PpdlStatus
write_row(PpdlEval *ev, PpdlParts *out, const Row *r, uint64_t encoding, PpdlError *err)
{
	const PpdlCipher *c = r->t[0].c;
	PpdlStatus	status;
	PpdlWriter	w;
	PpdlCt		sum = {0};
	PpdlCipher	row;

	ppdl_writer_init(&w);
	PPDL_GOTO(done, add_terms(ev, &sum, r->t, r->terms, r->limbs, err));
	sum.scale = r->scale;
	sum.bound = r->bound;
	sum.noise = r->noise;
	PPDL_GOTO(done, ppdl_row_write(&w, &sum, c->width, c->fingerprint, err));
	PPDL_GOTO(done, ppdl_cipher_parse_in(&row, c->par, w.buf, w.len, err));
	row.encoding = encoding;
	status = ppdl_parts_add(out, &row, err);
done:
	ppdl_ct_release(ev, &sum);
	ppdl_writer_free(&w);
	return status;
}

/* ------------------------------------------------------------------ parts */

/* an operand: itself, or the rows that it is in parts */
typedef struct Operand
{
	PpdlCipher *part;
	uint32_t	count;
} Operand;

static PpdlStatus
open_operand(Operand *o, const PpdlCipher *c, PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);

	o->count = c->kind == PPDL_KIND_PARTS ? c->nparts : 1;
	o->part = calloc(o->count, sizeof(PpdlCipher));
	if (o->part == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (c->kind != PPDL_KIND_PARTS)
		o->part[0] = *c;
	else
		for (uint32_t i = 0; i < o->count; i++)
			PPDL_TRY(ppdl_cipher_next_part(&o->part[i], NULL, &parts, c, err));
	return PPDL_OK;
}

static int
alike(const Term *a, const Term *b)
{
	return fabs(a->scale - b->scale) <= ldexp(a->scale, -40);
}

/* adds a term to the first row that has room: any, where there is one row; one of its scale, where there are many */
static int
join(Row *row, uint32_t rows, const Term *t)
{
	for (uint32_t i = 0; i < rows; i++)
	{
		Row			both = row[i];

		if (both.terms == 2 || (rows > 1 && !alike(&both.t[0], t)))
			continue;
		both.t[both.terms++] = *t;
		if (!make_row(&both))
			continue;
		row[i] = both;
		return 1;
	}
	return 0;
}

static PpdlStatus
check_row(Row *r, PpdlError *err)
{
	if (!make_row(r))
		return ppdl_error(err, PPDL_ERR_RANGE, "result may overflow: it takes %.1f bits, and %d limb%s hold%s %.1f",
						  bits_needed(r), r->limbs, r->limbs == 1 ? "" : "s", r->limbs == 1 ? "s" : "", bits_there(r));
	return PPDL_OK;
}

/* the rows of the result: those of the first operand, with a row of the second each where there is room */
static PpdlStatus
deal(Row *row, uint32_t *rows, const Operand o[2], const double factor[2], PpdlError *err)
{
	*rows = o[0].count;
	for (uint32_t i = 0; i < o[0].count; i++)
	{
		row[i].terms = 1;
		PPDL_TRY(set_term(&row[i].t[0], &o[0].part[i], factor[0], err));
		PPDL_TRY(check_row(&row[i], err));
	}
	for (uint32_t i = 0; i < o[1].count; i++)
	{
		Row			alone = {.terms = 1};

		PPDL_TRY(set_term(&alone.t[0], &o[1].part[i], factor[1], err));
		if (join(row, o[0].count, &alone.t[0]))
			continue;
		PPDL_TRY(check_row(&alone, err));
		row[(*rows)++] = alone;
	}
	return PPDL_OK;
}

static PpdlStatus
combine(PpdlEval *ev, PpdlWriter *w, const Operand o[2], const double factor[2], uint64_t encoding, PpdlError *err)
{
	Row		   *row = calloc(o[0].count + o[1].count, sizeof(Row));
	PpdlParts	parts = {0};
	PpdlStatus	status;
	uint32_t	rows;

	if (row == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, deal(row, &rows, o, factor, err));
	for (uint32_t i = 0; i < rows; i++)
		PPDL_GOTO(done, write_row(ev, &parts, &row[i], encoding, err));
	status = ppdl_parts_write(w, &parts, o[0].part, err);
done:
	ppdl_parts_free(&parts);
	free(row);
	return status;
}

PpdlStatus
ppdl_cipher_combine(PpdlWriter *w, const PpdlCipher *a, double wa, const PpdlCipher *b, double wb, PpdlError *err)
{
	const double factor[2] = {wa, wb};
	Operand		o[2] = {{0}};
	uint64_t	encoding = 0;
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;

	PPDL_TRY(check_operand(a, wa, err));
	PPDL_TRY(ppdl_encoding_join_cipher(&encoding, a, "combination", err));
	if (b != NULL)
	{
		PpdlCipher	alike = *b;

		alike.scale = a->scale;
		PPDL_TRY(ppdl_cipher_check_same(a, &alike, "combination", err));
		PPDL_TRY(check_operand(b, wb, err));
		PPDL_TRY(ppdl_encoding_join_cipher(&encoding, b, "combination", err));
	}
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, a->par, pool, NULL, err));
	PPDL_GOTO(done, open_operand(&o[0], a, err));
	if (b != NULL)
		PPDL_GOTO(done, open_operand(&o[1], b, err));
	status = combine(&ev, w, o, factor, encoding, err);
done:
	free(o[0].part);
	free(o[1].part);
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	return status;
}
