/* The sparse bootstrap: one or two ciphertexts whose slots have a short period. */
#include "ckks/boot.h"
#include "ckks/boot_impl.h"

#include <math.h>
#include <stdlib.h>

struct PpdlSparseBoot
{
	const PpdlParams *par;
	size_t		period;			/* of each ciphertext */
	size_t		ns;				/* count * period complex slots together */
	int			count;
	int			up;				/* messages are multiplied by 2^up before ModRaise */
	int			c2s_levels,
				s2c_levels;
	double		s2c_factor;		/* scale of an S2C matrix relative to the prime it is rescaled by */
	PpdlChain	c2s;
	PpdlLinTrans *first;		/* S2C on (re | im), period 2*ns */
	PpdlChain	middle;			/* one level or none */
	PpdlLinTrans *last[2];		/* selecting one half each when count = 2 */
};

/*
 * Level i, from the smallest distances: butterflies of this one and more, up to the next level's, are merged.  The
 * half-bootstrap's strides at N = 2^16, so that the same keys serve.
 */
static size_t
stride(int i)
{
	return (size_t) PPDL_DEEP_STRIDE(PPDL_BOOT_C2S_LEVELS - 1 - i);
}

#define S2C_LEVELS 3

void
ppdl_sparseboot_destroy(PpdlSparseBoot *sb)
{
	if (sb == NULL)
		return;
	ppdl_chain_destroy(&sb->c2s);
	ppdl_lintrans_destroy(sb->first);
	ppdl_chain_destroy(&sb->middle);
	ppdl_lintrans_destroy(sb->last[0]);
	ppdl_lintrans_destroy(sb->last[1]);
	free(sb);
}

size_t
ppdl_sparseboot_bytes(const PpdlSparseBoot *sb)
{
	size_t		bytes = sizeof(*sb) + ppdl_chain_bytes(&sb->c2s) + ppdl_chain_bytes(&sb->middle);

	if (sb->first != NULL)
		bytes += ppdl_lintrans_bytes(sb->first);
	for (int v = 0; v < sb->count; v++)
		if (sb->last[v] != NULL)
			bytes += ppdl_lintrans_bytes(sb->last[v]);
	return bytes;
}

static int
log2_size(size_t n)
{
	return __builtin_ctzll((unsigned long long) n);
}

static double
prime(const PpdlParams *par, int limbs)
{
	return (double) par->ring->mod[limbs - 1].q;
}

/* levels that a transform on n slots takes, `most` if it would be more */
static int
levels_for(size_t n, int most)
{
	int			levels = 1;

	while (levels < most && stride(levels) < n)
		levels++;
	return levels;
}

/* stages in level i of `levels`, counted from the small distances; the last takes all that are left */
static int
stages_of(size_t n, int levels, int i)
{
	return log2_size(i == levels - 1 ? n : stride(i + 1)) - log2_size(stride(i));
}

/*
 * What slots are rotated by, backwards, between C2S and the middle level of S2C, whose giant steps so are shared by two
 * sources: not if the first level of C2S, which rotates for nothing, is too coarse for it.
 */
static long
rotated_by(const PpdlSparseBoot *sb)
{
	return sb->s2c_levels == S2C_LEVELS && sb->c2s_levels <= S2C_LEVELS ? (long) stride(S2C_LEVELS - 1) : 0;
}

/*
 * CoefficientsToSlots on ns slots; the last level clears slots ns .. 2*ns-1 of each period of 2*ns, as they are before
 * it is rotated
 */
static PpdlStatus
create_c2s(PpdlSparseBoot *sb, PpdlEval *ev, PpdlError *err)
{
	const int	levels = sb->c2s_levels;
	const double repeats = (double) (sb->par->slots / sb->ns);
	PpdlBootLevel level = {
		.limbs = PPDL_BOOT_EVALMOD_LIMBS + levels,
		.factor = pow(PPDL_BOOT_C2S_SCALE / (prime(sb->par, 1) * PPDL_BOOT_K * repeats), 1.0 / levels)
	};
	size_t		len = sb->ns;

	for (int i = 0; i < levels; i++, level.limbs--)
	{
		const int	stages = stages_of(sb->ns, levels, levels - 1 - i);
		PpdlMatrix *m;

		PPDL_TRY(ppdl_matrix_dft(&m, sb->par, i == levels - 1 ? 2 * sb->ns : sb->ns, len, stages, 1, err));
		for (int d = 0; d < m->count && i == levels - 1; d++)
			for (size_t p = sb->ns; p < 2 * sb->ns; p++)
				m->diag[d][p] = 0;
		ppdl_c2s_rotation(&level.rotated, i, levels, (long) (len >> stages), rotated_by(sb));
		PPDL_TRY(ppdl_boot_encode(&sb->c2s.level[i], ev, m, &level, err));
		sb->c2s.count = i + 1;
		len >>= stages;
	}
	return PPDL_OK;
}

/*
 * The columns of the upper half are multiplied by i: slots (re | im) of period 2*ns go to z with
 * z + rot_ns(z) = stages(re + i*im).
 */
static void
join_halves(const PpdlSparseBoot *sb, PpdlMatrix *m)
{
	for (int d = 0; d < m->count; d++)
		for (size_t p = 0; p < 2 * sb->ns; p++)
			if (((p + (size_t) m->offset[d]) & (2 * sb->ns - 1)) >= sb->ns)
				m->diag[d][p] *= I;
}

/* keeps the slots of ciphertext v only (the caller adds rot_period) */
static void
select_half(const PpdlSparseBoot *sb, PpdlMatrix *m, int v)
{
	for (int d = 0; d < m->count; d++)
		for (size_t p = 0; p < sb->ns; p++)
			if (p / sb->period != (size_t) v)
				m->diag[d][p] = 0;
}

/* the first level leaves slots rotated, the middle one rotates them back */
static PpdlC2sRotation
rotated_s2c(const PpdlSparseBoot *sb, int level)
{
	const long	by = rotated_by(sb);

	if (by == 0 || level == sb->s2c_levels - 1)
		return (PpdlC2sRotation) {0};
	return level == 0 ? (PpdlC2sRotation) {.in = by, .out = by} : (PpdlC2sRotation) {.in = by, .source = (int) by};
}

/* SlotsToCoefficients, of each ciphertext's period: the stage that would mix the two is left out */
static PpdlStatus
create_s2c(PpdlSparseBoot *sb, PpdlEval *ev, PpdlError *err)
{
	const int	last = sb->s2c_levels - 1;

	for (int i = 0; i <= last; i++)
		for (int v = 0; v < (i == last ? sb->count : 1); v++)
		{
			PpdlLinTrans **to = i == 0 ? &sb->first : i == last ? &sb->last[v] : &sb->middle.level[i - 1];
			const PpdlBootLevel level = {
				.limbs = PPDL_BOOT_S2C_LIMBS - i, .factor = sb->s2c_factor, .rotated = rotated_s2c(sb, i)
			};
			PpdlMatrix *m;

			PPDL_TRY(ppdl_matrix_dft(&m, sb->par, i == 0 ? 2 * sb->ns : sb->ns, 2 * stride(i),
									 stages_of(sb->period, sb->s2c_levels, i), 0, err));
			if (i == 0)
				join_halves(sb, m);
			if (i == last && sb->count == 2)
				select_half(sb, m, v);
			PPDL_TRY(ppdl_boot_encode(to, ev, m, &level, err));
			if (i > 0 && i < last)
				sb->middle.count = i;
		}
	return PPDL_OK;
}

/* coefficients of slots up to 1 grow as the period shrinks: by the square root, down from 1/8 and less at 256 slots */
static double
small_period_bits(size_t period)
{
	return fmax(0, (8 - log2_size(period)) / 2.0);
}

PpdlStatus
ppdl_sparseboot_create(PpdlSparseBoot **out, PpdlEval *ev, size_t period, int count, double scale, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const double q0 = prime(par, 1);
	PpdlSparseBoot *sb;
	PpdlStatus	status = PPDL_OK;

	*out = NULL;
	if (count < 1 || count > 2 || period < 16 || (period & (period - 1)) != 0 || 2 * count * period > par->slots)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "cannot bootstrap %d ciphertexts of period %zu in a ring of %zu slots", count, period,
						  par->slots);
	sb = calloc(1, sizeof(*sb));
	if (sb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	sb->par = par;
	sb->period = period;
	sb->count = count;
	sb->ns = period * (size_t) count;
	sb->up = (int) floor(log2(q0 / scale) - PPDL_BOOT_RANGE_BITS - small_period_bits(period) + 0.5);
	if (sb->up < 0)
	{
		status = ppdl_error(err, PPDL_ERR_RANGE, "scale 2^%.2f is too large to bootstrap: q0 is 2^%.2f", log2(scale),
							log2(q0));
		goto fail;
	}
	sb->c2s_levels = levels_for(sb->ns, PPDL_BOOT_C2S_LEVELS);
	sb->s2c_levels = levels_for(period, S2C_LEVELS);
	sb->s2c_factor = pow(q0 / (ppdl_boot_eval_mod_scale(par) * exp2(sb->up)), 1.0 / sb->s2c_levels);
	PPDL_GOTO(fail, create_c2s(sb, ev, err));
	PPDL_GOTO(fail, create_s2c(sb, ev, err));
	*out = sb;
	return PPDL_OK;
fail:
	ppdl_sparseboot_destroy(sb);
	return status;
}

/*
 * One limb with all of it: ct[0] + X^(N/(4 period)) ct[1], times 2^up.  c->scale is what
 * the message then has; *ratio = scale of ct[1] / scale of ct[0].
 */
static PpdlStatus
gather(const PpdlSparseBoot *sb, PpdlEval *ev, PpdlCt *c, const PpdlCt *ct, double *ratio, PpdlError *err)
{
	PPDL_TRY(ppdl_ct_copy(ev, c, &ct[0], 1, err));
	*ratio = 1;
	if (sb->count == 2)
	{
		PpdlCt		second;
		PpdlStatus	status;

		PPDL_TRY(ppdl_ct_copy(ev, &second, &ct[1], 1, err));
		*ratio = ct[1].scale / ct[0].scale;
		ppdl_ct_mul_monomial(ev, &second, (int64_t) (sb->par->n / (4 * sb->period)));
		second.scale = c->scale;
		status = ppdl_ct_add(ev, c, &second, err);
		ppdl_ct_release(ev, &second);
		PPDL_TRY(status);
	}
	PPDL_TRY(ppdl_ct_mul_int(ev, c, (__int128) 1 << sb->up, err));
	c->scale *= exp2(sb->up);
	return PPDL_OK;
}

/* the levels of S2C but the last: y = (re | im), period 2*ns -> w, period ns */
static PpdlStatus
first_levels(const PpdlSparseBoot *sb, PpdlEval *ev, PpdlCt *w, const PpdlCt *y, PpdlError *err)
{
	const PpdlLinTrans *first = sb->first;

	PPDL_TRY(ppdl_lintrans_apply(ev, w, &first, 1, y, err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, w, (int) sb->ns, 1, err));
	PPDL_TRY(ppdl_ct_rescale(ev, w, err));
	return ppdl_chain_run(&sb->middle, ev, w, err);
}

/* SlotsToCoefficients: y = (re | im), period 2*ns -> ct[0..count-1], period `period`; came: their noise before */
static PpdlStatus
slots_to_coeffs(const PpdlSparseBoot *sb, PpdlEval *ev, PpdlCt *ct, PpdlCt *y, double ratio, const double came[2],
				PpdlError *err)
{
	const PpdlLinTrans *const *last = (const PpdlLinTrans *const *) sb->last;
	PpdlCt		w = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, first_levels(sb, ev, &w, y, err));
	ppdl_ct_release(ev, y);
	if (sb->count == 1)
		PPDL_GOTO(done, ppdl_lintrans_apply_rescale(ev, ct, last, 1, &w, err));
	else
		PPDL_GOTO(done, ppdl_lintrans_apply(ev, ct, last, sb->count, &w, err));
	for (int v = 0; v < sb->count; v++)
	{
		if (sb->count == 2)
		{
			PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, &ct[v], (int) sb->period, 1, err));
			PPDL_GOTO(done, ppdl_ct_rescale(ev, &ct[v], err));
		}
		ppdl_ct_drop(&ct[v], PPDL_BOOT_WORK_LIMBS);
		if (v == 1)
			ct[v].scale *= ratio;
		ct[v].bound = 1;
		ct[v].noise = hypot(came[v], PPDL_BOOT_ERROR * ct[v].scale / sqrt((double) sb->par->n));
	}
done:
	ppdl_ct_release(ev, &w);
	return status;
}

PpdlStatus
ppdl_sparseboot_run(const PpdlSparseBoot *sb, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	const double q0 = prime(sb->par, 1);
	PpdlCt		c = {0},
				sp = {0},
				re = {0},
				im = {0},
				rot = {0},
				y = {0};
	double		scale,
				ratio,
				came[2] = {ct[0].noise, sb->count == 2 ? ct[1].noise : 0};
	PpdlStatus	status;

	PPDL_GOTO(done, gather(sb, ev, &c, ct, &ratio, err));
	for (int v = 0; v < sb->count; v++)
		ppdl_ct_release(ev, &ct[v]);
	scale = c.scale;
	PPDL_GOTO(done, ppdl_boot_encapsulate(ev, &sp, &c, err));
	ppdl_ct_release(ev, &c);
	PPDL_GOTO(done, ppdl_boot_mod_raise(ev, &c, &sp, PPDL_BOOT_EVALMOD_LIMBS + sb->c2s_levels, err));
	PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, &c, (int) sb->ns, log2_size(sb->par->slots / sb->ns), err));
	c.scale = q0 * PPDL_BOOT_K * (double) (sb->par->slots / sb->ns);
	PPDL_GOTO(done, ppdl_chain_run(&sb->c2s, ev, &c, err));
	PPDL_GOTO(done, ppdl_ct_split(ev, &re, &im, &c, err));
	PPDL_GOTO(done, ppdl_ct_rotate(ev, &rot, &im, -(int) sb->ns, err));
	PPDL_GOTO(done, ppdl_ct_add(ev, &re, &rot, err));
	PPDL_GOTO(done, ppdl_boot_eval_mod(ev, &y, &re, err));
	y.scale *= scale / q0;
	y.bound = 1;
	PPDL_GOTO(done, slots_to_coeffs(sb, ev, ct, &y, ratio, came, err));
done:
	ppdl_ct_release(ev, &c);
	ppdl_ct_release(ev, &sp);
	ppdl_ct_release(ev, &re);
	ppdl_ct_release(ev, &im);
	ppdl_ct_release(ev, &rot);
	ppdl_ct_release(ev, &y);
	return status;
}
