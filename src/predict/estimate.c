#include "predict/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net/prng.h"
#include "ring/ring.h"
#include "rows/cipher.h"

/* inputs looked at, and outputs whose slopes are followed, if the network is not too large for that */
#define RANDOM_INPUTS 64
#define CLIMBS 48
#define CLIMB_STEPS 4
#define MOST_OUTPUTS 24
/* products of a weight and a value that an estimate may take, about a third of a second */
#define BUDGET 3e8
/* what the inputs looked at may have missed */
#define MARGIN 1.25
/*
 * Rounding leaves r_b + r_a*s: in a slot r_a's value times the secret's, whose square is distributed exponentially. 
 * All errors of a slot share it, so over rows those of one slot have Laplace's distribution, one in 5,000 beyond six
 * deviations.  Where many slots decide, they make up for each other.  One that decides alone counts twice.
 */
#define FEW_SLOTS 1
/* T_degree at the outermost value seen: beyond it three digits or less of any result could be promised */
#define EXPLODED 0x1p12

typedef struct Probe
{
	const PpdlPlan *plan;
	PpdlEstimate *est;
	const PpdlPoll *poll;
	PpdlPrng	rng;
	double	   *x;
	double	   *value[PPDL_MAX_STEPS];	/* of the units after each step, or of the forms: plus, then minus */
	double	   *slope[PPDL_MAX_STEPS];	/* of the activation */
	/* slopes of an output by the units of a step, and by imaginary parts that errors give them: see imaginary_forms */
	double	   *back[2],
			   *imag[2];
	double	   *slot;			/* squares of the slopes that errors of a slot meet */
	int			slots,			/* of a row */
				half;			/* of its inputs, two a slot */
	double	   *size;			/* of all outputs */
	int		   *output;			/* those followed */
	int			noutputs;
} Probe;

static int
step_units(const PpdlStep *step, int before)
{
	if (step->kind == PPDL_STEP_AFFINE)
		return step->affine.units;
	return step->kind == PPDL_STEP_QUADRATIC ? 2 * step->quadratic.plus.units : before;
}

static int
units_after(const PpdlPlan *plan, int s)
{
	int			n = plan->inputs;

	for (int i = 0; i <= s; i++)
		n = step_units(&plan->step[i], n);
	return n;
}

/* ---- forward ---- */

static void
affine_forward(const PpdlAffine *a, const double *in, double *out)
{
	for (int u = 0; u < a->units; u++)
	{
		const double *w = a->w + (size_t) u * a->inputs;
		double		sum = a->bias[u];

		for (int i = 0; i < a->inputs; i++)
			sum += w[i] * in[i];
		out[u] = sum;
	}
}

/* a Chebyshev series and its derivative: T_k' = k U_(k-1) */
static double
chebyshev(const double *c, int degree, double t, double *slope)
{
	double		t0 = 1,
				t1 = t,
				u0 = 0,
				u1 = 1,
				sum = c[0];

	*slope = 0;
	for (int k = 1; k <= degree; k++)
	{
		double		t2 = 2 * t * t1 - t0,
					u2 = 2 * t * u1 - u0;

		sum += c[k] * t1;
		*slope += k * c[k] * u1;
		t0 = t1;
		t1 = t2;
		u0 = u1;
		u1 = u2;
	}
	return sum;
}

static double
monomials(const double *c, int degree, double x, double *slope)
{
	double		sum = 0;

	*slope = 0;
	for (int k = degree; k >= 0; k--)
	{
		*slope = *slope * x + sum;
		sum = sum * x + c[k];
	}
	return sum;
}

static double
activate(const PpdlStep *step, double x, double *slope)
{
	if (step->kind == PPDL_STEP_CHEBYSHEV)
		return chebyshev(step->coef, step->degree, x, slope);
	if (step->kind == PPDL_STEP_MONOMIAL)
		return monomials(step->coef, step->degree, x, slope);
	*slope = 2 * x;
	return x * x;
}

static void
see(PpdlReach *reach, const double *v, int n)
{
	double		squares = 0;

	for (int i = 0; i < n; i++)
	{
		squares += v[i] * v[i];
		reach->most = fmax(reach->most, fabs(v[i]));
	}
	reach->rms = fmax(reach->rms, sqrt(squares / n));
}

/* all values at p->x */
static void
forward(Probe *p)
{
	const double *in = p->x;
	double		unused;
	int			n = p->plan->inputs;

	for (int s = 0; s < p->plan->nsteps; s++)
	{
		const PpdlStep *step = &p->plan->step[s];
		int			units = step_units(step, n);

		if (step->kind == PPDL_STEP_AFFINE)
			affine_forward(&step->affine, in, p->value[s]);
		else if (step->kind == PPDL_STEP_QUADRATIC)
		{
			affine_forward(&step->quadratic.plus, in, p->value[s]);
			affine_forward(&step->quadratic.minus, in, p->value[s] + units / 2);
		}
		else
			for (int i = 0; i < n; i++)
				p->value[s][i] = activate(step, in[i], &p->slope[s][i]);
		see(&p->est->reach[s], p->value[s], units);
		/* what slots without a unit hold */
		if (step->kind == PPDL_STEP_CHEBYSHEV || step->kind == PPDL_STEP_MONOMIAL)
			p->est->reach[s].rms = fmax(p->est->reach[s].rms, fabs(activate(step, 0, &unused)));
		in = p->value[s];
		n = units;
	}
}

/* ---- backward ---- */

static double
square(double x)
{
	return x * x;
}

static double
length(const double *v, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += square(v[i]);
	return sqrt(sum);
}

/* what an error of deviation 1 of each slot leads to, the slopes' squares being in p->slot; forgets these */
static double
gain_of_slots(Probe *p)
{
	double		squares = 0,
				fourth = 0;

	for (int k = 0; k < p->slots; k++)
	{
		squares += p->slot[k];
		fourth += p->slot[k] * p->slot[k];
		p->slot[k] = 0;
	}
	/* as many slots of one size: squares^2/fourth */
	return squares > 0 ? sqrt(squares) * (1 + FEW_SLOTS * sqrt(fourth) / squares) : 0;
}

/* in += w' * out */
static void
affine_backward(const PpdlAffine *a, const double *out, double *in)
{
	for (int u = 0; u < a->units; u++)
	{
		const double *w = a->w + (size_t) u * a->inputs;

		if (out[u] == 0)
			continue;
		for (int i = 0; i < a->inputs; i++)
			in[i] += w[i] * out[u];
	}
}

/* the input that a row of the product form is multiplied by */
static int
factor_input(const PpdlQuadratic *q, int r)
{
	return (int) ppdl_bitrev((uint32_t) r, __builtin_ctz((unsigned) q->pairs));
}

/*
 * Slopes of output j by the forms, into out and p->slot; those by the inputs themselves, of the product form, into in.
 * Form r of an output comes as far behind its first one as r % (slots / stride) strides.
 */
static void
forms_backward(Probe *p, const PpdlQuadratic *q, const double *form, const double *x, int j, double *out, double *in)
{
	const int	rows = q->plus.units,
				n = q->plus.inputs,
				places = q->product ? p->slots : p->slots / ppdl_quadratic_stride(q->outputs);

	memset(out, 0, 2 * sizeof(*out) * (size_t) rows);
	for (int r = j * q->pairs; r < (j + 1) * q->pairs; r++)
	{
		double	   *slot = &p->slot[(r - j * q->pairs) % places];

		for (int h = 0; h < 2; h++)
		{
			const double sign = h == 0 ? 1 : -1,
						by = form[h * rows + r];
			const int	f = q->product ? factor_input(q, r) + h * q->pairs : 0;

			if (!q->product)
				out[h * rows + r] = 2 * sign * by;
			else
			{
				/* places beyond the inputs hold errors, too */
				*slot += by * by;
				if (f < n)
				{
					out[h * rows + r] = sign * x[f];
					in[f] += sign * by;
				}
			}
			*slot += out[h * rows + r] * out[h * rows + r];
		}
	}
}

/*
 * Values between layers are real, their slots complex: errors have imaginary parts as large as the real ones, which
 * real maps and polynomials pass on by the same slopes.  Outputs are real parts, so they end there, except for
 * Re (plus + i*minus)^2, where an imaginary error f of v changes plus by -minus'(f) and minus by plus'(f).
 */
static void
imaginary_forms(const PpdlQuadratic *q, const double *form, int j, double *out)
{
	const int	rows = q->plus.units;

	memset(out, 0, 2 * sizeof(*out) * (size_t) rows);
	for (int r = j * q->pairs; r < (j + 1) * q->pairs; r++)
	{
		out[r] = -2 * form[rows + r];
		out[rows + r] = -2 * form[r];
	}
}

/* the first layer is made real by adding conjugates: imaginary parts are left by that addition alone, half at most */
static double
imaginary_share(const PpdlStep *step, int s)
{
	return s == 0 && step->kind == PPDL_STEP_AFFINE ? 0.5 : 1;
}

/* v = slopes by the units of a step, 0 in before: slopes by what the step takes */
static void
step_backward(const PpdlStep *step, const double *slope, const double *v, double *before, int n)
{
	if (step->kind == PPDL_STEP_QUADRATIC)
	{
		affine_backward(&step->quadratic.plus, v, before);
		affine_backward(&step->quadratic.minus, v + step->quadratic.plus.units, before);
	}
	else if (step->kind == PPDL_STEP_AFFINE)
		affine_backward(&step->affine, v, before);
	else
		for (int i = 0; i < n; i++)
			before[i] = slope[i] * v[i];
}

static void
swap(double *v[2])
{
	double	   *first = v[0];

	v[0] = v[1];
	v[1] = first;
}

/* Slopes of output j, at what forward() found; leaves those by the inputs in p->back[0]. */
static void
backward(Probe *p, int j)
{
	const PpdlPlan *plan = p->plan;
	const size_t outputs = sizeof(double) * (size_t) units_after(plan, plan->nsteps - 1);

	memset(p->back[0], 0, outputs);
	memset(p->imag[0], 0, outputs);
	if (plan->step[plan->nsteps - 1].kind != PPDL_STEP_QUADRATIC)
		p->back[0][j] = 1;
	for (int s = plan->nsteps - 1; s >= 0; s--)
	{
		const PpdlStep *step = &plan->step[s];
		const int	n = units_after(plan, s - 1),
					units = step_units(step, n);

		memset(p->back[1], 0, sizeof(double) * (size_t) n);
		memset(p->imag[1], 0, sizeof(double) * (size_t) n);
		if (step->kind == PPDL_STEP_QUADRATIC)
		{
			forms_backward(p, &step->quadratic, p->value[s], s > 0 ? p->value[s - 1] : p->x, j, p->back[0], p->back[1]);
			if (s > 0)
				imaginary_forms(&step->quadratic, p->value[s], j, p->imag[0]);
		}
		else
			for (int u = 0; u < units; u++)
				p->slot[u % p->slots] += square(p->back[0][u]) + square(imaginary_share(step, s) * p->imag[0][u]);
		p->est->reach[s].gain = fmax(p->est->reach[s].gain, gain_of_slots(p));
		step_backward(step, p->slope[s], p->back[0], p->back[1], n);
		if (s > 0)
			step_backward(step, p->slope[s], p->imag[0], p->imag[1], n);
		swap(p->back);
		swap(p->imag);
	}
	p->est->input_gain = fmax(p->est->input_gain, length(p->back[0], plan->inputs));
	for (int i = 0; i < plan->inputs; i++)
		p->slot[i % p->half] += square(p->back[0][i]);
	p->est->input_slots_gain = fmax(p->est->input_slots_gain, gain_of_slots(p));
}

/* ---- inputs ---- */

static PpdlStatus
look(Probe *p, PpdlError *err)
{
	PPDL_TRY(ppdl_poll(p->poll, err));
	forward(p);
	for (int i = 0; i < p->noutputs; i++)
		backward(p, p->output[i]);
	return PPDL_OK;
}

static double
corner(double x)
{
	return x < 0 ? -1 : 1;
}

static PpdlStatus
look_inside(Probe *p, int corners, PpdlError *err)
{
	for (int i = 0; i < p->plan->inputs; i++)
	{
		double		x = 2 * ppdl_prng_uniform(&p->rng) - 1;

		p->x[i] = corners ? corner(x) : x;
	}
	return look(p, err);
}

static const PpdlAffine *
first_map(const PpdlPlan *plan)
{
	const PpdlStep *first = &plan->step[0];

	return first->kind == PPDL_STEP_QUADRATIC ? &first->quadratic.plus : &first->affine;
}

/* the unit of the first layer that can become largest, but for the first `skip` such; -1: there are no more */
static int
largest_unit(const PpdlAffine *a, int skip, double *sign)
{
	double		under = INFINITY;
	int			found = -1;

	for (int k = 0; k <= skip; k++)
	{
		double		most = -1;

		found = -1;
		for (int u = 0; u < a->units; u++)
		{
			double		sum = fabs(a->bias[u]);

			for (int i = 0; i < a->inputs; i++)
				sum += fabs(a->w[(size_t) u * a->inputs + i]);
			if (sum < under && sum > most)
			{
				most = sum;
				found = u;
			}
		}
		if (found < 0)
			return -1;
		under = most;
		*sign = corner(a->bias[found]);
	}
	return found;
}

/* from the corner that p->x is in to those that the slopes of output j point to */
static PpdlStatus
climb(Probe *p, int j, double up, PpdlError *err)
{
	for (int k = 0; k < CLIMB_STEPS; k++)
	{
		int			moved = 0;

		PPDL_TRY(look(p, err));
		backward(p, j);
		for (int i = 0; i < p->plan->inputs; i++)
		{
			double		to = corner(up * p->back[0][i]);

			moved |= to != p->x[i];
			p->x[i] = to;
		}
		if (!moved)
			return PPDL_OK;
	}
	return look(p, err);
}

static PpdlStatus
look_all(Probe *p, int effort, PpdlError *err)
{
	const PpdlAffine *a = first_map(p->plan);
	double		sign = 1;

	for (int k = 0; k < RANDOM_INPUTS && k < effort; k++)
	{
		PPDL_TRY(look_inside(p, 0, err));
		PPDL_TRY(look_inside(p, 1, err));
	}
	for (int k = 0; k < CLIMBS && k < effort; k++)
	{
		int			u = k % 2 == 0 ? largest_unit(a, k / 2, &sign) : (int) ppdl_prng_below(&p->rng,
																						   (uint64_t) a->units);

		for (int i = 0; i < p->plan->inputs; i++)
			p->x[i] = u < 0 ? corner(ppdl_prng_uniform(&p->rng) - 0.5) :
				sign * corner(a->w[(size_t) u * a->inputs + i]);
		PPDL_TRY(climb(p, p->output[k % p->noutputs], k % 4 < 2 ? 1 : -1, err));
	}
	return PPDL_OK;
}

/* ---- the whole ---- */

/* of the last map's rows, or of all forms of an output */
static double
output_size(const PpdlPlan *plan, int j)
{
	const PpdlStep *last = &plan->step[plan->nsteps - 1];
	const PpdlAffine *a = last->kind == PPDL_STEP_QUADRATIC ? &last->quadratic.plus : &last->affine;
	const int	rows = last->kind == PPDL_STEP_QUADRATIC ? last->quadratic.pairs : 1;

	if (last->kind != PPDL_STEP_AFFINE && last->kind != PPDL_STEP_QUADRATIC)
		return 0;
	return length(a->w + (size_t) j * rows * a->inputs, rows * a->inputs);
}

/* half of them those of the largest weights, the others spread evenly */
static void
choose_outputs(Probe *p, int most)
{
	const int	all = p->plan->outputs;

	for (int j = 0; j < all; j++)
		p->size[j] = output_size(p->plan, j);
	while (p->noutputs < most && p->noutputs < all)
	{
		int			best = (int) ((long) p->noutputs * all / most);

		for (int j = 0; (all <= most || p->noutputs < most / 2) && j < all; j++)
			if (p->size[j] > p->size[best] || p->size[best] < 0)
				best = j;
		p->output[p->noutputs++] = best;
		p->size[best] = -1;
	}
}

/* weights that a pass touches */
static double
plan_size(const PpdlPlan *plan)
{
	double		size = 1;

	for (int s = 0; s < plan->nsteps; s++)
	{
		const PpdlStep *step = &plan->step[s];

		size += (double) step->affine.inputs * step->affine.units +
			2.0 * step->quadratic.plus.inputs * step->quadratic.plus.units;
	}
	return size;
}

static PpdlStatus
probe_init(Probe *p, const PpdlPlan *plan, int slots, PpdlEstimate *est, PpdlError *err)
{
	int			largest = plan->inputs > plan->outputs ? plan->inputs : plan->outputs;
	int			good = 1;

	memset(p, 0, sizeof(*p));
	p->plan = plan;
	p->slots = slots;
	p->half = 1 << (ppdl_log2_width(plan->inputs) - 1);
	p->est = est;
	ppdl_prng_init(&p->rng, 1, 0);
	for (int s = 0; s < plan->nsteps; s++)
	{
		size_t		n = (size_t) units_after(plan, s);

		largest = (int) n > largest ? (int) n : largest;
		p->value[s] = malloc(sizeof(double) * n);
		p->slope[s] = malloc(sizeof(double) * n);
		good = good && p->value[s] != NULL && p->slope[s] != NULL;
	}
	p->x = malloc(sizeof(double) * (size_t) plan->inputs);
	p->slot = calloc((size_t) slots, sizeof(double));
	p->size = malloc(sizeof(double) * (size_t) plan->outputs);
	p->output = malloc(sizeof(int) * MOST_OUTPUTS);
	for (int i = 0; i < 2; i++)
	{
		p->back[i] = malloc(sizeof(double) * (size_t) largest);
		p->imag[i] = malloc(sizeof(double) * (size_t) largest);
		good = good && p->back[i] != NULL && p->imag[i] != NULL;
	}
	if (!good || p->x == NULL || p->slot == NULL || p->size == NULL || p->output == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static void
probe_free(Probe *p)
{
	for (int s = 0; s < PPDL_MAX_STEPS; s++)
	{
		free(p->value[s]);
		free(p->slope[s]);
	}
	free(p->x);
	free(p->slot);
	free(p->size);
	free(p->output);
	for (int i = 0; i < 2; i++)
	{
		free(p->back[i]);
		free(p->imag[i]);
	}
}

static PpdlStatus
check_intervals(const PpdlPlan *plan, const PpdlEstimate *est, PpdlError *err)
{
	for (int s = 1; s < plan->nsteps; s++)
	{
		const PpdlStep *step = &plan->step[s];
		const double t = est->reach[s - 1].most,
					half = (step->hi - step->lo) / 2,
					middle = (step->hi + step->lo) / 2;

		if (step->kind != PPDL_STEP_CHEBYSHEV || t <= 1 || cosh(step->degree * acosh(t)) <= EXPLODED)
			continue;
		ppdl_error(err, PPDL_ERR_RANGE,
				   "units of layer %d reach values far outside the interval [%g, %g] of its activation", step->to + 1,
				   step->lo, step->hi);
		ppdl_error_detail(err, PPDL_ERR_RANGE,
						  "For some inputs within [-1, 1] they are %.3g from its middle, where a polynomial of degree "
						  "%d explodes, and so does the error.",
						  t * half, step->degree);
		return ppdl_error_hint(err, PPDL_ERR_RANGE,
							   "Widen the interval to [%.3g, %.3g], or scale the weights or the inputs down.",
							   middle - ceil(t * half), middle + ceil(t * half));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_estimate_create(PpdlEstimate *est, const PpdlPlan *plan, int slots, const PpdlPoll *poll, PpdlError *err)
{
	const int	last = plan->nsteps - 1;
	const double size = plan_size(plan);
	double		effort = fmax(BUDGET / size, 48);
	Probe		p;
	PpdlStatus	status;

	memset(est, 0, sizeof(*est));
	est->count = plan->nsteps;
	PPDL_GOTO(done, probe_init(&p, plan, slots, est, err));
	/* a climb takes CLIMB_STEPS looks, each a pass forward and one back for each output */
	choose_outputs(&p, (int) fmin(MOST_OUTPUTS, fmax(4, effort / 32)));
	effort /= (CLIMB_STEPS + 3) * (p.noutputs * (last > 0 && plan->step[last].kind == PPDL_STEP_QUADRATIC ? 2 : 1) + 2);
	p.poll = poll;
	PPDL_GOTO(done, look_all(&p, (int) fmin(RANDOM_INPUTS, fmax(2, effort)), err));
	est->input_gain *= MARGIN;
	est->input_slots_gain *= MARGIN;
	for (int s = 0; s <= last; s++)
		est->reach[s].gain *= MARGIN;
	if (plan->step[last].kind == PPDL_STEP_QUADRATIC)
		est->reach[est->count++].gain = MARGIN * (1 + FEW_SLOTS);
	status = check_intervals(plan, est, err);
done:
	probe_free(&p);
	return status;
}
